"""The stores: one file each, found by its name."""
