"""From the pixels of a flowchart to its graph.

The same names mean the same everywhere: ``unit`` is the height of text in pixels; ``bare`` the canvas without what is
drawn on it. Of shape (height, width) are ``lines``, uint8, 1 where there is ink; ``covered``, uint8, 1 on shapes;
``owners``, int32, the number from 1 of the shape that covers a pixel; ``depth``, float32, the distance of ink from its
rim. Points of strokes are y, x; boxes and contours x, y.
"""
