"""What the words of a question say: its subject, the form of its answer, how many, what it names; and its context."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, cast

from mm_agents._text import ASKED_FOR, content_words, parts_of, read_data, read_patterns, unknown_words
from mm_agents.agent.planner import classes_of, words_of
from mm_agents.agent.request import request_of, sentences_of
from mm_agents.tools import Attachment

if TYPE_CHECKING:
    from mm_agents.agent.aggregation import Aggregation
    from mm_agents.toolbox import AttachmentInfo
    from mm_agents.types import VectorRole


_PHRASES = read_patterns("mm_agents.agent", "phrases.toml")
_SAYS = _PHRASES["patterns"]
_TAIL = re.compile(r"[\s?!.,;:]+$")
_NAME = re.compile(r"(?<![.!?]\s)(?<!^)\b([A-Z][\w&'’-]*(?:\s+[A-Z][\w&'’-]*)*)")
_OF_KIND = re.compile(
    r"\b(?:which|what) (?!(?:ones?|things?|rows?|items?|entry|line)\b)(?P<kind>[a-z]+) "
    r"(?:has|have|had|is|are|was|were|do|does|did|costs?|got|sold|made)\b",
    re.IGNORECASE,
)
_WORDS = read_data("mm_agents.agent", "word_classes.toml")
_FUNCTION_WORDS, _NO_NAMES = (frozenset(_WORDS[name].split()) for name in ("function_words", "no_names"))
_TELLING = 2  # words from which a question says by itself what it is about
_GREETINGS = {
    "thanks": "You are welcome.",
    "help": "I answer from the library and from attached files.",
    "hello": "Hello.",
}


def says(what: str, question: str) -> re.Match[str] | None:
    """Where a question has a phrase of that name in ``phrases.toml``."""
    return _SAYS[what].search(question)


def subject_of(question: str) -> str:
    """What a question is about, without "find me", "which clip shows" and "and add up its items"."""
    text = _TAIL.sub("", question.strip())
    text = _SAYS["links"].sub("", text)
    for _ in range(4):
        before = text
        for lead in _PHRASES["leads"].values():
            text = lead.sub("", text, count=1)
        if text == before:
            break
    text = _SAYS["noun_last"].sub("", _SAYS["there"].sub("", _TAIL.sub("", text)))
    return text if re.search(r"\w{2}|[^\W\x00-\x7f]", text) else question.strip()  # one character may be a word


def said_of(question: str) -> str:
    """What is said, of a question for speech: "the bank opens" of "who says that the bank opens?"."""
    said = _SAYS["spoken"].sub("", _TAIL.sub("", question.strip()), count=1)
    return said if said != question and re.search(r"\w{2}", said) else subject_of(question)


def listens(question: str, kinds: Collection[Attachment]) -> bool:
    """Whether a question about files of these kinds is about what is said in them."""
    heard = bool(kinds) and set(kinds) <= {"audio", "video"}
    return heard and ("video" not in kinds or says("for_speech", question) is not None)


def about_speech(question: str) -> str | None:
    """What of a recording is wanted, "the harbour" of "what does she say about the harbour"; None for all of it."""
    if says("all_speech", question) or says("spoken", question) is None:
        return None
    named = "|".join(map(re.escape, files_in(question)))
    return said_of(re.sub(rf"\s*\b(?:in|on|of) (?:{named})" if named else "$^", "", question))


def form_of(question: str) -> str | None:
    """The form that a question wants a document in, such as "json" or "steps"; None where it asks something else."""
    if says("counts", question):
        return None
    return next((name for name, pattern in _PHRASES["forms"].items() if pattern.search(question)), None)


def wants_several(question: str) -> bool:
    """Whether a question is about more than one file: "photos of", "which clips", "any owls?"."""
    asks = any(says("asks", sentence) for sentence in sentences_of(question)) and not names_files(question)
    return says("several", question) is not None and not asks


def names_files(question: str) -> bool:
    """Whether a question names a kind of file that is looked for: pictures, clips, films, documents."""
    return any(_PHRASES["kinds"][kind].search(question) for kind in ("pictures", "clips", "films", "documents"))


def names_in(question: str) -> list[str]:
    """Proper names in a question: words with a capital that do not begin a sentence."""
    if question.upper() == question:
        return []
    found = [match[1] for match in _NAME.finditer(question)]
    return [name for name in found if any(word not in _NO_NAMES for word in name.split())]


def task_of(question: str, *, given: bool = False) -> str:
    """What is to be done with what was found: "add up its items" of "find the bill and add up its items".

    Args:
        question: as it was asked.
        given: whether the document is there, so that "give me the total and tell me who sold it" asks two things of it.
    """
    found = says("links", _TAIL.sub("", question.strip()))
    if found and given and _SAYS["told_first"].match(question):
        return question
    return re.sub(r"^\s*,?\s*(?:and then|and|then)\s+", "", found[0]) if found else question


def wants_whole(question: str) -> bool:
    """Whether a question wants all that a document says; of what is written by hand nothing is read."""
    if len(parts_of(question)) > 1 or says("by_hand", question):
        return False
    return says("all_of_it", question) is not None


def without_number(question: str) -> str:
    """A question without the number that names its document: "the total of invoice no. 17-A" is that of an invoice."""
    return _SAYS["numbered_document"].sub(r"\g<what>", question)


def greeting_to(question: str) -> str | None:
    """A word in return for thanks, a greeting or a call for help; None where a question is none of them."""
    return next((answer for name, answer in _GREETINGS.items() if says(name, question)), None)


def files_in(question: str) -> list[str]:
    """What looks like the name or path of a file in a question."""
    return re.findall(r"[\w()+@~-][\w()+@~./-]*\.[A-Za-z][A-Za-z0-9]{1,4}\b", question)


def asks_over_all(question: str) -> bool:
    """Whether the answer takes all documents of a kind, not one: a sum, a comparison, the first or cheapest of them."""
    return compares(question) or (says("many_documents", question) is not None and says("every", question) is not None)


def compares(question: str) -> bool:
    """Whether a question wants a sum or a comparison of several documents, and not only to see them."""
    together = says("many_documents", question) and says("together", question)
    return any((says("best_document", question), says("than_another", question), together))


def ranks(question: str) -> str | None:
    """The words of a question that a search does not look at: "highest rating", "above 7"; None without any."""
    found = says("ranked", question)
    return found[0] if found else None


def questions_in(question: str) -> list[str]:
    """The questions of one text, where its parts ask of texts: "when does the lease start, and how much is the rent?".

    What "it" or "they" means in a part is what the part before it names, and "there" the place. Of two amounts that are
    compared, each is asked for.
    """
    if (amounts := says("two_amounts", question)) is not None:
        return [f"how much is the {amounts[name]}" for name in ("one", "other")]
    parts = parts_of(question)
    if len(parts) < 2 or not says("asks", parts[0]) or any(says("media", part) for part in parts[1:]):
        return [question]
    told = [parts[0]]
    for part in parts[1:]:
        of_answer = _SAYS["which_one"].match(told[-1])  # "which bus goes there, and when does it leave?"
        named = None if of_answer else _SAYS["named_thing"].search(told[-1])
        part = _SAYS["pronoun"].sub(named[0], part, count=1) if named else part
        places = names_in(told[-1])
        told.append(_SAYS["way_there"].sub(rf"\g<go> to {places[-1]}", part) if places else part)
    return told


def excludes(question: str) -> str | None:
    """The words of a question that say what is not to be shown: "without people"; None without any."""
    found = says("excluded", question)
    return found[0].strip(" ?!.") if found else None


def only_medium(question: str) -> str | None:
    """The kind of file that a question names, where it names nothing else: "show me a video", "read my notes"."""
    found = _SAYS["only_medium"].fullmatch(question)
    return found["medium"].casefold() if found else None


def asks_rule(question: str) -> bool:
    """Whether a question is for what a text allows, demands or includes, and for no picture."""
    return says("rule", question) is not None and says("media", question) is None


def is_for_text(question: str) -> bool:
    """Whether no picture tells what a question asks: a rule, or what a text was asked before ("and for it?")."""
    return asks_rule(question) or says("goes_on", question) is not None


def points_back(question: str) -> bool:
    """Whether a question has a word for what is attached or was found: "this", "it", "the picture"."""
    return any(says(name, question) is not None for name in ("one", "many", "attached", "like"))


def says_something(question: str) -> bool:
    """Whether a question has a word to look for."""
    return any(word not in _FUNCTION_WORDS for word in re.findall(r"[^\W\d_]{2,}|[^\W\x00-\x7f]", question.casefold()))


def is_meant(payload: Mapping[str, Any], question: str, page: str = "") -> bool:
    """Whether a document that was read may be the one that a question is about; ``page`` has words that are on it."""
    names = [name for name in names_in(question) if not content_words(name) <= content_words(page)]
    if not (_has_number(payload, question) and _lists_kind(payload, question)):
        return False
    return _speaks_of(payload, names) and _is_about(payload, without_names(question))


def without_names(question: str) -> str:
    """A question without the shop or person that it names: "what did I buy" of "what did I buy at Flipkart?"."""
    for name in names_in(question):
        question = re.sub(rf"\s+(?:at|from|with|by)\s+{re.escape(name)}(?:['’]s)?(?=\W|$)", "", question)
        question = re.sub(rf"(?<=the ){re.escape(name)}(?:['’]s)?\s+(?=invoices?|bills?|receipts?)", "", question)
    return question


def _lists_kind(payload: Mapping[str, Any], question: str) -> bool:
    """Whether a text's table has the word for what a question looks for in it: "which account" needs accounts."""
    source = payload.get("source", {})
    asked = _OF_KIND.search(question) if source.get("media_type") == "text" else None
    wanted = content_words(asked["kind"]) if asked is not None else set[str]()
    return not wanted or wanted <= content_words(" ".join([source["name"], *_values(payload)]))


