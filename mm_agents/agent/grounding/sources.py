"""The sources of an answer that a model writes: each place that a tool found has one number, and its words are kept."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import PurePosixPath
from typing import Any

from mm_agents._text import content_words
from mm_agents.agent.answer_data import Source
from mm_agents.agent.grounding.claims import Expression, values_in
from mm_agents.agent.grounding.facts import Facts
from mm_agents.errors import ToolError
from mm_agents.security.injection import WITHHELD, screen, screen_name
from mm_agents.tools import ToolResult
from mm_agents.types import Evidence

_LISTED = 80  # sources that are told with a result
_QUOTED = 100  # characters of each
_DIGITS = 24  # of a computed number
_PIECE = 3  # words
_AROUND = 60  # characters that the same line has around it in another form, such as the rest of a row
_WORDS = 200_000  # characters of a payload that are looked at
_TOLD_BY_MODELS = ("description",)
"""Keys of payloads that hold what another model said: no ground for a claim."""

SEARCHES = ("search_images", "search_videos", "search_speech", "search_text", "search_posters", "recommend")
_SUFFIXES = {
    "pdf": "pdf",
    **dict.fromkeys("txt md rst csv json html".split(), "text"),
    **dict.fromkeys("mp4 mov webm mkv avi m4v".split(), "video"),
    **dict.fromkeys("wav mp3 m4a flac ogg oga opus".split(), "audio"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredSource:
    """A source, and what is known beside its quote.

    Attributes:
        source: as the answer names it.
        clean: the same without instructions in its quote.
        words: the words of the payload that it came with, and of its name.
        figures: the numbers of the text that it came with, beside withheld lines.
        seen: whether the model was shown its picture.
        tool: that found it.
    """

    source: Source
    clean: Source
    words: frozenset[str]
    figures: frozenset[Decimal]
    seen: bool
    tool: str

    @property
    def found(self) -> bool:
        """Whether it is but what a search found to be near: nothing in it was read."""
        return self.tool.endswith(SEARCHES) and not self.source.evidence.quote


@dataclass(frozen=True, slots=True)
class Withheld:
    """A line that reads like an instruction, and the tool whose result held it."""

    tool: str
    line: str


@dataclass(frozen=True, slots=True)
class _ResultContext:
    """What the sources of one result have in common."""

    tool: str
    words: frozenset[str]
    figures: frozenset[Decimal]
    shown: bool


@dataclass(slots=True)
class SourceRegistry:
    """Gives numbers to sources, from 1, and screens what goes to the model.

    Attributes:
        tools: their names; a line that tells to call one is an instruction.
        named: (name, kind) of assets that are known before, such as attachments, by id.
    """

    tools: tuple[str, ...]
    named: dict[str, tuple[str, str]] = field(default_factory=dict[str, tuple[str, str]])
    known: dict[int, RegisteredSource] = field(default_factory=dict[int, RegisteredSource])
    withheld: list[Withheld] = field(default_factory=list[Withheld])
    sums: list[str] = field(default_factory=list[str])
    """What was computed: "4 * 15.00 + 6 * 5.00 = 90.00"."""
    facts: Facts = field(default_factory=Facts)
    """What was read."""

    def take(self, tool: str, result: ToolResult) -> str:
        """Number the sources of a result.

        Returns:
            What the model is told: the result's text with these numbers, and the sources that it does not name.
        """
        evidence = result.evidence or (
            Evidence(asset=tool, path=None, sha256=None, how=f"said by the tool {tool}", quote=result.text),
        )
        self._note_names(result.payload)
        self.facts.note(result.payload, [one.asset for one in result.evidence])
        self.note(tool, result.payload.get("withheld") or ())
        text = self.screened(tool, result.text)
        words = frozenset(content_words(self.screened(tool, _plain(result.payload, _TOLD_BY_MODELS))))
        own = _without(text, result.payload, _TOLD_BY_MODELS)
        came = _ResultContext(tool, words, frozenset(values_in([own])), bool(result.media))
        numbers = {n: self._number(one, came) for n, one in enumerate(evidence, start=1)}
        told = {int(n) for n in re.findall(r"\[(\d{1,4})\]", text)} & set(numbers) if result.evidence else set[int]()
        text = re.sub(r"\[(\d{1,4})\]", lambda found: f"[{numbers.get(int(found[1]), '?')}]", text)
        rest = list(dict.fromkeys(number for n, number in numbers.items() if n not in told))
        return "\n".join([text, *self._listed(rest)])

    def screened(self, tool: str, text: str) -> str:
        """A text without instructions; what was taken out is noted."""
        clean, found = screen(text, tools=self.tools)
        self.note(tool, found)
        return clean

    def note(self, tool: str, lines: Iterable[str]) -> None:
        """Note lines that were withheld elsewhere, such as on a picture."""
        for line in lines:
            plain = " ".join(line.replace("\\", "").split())  # Markdown hides its signs
            if not any(one.line in plain and len(plain) <= len(one.line) + _AROUND for one in self.withheld):
                self.withheld = [one for one in self.withheld if plain not in one.line] + [Withheld(tool, plain)]

    def compute(self, expression: str) -> str:
        """Compute, and note the sum.

        Raises:
            ToolError: it holds more than numbers and signs.
        """
        try:
            value = Expression(f"{expression} = 0").value
        except ValueError as error:
            raise ToolError(f"{expression!r} cannot be computed: {error}.", retry=True) from error
        shown = f"{value:f}" if len(f"{value:f}") <= _DIGITS else f"{round(value, 6):f}"
        self.sums.append(f"{expression.strip()} = {shown}")
        return self.sums[-1]

    @property
    def names_withheld(self) -> set[str]:
        """Names of sources that read like an instruction."""
        return {one.source.name for one in self.known.values() if not screen_name(one.source.name, tools=self.tools)}

    def listed(self) -> list[str]:
        """All sources, a line each."""
        return list(self._listed(list(self.known)))

    def _number(self, evidence: Evidence, came: _ResultContext) -> int:
        for number, known in self.known.items():
            if known.source.evidence == evidence:
                self.known[number] = replace(
                    known,
                    words=known.words | came.words,
                    figures=known.figures | came.figures,
                    seen=known.seen or (came.shown and known.source.media_type != "text"),
                )
                return number
        number = len(self.known) + 1
        name, kind = self.named.get(evidence.asset) or _named(evidence, came.tool)
        source = Source(number=number, evidence=evidence, name=name, media_type=kind)
        self.known[number] = RegisteredSource(
            source=source,
            clean=replace(source, evidence=replace(evidence, quote=self._clean(came.tool, evidence.quote))),
            words=came.words | content_words(name),
            figures=came.figures,
            seen=came.shown and kind != "text",
            tool=came.tool,
        )
        return number

    def _clean(self, tool: str, quote: str | None) -> str | None:
        """A quote without instructions, and without pieces of one that lies over several places."""
        if quote is None:
            return None
        flat = " ".join(quote.split())
        if len(flat.split()) >= _PIECE and any(flat in one.line for one in self.withheld):
            return ""
        return self.screened(tool, quote).replace(WITHHELD, " ")

    def _note_names(self, payload: Any) -> None:
        """Names and kinds of the assets that a payload speaks of."""
        for entry in _entries(payload):
            if isinstance(asset := entry.get("id"), str) and isinstance(name := entry.get("name"), str):
                self.named.setdefault(asset, (name, str(entry.get("media_type") or "image")))

    def _listed(self, numbers: Sequence[int]) -> Iterator[str]:
        if not numbers:
            return
        yield "Sources:"
        for number in numbers[:_LISTED]:
            clean = self.known[number].clean
            where = f", page {clean.evidence.page}" if (clean.evidence.page or 1) > 1 else ""
            quote = " ".join((clean.evidence.quote or "").split())
            said = f": “{quote[:_QUOTED]}{'…' if len(quote) > _QUOTED else ''}”" if quote else ""
            yield f"[{number}] {self.screened(self.known[number].tool, clean.name)}{where}{said}"
        if len(numbers) > _LISTED:
            yield f"and {len(numbers) - _LISTED} more; ask about a part."


def _named(evidence: Evidence, tool: str) -> tuple[str, str]:
    name = PurePosixPath(evidence.path).name if evidence.path else evidence.asset
    if evidence.path is None and evidence.asset == tool:
        return name, "text"
    return name, _SUFFIXES.get(name.rpartition(".")[2].casefold(), "image")


def _entries(value: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, Mapping):
        yield value
        for inner in value.values():  # pyright: ignore[reportUnknownVariableType]
            yield from _entries(inner)
    elif isinstance(value, list | tuple):
        for inner in value:  # pyright: ignore[reportUnknownVariableType]
            yield from _entries(inner)


def _without(text: str, payload: Mapping[str, Any], keys: Iterable[str]) -> str:
    """A text without what the payload has at these keys."""
    for key in keys:
        if isinstance(said := payload.get(key), str) and said:
            text = text.replace(said, " ")
    return text


def _plain(payload: Mapping[str, Any], without: Iterable[str]) -> str:
    """All texts and numbers of a payload, and its keys, a line each."""
    lines: list[str] = []
    left = set(without)

    def walk(value: Any) -> None:
        if isinstance(value, Mapping):
            for key, inner in value.items():  # pyright: ignore[reportUnknownVariableType]
                if key not in left:
                    lines.append(str(key).replace("_", " "))  # pyright: ignore[reportUnknownArgumentType]
                    walk(inner)
        elif isinstance(value, list | tuple):
            for inner in value:  # pyright: ignore[reportUnknownVariableType]
                walk(inner)
        elif isinstance(value, str):
            lines.append(value)
        elif value is not None and not isinstance(value, bool):
            lines.append(str(value))

    walk(payload)
    return "\n\n".join(lines)[:_WORDS]
