"""Search: queries, ranked lists, recommendations, and which embedder fills which vector."""
