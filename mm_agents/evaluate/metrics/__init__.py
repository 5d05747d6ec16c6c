"""Metrics: values, boxes, tables and graphs against their truth."""
