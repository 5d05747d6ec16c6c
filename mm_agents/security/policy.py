"""What keeps text found in files and pictures from steering an agent.

Three walls, each of which holds without the others: what was read is screened before a model sees it (``screen``);
calls are held to a plan that was made before anything was read (``ToolPolicy``); and a call can only name ids that the
conversation has issued (``IssuedIds``). A planned search takes any words, so that an agent can search for what it has
read; every other call says what the user said.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from threading import Lock
from typing import Any, Literal, get_args, get_origin

from mm_agents._text import ASKED_FOR, content_words, fold, unknown_words
from mm_agents.security.injection import WITHHELD, screen, screen_name
from mm_agents.tools import Tool, ToolResult, by_name

__all__ = ["WITHHELD", "IssuedIds", "Refusal", "RefusalCode", "ToolPolicy", "screen", "screen_name"]

RefusalCode = Literal["unknown_tool", "not_planned", "malformed", "address", "not_handed_out", "not_said"]
"""Why a call is refused: no tool has that name; the question was not found to need it before files were read; its
arguments are not those of a call; an argument holds an address, names what the conversation has not handed out, or says
what the user did not say."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a call may not be made.

    Attributes:
        code: for programs.
        text: in words that a model may see.
    """

    code: RefusalCode
    text: str


_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
_PATH = re.compile(r"[\w.~-]*[\\/]\S*|\S*\.[A-Za-z][A-Za-z0-9]{1,4}")
_FIGURE = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?")
_MONTH_NAMES = "january february march april may june july august september october november december".split()
_MONTHS = [name[:3] for name in _MONTH_NAMES]
_SPELT = re.compile(r"(?<!\w)(?:[^\W\d_]\W+){2,}[^\W\d_](?!\w)")
"""Letters that stand alone, one after the other."""
_ADDRESS = re.compile(r"\b[a-z][a-z0-9+.-]*://|\bwww\.|\b(?:data|javascript|mailto):", re.IGNORECASE)


class IssuedIds:
    """What a conversation has handed out: ids and paths from results, names of attachments, and the user's own words.

    Thread-safe. A reference may be used in a call when a result held it, when it was attached, or when the user wrote
    it.

    Args:
        references: what is handed out from the start, such as the names of attachments.
    """

    def __init__(self, references: Iterable[str] = ()) -> None:
        self._references = set(references)
        self._said: list[str] = []
        self._pages: set[int] = set()
        self._lock = Lock()

    def add(self, *references: str) -> None:
        """Hand out ids, paths or names."""
        with self._lock:
            self._references.update(reference for reference in references if reference)

    def say(self, words: str) -> None:
        """Take note of what the user wrote: what is named there may be used."""
        with self._lock:
            self._said.append(words)

    def take(self, result: ToolResult) -> None:
        """Hand out what a result holds: its assets, and the files of its evidence."""
        self.add(*result.assets)
        for evidence in result.evidence:
            self.add(evidence.asset, evidence.path or "")
        with self._lock:
            self._pages.update(evidence.page for evidence in result.evidence if evidence.page is not None)

    def allow_number(self, number: float) -> bool:
        """Whether a call may hold it: the user wrote it, or it is a page that a result points at."""
        with self._lock:
            return number in self._pages or _decimal(number) in {
                _decimal(written.replace(",", "")) for words in self._said for written in _FIGURE.findall(words)
            }

    def allow(self, reference: str) -> bool:
        """Whether a call may name it."""
        with self._lock:
            if reference in self._references:
                return True
            named = rf"(?<![\w./\\-]){re.escape(reference)}(?![\w/\\-]|\.\w)"
            return bool(reference.strip()) and any(re.search(named, words, re.IGNORECASE) for words in self._said)

    @property
    def said(self) -> tuple[str, ...]:
        """What the user wrote, in order."""
        with self._lock:
            return tuple(self._said)

    @property
    def references(self) -> frozenset[str]:
        """What was handed out by results and attachments."""
        with self._lock:
            return frozenset(self._references)


class ToolPolicy:
    """Decides which calls go through while an agent works on one question.

    Until something untrusted was read, every call of a given tool does. Afterwards only calls of planned tools and of
    those called before; a search may then look for any words, and every other call has to say what the user said, so
    that nothing which was read becomes an argument of anything but a search.

    Args:
        tools: those that there are.
        plan: the names of those that the question needs, fixed before anything was read.
        handed: what the conversation has handed out, and what the user wrote.
        untrusted: whether something untrusted was read already, such as for an earlier question of a conversation.
    """

    def __init__(
        self, tools: Iterable[Tool], plan: Iterable[str], handed: IssuedIds, *, untrusted: bool = False
    ) -> None:
        self._tools = by_name(tools)
        self._plan = set(plan)
        self._handed = handed
        self.untrusted: bool = untrusted

    def planned(self, tool: str) -> bool:
        """Whether the plan lets a tool be called, now that things were read or not."""
        return not self.untrusted or tool in self._plan

    def widen(self, names: Iterable[str]) -> None:
        """Plan more tools; what they are told from may hold nothing that was read."""
        self._plan.update(names)

    def refusal(self, tool: str, arguments: Mapping[str, Any]) -> Refusal | None:
        """Why a call may not be made; None where it may."""
        if (known := self._tools.get(tool)) is None:
            return Refusal("unknown_tool", f"There is no tool named {tool!r}.")
        if not self.planned(tool):
            why = "is not among the tools that the question was found to need before files were read"
            return Refusal("not_planned", f"{tool} {why}.")
        for name, value in arguments.items():
            for part in _parts(value):
                if part in _choices(known, name) or part == _default(known, name):
                    continue
                if refused := self._against(part, free=known.searches or not self.untrusted):
                    why = f"The argument {name!r} of {tool} is refused: {refused.text}."
                    return Refusal(refused.code, why)
        return None

    def called(self, tool: str, result: ToolResult | None) -> None:
        """Take note that a call went through: what it handed out, and whether that can be trusted."""
        if not self.untrusted:
            self._plan.add(tool)  # it was chosen before anything could have led to it
        if result is None:
            return
        self._handed.take(result)
        if not self._tools[tool].trusted:
            self.untrusted = True

    def _against(self, part: str | float, *, free: bool) -> Refusal | None:
        """What speaks against a part of an argument; ``free`` ones need not be the user's words."""
        if isinstance(part, str):
            return self._against_reference(part) or (None if free else self._against_words(part))
        if free or self._handed.allow_number(part):
            return None
        return Refusal("not_said", f"the user did not say {part}")

    def _against_reference(self, text: str) -> Refusal | None:
        if self._handed.allow(text):
            return None
        if _ADDRESS.search(text):
            return Refusal("address", "it holds an address, and tools open none")
        for named in (*_UUID.findall(text), *([text] if _PATH.fullmatch(text.strip()) else [])):
            if not self._handed.allow(named):
                why = f"{named[:80]!r} was not handed out in this conversation; search for it first"
                return Refusal("not_handed_out", why)
        return None

    def _against_words(self, text: str) -> Refusal | None:
        """Words that the user did not say; a text of letters and of words without meaning is one word."""
        if self._handed.allow(text) or not text.strip():
            return None
        said = [form for words in self._handed.said for form in (words, _iso_parts(words))]
        words = unknown_words(text, [*said, *ASKED_FOR, *_named(self._handed, text)])
        if not words and (not content_words(text) or _SPELT.search(fold(text))):
            words = {text.strip()[:80]}
        return Refusal("not_said", f"the user did not say {', '.join(sorted(words)[:5])}") if words else None


