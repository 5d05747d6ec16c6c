"""What an answer repeats of a document as a whole, held against the words of its pages."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from mm_agents.agent._figures import numbers_in, values_in, values_of

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
