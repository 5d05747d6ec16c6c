"""What a conversation remembers: which things were shown, so that "it" and "the second one" mean something."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from mm_agents.agent.answer import Answer

_ORDINALS: Mapping[str, int] = {
    word: n
    for n, words in enumerate(
        (
            "first 1st one",
            "second 2nd two",
            "third 3rd three",
            "fourth 4th four",
            "fifth 5th five",
            "sixth 6th",
            "seventh 7th",
            "eighth 8th",
            "ninth 9th",
            "tenth 10th",
        )
    )
    for word in words.split()
} | {"last": -1, "latter": -1, "former": 0}

_THINGS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (r"pictures?|photos?|photographs?|images?|scans?|snapshots?|drawings?|figures?", ("image", "pdf", "film")),
    (r"clips?|videos?|recordings?", ("video",)),
    (r"films?|movies?|posters?", ("film",)),
    (r"documents?|files?|pdfs?|texts?|notes?|passages?", ("pdf", "text", "image")),
    (r"invoices?|bills?|receipts?", ("image", "pdf")),
    (r"tables?|charts?|flow ?charts?|diagrams?|slides?", ("image", "pdf")),
    (r"ones?|results?|hits?|items?|attachments?", ()),
)
_NOUN = "|".join(pattern for pattern, _ in _THINGS)
_COUNTED = "|".join(word for word in _ORDINALS if word not in ("one", "two", "three", "four", "five"))
_NTH = re.compile(
    rf"\b(?:the|that|this|your|my)\s+(?:very\s+)?({_COUNTED})"
    rf"(?:\s+(?:of\s+(?:them|these|those)|({_NOUN})))?\b"
    rf"|\b(?:number|no\.?|result|hit|picture|photo|image|clip|video|film)\s+#?(\d+)\b|\[(\d+)\]",
    re.IGNORECASE,
)
_MANY = re.compile(r"\b(?:them|both|these|those|they|all of (?:them|these|those))\b", re.IGNORECASE)
_ONE = re.compile(
    rf"\b(?:this|that|the|the same) (?:{_NOUN})\b|\b(?:it|its|that|this)\b|\bthe same\b",
    re.IGNORECASE,
)
_GOES_ON = re.compile(r"^\W*(?:and|also|what about|how about|so|then|or|plus|but)\b", re.IGNORECASE)
_ATTACHED = re.compile(r"\b(?:attach|upload|sent|gave)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """Something that was shown or attached: its id (an attachment's name), its name, and what it is."""

    id: str
    name: str
    media_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Referred:
    """What the words of a question point back to.

    Attributes:
        things: those that are meant; none where nothing is pointed at.
        missing: what is pointed at and is not there, such as "the fourth one" of three.
        goes_on: whether the question goes on from the one before it: "and the tax?".
    """

    things: tuple[Thing, ...] = ()
    missing: str | None = None
    goes_on: bool = False


class Memory:
    """Remembers what an answer showed, what was attached, and what was read last."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.shown: list[Thing] = []
        self.attached: list[Thing] = []
        self.last: Thing | None = None
        self.tools: tuple[str, ...] = ()

    def attach(self, things: Iterable[Thing]) -> None:
        """Note files that came with a question."""
        new = [thing for thing in things if thing not in self.attached]
        self.attached += new
        if new:
            self.last = new[-1]

    def note(self, answer: Answer, tools: Sequence[str]) -> None:
        """Note an answer: what it showed, in its order, and the tools behind it."""
        self.answers.append(answer)
        shown: dict[str, Thing] = {}
        for source in answer.sources:
            id = source.evidence.asset
            shown.setdefault(id, Thing(id=id, name=source.name, media_type=source.media_type))
        if shown:
            self.shown = list(shown.values())
            self.last = self.shown[0]
        if tools:
            self.tools = tuple(tools)

    def resolve(self, question: str) -> Referred:
        """What a question points back to.

        Args:
            question: as it was asked; files that came with it are noted before.
        """
        goes_on = bool(self.answers) and _GOES_ON.search(question) is not None
        nth = _NTH.search(question)
        if nth is not None:
            return self._nth(nth, question, goes_on)
        if _MANY.search(question) and len(self.shown) > 1:
            return Referred(things=tuple(self.shown), goes_on=goes_on)
        one = _ONE.search(question)
        if one is not None and self.last is not None:
            return Referred(things=(self._like(one[0]) or self.last,), goes_on=goes_on)
        if goes_on and self.last is not None:
            return Referred(things=(self.last,), goes_on=True)
        return Referred(goes_on=goes_on)

    def _nth(self, found: re.Match[str], question: str, goes_on: bool) -> Referred:
        word, noun, number, cited = found.groups()
        if cited is not None and self.answers:
            sources = {source.number: source for source in self.answers[-1].sources}
            source = sources.get(int(cited))
            if source is not None:
                id = source.evidence.asset
                return Referred(things=(Thing(id=id, name=source.name, media_type=source.media_type),), goes_on=goes_on)
            return Referred(missing=found[0], goes_on=goes_on)
        place = _ORDINALS[word.casefold()] if word else int(number or cited or 1) - 1
        among = self._among(noun or found[0], question)
        if not among:
            return Referred(goes_on=goes_on)
        if not -len(among) <= place < len(among):
            return Referred(missing=found[0], goes_on=goes_on)
        return Referred(things=(among[place],), goes_on=goes_on)

    def _among(self, words: str, question: str) -> list[Thing]:
        """What is counted: what was attached where several are, or where that is said; else what was shown."""
        kinds = _kinds(words)
        attached = [one for one in self.attached if not kinds or one.media_type in kinds]
        shown = [one for one in self.shown if not kinds or one.media_type in kinds]
        if _ATTACHED.search(question) or (len(attached) > 1 and (kinds or len(shown) < 2)):
            return attached
        return shown or attached

    def _like(self, words: str) -> Thing | None:
        """The latest thing of the kind that words name."""
        kinds = _kinds(words)
        if not kinds:
            return None
        latest = [one for one in (self.last, *self.shown, *reversed(self.attached)) if one is not None]
        return next((one for one in latest if one.media_type in kinds), None)


def _kinds(words: str) -> tuple[str, ...]:
    return next((kinds for pattern, kinds in _THINGS if re.search(rf"\b(?:{pattern})\b", words, re.IGNORECASE)), ())