def _named(handed: IssuedIds, text: str) -> Iterator[str]:
    """The issued ids that a text contains."""
    for named in _UUID.findall(text):
        if handed.allow(named):
            yield named


def _parts(value: Any) -> Iterator[str | float]:
    """The texts and numbers of an argument."""
    if isinstance(value, str) or (isinstance(value, int | float) and not isinstance(value, bool)):
        yield value
    elif isinstance(value, Mapping):
        for key, inner in value.items():  # pyright: ignore[reportUnknownVariableType]
            yield from _parts(key)
            yield from _parts(inner)
    elif isinstance(value, list | tuple | set | frozenset):
        for inner in value:  # pyright: ignore[reportUnknownVariableType]
            yield from _parts(inner)


def _decimal(number: object) -> Decimal | None:
    try:
        return Decimal(str(number)).normalize()
    except InvalidOperation:
        return None


def _iso_parts(said: str) -> str:
    """The days and months of a text as ISO dates write them: "3 May" has "03" and "05"."""
    months = [_MONTHS.index(name[:3]) + 1 for name in re.findall(r"[a-z]{3,}", said.casefold()) if _month(name)]
    days = [int(written) for written in re.findall(r"(?<!\d)\d{1,2}(?!\d)", said)]
    return " ".join(f"{number:02d}" for number in (*months, *days))


def _month(name: str) -> bool:
    return name[:3] in _MONTHS and (name in _MONTHS or name in _MONTH_NAMES)


def _default(tool: Tool, argument: str) -> Any:
    field = tool.arguments.model_fields.get(argument)
    return None if field is None else field.default


def _choices(tool: Tool, argument: str) -> set[str]:
    """The texts that an argument's type lists: what the program itself wrote needs no ground."""
    field = tool.arguments.model_fields.get(argument)
    return set(_literals(field.annotation)) if field else set()


def _literals(annotation: Any) -> Iterator[str]:
    for inner in get_args(annotation):
        if get_origin(annotation) is Literal:
            yield str(inner)
        else:
            yield from _literals(inner)
