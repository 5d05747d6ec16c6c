"""Frames around several shapes, as subgraphs and clusters are drawn: they are no shapes, and connectors cross them."""

from __future__ import annotations

from typing import Any

import pytest
from drawn_charts import Sheet, joined, links, texts

STYLES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "light": ({"fill": (236, 236, 255)}, {"fill": (255, 255, 222), "outline": (170, 170, 51)}),
    "grey": ({"fill": "white"}, {"fill": (211, 211, 211), "outline": (211, 211, 211)}),
    "plain": ({}, {}),
    "thin": ({"fill": (218, 232, 252)}, {"outline": (150, 150, 150), "left": True}),
    "rounded": ({}, {"fill": (240, 244, 250), "outline": (120, 140, 170), "radius": 8}),
    "dark": (
        {"ground": (31, 32, 32), "ink": (224, 224, 224), "fill": (60, 62, 66)},
        {"fill": (48, 50, 60), "outline": (130, 130, 140)},
    ),
    "black": ({"ground": "black", "ink": "white"}, {"outline": (150, 150, 150)}),
}
"""How the sheet and how its frames are drawn."""


def two_frames(sheet: Sheet, **frame: Any) -> list[tuple[str, str, str]]:
    """Two frames side by side; connectors enter, leave and lead from one to the other."""
    sheet.frame((40, 120, 400, 640), "Front end", **frame)
    sheet.frame((480, 120, 820, 640), "Back end", **frame)
    sheet.shape(300, 60, "Start", shape="stadium")
    sheet.shape(300, 240, "Show form")
    sheet.shape(300, 380, "Valid?", shape="diamond", wide=140, high=90)
    sheet.shape(300, 540, "Send data")
    sheet.shape(650, 240, "Store data")
    sheet.shape(650, 420, "Reply")
    sheet.shape(650, 720, "End", shape="stadium")
    sheet.line((300, 86), (300, 214))
    sheet.line((300, 266), (300, 335))
    sheet.line((300, 425), (300, 514))
    sheet.text(326, 450, "Yes")
    sheet.line((230, 380), (110, 380), (110, 240), (225, 240))
    sheet.text(200, 364, "No")
    sheet.line((375, 540), (440, 540), (440, 240), (575, 240))
    sheet.line((650, 266), (650, 394))
    sheet.line((650, 446), (650, 694))
    return joined(
        [
            ("Start", "Show form"),
            ("Show form", "Valid?"),
            ("Valid?", "Send data", "Yes"),
            ("Valid?", "Show form", "No"),
            ("Send data", "Store data"),
            ("Store data", "Reply"),
            ("Reply", "End"),
        ]
    )


def nested(sheet: Sheet, **frame: Any) -> list[tuple[str, str, str]]:
    """A frame in a frame, a frame around one shape, and slanted connectors that cross all of them."""
    dark = sum(sheet.picture.convert("RGB").resize((1, 1)).tobytes()) < 380
    inner: dict[str, Any] = {"fill": (70, 74, 84) if dark else (230, 240, 225)} if frame.get("fill") else {}
    sheet.frame((60, 110, 740, 560), "Warehouse", **frame)
    sheet.frame((100, 180, 420, 530), "Picking", **(frame | inner))
    sheet.frame((480, 330, 700, 460), "Packing", **frame)
    sheet.shape(400, 50, "Order", shape="ellipse")
    sheet.shape(220, 280, "Find shelf")
    sheet.shape(300, 470, "Take item")
    sheet.shape(590, 405, "Wrap item")
    sheet.shape(590, 240, "Print slip")
    sheet.shape(400, 640, "Ship", shape="ellipse")
    sheet.line((380, 76), (225, 254))
    sheet.line((425, 76), (585, 214))
    sheet.line((230, 306), (290, 444))
    sheet.line((375, 470), (515, 415))
    sheet.line((590, 266), (590, 379))
    sheet.line((580, 431), (430, 618))
    sheet.line((310, 496), (375, 615))
    return joined(
        [
            ("Order", "Find shelf"),
            ("Order", "Print slip"),
            ("Find shelf", "Take item"),
            ("Take item", "Wrap item"),
            ("Print slip", "Wrap item"),
            ("Wrap item", "Ship"),
            ("Take item", "Ship"),
        ]
    )


@pytest.mark.parametrize("style", STYLES)
def test_connectors_go_on_across_the_borders_of_frames(style: str) -> None:
    paper, frame = STYLES[style]
    sheet = Sheet((860, 780), **paper)
    drawn = two_frames(sheet, **frame)
    chart = sheet.read()
    assert texts(chart) == ["End", "Reply", "Send data", "Show form", "Start", "Store data", "Valid?"]
    assert links(chart) == drawn
    frames = {node.text: node.frame for node in chart.nodes}
    assert frames["Show form"] == frames["Valid?"] == frames["Send data"] == "Front end"
    assert frames["Store data"] == frames["Reply"] == "Back end"
    assert frames["Start"] is frames["End"] is None


@pytest.mark.parametrize("style", [style for style in STYLES if style != "grey"])  # grey in grey would not be seen
def test_frames_in_frames_are_told_apart(style: str) -> None:
    paper, frame = STYLES[style]
    sheet = Sheet((800, 700), **paper)
    drawn = nested(sheet, **frame)
    chart = sheet.read()
    assert texts(chart) == ["Find shelf", "Order", "Print slip", "Ship", "Take item", "Wrap item"]
    assert links(chart) == drawn
    frames = {node.text: node.frame for node in chart.nodes}
    assert (frames["Find shelf"], frames["Wrap item"], frames["Print slip"]) == ("Picking", "Packing", "Warehouse")
    assert frames["Order"] is None
