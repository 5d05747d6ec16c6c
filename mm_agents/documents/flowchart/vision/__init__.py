"""From the pixels of a flowchart to its graph."""
