"""Small circles and diamonds: events and gateways with marks in them, with their names beside them, and merges."""

from __future__ import annotations

import pytest
from drawn_charts import Sheet, joined, links


def _gateway(sheet: Sheet, x: int, mark: str) -> None:
    sheet.shape(x, 200, "", shape="diamond", wide=88, high=88)
    around = {"ring": (x - 25, 175, x + 25, 225), "cross": (x - 14, 186, x + 14, 214)}
    if mark == "ring":
        sheet.pen.ellipse(around["ring"], outline="black", width=5)
    elif mark == "cross":
        x0, y0, x1, y1 = around["cross"]
        sheet.pen.line((x0, y0, x1, y1), fill="black", width=7)
        sheet.pen.line((x0, y1, x1, y0), fill="black", width=7)
    elif mark == "plus":
        sheet.pen.line((x - 20, 200, x + 20, 200), fill="black", width=6)
        sheet.pen.line((x, 180, x, 220), fill="black", width=6)


def _branched(mark: str) -> Sheet:
    sheet = Sheet((1240, 480), width=3)
    sheet.pen.ellipse((29, 169, 91, 231), outline="black", width=3)
    sheet.text(60, 248, "Arrived")
    for x in (300, 820):
        _gateway(sheet, x, mark)
    sheet.text(300, 138, "Known?")
    sheet.line((91, 200), (256, 200))
    for y, name in ((200, "Close order"), (400, "Archive order")):
        sheet.shape(560, y, name)
    sheet.line((344, 200), (485, 200))
    sheet.line((300, 244), (300, 400), (485, 400))
    sheet.line((635, 200), (776, 200))
    sheet.line((635, 400), (820, 400), (820, 244))
    sheet.line((864, 200), (1005, 200))
    sheet.shape(1080, 200, "Pay order")
    return sheet


@pytest.mark.parametrize("mark", ["ring", "cross", "plus"])
def test_gateways_and_events_with_marks_are_shapes_with_the_names_beside_them(mark: str) -> None:
    chart = _branched(mark).read()
    assert [node.shape for node in chart.nodes].count("diamond") == 2
    assert links(chart) == joined(
        [
            ("Arrived", "Known?"),
            ("Known?", "Close order"),
            ("Known?", "Archive order"),
            ("Close order", ""),
            ("Archive order", ""),
            ("", "Pay order"),
        ]
    )


def test_connectors_lead_through_a_merge_without_a_mark() -> None:
    assert links(_branched("").read()) == joined(
        [
            ("Arrived", "Known?"),
            ("Known?", "Close order"),
            ("Known?", "Archive order"),
            ("Close order", "Pay order"),
            ("Archive order", "Pay order"),
        ]
    )
