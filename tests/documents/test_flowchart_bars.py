"""Bars of forks and joins, short and thick connectors, plates behind short words, and charts that are too large."""

from __future__ import annotations

import PIL.Image
import PIL.ImageDraw
import pytest
from drawn_charts import Sheet, links

from mm_agents import media
from mm_agents.documents.flowchart import build
from mm_agents.errors import MediaTooLargeError


def _forked() -> Sheet:
    sheet = Sheet((760, 560), fill=(241, 241, 241))
    sheet.shape(380, 60, "Begin")
    sheet.line((380, 86), (380, 150))
    for y in (154, 394):
        sheet.pen.rectangle((60, y - 4, 700, y + 4), fill=(85, 85, 85))
    for x, name in ((180, "Left"), (580, "Right")):
        sheet.line((x, 160), (x, 244))
        sheet.shape(x, 270, name)
        sheet.line((x, 296), (x, 388))
    sheet.line((380, 400), (380, 464))
    sheet.shape(380, 490, "Finish")
    return sheet


def test_bars_of_forks_and_joins_are_shapes() -> None:
    chart = _forked().read()
    bars = [node.id for node in chart.nodes if node.shape == "bar"]
    assert len(bars) == 2
    fork, join = bars
    names = {node.id: node.text or node.id for node in chart.nodes}
    wanted = [("Begin", fork), (fork, "Left"), (fork, "Right"), ("Left", join), ("Right", join), (join, "Finish")]
    assert sorted((names[edge.source], names[edge.target]) for edge in chart.edges) == sorted(wanted)


def test_a_rule_that_no_line_meets_is_no_bar() -> None:
    sheet = Sheet((760, 400), fill=(241, 241, 241))
    sheet.shape(160, 100, "Begin")
    sheet.line((235, 100), (525, 100))
    sheet.shape(600, 100, "Finish")
    sheet.pen.rectangle((60, 300, 700, 308), fill=(85, 85, 85))
    chart = sheet.read()
    assert [node.shape for node in chart.nodes] == ["rectangle", "rectangle"]


def test_short_connectors_have_one_head() -> None:
    sheet = Sheet((300, 420), fill=(241, 241, 241))
    for number, name in enumerate(("First", "Second", "Third", "Fourth")):
        sheet.shape(150, 60 + 82 * number, name)
        if number:
            sheet.line((150, 4 + 82 * number), (150, 34 + 82 * number))
    assert links(sheet.read()) == [("First", "Second", ""), ("Second", "Third", ""), ("Third", "Fourth", "")]


def test_thick_connectors_with_a_word_between_have_one_head() -> None:
    sheet = Sheet((420, 560), fill=(236, 236, 255))
    for y, name in ((60, "First"), (280, "Second"), (500, "Third")):
        sheet.shape(210, y, name)
    sheet.line((210, 86), (210, 254))
    sheet.width = 6
    sheet.line((210, 306), (210, 474))
    sheet.text(210, 366, "later", ground="white")
    assert links(sheet.read()) == [("First", "Second", ""), ("Second", "Third", "later")]


def test_a_plate_behind_a_short_word_is_no_shape() -> None:
    sheet = Sheet((420, 340), fill=(205, 228, 152))
    sheet.shape(210, 60, "First")
    sheet.line((210, 86), (210, 254))
    sheet.shape(210, 280, "Second")
    sheet.pen.rectangle((196, 152, 224, 184), fill=(232, 232, 232))
    sheet.text(210, 168, "no")
    assert links(sheet.read()) == [("First", "Second", "no")]


def test_a_chart_with_too_many_shapes_is_refused() -> None:
    picture = PIL.Image.new("RGB", (1900, 1500), "white")
    pen = PIL.ImageDraw.Draw(picture)
    for n in range(300):
        x, y = 20 + 90 * (n % 20), 20 + 90 * (n // 20)
        pen.ellipse((x, y, x + 66, y + 66), fill=(40, 90, 200))
    with pytest.raises(MediaTooLargeError, match="300 shapes; at most 200"):
        build().read(media.from_pil(picture))
