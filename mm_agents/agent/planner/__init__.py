"""The offline planner: which tools a question needs, without a chat model."""
