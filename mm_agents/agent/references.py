"""What a question points back to in a conversation: "it", "the second one", "both", and the things they mean."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mm_agents._text import NUMBER_WORDS, ORDINALS, read_patterns
from mm_agents.agent.answer import Answer
from mm_agents.agent.query_analysis import names_in, says
from mm_agents.agent.tool_roles import DESCRIBE, QUOTE, READERS, SEARCHES
from mm_agents.tools import Attachment

if TYPE_CHECKING:
    from mm_agents.agent.planner import OfflinePlanner, Plan


_PHRASES = read_patterns("mm_agents.agent", "phrases.toml")
_KINDS: Mapping[str, tuple[str, ...]] = {
    "pictures": ("image", "pdf", "film"),
    "clips": ("video",),
    "films": ("film",),
    "documents": ("pdf", "text", "image"),
    "invoices": ("image", "pdf"),
    "charts": ("image", "pdf"),
}
"""The media types that words for things may mean."""

_ORDINALS: Mapping[str, int] = {
    word: n
    for ordinals in (ORDINALS, "1st 2nd 3rd 4th 5th 6th 7th 8th 9th 10th".split(), [*NUMBER_WORDS][1:])
    for n, word in enumerate(ordinals)
} | {"last": -1, "latter": -1, "former": 0}
_ALIKE = ({"read_invoice", "read_table"},)
"""The readers that may both be meant for one thing: an invoice has a table."""

_SHORT = 8  # words of a question that only goes on from the one before


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferencedItem:
    """Something that was shown or attached: its id (an attachment's name), its name, and what it is."""

    id: str
    name: str
    media_type: str

    @property
    def kind(self) -> Attachment:
        """What the planner takes it for: a film, such as any other thing with a picture, is an image."""
        kinds: dict[str, Attachment] = {"video": "video", "audio": "audio", "pdf": "pdf", "text": "text"}
        return kinds.get(self.media_type, "image")


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolvedReference:
    """What the words of a question point back to.

    Attributes:
        things: those that are meant; none where nothing is pointed at.
        missing: what is pointed at and is not there, such as "the fourth one" of three, or what was never attached.
        explicit: whether its words point at them, and it does not only follow up on the question before it.
        goes_on: whether the question follows up on the one before it: "and the tax?".
    """

    things: tuple[ReferencedItem, ...] = ()
    missing: str | None = None
    explicit: bool = False
    goes_on: bool = False


class Memory:
    """Remembers what an answer showed, what was attached, and what was read last."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.shown: list[ReferencedItem] = []
        self.listed: list[ReferencedItem] = []
        self.attached: list[ReferencedItem] = []
        self.last: ReferencedItem | None = None
        self.tools: tuple[str, ...] = ()
        self.read: dict[str, ReferencedItem] = {}

    def attach(self, things: Iterable[ReferencedItem]) -> None:
        """Note files that came with a question."""
        new = [thing for thing in things if thing not in self.attached]
        self.attached += new
        if new:
            self.last = new[-1]

    def note(self, answer: Answer, tools: Sequence[str]) -> None:
        """Note an answer: what it showed, in its order, and the tools behind it."""
        self.answers.append(answer)
        shown: dict[str, ReferencedItem] = {}
        for source in answer.sources:
            id = source.evidence.asset
            shown.setdefault(id, ReferencedItem(id=id, name=source.name, media_type=source.media_type))
        if shown:
            self.shown = list(shown.values())
            self.listed = self.shown if len(shown) > 1 else self.listed
            self.last = self.shown[0]
            self.read |= {tool: self.last for tool in tools if tool in _PHRASES["read_by"]}
        if tools:
            self.tools = tuple(tools)

    def resolve(self, question: str) -> ResolvedReference:
        """What a question points back to.

        Args:
            question: as it was asked; files that came with it are noted before.
        """
        goes_on = bool(self.answers) and says("goes_on", question) is not None
        if not self.attached and (handed_over := says("handed_over", question)):
            return ResolvedReference(missing=handed_over[0])
        nth = says("nth", question)
        if nth is not None:
            return self._nth(nth, question, goes_on)
        if says("many", question) and len(self.shown) > 1:
            return ResolvedReference(things=tuple(self.shown), explicit=True, goes_on=goes_on)
        speaker = says("speaker", question) and says("for_speech", question)
        if speaker and self.last is not None and self.last.kind in ("audio", "video"):
            return ResolvedReference(things=(self.last,))
        one = says("one", question)
        if one is not None and self.last is not None and (goes_on or not _means_inside(question, one)):
            thing = self._meant(one[0])
            if thing is not None:
                return ResolvedReference(things=(thing,), explicit=True, goes_on=goes_on)
        if goes_on and self.last is not None:
            return ResolvedReference(things=(self.last,), goes_on=True)
        return ResolvedReference(goes_on=goes_on)

    def tell_missing(self, words: str) -> str:
        """That what some words of a question point at is not there."""
        if says("handed_over", words):
            return f"I don't know which one “{words}” is, as nothing is attached: attach it, or name a file of here."
        number = len(self.shown)
        shown = "nothing was" if number == 0 else "one thing was" if number == 1 else f"{number} things were"
        return f"I don't know which one “{words}” is: {shown} shown so far."

    def reader_of(self, thing: ReferencedItem) -> str | None:
        """The tool that read a thing as a document, if one did."""
        return next((tool for tool, one in self.read.items() if one.id == thing.id), None)

    def _nth(self, found: re.Match[str], question: str, goes_on: bool) -> ResolvedReference:
        word, noun, number, cited = found.groups()
        if cited is not None and self.answers:
            sources = {source.number: source for source in self.answers[-1].sources}
            source = sources.get(int(cited))
            if source is not None:
                id = source.evidence.asset
                meant = ReferencedItem(id=id, name=source.name, media_type=source.media_type)
                return ResolvedReference(things=(meant,), explicit=True, goes_on=goes_on)
            return ResolvedReference(missing=found[0], goes_on=goes_on)
        place = _ORDINALS[word.casefold()] if word else int(number or cited or 1) - 1
        among = self._among(noun or found[0], question)
        if not among:
            return ResolvedReference(goes_on=goes_on)
        if not -len(among) <= place < len(among):
            return ResolvedReference(missing=found[0], goes_on=goes_on)
        return ResolvedReference(things=(among[place],), explicit=True, goes_on=goes_on)

    def _among(self, words: str, question: str) -> list[ReferencedItem]:
        """What is counted: what was attached where several are, or where that is said; else what was shown."""
        kinds = _kinds(words)
        attached = [one for one in self.attached if not kinds or one.media_type in kinds]
        # An answer about one thing does not end the list that it was taken from.
        counted = self.listed if len(self.shown) < 2 and self.listed else self.shown
        shown = [one for one in counted if not kinds or one.media_type in kinds]
        if says("attached", question) or (len(attached) > 1 and (kinds or len(shown) < 2)):
            return attached
        return shown or attached

    def _meant(self, words: str) -> ReferencedItem | None:
        """The latest thing that words may mean: "the invoice" one that was read as such, "it" the last one shown."""
        readers = [name for name, pattern in _PHRASES["read_by"].items() if pattern.search(words)]
        kinds = _kinds(words)
        latest = [one for one in (self.last, *self.shown, *reversed(self.attached)) if one is not None]
        for reader in readers:
            if reader in self.read:
                return self.read[reader]
        if readers and not words.casefold().startswith(("this", "that")):
            attached = (one for one in reversed(self.attached) if one.media_type in kinds)
            return next((one for one in attached if self._may_be(one, readers)), None)
        fitting = [one for one in latest if not kinds or one.media_type in kinds]
        if re.fullmatch(r"the .+s", words.casefold()) and len({one.id for one in fitting}) < 2:
            return None  # "the pictures" are not the only one that was shown
        if fitting:
            return fitting[0]
        return None if words.casefold().startswith(("the ", "my ", "our ")) else self.last

    def _may_be(self, thing: ReferencedItem, readers: Sequence[str]) -> bool:
        """Whether a thing may be such a document: it was read as none, or as one that is alike."""
        known = {tool for tool, one in self.read.items() if one.id == thing.id}
        return not known or alike(known, readers)

    def planned_after(self, planned: Sequence[str], question: str, referred: ResolvedReference) -> tuple[str, ...]:
        """The plan; a question that goes on from the one before it is for the same tools.

        Args:
            planned: the tools that the question by itself is for.
            question: as it was asked.
            referred: what it points back to.
        """
        if says("help", question) and not referred.things:
            return ()
        known = self.reader_of(referred.things[0]) if referred.explicit and referred.things else None
        readers = [known] if known else [name for name in self.tools if name in READERS]
        short = len(question.split()) <= _SHORT
        if referred.goes_on and short and self.tools and not readers:
            if not referred.explicit or not set(self.tools) <= set(SEARCHES):
                return self.tools
            return (QUOTE,) if referred.things and referred.things[0].kind == "text" else (DESCRIBE,)
        reads = READERS.keys() & planned
        if reads and readers and referred.explicit and not alike(reads, readers):
            return tuple(planned)
        if readers and referred.things and (not planned or (referred.goes_on and short)):
            return (readers[-1],)
        return tuple(planned)

    def asked_anew(self, planner: OfflinePlanner, question: str, referred: ResolvedReference) -> Plan | None:
        """The plan of a question that begins with "and" after a document or picture, and looks for something else."""
        if not referred.goes_on or referred.explicit or set(self.tools) <= set(SEARCHES):
            return None
        asked = goes_on_with(question)
        plans = (planner.plan(asked), planner.plan(asked, referred.things[:1]))
        plan = next((one for one in plans if one.tools), None)
        if plan is None or DESCRIBE in plan.tools:
            return None
        reads = READERS.keys() & plan.tools
        return plan if not reads or not alike(reads, READERS.keys() & self.tools) else None

    def read_before(self, names: Sequence[str], question: str, *, anew: bool) -> tuple[str | None, str | None]:
        """The document that was read last and its reader, where the question may well be about it again.

        It is not where the question asks for another or names somebody. One that begins anew may be about a part of it.
        """
        last = self.last
        if last is None or names_in(question) or says("another", question) or is_another(question):
            return None, None
        if anew:
            reader = self.reader_of(last) if is_part(question) else None
        else:
            reader = next((name for name in names if name in READERS and name in self.tools), None)
        return (last.id, reader) if reader is not None else (None, None)


def alike(readers: Collection[str], others: Collection[str]) -> bool:
    """Whether what some tools read may be read by others too, as an invoice that has a table."""
    kinds = (*({one} for one in readers), *_ALIKE)
    return any(not kind.isdisjoint(readers) and not kind.isdisjoint(others) for kind in kinds)


def goes_on_with(question: str) -> str:
    """What a question that goes on asks, without the "and" or "what about" before it."""
    found = says("goes_on", question)
    return question[found.end() :].strip() if found is not None else question


def is_part(question: str) -> bool:
    """Whether a follow-up question may be about a part of what was shown: "and the brake pads?"."""
    return says("part", goes_on_with(question)) is not None


def is_another(question: str) -> bool:
    """Whether a question is about a document of which it says more than "the" or "this": "the restaurant bill"."""
    return says("another_document", question) is not None


def _means_inside(question: str, found: re.Match[str]) -> bool:
    """Whether "it" means what the question itself has named: "when does the dog raise its paw"."""
    before = question[: found.start()]
    if found[0].casefold() not in ("it", "its"):
        return False
    return says("sought", before) is not None or (says("inside", before) is not None and says("of", before) is None)


def _kinds(words: str) -> tuple[str, ...]:
    return next((_KINDS[name] for name, pattern in _PHRASES["kinds"].items() if pattern.search(words)), ())
