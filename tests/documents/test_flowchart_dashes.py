"""Dashed and dotted connectors on a slant: their heads stand apart, and OCR may take marks of theirs for letters."""

from __future__ import annotations

import numpy as np
import pytest
from drawn_charts import Sheet, joined, links

from mm_agents import media
from mm_agents.documents.flowchart import build
from mm_agents.documents.pages import default_ocr
from mm_agents.types import Box, Image, Scan, Word

_ENDS = {"Plan": (330, 50), "Build": (110, 190), "Test": (330, 190), "Ship": (550, 190)}


def _sheet(dash: int, width: int) -> Sheet:
    sheet = Sheet((660, 240), width=width)
    for name, (x, y) in _ENDS.items():
        sheet.shape(x, y, name, wide=120)
    for name in ("Build", "Test", "Ship"):
        x, y = _ENDS[name]
        tip, start = (x, y - 26), (330 + (x - 330) / 5, 76)
        away = np.array(start) - tip
        back = away / np.hypot(*away)
        sheet.line(start, tuple(tip + 22 * back), head="none", dash=dash)
        left = np.array([-back[1], back[0]])
        barbs = [tuple(tip + 15 * back + side * 8 * left) for side in (-1, 1)]
        sheet.pen.polygon([tip, barbs[0], tuple(tip + 9 * back), barbs[1]], fill="black")
    return sheet


@pytest.mark.parametrize(("dash", "width"), [(4, 2), (6, 2), (8, 2)])
def test_heads_that_stand_apart_from_dashed_lines(dash: int, width: int) -> None:
    chart = _sheet(dash, width).read()
    assert links(chart) == joined([("Plan", name) for name in ("Build", "Test", "Ship")])
    assert all(edge.heads == "target" for edge in chart.edges)


class _Misreading:
    """OCR that also takes the head at a place for the letter V."""

    name = "misreading"

    def __init__(self, box: Box) -> None:
        self._word = Word(text="V", box=box, place=box, confidence=0.9, line=99)

    def read(self, image: Image, /) -> Scan:
        scan = default_ocr().read(image)
        return Scan(words=(*scan.words, self._word)) if image.pixels.shape[:2] == (240, 660) else scan

    def has_text(self, image: Image, /) -> bool:
        return True


def test_a_head_that_is_read_as_a_letter_stays_a_head() -> None:
    sheet = _sheet(6, 2)
    ocr = _Misreading(Box(x0=321, y0=148, x1=339, y1=165))
    chart = build().read(media.from_pil(sheet.picture), ocr=ocr)
    assert links(chart) == joined([("Plan", name) for name in ("Build", "Test", "Ship")])
    assert chart.notes == ()
