"""The readers keep the contract, and ``read_document`` is the way to them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import numpy as np
import PIL.Image
import PIL.ImageDraw
import PIL.ImageFont
import pytest
from drawn import hide, page
from drawn_charts import Sheet
from drawn_tables import table
from invoice_samples import ENGLISH

import mm_agents
from mm_agents import media, read_document
from mm_agents.chat import ChatModel, Structured, Usage
from mm_agents.documents import flowchart, hidden_text, invoice, text
from mm_agents.documents import table as table_reader
from mm_agents.documents.text_questions import TextLine, ask
from mm_agents.errors import UnknownPluginError
from mm_agents.protocols import DocumentReader
from mm_agents.testing import ReaderContract
from mm_agents.types import Box, Evidence, Image

STOCK = [["Part", "Price", "Pieces"], ["Hinge", "4.50", "120"], ["Lamp", "32.00", "8"], ["Rope", "7.25", "60"]]


def drawn_invoice() -> Image:
    picture = PIL.Image.new("RGB", (1500, 900), "white")
    pen, font = PIL.ImageDraw.Draw(picture), PIL.ImageFont.load_default(22)
    for number, row in enumerate(ENGLISH):
        for x, words in row:
            at = x * 1.5 if x >= 0 else -x * 1.5 - pen.textlength(words, font=font)
            pen.text((at, 50 + number * 48), words, fill="black", font=font)
    return Image(pixels=np.asarray(picture))


class TestInvoice(ReaderContract):
    QUESTION = "What is the total?"

    @pytest.fixture
    def reader(self) -> DocumentReader:
        return invoice.build("")

    @pytest.fixture
    def picture(self) -> Image:
        return drawn_invoice()


class TestTable(ReaderContract):
    QUESTION = "Which part has the highest price?"

    @pytest.fixture
    def reader(self) -> DocumentReader:
        return table_reader.build("")

    @pytest.fixture
    def picture(self) -> Image:
        return table(STOCK, "grid").image()


class TestFlowchart(ReaderContract):
    QUESTION = "What comes after Plan?"

    @pytest.fixture
    def reader(self) -> DocumentReader:
        return flowchart.build("")

    @pytest.fixture
    def picture(self) -> Image:
        return media.from_pil(drawn_chart().picture)


class TestHiddenText(ReaderContract):
    QUESTION = "What does it say?"

    @pytest.fixture
    def reader(self) -> DocumentReader:
        return hidden_text.build("")

    @pytest.fixture
    def picture(self) -> Image:
        return hide("the spare key is under the mat")


class TestText(ReaderContract):
    QUESTION = "What is the total?"

    @pytest.fixture
    def reader(self) -> DocumentReader:
        return text.build("")

    @pytest.fixture
    def picture(self) -> Image:
        return page()[0]


def drawn_chart() -> Sheet:
    sheet = Sheet((480, 560))
    for number, name in enumerate(("Plan", "Build", "Test")):
        y = 80 + number * 180
        sheet.shape(240, y, name)
        if number:
            sheet.line((240, y - 154), (240, y - 26))
    return sheet


# ---------------------------------------------------------------- tables


def test_tables_hold_what_was_read() -> None:
    (stock,) = read_document("table", table(STOCK, "grid").image()).tables()
    assert stock.header == tuple(STOCK[0])
    assert [list(row) for row in stock.rows] == STOCK[1:]
    fields, items, taxes = read_document("invoice", drawn_invoice()).tables()
    assert ("total", "174.00", "yes") in fields.rows
    assert items.header == ("quantity", "unit", "description", "unit_price", "amount")
    assert [(row[0], row[3], row[4]) for row in items.rows] == [("2", "12.50", "25.00"), ("3", "40.00", "120.00")]
    assert taxes.rows[0][2] == "29.00"
    nodes, edges = read_document("flowchart", media.from_pil(drawn_chart().picture)).tables()
    assert [row[1] for row in nodes.rows] == ["Plan", "Build", "Test"]
    assert [row[:2] for row in edges.rows] == [("n1", "n2"), ("n2", "n3")]
    (lines,) = read_document("text", page()[0]).tables()
    assert lines.rows[0] == ("1", "Harbour Parts Ltd")


def test_markdown_shows_text_as_text() -> None:
    read = read_document("text", page(["# Parts", "1. Hinge *brass*"])[0])
    assert read.to_markdown() == "\\# Parts  \n1\\. Hinge \\*brass\\*\n"


# ---------------------------------------------------------------- the public function


def test_a_document_is_read_by_its_kind(tmp_path: Path) -> None:
    PIL.Image.fromarray(page()[0].pixels).save(tmp_path / "note.png")
    assert mm_agents.read_document("text", str(tmp_path / "note.png")).text.startswith("Harbour Parts Ltd")
    with pytest.raises(UnknownPluginError, match=r"'menu'.*invoice"):
        read_document("menu", tmp_path / "note.png")


# ---------------------------------------------------------------- questions about text

LETTER = ("The ferry leaves at nine.", "Door code: 4471", "Bring the red", "lamp and a rope")


def lines(*texts: str) -> list[TextLine]:
    places = [Box(x0=0, y0=number, x1=9, y1=number + 1) for number in range(len(texts))]
    return [
        TextLine(
            text=text,
            evidence=Evidence(asset="", path=None, sha256=None, how="read by OCR", quote=text, page=1, box=place),
        )
        for text, place in zip(texts, places, strict=True)
    ]


@pytest.mark.parametrize(
    ("question", "answer", "value", "quoted"),
    [
        ("What does it say?", f"“{' '.join(LETTER)}”", " ".join(LETTER), [0, 1, 2, 3]),
        ("How many lines does it have?", "It has 4 lines.", 4, [0, 1, 2, 3]),
        ("What is the door code?", "“Door code: 4471”", "Door code: 4471", [1]),
        ("Where is the red lamp?", "“Bring the red lamp and a rope”", "Bring the red lamp and a rope", [2, 3]),
        ("Does the letter mention “red lamp”?", "Yes: “Bring the red lamp and a rope”", True, [2, 3]),
        ("Does it say the word anchor?", "No: “anchor” is not in the text that was read.", False, []),
        ("When does the train leave?", None, None, []),
        ("Who wrote it?", None, None, []),
    ],
)  # fmt: skip
def test_a_text_is_quoted(question: str, answer: str | None, value: Any, quoted: list[int]) -> None:
    known = lines(*LETTER)
    answered = ask(known, question)
    assert (answered.answer, answered.value) == (answer, value)
    assert list(answered.evidence) == [known[n].evidence for n in quoted]
    assert (answered.reason is None) == (answer is not None)


class Copies:
    """A chat model that copies one passage."""

    def __init__(self, quote: str) -> None:
        self.quote = quote

    def structure(self, schema: Any, prompt: str, *, pictures: Any = ()) -> Structured[Any]:
        return Structured(value=schema(quote=self.quote), usage=Usage())


def test_a_models_passage_has_to_be_in_the_text() -> None:
    known = lines(*LETTER)
    copied = ask(known, "When do we sail?", model=cast(ChatModel, Copies("leaves at  nine")))
    assert (copied.answer, copied.evidence) == ("“leaves at nine”", (known[0].evidence,))
    invented = ask(known, "When do we sail?", model=cast(ChatModel, Copies("We sail at ten")))
    assert (invented.answer, invented.evidence) == (None, ())
    assert "We sail at ten" in (invented.reason or "")


def test_a_line_without_a_place_is_doubtful() -> None:
    answered = ask([*lines("Door code: 4471"), TextLine(text="Gate code: 9", evidence=None)], "What is the gate code?")
    assert (answered.value, answered.doubt) == ("Gate code: 9", "not verified: “Gate code: 9”")
