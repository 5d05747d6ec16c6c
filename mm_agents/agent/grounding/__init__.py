"""Grounding: whether sources support claims, and where quotes are."""
