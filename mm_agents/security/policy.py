"""What keeps text found in files and pictures from steering an agent.

Three walls, each of which holds without the others: what was read is screened before a model sees it (``screen``);
calls are held to a plan that was made before anything was read (``ToolPolicy``); and a call can only name ids that the
conversation has issued (``IssuedIds``). Tools themselves only read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from threading import Lock
from typing import Any, Literal, get_args, get_origin

from mm_agents._text import ASKED_FOR, unknown_words
from mm_agents.security.injection import WITHHELD, screen, screen_name
from mm_agents.tools import Tool, ToolResult, by_name

__all__ = ["WITHHELD", "IssuedIds", "ToolPolicy", "screen", "screen_name"]

_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
_PATH = re.compile(r"[\w.~-]*[\\/]\S*|\S*\.[A-Za-z][A-Za-z0-9]{1,4}")
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
    those called before; and what such a call says in words of its own must be the user's words.

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

    def refusal(self, tool: str, arguments: Mapping[str, Any]) -> str | None:
        """Why a call may not be made, in words that a model may see; None where it may."""
        if (known := self._tools.get(tool)) is None:
            return f"There is no tool named {tool!r}."
        if not self.planned(tool):
            return f"{tool} is not among the tools that the question was found to need before files were read."
        for name, value in arguments.items():
            for text in _texts(value):
                if why := self._against(text, fixed=text in _choices(known, name)):
                    return f"The argument {name!r} of {tool} is refused: {why}."
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

    def _against(self, text: str, *, fixed: bool) -> str | None:
        if fixed or self._handed.allow(text):
            return None
        if _ADDRESS.search(text):
            return "it holds an address, and tools open none"
        for named in (*_UUID.findall(text), *([text] if _PATH.fullmatch(text.strip()) else [])):
            if not self._handed.allow(named):
                return f"{named[:80]!r} was not handed out in this conversation; search for it first"
        if self.untrusted and (
            words := unknown_words(text, [*self._handed.said, *ASKED_FOR, *_named(self._handed, text)])
        ):
            return f"the user did not say {', '.join(sorted(words)[:5])}"
        return None


def _named(handed: IssuedIds, text: str) -> Iterator[str]:
    """The issued ids that a text contains."""
    for named in _UUID.findall(text):
        if handed.allow(named):
            yield named


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, inner in value.items():  # pyright: ignore[reportUnknownVariableType]
            yield from _texts(key)
            yield from _texts(inner)
    elif isinstance(value, list | tuple | set | frozenset):
        for inner in value:  # pyright: ignore[reportUnknownVariableType]
            yield from _texts(inner)


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
