"""Bars of forks and joins, short and thick connectors, plates behind short words, and charts that are too large."""

from __future__ import annotations

import PIL.Image
import PIL.ImageDraw
import pytest
from drawn_charts import Sheet, joined, links

from mm_agents import media
from mm_agents.documents.flowchart import build
from mm_agents.errors import MediaTooLargeError
from mm_agents.types import Image, Scan


def _forked(lanes: tuple[int, ...] = ()) -> Sheet:
    sheet = Sheet((760, 560), fill=(241, 241, 241))
    for x in lanes:
        sheet.pen.line((x, 10, x, 550), fill="black", width=2)
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


@pytest.mark.parametrize("lanes", [(), (709,)])
def test_bars_of_forks_and_joins_are_shapes(lanes: tuple[int, ...]) -> None:
    chart = _forked(lanes).read()
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


def test_short_connectors_that_turn_have_one_head_and_their_words_hide_none_of_them() -> None:
    sheet = Sheet((640, 300), fill=(241, 241, 241))
    sheet.shape(320, 60, "Queue empty?", shape="hexagon", wide=170, high=44)
    for x, side, word, name in ((215, 237, "ok", "Sign backup"), (425, 403, "failed", "Parse queue")):
        sheet.line((side, 60), (x, 60), (x, 104))
        sheet.text(x, 46, word)
        sheet.shape(x, 130, name, wide=140)
        sheet.line((x, 156), (x, 214))
        sheet.shape(x, 240, f"Then {word}", wide=140)
    assert links(sheet.read()) == joined(
        [
            ("Queue empty?", "Sign backup", "ok"),
            ("Queue empty?", "Parse queue", "failed"),
            ("Sign backup", "Then ok"),
            ("Parse queue", "Then failed"),
        ]
    )


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


class _Unused:
    """An OCR engine that nothing is to be read with."""

    name = "unused"

    def read(self, image: Image, /) -> Scan:
        """Never read a picture."""
        raise AssertionError(image.pixels.shape)

    def has_text(self, image: Image, /) -> bool:
        """Never look at a picture."""
        raise AssertionError(image.pixels.shape)


def test_a_chart_with_far_too_many_shapes_is_refused_before_its_words_are_read() -> None:
    picture = PIL.Image.new("RGB", (2000, 1400), "white")
    pen = PIL.ImageDraw.Draw(picture)
    for n in range(450):
        x, y = 20 + 65 * (n % 30), 20 + 85 * (n // 30)
        pen.rectangle((x, y, x + 50, y + 40), outline="black", width=2)
        pen.text((x + 25, y + 20), f"A{n}", fill="black", anchor="mm")
    with pytest.raises(MediaTooLargeError, match="more than 200 shapes; at most 200 are read"):
        build().read(media.from_pil(picture), ocr=_Unused())
