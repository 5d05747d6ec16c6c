"""Finds lines in files and pictures that give instructions to a model that reads them, and takes them out.

Nothing here makes text safe to obey: what was read is data, with or without such lines. Taking them out keeps a model
that is easily led from being led, and lets an answer say that somebody tried.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from mm_agents import _plugins
from mm_agents._retry import call_with_timeout
from mm_agents._text import fold, read_patterns
from mm_agents.errors import MissingExtraError
from mm_agents.types import Box, Image, Word

if TYPE_CHECKING:
    from mm_agents.protocols import Ocr

WITHHELD = "(a line is withheld: it reads like an instruction to the reader)"

_PATTERNS = read_patterns("mm_agents.security", "injection.toml", re.NOFLAG)
# Each is looked for in up to three lines or sentences that follow each other, in small letters.
_STRONG = tuple(re.compile(found.pattern.replace(" ", r"\s")) for found in _PATTERNS["strong"].values())
_WEAK = _PATTERNS["weak"]["order"]  # beside one of those, what begins like this belongs to it
# A sentence or a cell of a table, in Markdown, HTML or columns.
_PIECE = re.compile(
    r"\S.*?(?:[.!?…]+[\"')\]]*(?=\s|</?t[dhr]\b)|(?=(?<![<|])\|(?![>|]))|(?=→)|(?=</?t[dhr]\b)|(?=\t|\s{3})|$)"
)
_SEPARATORS = re.compile(r"^(?:\|(?![>|])|→|</?t[dhr]\b[^>]*>|\s)+")
_CONFUSED = str.maketrans("аеорсухіјѕԁһ", "aeopcyxijsdh")  # Cyrillic letters that look like Latin ones
_UNSEEN = re.compile(r"[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\U000e0000-\U000e007f]")


@dataclass(frozen=True, slots=True)
class _Unit:
    """A line, or a sentence of it: its place in the text, how it reads in small letters, and how it begins."""

    start: int
    end: int
    flat: str
    inside: bool = False
    """Whether it begins like the middle of a sentence."""


def screen(text: str, *, tools: Iterable[str] = ()) -> tuple[str, tuple[str, ...]]:
    """Take out of a text what reads like an instruction to a model that reads it.

    Ordinary requests of a document ("You must pay within 30 days") stay. So does everything else: this is a help for
    models that obey what they read, not a proof that what stays is harmless.

    Args:
        text: what was read in a file or picture.
        tools: the names of tools; a line that tells to call one of them is an instruction too.

    Returns:
        The text, with ``WITHHELD`` in the place of each such line or sentence; and what was taken out.
    """
    kept: list[str] = []
    found: list[str] = []
    at = 0
    for start, end in instructions(text, tools=tools):
        kept += [text[at:start], WITHHELD]
        found.append(" ".join(text[start:end].split()))
        at = end
    return "".join([*kept, text[at:]]), tuple(found)


def instructions(text: str, *, tools: Iterable[str] = ()) -> list[tuple[int, int]]:
    """The places of such lines and sentences: the first character of each, and the one after its last."""
    units = list(_units(text))
    bad = sorted(_spoken_to(units, tuple(tools)))
    return [(units[first].start, units[last].end) for first, last in _runs(bad)]


def screen_said(text: str, *, tools: Iterable[str] = ()) -> tuple[str, tuple[str, ...]]:
    """As ``screen``, for a sentence of our own: what it has between “ and ” is quoted, and stays."""
    parts = [(part, ()) if part.startswith("“") else screen(part, tools=tools) for part in re.split("(“[^”]*”)", text)]
    return "".join(part for part, _ in parts), tuple(line for _, lines in parts for line in lines)


def screen_words(words: Sequence[Word], *, tools: Iterable[str] = ()) -> tuple[frozenset[int], tuple[str, ...]]:
    """Which words of a page belong to such lines.

    Args:
        words: in reading order.
        tools: as for ``screen``.

    Returns:
        The places of these words among all, from 0; and the lines.
    """
    text, spans = "", list[tuple[int, int]]()
    for n, word in enumerate(words):
        if n:
            text += " " if word.line == words[n - 1].line else "\n"
        spans.append((len(text), len(text) + len(word.text)))
        text += word.text
    found = instructions(text, tools=tools)
    inside = frozenset(n for n, (start, end) in enumerate(spans) if any(a < end and start < b for a, b in found))
    return inside, tuple(" ".join(text[a:b].split()) for a, b in found)


def paint_over(image: Image, boxes: Iterable[Box]) -> Image:
    """The picture with the ink in some boxes gone; what is around them stays readable."""
    pixels = image.pixels.copy()
    for box in boxes:
        area = pixels[max(box.y0 - 2, 0) : max(box.y1 + 2, 0), max(box.x0 - 2, 0) : max(box.x1 + 2, 0)]
        if area.size:
            area[:] = np.median(area.reshape(-1, 3), axis=0).astype(np.uint8)
    return Image(pixels=pixels)


def screen_name(name: str, *, tools: Iterable[str] = ()) -> bool:
    """Whether a file's name reads like a name, not like an instruction."""
    named = tuple(tools)
    spaced = re.sub(r"[_\W]+", " ", re.sub(r"\.\w{1,5}$", "", name)).strip()
    if len(spaced.split()) > 12 or any(tool in name for tool in named if "_" in tool):
        return False
    spoken = [_Unit(0, len(said), _flat(said)) for said in (spaced, name)]
    return not any(_spoken_to([unit], named) for unit in spoken)


