"""What ``mm_agents.protocols.DocumentReader`` and ``Reading`` promise, as tests.

class TestMine(ReaderContract):
    QUESTION = "What is the total?"

    @pytest.fixture
    def reader(self):
        return mine.build("")

    @pytest.fixture
    def picture(self):
        return media.load_image("mine.png")
"""

from __future__ import annotations

import io
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from mm_agents import media
from mm_agents.errors import ConfigError, MediaError
from mm_agents.protocols import DocumentReader, Reading
from mm_agents.types import DocumentAnswer, Image, ReadingTable


class ReaderContract:
    """Subclass it, give the fixtures ``reader`` and ``picture``, and set ``QUESTION``."""

    QUESTION = ""
    """A question that the document in ``picture`` answers."""

    UNANSWERABLE = "Who composed the ninth quixotic zeppelin overture?"
    """A question that it does not answer."""

    @pytest.fixture
    def reader(self) -> DocumentReader:
        """The reader to test."""
        raise NotImplementedError("Give the fixture `reader`.")

    @pytest.fixture
    def picture(self) -> Image:
        """A document of the reader's kind that it finds something in."""
        raise NotImplementedError("Give the fixture `picture`.")

    @pytest.fixture
    def reading(self, reader: DocumentReader, picture: Image) -> Reading:
        """The document as it is read."""
        return reader.read(picture)

    def test_a_reading_has_every_method(self, reading: Reading) -> None:
        """As the protocol names them."""
        assert isinstance(reading, Reading)

    def test_json_is_json(self, reading: Reading) -> None:
        """Keys are texts, numbers are finite, and nothing is lost on the way there and back."""
        document = reading.to_json()
        assert json.loads(json.dumps(document, allow_nan=False)) == document

    def test_markdown_is_text(self, reading: Reading) -> None:
        """Lines without control characters, with a line end at the end."""
        text = reading.to_markdown()
        assert text.strip()
        assert text.endswith("\n")
        assert all(character.isprintable() or character == "\n" for character in text)

    def test_tables_have_rows_of_equal_length(self, reading: Reading) -> None:
        """Names are unique, every cell is text, and there is a row in each."""
        tables = reading.tables()
        assert tables
        assert len({table.name for table in tables}) == len(tables)
        for table in tables:
            assert isinstance(table, ReadingTable)
            assert table.name
            assert table.rows
            assert len({len(row) for row in table.rows} | ({len(table.header)} if table.header else set())) == 1
            assert all(isinstance(cell, str) for row in (table.header, *table.rows) for cell in row)
            assert len(set(table.header)) == len(table.header)

    def test_marks_are_on_the_page(self, reading: Reading, picture: Image) -> None:
        """Boxes of some size inside the picture, on page 1."""
        marks = reading.marks()
        height, width = picture.pixels.shape[:2]
        assert marks
        for mark in marks:
            assert mark.page == 1
            assert 0 <= mark.box.x0 < mark.box.x1 <= width
            assert 0 <= mark.box.y0 < mark.box.y1 <= height

    def test_a_question_is_answered_with_its_places(self, reading: Reading, picture: Image) -> None:
        """The answer keeps the question, has places in the picture, and is JSON."""
        answered = reading.ask(self.QUESTION)
        height, width = picture.pixels.shape[:2]
        assert isinstance(answered, DocumentAnswer)
        assert answered.question == self.QUESTION
        assert answered.answer
        assert answered.evidence
        for place in answered.evidence:
            assert place.page == 1
            assert place.box is not None
            assert 0 <= place.box.x0 < place.box.x1 <= width
            assert 0 <= place.box.y0 < place.box.y1 <= height
        document = answered.to_json()
        assert json.loads(json.dumps(document, allow_nan=False)) == document

    @pytest.mark.parametrize("question", ["", "?", None])
    def test_what_is_not_in_it_has_no_answer(self, reading: Reading, question: str | None) -> None:
        """No guess: ``answer`` is None and there are no places."""
        question = self.UNANSWERABLE if question is None else question
        answered = reading.ask(question)
        assert answered.question == question
        assert answered.answer is None
        assert answered.evidence == ()

    def test_all_kinds_of_source_read_the_same(self, reader: DocumentReader, picture: Image, tmp_path: Path) -> None:
        """A decoded picture, its file, and the file's content; reading twice gives the same."""
        content = _png(picture)
        (tmp_path / "document.png").write_bytes(content)
        expected = reader.read(picture).to_json()
        assert reader.read(content).to_json() == expected
        assert reader.read(tmp_path / "document.png").to_json() == expected
        assert reader.read(media.inspect(content)).to_json() == expected

    def test_threads_read_the_same(self, reader: DocumentReader, picture: Image) -> None:
        """One reader, several threads."""
        expected = reader.read(picture).to_json()
        with ThreadPoolExecutor(2) as pool:
            assert [reading.to_json() for reading in pool.map(reader.read, [picture] * 2)] == [expected] * 2

    def test_page_1_is_the_picture_and_others_are_refused(self, reader: DocumentReader, picture: Image) -> None:
        """A picture has one page."""
        assert reader.read(picture, page=1).to_json() == reader.read(picture).to_json()
        for page in (2, 99):
            with pytest.raises(ConfigError, match=str(page)):
                reader.read(picture, page=page)

    def test_an_empty_page_is_read_as_nothing(self, reader: DocumentReader) -> None:
        """No error, no rows, no marks, no answer."""
        reading = reader.read(Image(pixels=np.full((240, 320, 3), 255, np.uint8)))
        assert reading.tables() == []
        assert reading.marks() == []
        assert reading.ask(self.QUESTION).answer is None
        assert isinstance(reading.to_markdown(), str)
        assert json.loads(json.dumps(reading.to_json(), allow_nan=False)) == reading.to_json()

    @pytest.mark.parametrize("content", [b"", b"\x89PNG\r\n\x1a\n cut off", b"no picture at all"])
    def test_what_is_no_picture_is_refused(self, reader: DocumentReader, content: bytes) -> None:
        """Damaged files, and files of another kind."""
        with pytest.raises(MediaError):
            reader.read(content)

    def test_a_missing_file_is_refused(self, reader: DocumentReader, tmp_path: Path) -> None:
        """By an error that names it."""
        with pytest.raises(MediaError, match="nothing"):
            reader.read(tmp_path / "nothing.png")


def _png(picture: Image) -> bytes:
    out = io.BytesIO()
    PIL.Image.fromarray(picture.pixels).save(out, "PNG")
    return out.getvalue()
