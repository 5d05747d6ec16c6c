"""Shapes of unusual proportions: flat cylinders with deep lids, hexagons as high as wide."""

from __future__ import annotations

import itertools

import pytest
from drawn_charts import Sheet, joined, links


@pytest.mark.parametrize(
    ("shape", "sizes"),
    [
        ("cylinder", ((130, 60), (150, 58), (120, 90), (90, 44))),
        ("hexagon", ((100, 100), (120, 60), (90, 90), (150, 52))),
    ],
)
@pytest.mark.parametrize(("fill", "width"), [("white", 1), ("white", 3), ((218, 232, 252), 2)])
def test_shapes_of_unusual_proportions(
    shape: str, sizes: tuple[tuple[int, int], ...], fill: str | tuple[int, int, int], width: int
) -> None:
    sheet = Sheet((900, 200), fill=fill, width=width)
    names = ("Cars", "Bikes", "Buses", "Vans")
    for n, (name, (wide, high)) in enumerate(zip(names, sizes, strict=True)):
        sheet.shape(120 + 220 * n, 100, name, shape=shape, wide=wide, high=high)
        if n:
            before = sizes[n - 1][0] / 2
            sheet.line((120 + 220 * (n - 1) + before, 100), (120 + 220 * n - wide / 2, 100))
    chart = sheet.read()
    assert links(chart) == joined(list(itertools.pairwise(names)))
    assert [node.shape for node in chart.nodes] == [shape] * 4
