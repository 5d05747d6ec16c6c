"""Finds quotes again in the files they cite, and checks whole blocks that repeat a document."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from difflib import SequenceMatcher
from functools import cache
from typing import TYPE_CHECKING, Any

from mm_agents import _plugins, media
from mm_agents._text import clock, excerpt, fold
from mm_agents.agent.grounding.claims import numbers_in, values_in, values_of
from mm_agents.agent.paragraphs import quotable
from mm_agents.documents import read_document
from mm_agents.documents.reread import read_cut_out
from mm_agents.documents.transcript import Transcript, TranscriptReader
from mm_agents.errors import MediaError
from mm_agents.media import MediaFile
from mm_agents.speech.whisper import PARAMETERS as SPEECH
from mm_agents.toolbox.sources import stored_page
from mm_agents.types import SPOKEN, Box, Evidence, Image, Sentence, Word

if TYPE_CHECKING:
    from mm_agents.documents.text import PageText
    from mm_agents.library import Library
    from mm_agents.protocols import Ocr

NOT_CHECKED = "not checked again: give the library that it is about (--library LIB or library=)"
"""Why a claim is unverified that only the library can prove."""

_MARGIN = 4  # pixels that a word's middle may lie outside of a box
_MOST = 0.9  # of a passage's words
_ALIKE = 0.8
_WIDEST, _BESIDE = 2, 12
"""A box holds at most so many times the characters of its quote, and so many more: a label may be read with a value."""
QUOTED_UNDER = re.compile(r"(?P<name>.+?) says(?: under “(?P<under>[^”]*)”)?: “(?P<said>[^”]*)”", re.DOTALL)
"""A passage of a text, as an answer quotes it, with the heading over it."""

_QUOTED, _ROUND = re.compile(r"“[^”]*”"), str.maketrans("[]", "()")
_SHOWN = 60  # characters of a quote
_PROPERTY = "property "
"""How evidence begins to say how it was found that quotes a property of a record, such as a film's rating."""