def _has_number(payload: Mapping[str, Any], question: str) -> bool:
    """Whether a document has the number by which a question names it: "invoice 471102", "order no. A-17"."""
    named = [_bare_code(found["number"]) for found in _SAYS["numbered_document"].finditer(question)]
    said = {_bare_code(word) for text in _values(payload) for word in (text, *text.split())} if named else set()
    return all(number in said for number in named)


def _bare_code(text: str) -> str:
    """A code without its marks and case: "INV/2023-08" and "inv 2023 08" are one."""
    return re.sub(r"\W|_", "", text).casefold()


def _values(payload: object) -> Iterator[str]:
    """The values of what was read, without the names that we give them and the question with its answer."""
    if isinstance(payload, Mapping):
        entries = cast(Mapping[str, object], payload)
        for value in (value for key, value in entries.items() if key != "answered"):
            yield from _values(value)
    elif isinstance(payload, str):
        yield payload
    elif isinstance(payload, Sequence):
        for value in cast(Sequence[object], payload):
            yield from _values(value)


def _field_names(payload: object) -> Iterator[str]:
    """The names that we give to what was read: "iban", "due_date"."""
    if isinstance(payload, Mapping):
        for key, value in cast(Mapping[str, object], payload).items():
            yield key.replace("_", " ")
            yield from _field_names(value)
    elif isinstance(payload, Sequence) and not isinstance(payload, str):
        for value in cast(Sequence[object], payload):
            yield from _field_names(value)


