"""Whether what readings rest on is there: quotes in the crops of their boxes, and the characters that OCR reads."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from mm_agents._optional import require
from mm_agents.evaluate import _compare
from mm_agents.evaluate._boxes import rectangle
from mm_agents.evaluate._tally import Tally
from mm_agents.evaluate._truth import Line, Rectangle
from mm_agents.types import Word

Reread = Callable[[Path, int, Rectangle], str]
"""Reads a place anew, cut out with a margin of one height of its text: the path, the page from 1, the box in pixels."""

_MOST_ENTRIES = 2000  # of one reading


def quotes_in_crops(reading: Mapping[str, Any], path: Path, reread: Reread, tally: Tally) -> None:
    """Count the evidence whose quote, normalised, is read again in its box padded by one text height.

    Evidence of a field that is not verified is left out.
    """
    known: dict[tuple[int, Rectangle], str] = {}
    for entry in _bounded(_verified_entries(reading)):
        box, quote = rectangle(entry.get("box")), _compare.squash(str(entry.get("quote") or ""))
        if box is None:
            tally.share("quotes in crops", 0)
            tally.missed("evidence without a box", entry.get("quote"), None)
            continue
        place = (int(entry.get("page") or 1), box)
        if place not in known:
            known[place] = reread(path, *place)
        there = quote in _compare.squash(known[place])
        tally.share("quotes in crops", there)
        if not there:
            tally.missed("quote in crop", entry.get("quote"), known[place])


def _bounded(entries: Iterator[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    for n, entry in enumerate(entries):
        if n >= _MOST_ENTRIES:
            return
        yield entry


def _verified_entries(value: Any) -> Iterator[Mapping[str, Any]]:
    """Every evidence entry with a quote below, but for those under something that says it is not verified."""
    if isinstance(value, Mapping):
        record = cast("Mapping[str, Any]", value)
        if record.get("verified") is False:
            return
        if record.get("quote") and "box" in record:
            yield record
            return
        for part in record.values():
            yield from _verified_entries(part)
    elif isinstance(value, list):
        for part in cast("list[Any]", value):
            yield from _verified_entries(part)


# ---------------------------------------------------------------- OCR


def character_errors(lines: Sequence[Line], words: Sequence[Word], tally: Tally) -> None:
    """Count the characters of known texts that OCR misses, misreads or adds in their place, spaces aside.

    The figure "characters" is 1 - the character error rate. A word belongs to the text in whose box its middle lies.
    """
    if not lines:
        return
    distance = require("rapidfuzz", extra=_compare.EXTRA, feature="Character errors").distance.Levenshtein.distance
    for line in lines:
        read = _closed(" ".join(word.text for word in words if _inside(word, line.box)))
        wanted = _closed(line.text)
        errors = min(int(distance(wanted, read)), len(wanted))
        tally.share("characters", len(wanted) - errors, len(wanted))
        if errors:
            tally.missed("characters", line.text, read)


def character_error(read: str, wanted: str) -> float:
    """The character error rate: edits between two texts, spaces aside, by the length of the wanted one."""
    distance = require("rapidfuzz", extra=_compare.EXTRA, feature="Character errors").distance.Levenshtein.distance
    wanted, read = _closed(wanted), _closed(read)
    return int(distance(wanted, read)) / len(wanted) if wanted else float(bool(read))


def _closed(text: str) -> str:
    return "".join(text.split())


def _inside(word: Word, box: Rectangle) -> bool:
    x, y = (word.box.x0 + word.box.x1) / 2, (word.box.y0 + word.box.y1) / 2
    return box[0] <= x <= box[2] and box[1] <= y <= box[3]