class Quotes:
    """Looks for quotes; what it reads of a file it reads once.

    Args:
        library: what holds the stories of films; None where there is none at hand.
    """

    def __init__(self, library: Library | None) -> None:
        self._library = library
        self._pages = cache(_pages)
        self._texts = cache(_text_of)
        self._hidden = cache(_hidden)
        self._heard = cache(_transcript)

    def fault(self, evidence: Evidence, media_type: str, file: MediaFile | None) -> str | None:
        """Why a quote is not where it is said to be; None where it is.

        Args:
            evidence: with a quote.
            media_type: of the asset.
            file: the asset's; None where it has none.

        Raises:
            MissingExtraError: what reads pages is not installed.
            Unchecked: it cannot be told here.
        """
        quote = evidence.quote or ""
        if evidence.how.startswith(_PROPERTY):
            return self._in_record(quote, evidence)
        if media_type == "film":
            return self._in_story(quote, evidence)
        if file is None or file.media_type in ("video", "audio"):
            raise Unchecked("its words are in no file at hand")
        if file.media_type == "text":
            found = flat(quote) in flat(self._texts(_Key(file)))
            return None if found else f"“{excerpt(quote, _SHOWN)}” is not in {file.name}"
        if evidence.box is None:
            return (
                None if self.says(file, evidence.page, quote) else f"“{excerpt(quote, _SHOWN)}” is not on {file.name}"
            )
        return self._at_box(evidence, evidence.box, file)

    def unsaid(self, evidence: Evidence, file: MediaFile) -> str | None:
        """Why a quote is not said at its seconds; None where it is: in the library's transcript, else heard again.

        Raises:
            MissingExtraError: it has no transcript, and what listens is not installed.
        """
        quote, t0 = evidence.quote or "", evidence.t0 or 0.0
        t1 = max(t0, evidence.t1 or t0)
        parts = self._library.parts(evidence.asset) if self._library is not None else ()
        heard = [part for part in parts if SPOKEN in part.properties and part.text]
        if heard:
            said = [part.text for part in heard if (part.properties["t0"], part.properties["t1"]) == (t0, t1)]
            found = any(flat(quote) in flat(text) for text in said)
        else:
            start, end = max(0.0, t0 - SPEECH.margin), t1 + SPEECH.margin
            found = _is_heard(quote, TranscriptReader().read(file, start=start, end=end).sentences)
            # A stretch alone may be heard otherwise, such as in another language.
            found = found or _is_heard(quote, self._heard(_Key(file)).between(start, end))
        where = f"from {clock(round(t0, 1))} to {clock(round(t1, 1))}"
        return None if found else f"“{excerpt(quote, _SHOWN)}” is not said in {file.name} {where}"

    def says(self, file: MediaFile, page: int | None, quote: str) -> bool:
        """Whether the words of a passage are on a page, or in a file where no page is named; nearly all of them."""
        wanted = tokens(quote)
        if file.media_type == "text":
            return flat(quote) in flat(self._texts(_Key(file)))
        known = {token for word in self._words_on(file, page) for token in tokens(word.text)}
        joined = flat("".join(word.text for word in self._words_on(file, page)))
        return flat(quote) in joined or sum(token in known for token in wanted) >= _MOST * len(wanted)

    def misplaced(self, quoted: re.Match[str], file: MediaFile) -> str | None:
        """Why a passage of a text does not stand under a heading; None where it does, or no heading is named.

        Args:
            quoted: a match of ``QUOTED_UNDER``.
            file: the text.
        """
        wanted = [flat(quoted[name] or "") for name in ("under", "said")]
        texts = [one.text for one in media.sections(file, self._texts(_Key(file)))] if wanted[0] else []
        stands = (one for text in texts for together in (False, True) for one in quotable(text, together=together))
        if not wanted[0] or any(
            [flat(one.under), flat(said)] == wanted for one in stands for said in (one.text, one.beside)
        ):
            return None
        return f"it does not stand under “{quoted['under']}” in {file.name}"

    def words(self, file: MediaFile) -> str:
        """All words of a text, or of a file's pages."""
        if file.media_type == "text":
            return self._texts(_Key(file))
        return " ".join(word.text for word in self._words_on(file, None))

    def _in_record(self, quote: str, evidence: Evidence) -> str | None:
        """Why a property is not what it is said to be: "vote_average 7.8"."""
        if self._library is None:
            raise Unchecked(f"{NOT_CHECKED}; its properties are kept in the library")
        name = evidence.how.removeprefix(_PROPERTY)
        record = self._library.store.get([evidence.asset]).get(evidence.asset)
        if record is None:
            return "the library does not hold it any more"
        kept = record.properties.get(name)
        return None if quote == f"{name} {kept}" else f"its {name} is {kept}, not “{excerpt(quote, _SHOWN)}”"

    def _in_story(self, quote: str, evidence: Evidence) -> str | None:
        if self._library is None:
            raise Unchecked(f"{NOT_CHECKED}; a film's story is kept in the library")
        record = self._library.store.get([evidence.asset]).get(evidence.asset)
        if record is None:
            return "the library does not hold the film any more"
        parts = self._library.parts(evidence.asset)
        told = [record.text, *(part.text for part in parts)]
        return None if any(flat(quote) in flat(text) for text in told) else "the film's story has changed"

    def _at_box(self, evidence: Evidence, box: Box, file: MediaFile) -> str | None:
        quote, page = evidence.quote or "", evidence.page or 1
        if self._is_line(quote, file, page, box):
            return None
        read = " ".join(word.text for word in self._words_on(file, page) if box.holds(word.box, margin=_MARGIN))
        if same(quote, read):
            wide = len(flat(read)) > _WIDEST * len(flat(quote)) + _BESIDE
            return f"the box of “{excerpt(quote, _SHOWN)}” holds much more than it" if wide else None
        image = stored_page(file, page)
        height, width = image.pixels.shape[:2]
        if box.x1 > width + _MARGIN or box.y1 > height + _MARGIN:
            return f"the box of “{excerpt(quote, _SHOWN)}” lies outside of {file.name}"
        if same(quote, _read_alone(image, box)) or same(quote, self._hidden_in(file, page, box)):
            return None
        there = f"there it says “{excerpt(read, _SHOWN)}”" if read else "nothing is read there"
        return f"“{excerpt(quote, _SHOWN)}” is not at its place in {file.name}: {there}"

    def _is_line(self, quote: str, file: MediaFile, page: int, box: Box) -> bool:
        """Whether a quote is a line of the page: where it is tilted, the box of a line holds parts of the next."""
        lines = [line for one in self._pages(_Key(file), page) for line in one.lines]
        return any(_is_same_box(line.box, box) for line in lines if line.box and flat(line.quote or "") == flat(quote))

    def _words_on(self, file: MediaFile, page: int | None) -> list[Word]:
        """The words on a page, on all pages where none is named."""
        return [word for one in self._pages(_Key(file), page) for word in one.words]

    def _hidden_in(self, file: MediaFile, page: int, box: Box) -> str:
        """The hidden text in a box."""
        return " ".join(text for text, place in self._hidden(_Key(file), page) if box.holds(place, margin=_MARGIN))


class Unchecked(Exception):
    """Something cannot be checked here."""


class _Key:
    """A file as a key: by its content."""

    def __init__(self, file: MediaFile) -> None:
        self.file = file

    def __hash__(self) -> int:
        return hash(self.file.sha256)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and other.file.sha256 == self.file.sha256


def _pages(key: _Key, page: int | None) -> tuple[PageText, ...]:
    return read_document("text", key.file, page=page).pages


def _is_same_box(one: Box, other: Box) -> bool:
    """Whether two boxes are the same within the margin."""
    sides = (one.x0 - other.x0, one.y0 - other.y0, one.x1 - other.x1, one.y1 - other.y1)
    return max(map(abs, sides)) <= _MARGIN


def _text_of(key: _Key) -> str:
    return media.load_text(key.file)


