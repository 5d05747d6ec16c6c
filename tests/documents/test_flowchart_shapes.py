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


def test_names_below_events_and_above_gateways_are_theirs_and_marks_in_gateways_hide_no_line() -> None:
    sheet = Sheet((1000, 330))
    places = {"Register": (230, 120), "Pay": (560, 120), "Refuse": (560, 270)}
    for name, (x, y) in places.items():
        sheet.shape(x, y, name, shape="rounded", wide=140)
    for x, name, width in ((60, "Request", 2), (760, "Closed", 5)):
        sheet.pen.ellipse((x - 20, 100, x + 20, 140), outline="black", width=width)
        sheet.text(x, 158, name)
    sheet.pen.polygon([(390, 92), (418, 120), (390, 148), (362, 120)], outline="black", width=2)
    for tilt in (-9, 9):
        sheet.pen.line((381, 120 - tilt, 399, 120 + tilt), fill="black", width=4)
    sheet.text(390, 76, "Complete?")
    sheet.line((80, 120), (160, 120))
    sheet.line((300, 120), (362, 120))
    sheet.line((418, 120), (490, 120))
    sheet.line((390, 148), (390, 270), (490, 270))
    sheet.line((630, 120), (740, 120))
    sheet.text(448, 104, "yes")
    sheet.text(408, 200, "no")
    chart = sheet.read()
    assert {(node.text, node.shape) for node in chart.nodes} >= {
        ("Request", "circle"), ("Complete?", "diamond"), ("Closed", "circle"),
    }  # fmt: skip
    assert sorted(links(chart)) == sorted(
        [("Request", "Register", ""), ("Register", "Complete?", ""), ("Complete?", "Pay", "yes"),
         ("Complete?", "Refuse", "no"), ("Pay", "Closed", "")]
    )  # fmt: skip
    assert "starts and ends" in (chart.ask("How many steps are there?").answer or "")
