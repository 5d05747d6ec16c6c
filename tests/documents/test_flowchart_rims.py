"""Labels of connectors that stand near the border of a lane or of a frame: they stay labels."""

from __future__ import annotations

from collections.abc import Callable

import PIL.Image
import pytest
from drawn_charts import Sheet, joined, links

Drawn = tuple[Sheet, list[tuple[str, str, str]]]


def _turned(sheet: Sheet, x: int, y: int, text: str) -> None:
    """A text that reads upwards, with its middle at a place."""
    patch = Sheet((150, 30), ground=sheet.ground, ink=sheet.ink)
    patch.text(75, 15, text)
    sheet.picture.paste(patch.picture.transpose(PIL.Image.Transpose.ROTATE_90), (x - 15, y - 75))


def _across(sheet: Sheet) -> list[tuple[str, str, str]]:
    """Shapes in two lanes from y = 20 to 240 and on to 460; the decision's "No" stands just over the lower border."""
    sheet.shape(200, 130, "Ask")
    sheet.shape(200, 325, "Free?", shape="diamond", wide=130, high=90)
    sheet.shape(560, 330, "Book")
    sheet.shape(560, 410, "Wait")
    sheet.line((200, 156), (200, 280))
    sheet.line((265, 325), (485, 325))
    sheet.text(300, 310, "Yes")
    sheet.line((200, 370), (200, 425), (485, 425))
    sheet.text(220, 440, "No")
    return joined([("Ask", "Free?"), ("Free?", "Book", "Yes"), ("Free?", "Wait", "No")])


def strips() -> Drawn:
    sheet = Sheet((860, 480), fill=(230, 240, 250))
    for y, title in ((20, "Guest"), (240, "Hotel")):
        sheet.pen.rectangle((20, y, 60, y + 220), outline=sheet.ink, width=2)
        sheet.pen.rectangle((60, y, 840, y + 220), outline=sheet.ink, width=2)
        _turned(sheet, 40, y + 110, title)
    return sheet, _across(sheet)


def frames_over_each_other() -> Drawn:
    """Frames whose titles stand in the middle of their upper border."""
    sheet = Sheet((860, 480), fill=(230, 240, 250))
    for y, title in ((20, "Guest"), (240, "Hotel")):
        sheet.frame((20, y, 840, y + 216), title)
    return sheet, _across(sheet)


def _down(sheet: Sheet) -> list[tuple[str, str, str]]:
    """Shapes in two lanes from x = 20 to 320 and on to 640; the decision's "No" stands beside the title."""
    sheet.shape(170, 120, "Ask")
    sheet.shape(480, 120, "Free?", shape="diamond", wide=130, high=90)
    sheet.shape(170, 300, "Wait")
    sheet.shape(480, 300, "Book")
    sheet.line((245, 120), (415, 120))
    sheet.line((480, 165), (480, 274))
    sheet.text(508, 200, "Yes")
    sheet.line((545, 120), (600, 120), (600, 50), (340, 50), (340, 300), (245, 300))
    sheet.text(590, 33, "No")
    return joined([("Ask", "Free?"), ("Free?", "Book", "Yes"), ("Free?", "Wait", "No")])


def columns() -> Drawn:
    sheet = Sheet((660, 400), fill=(245, 235, 220))
    for x, title in ((20, "Guest"), (320, "Hotel")):
        sheet.pen.rectangle((x, 10, x + 300, 390), outline=sheet.ink, width=2)
        sheet.text(x + 150, 28, title)
    return sheet, _down(sheet)


def ruled() -> Drawn:
    """Lines between lanes, the titles over them."""
    sheet = Sheet((660, 400), fill=(245, 235, 220))
    for x in (20, 320, 640):
        sheet.pen.line((x, 10, x, 390), fill=sheet.ink, width=2)
    for x, title in ((170, "Guest"), (480, "Hotel")):
        sheet.text(x, 28, title)
    return sheet, _down(sheet)


DRAWN: dict[str, Callable[[], Drawn]] = {
    draw.__name__: draw for draw in (strips, frames_over_each_other, columns, ruled)
}


@pytest.mark.parametrize("name", DRAWN)
def test_labels_near_borders_are_no_titles(name: str) -> None:
    sheet, drawn = DRAWN[name]()
    chart = sheet.read()
    assert links(chart) == drawn
    titles = {lane.name for lane in chart.lanes} or {frame.name for frame in chart.frames}
    assert titles == {"Guest", "Hotel"}
