"""Writing that is not read: it is said where it stands, its letters are not made up, and Tesseract can read it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from types import SimpleNamespace

import numpy as np
import PIL.Image
import PIL.ImageDraw
import PIL.ImageFont
import pytest

from mm_agents.documents.flowchart import FlowchartReader
from mm_agents.documents.invoice import InvoiceReader
from mm_agents.documents.ocr import RapidOcr
from mm_agents.documents.pages import open_pages, unread_note
from mm_agents.documents.table.reader import read_page
from mm_agents.documents.tesseract import build
from mm_agents.documents.text import TextReader, in_markdown
from mm_agents.errors import ConfigError, MissingExtraError
from mm_agents.types import Box, Image

FONT = "DejaVuSans.ttf"
RUSSIAN = ["Отчёт о продажах за год", "Москва", "Проверить заявку", "Новосибирск и область"]
ARABIC = ["تقرير المبيعات السنوي", "المجموع", "القاهرة والإسكندرية"]
GERMAN = ["Jahresbericht für Verkäufe", "Köln und Düsseldorf", "Gesamtbetrag 1250", "Übertrag"]


def written(lines: Sequence[str]) -> Image:
    try:
        font = PIL.ImageFont.truetype(FONT, 28)
    except OSError:
        pytest.skip(f"The font {FONT} is not installed.")
    picture = PIL.Image.new("RGB", (700, 60 * len(lines) + 40), "white")
    for n, line in enumerate(lines):
        PIL.ImageDraw.Draw(picture).text((40, 20 + 60 * n), line, fill="black", font=font)
    return Image(pixels=np.asarray(picture).copy())


@pytest.mark.parametrize("lines", [RUSSIAN, ARABIC])
def test_writing_that_is_not_read_is_said_and_not_made_up(lines: list[str]) -> None:
    image = written(lines)
    scan = RapidOcr().read(image)
    assert [word.text for word in scan.words if any(character.isalpha() for character in word.text)] == []
    assert len(scan.unread) == len(lines)
    ink = (image.pixels < 128).any(axis=2)
    assert sum(int(ink[box.y0 : box.y1, box.x0 : box.x1].sum()) for box in scan.unread) > 0.9 * ink.sum()
    (page,) = open_pages(image)
    assert page.unread == scan.unread
    note = unread_note(page) or ""
    assert note.startswith(f"{len(lines)} lines on page 1 are in writing that is not read")
    assert note in TextReader().read(image).to_json()["notes"]
    assert note in read_page(page).notes
    invoice = InvoiceReader().read(image)
    assert note in invoice.to_json()["notes"]
    assert in_markdown(note) in invoice.to_markdown()
    chart = FlowchartReader().read(image)
    assert note in chart.notes
    assert note in chart.to_markdown()


def test_numbers_beside_writing_that_is_not_read_are_read() -> None:
    scan = RapidOcr().read(written([*RUSSIAN, "1250", "38,75"]))
    assert [word.text for word in scan.words] == ["1250", "38,75"]


def test_writing_that_is_read_is_not_doubted() -> None:
    image = written(GERMAN)
    (page,) = open_pages(image)
    assert page.text.splitlines() == GERMAN
    assert (page.unread, unread_note(page)) == ((), None)
    assert "notes" not in TextReader().read(image).to_json()


class NotFound(Exception):
    """What pytesseract raises where the program is missing."""


def wrapper(languages: Sequence[str] | None) -> SimpleNamespace:
    """What pytesseract answers for a picture of two lines."""

    def known() -> list[str]:
        if languages is None:
            raise NotFound
        return list(languages)

    def image_to_data(pixels: np.ndarray, *, lang: str, output_type: str) -> dict[str, list[object]]:
        assert (pixels.shape, lang, output_type) == ((160, 700, 3), "rus+eng", "dict")
        return {
            "text": ["", "Отчёт", "о", "~~", "Москва"],
            "conf": [-1, 96.5, 91, 12, 88],
            "left": [0, 40, 130, 300, 40],
            "top": [0, 22, 30, 20, 82],
            "width": [700, 80, 16, 9, 118],
            "height": [160, 28, 20, 9, 24],
            "block_num": [0, 1, 1, 1, 1],
            "par_num": [0, 1, 1, 1, 1],
            "line_num": [0, 1, 1, 1, 2],
        }

    return SimpleNamespace(
        get_languages=known,
        image_to_data=image_to_data,
        get_tesseract_version=lambda: "5.3.0",
        TesseractNotFoundError=NotFound,
        Output=SimpleNamespace(DICT="dict"),
    )


def test_tesseract_reads_what_it_has_data_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pytesseract", wrapper(["eng", "rus"]))
    engine = build("rus+eng")
    image = written(RUSSIAN[:2])
    assert engine.name == "tesseract-5.3.0-rus+eng"
    (page,) = open_pages(image, ocr=engine)
    assert page.text == "Отчёт о\nМосква"
    assert page.words[0].box == Box(x0=40, y0=22, x1=120, y1=50)
    assert [word.confidence for word in page.words] == [0.965, 0.91, 0.88]
    assert engine.has_text(image)


def test_what_tesseract_lacks_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    image = written(RUSSIAN[:2])
    monkeypatch.setitem(sys.modules, "pytesseract", None)
    with pytest.raises(MissingExtraError, match=r"mm-agents\[tesseract\]"):
        build("rus").read(image)
    monkeypatch.setitem(sys.modules, "pytesseract", wrapper(None))
    with pytest.raises(ConfigError, match="Tesseract is not installed"):
        build("rus").read(image)
    monkeypatch.setitem(sys.modules, "pytesseract", wrapper(["eng"]))
    with pytest.raises(ConfigError, match="no data for rus; it has eng"):
        build("rus+eng").read(image)
