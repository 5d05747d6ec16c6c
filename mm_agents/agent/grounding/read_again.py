"""Derives what a document's claim says again, from the document: by the reader and the question that it came from."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, astuple, dataclass, field
from typing import TYPE_CHECKING, Any

from mm_agents.agent.answer_data import AnswerData, Check, Claim, Source
from mm_agents.agent.grounding.assertions import check_answer
from mm_agents.agent.grounding.claims import currencies_in, said_in
from mm_agents.agent.grounding.facts import Facts
from mm_agents.agent.grounding.passage_support import passage_fault
from mm_agents.agent.grounding.quotes import QUOTED_UNDER, Unchecked
from mm_agents.agent.grounding.read_values import field_sentence, values_read
from mm_agents.documents import read_document
from mm_agents.errors import MediaError
from mm_agents.media import MediaFile
from mm_agents.security.injection import screen_said
from mm_agents.toolbox.reading import without_parties
from mm_agents.types import DocumentAnswer

if TYPE_CHECKING:
    from mm_agents.documents.text import DocumentText

READS: Mapping[str, str] = {
    "read_invoice": "invoice",
    "read_table": "table",
    "read_flowchart": "flowchart",
    "read_hidden_text": "hidden_text",
}
"""The readers of the tools that read documents."""

_READ_TEXT = "read_text"
"""The tool that reads all words of a page; the place of a line may be that of a title or value as well."""

_FORM = re.compile(r"(?:The (?:table|flowchart) in )?(?P<name>.+?)(?: as \w+)?:$")
_NEAR = 8  # pixels by which a box may differ from the one that is found now

Place = tuple[int, tuple[int, int, int, int]]


@dataclass(frozen=True, slots=True)
class Derived:
    """A sentence that a document answers with, and its places; of None any place will do.

    Attributes:
        text: the sentence.
        places: the boxes of what it says.
        cells: the places in a text with their quotes, such as "cell B7" and "980".
    """

    text: str
    places: tuple[Place, ...] | None
    cells: tuple[tuple[str, str | None], ...] = ()


@dataclass(slots=True)
class ReadAgain:
    """Reads the documents of an answer again; each one once.

    Attributes:
        answer: whose claims are derived.
    """

    answer: AnswerData
    _read: dict[tuple[str, str], Any] = field(default_factory=dict[tuple[str, str], Any])

    def fault(self, claim: Claim, cited: Sequence[Source], file: MediaFile) -> str | None:
        """Why a claim about one document does not follow from it; None where it does.

        Raises:
            MissingExtraError: a reader is not installed.
        """
        fault = self._currency_fault(claim, cited, file)
        if fault is not None:
            return fault
        if (stated := self.stated(claim, file)) is not None:
            return _place_fault(stated, cited)
        return self._offline_fault(claim, cited, file) if self.answer.model is None else None

    # ------------------------------------------------------------ the offline planner's

    def _offline_fault(self, claim: Claim, cited: Sequence[Source], file: MediaFile) -> str | None:
        """An offline claim is a sentence that code wrote, so code writes it again."""
        quoted = QUOTED_UNDER.fullmatch(claim.text)
        if quoted is not None and quoted["name"] in {one.name for one in cited}:
            return None  # the quote is looked for elsewhere
        named = _FORM.fullmatch(claim.text)
        if named is not None and named["name"] in {one.name for one in cited}:
            return None
        wanted, others = _spaced(claim.text), list[str]()
        for derived in self._sentences(file):
            if _spaced(derived.text) != wanted:
                others.append(derived.text)
            elif (fault := _place_fault(derived, cited)) is not None:
                return fault
            else:
                return None
        said = f"; asked again, it says “{others[0]}”" if others else ""
        return f"{file.name} does not say that{said}"

    def stated(self, claim: Claim, file: MediaFile) -> Derived | None:
        """The sentence of a reading that fills a field of a response format, in code's own words, if a claim is one."""
        if claim.field is None:
            return None
        for kind in dict.fromkeys(READS[step.tool] for step in self.answer.route if step.tool in READS):
            reading = self._reading(kind, file)
            places: list[Place] = []  # rows that are alike are stated in the same words
            for one in values_read(kind, reading.to_json()) if reading is not None else ():
                if _spaced(screen_said(one.sentence)[0]) == _spaced(claim.text):
                    places += [(int(place["page"] or 1), tuple(place["box"])) for place in one.places]
            if places:
                return Derived(claim.text, tuple(places))
        return None

    def _sentences(self, file: MediaFile) -> Iterator[Derived]:
        steps = [step for step in self.answer.route if step.tool in READS and step.error is None]
        kinds = list(dict.fromkeys(READS[step.tool] for step in steps)) or ["invoice", "table", "flowchart"]
        for kind in kinds:
            reading = self._reading(kind, file)
            if reading is None:
                continue
            data: Mapping[str, Any] = reading.to_json()
            asked = [str(step.arguments.get("question", "")) for step in steps if READS[step.tool] == kind]
            for question in dict.fromkeys([*asked, self.answer.question]):
                if question.strip():
                    yield from _answers(reading.ask(question))
                    yield from _answers(reading.ask(without_parties(question, dict(data))))
            yield from _listed(kind, reading, file)

    def left_out(self, file: MediaFile) -> Iterator[str]:
        """What the offline planner would say of a document that the answer cites, and the answer does not."""
        said = [_spaced(claim.text) for claim in self.answer.claims]
        text = self.answer.text
        for step in self.answer.route:
            kind = READS.get(step.tool)
            reading = self._reading(kind, file) if kind is not None and step.error is None else None
            if reading is None:
                continue
            answered = reading.ask(question) if (question := str(step.arguments.get("question", ""))) else None
            parts = () if answered is None else answered.parts or (answered,)
            stated = [part for part in parts if part.answer and _spaced(screen_said(part.answer)[0]) in said]
            for part in parts if stated else ():
                if part.answer is None and part.question not in self.answer.unanswered:
                    yield f"it does not say that “{part.question}” is not answered"
                elif part.answer is not None and part not in stated:
                    yield f"it leaves out “{part.question}”: “{part.answer}”"
            listed = [_spaced(one.text) for one in _listed(str(kind), reading, file) if "currency" not in one.text]
            places = [said.index(one) for one in listed if one in said]
            if stated or len(places) < 2:
                continue
            if len(places) < len(listed):
                yield f"it leaves out “{next(one for one in listed if one not in said)}”"
            elif places != sorted(places) or text.find(listed[0]) > text.find(listed[-1]):
                yield "it lists what it read in another order"

    def reasons(self, files: Mapping[str, MediaFile]) -> Iterator[str]:
        """Why documents do not answer what was asked: read again where their file is at hand, else as it was kept.

        Args:
            files: those at hand, by name.
        """
        for name, payload in self.answer.payloads.items():
            kind = READS.get(name.partition(" ")[0])
            if kind is None:
                continue
            file = files.get(str(payload.get("source", {}).get("name")))
            reading = None if file is None else self._reading(kind, file)
            answered: Any = payload.get("answered")
            if reading is not None and answered:
                answered = asdict(reading.ask(str(answered.get("question"))))
            parts = () if not answered else (*(answered.get("parts") or ()), answered)
            yield from (str(part["reason"]) for part in parts if part.get("reason"))

    # ------------------------------------------------------------ both

    def _currency_fault(self, claim: Claim, cited: Sequence[Source], file: MediaFile) -> str | None:
        strange = currencies_in(claim.text) - currencies_in(" ".join(one.evidence.quote or "" for one in cited))
        if not strange or not any(step.tool == "read_invoice" for step in self.answer.route):
            return None
        reading = self._reading("invoice", file)
        known = None if reading is None else reading.to_json()["fields"].get("currency", {}).get("value")
        if known is None or strange <= {str(known)}:
            return None
        return f"it is said in {min(strange)}, and {file.name} is in {known}"

    def stated_fault(self, text: str, cited: Sequence[Source], files: Mapping[str, MediaFile]) -> str | None:
        """Why a model's sentence follows from no fact of its documents and no passage; None where it does.

        Args:
            text: the sentence.
            cited: its sources.
            files: those of the sources, by name.

        Raises:
            Unchecked: nothing is read in them that the sentence could be held against.
            MissingExtraError: a reader is not installed.
        """
        facts = Facts()
        for kind in dict.fromkeys(READS[step.tool] for step in self.answer.route if step.tool in READS):
            for name, file in files.items():
                reading = self._reading(kind, file)
                if reading is not None:
                    facts.note({"reading": reading.to_json(), "source": {"name": name}}, [file.sha256])
        gathered = any(step.tool.endswith("aggregate") for step in self.answer.route)
        texts = not gathered and all(one.media_type in ("text", "film") and one.evidence.quote for one in cited)
        if not facts.things and not texts:
            raise Unchecked("nothing of it was read as facts")
        found = check_answer(text, facts, self.answer.question) if facts.things else None
        fault = found.fault if found is not None else None
        if found is not None and fault is None:
            return None
        if said_in(text) and (found is None or not found.speaks):
            raise Unchecked("what it quotes is looked for on the page")
        named = [one for one in cited if one.name and one.name in text] or cited
        unsaid = passage_fault(text, [one.evidence.quote or "" for one in named], [one.name for one in named])
        return None if unsaid is None else fault or unsaid

    def invoice_fields(self, file: MediaFile) -> dict[str, Any]:
        """The values of an invoice by field; none where it is not an invoice."""
        reading = self._reading("invoice", file)
        return {} if reading is None else {name: one["value"] for name, one in reading.to_json()["fields"].items()}

    def words(self, file: MediaFile) -> list[str]:
        """What the readers of this answer's calls read on a page, the names of fields among it."""
        kinds = dict.fromkeys(READS[step.tool] for step in self.answer.route if step.tool in READS)
        found = [self._reading(kind, file) for kind in kinds]
        return [re.sub(r"[_\\W]+", " ", json.dumps(one.to_json(), ensure_ascii=False)) for one in found if one]

    def ways(self, file: MediaFile) -> Iterator[tuple[Place, str]]:
        """The places that the readers of this answer's calls find on a page, and how they find each."""
        for kind in dict.fromkeys(READS[step.tool] for step in self.answer.route if step.tool in READS):
            reading = self._reading(kind, file)
            level: list[Any] = [] if reading is None else [reading.to_json()]
            while level:
                one = level.pop()
                level += one.values() if isinstance(one, dict) else one if isinstance(one, list) else ()
                if isinstance(one, dict) and one.get("box") and (one.get("how") or "shape" in one):
                    yield (int(one.get("page") or 1), tuple(one["box"])), str(one.get("how") or "shape")
        if file.media_type != "text" and any(step.tool == _READ_TEXT for step in self.answer.route):
            text: DocumentText | None = self._reading("text", file)
            for line in (line for page in text.pages for line in page.lines) if text is not None else ():
                if line.box is not None:
                    yield (line.page or 1, astuple(line.box)), line.how

    def way_fault(self, source: Source, file: MediaFile) -> str | None:
        """Why a place on a page is not found as its source says; None where it is, or nothing finds it again."""
        place = _place(source)
        ways = {how for other, how in self.ways(file) if place is not None and _near(place, other)}
        if not ways or source.evidence.how in ways:
            return None
        return f"it is found by “{min(ways)}” and not by “{source.evidence.how}”"

    def checked(self, files: Mapping[str, MediaFile]) -> Iterator[Check]:
        """What the readers of this answer's calls check in its files, as the answer says it."""
        for kind in dict.fromkeys(READS[step.tool] for step in self.answer.route if step.tool in READS):
            for name, file in files.items():
                reading = self._reading(kind, file)
                for one in reading.to_json().get("checks", ()) if reading is not None else ():
                    yield Check(name=f"{name}: {one['name']}", status=one["status"], detail=one["detail"])

    def _reading(self, kind: str, file: MediaFile) -> Any:
        key = (kind, file.sha256)
        if key not in self._read:
            try:
                self._read[key] = read_document(kind, file)
            except MediaError:  # it is not of that kind
                self._read[key] = None
        return self._read[key]


