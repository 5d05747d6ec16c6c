"""Words of a question that a table does not say: what narrows its meaning may ask for something else."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from itertools import takewhile

from mm_agents._text import ASKED_FOR, NUMBER_WORDS, by_form, content_words
from mm_agents.documents.table.data import TableData
from mm_agents.documents.table.questions import CHANGE, condition_of, operation_of, without_condition, without_operation
from mm_agents.documents.table.series import WORDS, tokens, used
from mm_agents.languages import ENGLISH, detected
from mm_agents.types import DocumentAnswer

_PAST = by_form(WORDS["past"])
_DOERS, _VERB = ("er", "or", "r"), 3  # what the name of who does something ends with, and letters of its verb
_SHARED, _ENDING = 5, 3  # letters that words of one family begin with, and may end with otherwise
_WENT_DOWN = re.compile(WORDS["words"]["went_down"], re.IGNORECASE)
_PERCENT = re.compile(r"\d ?%")
_COUNTED = re.compile(r"\bhow many (?!percent|points?\b)|\bnumber of\b", re.IGNORECASE)
_OF_SHARE = re.compile(r"%|\bper ?cent|\bshare|\brate|\bproportion|\bpoints?\b", re.IGNORECASE)
_KIND = re.compile(r"\b(?:which|what)(?: (?:one|ones|kinds?|types?|sorts?) of)? ([a-z]+)", re.IGNORECASE)
_YEAR = re.compile(r"(?:19|20)\d\d")
_PLACE = re.compile(r"\b\d{1,3}(?:st|nd|rd|th)\b", re.IGNORECASE)


def strange_words(question: str, known: set[str]) -> list[str]:
    """The words of a question that are not among those known of a table, and say more than how things belong."""
    said = known | content_words(" ".join([WORDS["words"]["relate"], *ASKED_FOR]))
    return [word for word in re.findall(r"[^\W_]+", question) if _is_strange(word, said, known)]


def _is_strange(word: str, said: set[str], known: set[str]) -> bool:
    """Whether a word is neither said nor of the family of a word that is known."""
    return any(stem not in said and not any(are_akin(stem, one) for one in known) for stem in content_words(word))


def are_akin(one: str, other: str) -> bool:
    """Whether two stems are of one verb, as "owns" and "owner" are, or begin alike, as "supplies" and "supplier" do."""
    if _PAST.get(one, one) == _PAST.get(other, other):
        return True
    short, long = sorted((one, other), key=len)
    if len(short) >= _VERB and long.startswith(short) and long[len(short) :] in _DOERS:
        return True
    shared = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
    return shared >= _SHARED and max(len(one), len(other)) - shared <= _ENDING


def known_words(table: TableData) -> set[str]:
    """The words of a table, its title and its file's name."""
    return content_words(title_of(table)) | table.words


def title_of(table: TableData) -> str:
    """What it is called, and the name of its file."""
    return " ".join([(table.title and table.title.quote) or "", *(one.asset for one in table.cells[0].evidence)])


# ---------------------------------------------------------------- doubts


def doubt_of(table: TableData, question: str, answered: DocumentAnswer) -> str | None:
    """Why an answer from a picture's table may be of something else; None where the question says no more than it.

    A word that neither the table nor the answer says narrows what is asked, such as "dollars" of a table of percents. A
    column of changes does not say the amounts that change, and one of percents does not count.

    Args:
        table: that was asked.
        question: in English.
        answered: what the table answers.
    """
    if answered.answer is None or answered.doubt or detected(question) not in (None, ENGLISH):
        return None
    if strange := unsaid_words(table, question, answered.answer):
        return f"the table does not say {in_quotes(strange)}"
    named = answered.answer
    for item in answered.value["items"] if isinstance(answered.value, dict) else ():
        named = named.replace(item, " ")  # what a thing is called says nothing of what is measured
    change = CHANGE.search(named)
    if change is not None and CHANGE.search(question) is None:
        return f"the question does not say “{change[0]}”"
    if _COUNTED.search(question) and _PERCENT.search(answered.answer) and not _OF_SHARE.search(question):
        return "a percentage does not count things"
    return None


def unsaid_words(table: TableData, question: str, answer: str) -> list[str]:
    """The words and numbers of a question that neither a table nor an answer says, and that no table is asked by."""
    rest = without_operation(_PLACE.sub(" ", question), operation_of(question))
    condition = condition_of(question)
    rest = rest if condition is None else without_condition(rest, condition)
    units = " ".join(words for unit, words in WORDS["units"].items() if unit in answer)
    texts = [title_of(table), answer, units, *table.notes, *(cell.metric or "" for cell in table.cells)]
    known = table.words | content_words(" ".join(texts))
    said = known | _asking_words() | (content_words("year") if any(map(_YEAR.fullmatch, known)) else set())
    named = " ".join([*texts, *(cell.text for cell in table.cells)])
    headed = table.label_column is not None and table.header(table.label_column)
    kind = None if headed else _KIND.search(question)
    changes = [
        one for one in CHANGE.findall(rest) if re.match(r"(?:yes|no)\b", answer, re.I) or not _WENT_DOWN.search(one)
    ]
    if changes and (CHANGE.search(answer) or ", then " in answer):  # "grow" asks for a "gain"; what falls has no gain
        said |= content_words(" ".join(changes))
    return [
        word
        for word in re.findall(r"\d+(?:[.,]\d+)*|[^\W\d_]+", rest)
        if _is_strange(word, said, known)
        and not (kind is not None and word == kind[1])
        and len(used(named, tokens(word))) < len(tokens(word))
    ]


def in_quotes(words: Sequence[str]) -> str:
    """Words as they are quoted."""
    return f"“{', '.join(words)}”"


@cache
def _asking_words() -> set[str]:
    """The words that questions about any table have."""
    words = WORDS["words"]
    return content_words(" ".join([words["asking"], words["join"], *WORDS["adjectives"], *NUMBER_WORDS]))
