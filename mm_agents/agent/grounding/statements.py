"""A model's answer, cut into statements with the numbers that each cites, while it is being written."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

_MARKS = re.compile(r"\s*\[(\d{1,4}(?:\s*[,;]\s*\d{1,4})*)\]")
_SENTENCE_END = re.compile(r"[.!?…][\"”')*_]*(?=\s|$|\s*\[\d)")
_ABBREVIATION = re.compile(
    r"(?:\b(?:e\.g|i\.e|etc|approx|no|nos|vs|fig|dr|mr|mrs|st|p|pp|ca|incl|excl)|^\s*\d+)\.$", re.I
)
_ITEM = re.compile(r"^\s*(?:[-*•]|\d{1,3}[.)])\s+|^\s*\|")
_BULLET = re.compile(r"^(?:[-*•]|\d{1,3}[.)])\s+")
_FENCE = re.compile(r"^\s*(?:```|~~~)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A sentence, an item of a list, a row of a table, or a piece of code.

    Attributes:
        text: without the numbers of its sources.
        cited: these numbers, as they were written.
        before: what stands between it and what comes before it: a space, or line breaks.
        own: whether the numbers stand in it; else they are those of a neighbour.
    """

    text: str
    cited: tuple[int, ...]
    before: str = " "
    own: bool = True


class Statements:
    """Takes a text piece by piece and gives the statements that are whole.

    A sentence without numbers rests on those of the next sentence of its paragraph that has some, else on those before
    it: people and models cite at the end of what belongs together.
    """

    def __init__(self) -> None:
        self._rest = ""
        self._waiting: list[Statement] = []
        self._last: tuple[int, ...] = ()
        self._before = ""
        self._code: list[str] | None = None

    def feed(self, piece: str) -> list[Statement]:
        """The statements that this piece completes."""
        self._rest += piece
        ready: list[Statement] = []
        while (end := self._rest.find("\n")) >= 0:
            # A line's numbers may stand on the next one; only what is there decides that the line is over.
            if self._code is None and not self._rest[end + 1 :].strip(" \n"):
                break
            line, self._rest = self._rest[:end], self._rest[end + 1 :]
            ready += self._line(line)
        if self._code is None and not _FENCE.match(self._rest) and "\n" not in self._rest:
            ready += self._sentences(final=False)
        return ready

    def end(self) -> list[Statement]:
        """What is left when the text is over."""
        ready: list[Statement] = []
        for line in [*self._rest.split("\n")]:
            ready += self._line(line)
        if self._code is not None:
            ready += self._close_code()
        return ready + self._flush(())

    # ------------------------------------------------------------ helpers

    def _line(self, line: str) -> list[Statement]:
        if self._code is not None:
            self._code.append(line)
            return self._close_code() if _FENCE.match(line) else []
        if _FENCE.match(line):
            self._code = [line]
            return []
        if not line.strip():
            self._before = "\n\n" if self._before else ""
            return self._flush(())
        if self._before == "\n\n" and not _ITEM.match(line):
            self._last = ()  # a new paragraph rests on nothing yet
        self._rest, kept = line, self._rest
        ready = self._sentences(final=True)
        self._rest = kept
        self._before = self._before if self._before == "\n\n" else "\n"
        return ready

    def _sentences(self, *, final: bool) -> list[Statement]:
        """The whole sentences at the beginning of the rest; all of it where that is final."""
        ready: list[Statement] = []
        item = bool(_ITEM.match(self._rest))
        while self._rest.strip():
            end = None if item else self._end_of_sentence(final=final)
            if end is None and not final:
                break
            said, self._rest = self._rest[:end], "" if end is None else self._rest[end:]
            ready += self._stated(said)
        return ready

    def _end_of_sentence(self, *, final: bool) -> int | None:
        """Where the first sentence ends, the numbers after it included; None where that is not known yet."""
        for found in _SENTENCE_END.finditer(self._rest):
            if _ABBREVIATION.search(self._rest[: found.end()]):
                continue
            end = found.end()
            while marks := _MARKS.match(self._rest, end):
                end = marks.end()
            follows = self._rest[end:].lstrip()
            if not follows and not final:
                return None
            if follows.startswith("[") and not final and "]" not in follows:
                return None
            return end
        return None

    def _stated(self, said: str) -> list[Statement]:
        cited = tuple(
            dict.fromkeys(int(number) for marks in _MARKS.findall(said) for number in re.findall(r"\d+", marks))
        )
        text = re.sub(r"\s+([.,;:!?])", r"\1", _MARKS.sub("", said)).strip()
        before, self._before = self._before, " "
        if item := _BULLET.match(text):
            before, text = before + item[0], text[item.end() :]
        if not re.search(r"\w", text):
            self._before = f"{before}{said.strip()}\n" if said.lstrip().startswith("|") else before
            if cited:  # numbers that stand alone belong to what is before them
                return self._flush(cited)
            return []
        self._waiting.append(Statement(text=text, cited=cited, before=before, own=bool(cited)))
        return self._flush(cited) if cited else []

    def _close_code(self) -> list[Statement]:
        text = "\n".join(self._code or [])
        self._code = None
        self._waiting.append(Statement(text=text, cited=(), before=self._before or "", own=False))
        self._before = "\n"
        return self._flush(self._last) if self._last else []

    def _flush(self, cited: tuple[int, ...]) -> list[Statement]:
        """What waited for numbers, with these, else with those before it."""
        ready = [one if one.cited else replace(one, cited=cited or self._last) for one in self._waiting]
        self._waiting = []
        self._last = cited or self._last
        return ready