def _transcript(key: _Key) -> Transcript:
    return TranscriptReader().read(key.file)


def _is_heard(quote: str, sentences: Iterable[Sentence]) -> bool:
    """Whether a quote, or most of its words, is in what is said."""
    text, wanted = " ".join(one.text for one in sentences), tokens(quote)
    return flat(quote) in flat(text) or sum(word in tokens(text) for word in wanted) >= SPEECH.alike * len(wanted)


def _read_alone(image: Image, box: Box) -> str:
    """What is read in a box when it is looked at alone, with some paper around it."""
    margin = max(6, (box.y1 - box.y0) // 2)
    part = image.pixels[max(box.y0 - margin, 0) : box.y1 + margin, max(box.x0 - margin, 0) : box.x1 + margin]
    if not part.size:
        return ""
    ocr: Ocr = _plugins.build_named("ocr", "rapidocr")
    return " ".join(word.text for word in read_cut_out(Image(pixels=part.copy()), ocr).words)


def _hidden(key: _Key, page: int) -> tuple[tuple[str, Box], ...]:
    """The lines of hidden text on a page, and where they stand."""
    try:
        found = read_document("hidden_text", key.file, page=page)
    except MediaError:
        return ()
    placed = [(line.text, line.evidence.box) for line in found.lines if line.evidence is not None]
    return tuple((text, box) for text, box in placed if box is not None)


def same(quote: str, read: str) -> bool:
    """Whether two readings of one place say the same: letters may differ here and there, digits may not."""
    one, other = flat(quote), flat(read)
    if not one or not other:
        return bool(quote.strip()) and quote.split() == read.split()  # "***"
    if one in other:
        return True
    digits = [re.sub(r"\D", "", text) for text in (one, other)]
    return digits[0] == digits[1] and SequenceMatcher(None, one, other, autojunk=False).ratio() >= _ALIKE


def flat(text: str) -> str:
    """Letters and digits alone, in lower case without accents."""
    return "".join(character for character in fold(text) if character.isalnum())


def tokens(text: str) -> list[str]:
    """The words of a text, in lower case without accents."""
    return re.findall(r"\w+", fold(text))


def cited_in(text: str) -> list[int]:
    """The numbers of sources that a text cites, code between fences left out."""
    return [int(number) for line in lines_outside_code(text) for number in re.findall(r"\[(\d+)\]", line)]


def unmarked(text: str) -> str:
    """A text with the square brackets in its quotes made round."""
    return _QUOTED.sub(lambda quoted: quoted[0].translate(_ROUND), text)


def lines_outside_code(text: str) -> Iterable[str]:
    """The lines of a text that are not between fences; a number in brackets that is quoted cites no source."""
    inside = False
    for line in unmarked(text).splitlines():
        if line.lstrip().startswith("```"):
            inside = not inside
        elif not inside:
            yield line


_CITED = re.compile(r"\[(\d+)\]\s*$")
_DATE = re.compile(r"\b(\d{4})-(\d{2})-(\d{2})\b")


def blocks_of(text: str) -> Iterator[tuple[int, list[str]]]:
    """The tables and fenced blocks of a text, each with the number of the source that the line before it cites.

    Only those whose numbers are those of the page: tables, CSV, and the JSON of an invoice; a chart as code has its
    own numbers.
    """
    lines = text.splitlines()
    cited: int | None = None
    place = 0
    while place < len(lines):
        line = lines[place]
        found = _CITED.search(line)
        if found is not None:
            cited = int(found[1])
        block: list[str] = []
        if line.startswith("|"):
            while place < len(lines) and lines[place].startswith("|"):
                block.append(lines[place])
                place += 1
        elif line.startswith("```"):
            end = next((n for n in range(place + 1, len(lines)) if lines[n].startswith("```")), len(lines))
            block = _told(line[3:].strip(), lines[place + 1 : end])
            place = end + 1
        else:
            place += 1
        if block and cited is not None:
            yield cited, block


def strange_number(block: list[str], words: str) -> str | None:
    """A number of a block that is not among the words of a page; None where all are."""
    known = values_in([words])
    digits = set(re.findall(r"\d+", words))
    for line in block:
        for year, _, day in _DATE.findall(line):
            if not ({year, year[2:]} & digits and {day, day.lstrip("0")} & digits) and f"{year}{day}" not in words:
                return f"{year}-…-{day}"
        for written in numbers_in(_DATE.sub(" ", line)):
            if not values_of(written) & known and not _has_parts(written, digits):
                return written
    return None


def _has_parts(written: str, digits: set[str]) -> bool:
    """Whether a number that OCR has parted, or that belongs to a longer name, is there in pieces."""
    return all(part in digits for part in re.findall(r"\d+", written))


def _told(language: str, lines: list[str]) -> list[str]:
    if language == "csv":
        return lines
    if language != "json":
        return []
    try:
        found = json.loads("\n".join(lines))
    except ValueError:
        return []
    return list(_texts(found)) if isinstance(found, dict) and "items" in found else []


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