def _answers(answered: DocumentAnswer) -> Iterator[Derived]:
    for part in answered.parts or (answered,):
        if part.answer is not None:
            places = _places(part)
            cells = () if places else tuple((one.how, one.quote) for one in part.evidence)
            yield Derived(screen_said(part.answer)[0], places or None, cells)


def _listed(kind: str, reading: Any, file: MediaFile) -> Iterator[Derived]:
    """The sentences in which a reading is listed whole."""
    data: Mapping[str, Any] = reading.to_json()
    if kind == "flowchart":
        lines = [line.strip() for line in str(reading.to_steps()).splitlines()]
        yield from (Derived(screen_said(line)[0], None) for line in lines if line)
    elif kind == "invoice":
        for name, one in data["fields"].items():
            if one["value"] is not None:
                places = [(place["page"] or 1, tuple(place["box"])) for place in one["evidence"] if place["box"]]
                yield Derived(screen_said(field_sentence(name, one["value"]))[0], tuple(places))
    elif kind == "hidden_text":
        text = data.get("text") or " ".join(line["text"] for line in data.get("lines", ()))
        yield Derived(screen_said(f"The hidden text in {file.name} reads: “{text}”")[0], None)


def _spaced(text: str) -> str:
    """The text with one space between its words: signs, points and brackets change what a number says."""
    return " ".join(text.split())


def _place(source: Source) -> Place | None:
    box = source.evidence.box
    return None if box is None else (source.evidence.page or 1, (box.x0, box.y0, box.x1, box.y1))


def _places(answered: DocumentAnswer) -> tuple[Place, ...]:
    return tuple(
        (one.page or 1, (one.box.x0, one.box.y0, one.box.x1, one.box.y1)) for one in answered.evidence if one.box
    )


def _near(one: Place, other: Place) -> bool:
    return one[0] == other[0] and all(abs(a - b) <= _NEAR for a, b in zip(one[1], other[1], strict=True))


def _place_fault(derived: Derived, cited: Sequence[Source]) -> str | None:
    """A source of a claim that is not one of the places where it stands."""
    if derived.places is None:
        strange = [
            one for one in cited if derived.cells and (one.evidence.how, one.evidence.quote) not in derived.cells
        ]
        return f"[{strange[0].number}] is not the place of what it says" if strange else None
    for source in cited:
        place = _place(source)
        if place is None:
            return f"[{source.number}] names no place on the page"
        if not any(_near(place, one) for one in derived.places):
            return f"[{source.number}] is not the place of what it says"
    return None
