"""The embedders: one file each, found by its name."""