def _speaks_of(payload: Mapping[str, Any], names: Sequence[str]) -> bool:
    """Whether a document has the names that a question names, such as a shop's; most of each name's words."""
    words = set(re.findall(r"\w+", " ".join([*_values(payload), *_field_names(payload)]).casefold()))
    for name in names:
        wanted = [word for word in re.findall(r"\w+", name.casefold()) if len(word) > 2]
        if wanted and sum(word in words for word in wanted) < len(wanted) / 2:
            return False
    return True


def _is_about(payload: Mapping[str, Any], question: str) -> bool:
    """Whether a document has one of the words that a question says of it, beyond what documents are asked for.

    What is to be done with what was found, "and say which region grew most", may be in the next one.
    """
    if task_of(question) != question:
        return True
    named = " ".join(word for word in words_of(subject_of(question)) if not classes_of([word]))
    wanted = unknown_words(named, (" ".join([*ASKED_FOR, *_field_names(payload)]),))
    said = content_words(" ".join(_values(payload)))
    return not wanted or any(word in said or any(word in other for other in said) for word in wanted)


@dataclass(frozen=True, kw_only=True)
class QuestionContext:
    """A question and what is known when it is asked.

    Attributes:
        text: the question, with "it" and "the second one" as they were said.
        attachments: the files that came with it.
        focus: the ids or names that "it" and "the second one" mean, where the question says so.
        again: the id of the document that was read last, where the question may well be about it again.
        reader: the tool that reads that document, where it is not one of the plan.
        films: ids and titles, for finding those that a question names.
        before: the part of a question before this one.
        typed: all that was typed, with the sentences around the question.
        roles: for each vector's name what it is of.
        aggregations: what is asked of all files of a kind.
        where: a condition on films, which the text no longer has.
    """

    text: str
    attachments: Sequence[AttachmentInfo] = ()
    focus: tuple[str, ...] = ()
    again: str | None = None
    reader: str | None = None
    films: Sequence[tuple[str, str]] = ()
    before: str = ""
    typed: str = ""
    roles: Mapping[str, VectorRole | None] = field(default_factory=dict[str, "VectorRole | None"])
    aggregations: Sequence[Aggregation] = ()
    where: str = ""

    @property
    def pages(self) -> list[str]:
        """The names of the attached pictures and PDFs."""
        return [one.name for one in self.attachments if one.kind in ("image", "pdf")]

    def asks_attached(self, names: Sequence[str]) -> bool:
        """Whether a question that texts are planned for is asked of what is attached, before it is of the library."""
        return bool(self.attachments) and [*names] == ["search_text"] and says("asks", self.text) is not None

    @property
    def in_context(self) -> str:
        """The question, and behind it what is said before it: "What will it cost? I am a day late."."""
        asked = [f"{one.rstrip(' ?')}?" for one in (self.text, self.before) if one]
        return " ".join([*asked, *(request_of(self.typed).context if self.typed else ())])

    @property
    def by_itself(self) -> QuestionContext:
        """The same with what is said around it in its text."""
        return replace(self, text=self.in_context, before="", typed="") if self.before or self.typed else self

    @property
    def leans(self) -> bool:
        """Whether a question says too little by itself: "may I hand it over to him?"."""
        few = len(content_words(self.text)) < _TELLING
        seen = says("media", f"{self.before} {self.typed}") is not None
        return not seen and (few or says("leans", self.text) is not None)

    def as_asked(self, reader: str, task: str) -> str:
        """What a reader is asked; a chart with what is said before it: "it is broken. What do I do next?"."""
        said = request_of(self.typed).context if reader == "read_flowchart" else ()
        return " ".join([*said, task])