def _spoken_to(units: Sequence[_Unit], tools: Sequence[str]) -> set[int]:
    """Which units hold an instruction, with those around them that belong to it."""
    patterns = [*_STRONG, *_calls(tools)]
    bad: set[int] = set()
    for first in range(len(units)):
        joined, ends = "", list[int]()
        for unit in units[first : first + 3]:
            joined += ("\n" if joined else "") + unit.flat
            ends.append(len(joined))
        for pattern in patterns:
            # Only what begins in the first: what begins later is found when its turn comes.
            if (found := pattern.search(joined)) and found.start() < ends[0]:
                bad |= {first + n for n in range(len(ends)) if n == 0 or ends[n - 1] < found.end()}
    for n in sorted(bad):
        while n + 1 < len(units) and n + 1 not in bad and _goes_on(units[n], units[n + 1]):
            bad.add(n := n + 1)
    return bad


def _goes_on(unit: _Unit, following: _Unit) -> bool:
    """Whether a line or sentence belongs to the instruction before it."""
    if _WEAK.match(following.flat):
        return True
    near = following.start - unit.end <= 2  # a blank line ends it
    return near and following.inside and not unit.flat.rstrip("\"') ").endswith((".", "!", "?"))


def _calls(tools: Iterable[str]) -> Iterator[re.Pattern[str]]:
    for name in tools:
        spelled = re.escape(name.casefold()).replace("_", r"[_\s-]?")
        yield re.compile(rf"\b(?:call|invoke|use|run|execute|trigger|apply)\W+(?:[\w']+\W+){{0,4}}?{spelled}\b")
        if "_" in name:
            yield re.compile(rf"\b{re.escape(name.casefold())}\s*\(")


def _units(text: str) -> Iterator[_Unit]:
    for line in re.finditer(r"[^\n\r\u2028\x0b\x0c]+", text):
        for piece in _PIECE.finditer(line[0]):
            inside = _SEPARATORS.sub("", piece[0]).rstrip()
            start = line.start() + piece.end() - len(_SEPARATORS.sub("", piece[0]))
            if inside:
                yield _Unit(start, start + len(inside), _flat(inside), bool(re.match(r"[a-z(,]", inside)))


def _flat(text: str) -> str:
    """Small letters without tricks: no unseen characters, no look-alikes, no spaced-out words."""
    flat = fold(_UNSEEN.sub("", unicodedata.normalize("NFKC", text)).translate(_CONFUSED).casefold())
    flat = re.sub(r"\\(?=[^\w\s])", "", flat.replace("’", "'"))  # as Markdown has its signs
    flat = re.sub(r"\b(?:\w[ ._-]){4,}\w\b", lambda spaced: re.sub(r"[ ._-]", "", spaced[0]), flat)
    return " ".join(flat.split())


def _runs(numbers: Sequence[int]) -> Iterator[tuple[int, int]]:
    """The first and last of the numbers that follow each other."""
    first = 0
    for n, number in enumerate(numbers):
        if n + 1 == len(numbers) or numbers[n + 1] != number + 1:
            yield numbers[first], number
            first = n + 1


_SMALLEST = 48  # pixels: nothing that a model could read fits on less
_LONGEST = 20.0  # seconds for one picture


class ImageRedactor:
    """Reads pictures before a model sees them, where the package for that is installed.

    Args:
        tools: the names of tools; a line that tells to call one is an instruction.
    """

    def __init__(self, tools: Sequence[str]) -> None:
        self._tools = tuple(tools)

    def drawn(self, image: Image, *, seconds: float = _LONGEST) -> tuple[Image, tuple[str, ...]]:
        """The picture with such lines painted over, and the lines.

        Args:
            image: as a tool gave it.
            seconds: how long its words may be looked for; where that is not enough, the picture stays as it is.
        """
        if self._ocr is None or min(image.pixels.shape[:2]) < _SMALLEST:
            return image, ()
        engine = self._ocr
        try:
            words = call_with_timeout(
                lambda: engine.read(image).words if engine.has_text(image) else (), min(seconds, _LONGEST)
            )
        except (MissingExtraError, TimeoutError):
            return image, ()
        inside, lines = screen_words(words, tools=self._tools)
        if not inside:
            return image, ()
        return paint_over(image, [words[n].box for n in inside]), lines

    @cached_property
    def _ocr(self) -> Ocr | None:
        try:
            return _plugins.build_named("ocr", "rapidocr")
        except MissingExtraError:
            return None
