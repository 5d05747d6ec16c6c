"""Points where four lines meet: crossings, branches and merges are told apart by heads and dots."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from drawn_charts import Sheet, joined, links

Drawn = tuple[Sheet, list[tuple[str, str, str]]]


def _around(sheet: Sheet, names: tuple[str, str, str, str]) -> None:
    """Four shapes: above, left, right and below the middle."""
    for name, place in zip(names, ((400, 60), (120, 260), (680, 260), (400, 460)), strict=True):
        sheet.shape(*place, name)


def split_three_ways() -> Drawn:
    sheet = Sheet((800, 540))
    _around(sheet, ("Begin", "Left", "Right", "Down"))
    sheet.line((400, 86), (400, 434))
    sheet.line((400, 260), (195, 260))
    sheet.line((400, 260), (605, 260))
    return sheet, joined([("Begin", "Left"), ("Begin", "Right"), ("Begin", "Down")])


def split_over_a_bus() -> Drawn:
    sheet = Sheet((800, 420), fill=(225, 235, 250))
    sheet.shape(400, 60, "Begin")
    for x, name in ((130, "Left"), (400, "Middle"), (670, "Right")):
        sheet.shape(x, 320, name)
        sheet.line((400, 86), (400, 190), (x, 190), (x, 294))
    return sheet, joined([("Begin", "Left"), ("Begin", "Middle"), ("Begin", "Right")])


def merge_three_ways() -> Drawn:
    sheet = Sheet((800, 540))
    _around(sheet, ("First", "Second", "Third", "Join"))
    sheet.line((195, 260), (400, 260), head="none")
    sheet.line((605, 260), (400, 260), head="none")
    sheet.line((400, 86), (400, 434))
    return sheet, joined([("First", "Join"), ("Second", "Join"), ("Third", "Join")])


def merge_over_a_bus() -> Drawn:
    sheet = Sheet((800, 420), ground=(28, 28, 30), ink=(230, 230, 230))
    for x, name in ((130, "Left"), (400, "Middle"), (670, "Right")):
        sheet.shape(x, 60, name)
        sheet.line((x, 86), (x, 190), (400, 190), head="none")
    sheet.shape(400, 320, "Join")
    sheet.line((400, 190), (400, 294))
    return sheet, joined([("Left", "Join"), ("Middle", "Join"), ("Right", "Join")])


def merge_from_the_side() -> Drawn:
    """The head is on the side: straight on from each bare end another bare end or the head lies."""
    sheet = Sheet((800, 540))
    _around(sheet, ("First", "Second", "Join", "Third"))
    sheet.line((400, 86), (400, 434), head="none")
    sheet.line((195, 260), (605, 260))
    return sheet, joined([("First", "Join"), ("Second", "Join"), ("Third", "Join")])


def crossing() -> Drawn:
    sheet = Sheet((800, 540))
    _around(sheet, ("First", "Second", "Third", "Fourth"))
    sheet.line((400, 86), (400, 434))
    sheet.line((605, 260), (195, 260))
    return sheet, joined([("First", "Fourth"), ("Third", "Second")])


def two_in_two_out() -> Drawn:
    """A dot marks that the lines are joined: either start leads to either end."""
    sheet = Sheet((800, 540))
    _around(sheet, ("First", "Second", "Third", "Fourth"))
    sheet.line((400, 86), (400, 434))
    sheet.line((195, 260), (605, 260))
    sheet.pen.ellipse((393, 253, 407, 267), fill=sheet.ink)
    return sheet, joined([(one, two) for one in ("First", "Second") for two in ("Third", "Fourth")])


DRAWN: dict[str, Callable[[], Drawn]] = {
    draw.__name__: draw
    for draw in (
        split_three_ways,
        split_over_a_bus,
        merge_three_ways,
        merge_over_a_bus,
        merge_from_the_side,
        crossing,
        two_in_two_out,
    )
}


@pytest.mark.parametrize("name", DRAWN)
def test_lines_that_meet_are_told_from_lines_that_cross(name: str) -> None:
    sheet, drawn = DRAWN[name]()
    assert links(sheet.read()) == drawn
