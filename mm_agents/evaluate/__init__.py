"""Measurements: what a reader, a search or a route gets right, against truth that is known."""
