"""Which passage of a text answers a question: one that names what is asked about and has a value of the kind asked for.

A passage that is near to "the landlord's phone number" and has no phone number answers nothing.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from heapq import nsmallest
from itertools import pairwise

from mm_agents._text import MONTHS, NUMBER_WORDS, content_words, read_data, read_patterns
from mm_agents.agent.paragraphs import Paragraph
from mm_agents.agent.telling_words import most_telling, other_choice
from mm_agents.documents.dates import dates_in
from mm_agents.languages import ENGLISH, detected

_PATTERNS = read_patterns("mm_agents.agent", "passage_choice.toml")
_CASED = read_patterns("mm_agents.agent", "passage_choice.toml", re.NOFLAG)["values"]
_VERBS = {
    noun: stem
    for verb, nouns in read_data("mm_agents.agent", "passage_choice.toml")["nouns"].items()
    for noun in content_words(nouns)
    for stem in content_words(verb)
}
_BROADER = {
    kind: frozenset(things.split())
    for kind, things in read_data("mm_agents.agent", "passage_choice.toml")["broader"].items()
}
KINDS = tuple(name.replace("_", " ") for name in _PATTERNS["asked"])
"""The kinds of values that questions ask for, as an answer says that there is none."""

_NAMES = ("person", "address")  # kinds whose values are known by their capitals
_WRITTEN = frozenset(
    {
        "phone_number",
        "e-mail_address",
        "website",
        "address",
        "code",
        "amount",
        "temperature",
        "weight",
        "length",
        "duration",
        "sum_of_money",
    }
)
"""Kinds of values that are read, and not seen."""

CERTAIN = frozenset({"phone_number", "e-mail_address", "website", "address", "code"})
"""Kinds whose values are known by their look, so that a passage without one says nothing of what is asked."""

_SAID_ANYHOW = frozenset({"reason", "frequency", "end"})
"""Kinds that a text says without a word of those that mark them: "Frost in the night. The blossom is gone" is why."""

OF_WORDS = 0.5
"""What the words of a question count that a passage has, beside the cosine of the two."""

_OF_KIND = 0.1
"""What it counts that a passage has a value of the kind asked for, and that it fits best by its words."""

_OF_HEAD = 0.2
"""What it counts against a passage that it is an address or of the head of a letter, or is of another weekday."""

_IN_HEADS = (*_NAMES, "phone_number", "e-mail_address", "website", "code", "place")

_NEAR_SHARE = 0.5
"""The share of a question's words that a passage has to have, to be quoted where it does not say what is asked.

Words that its text says elsewhere count half.
"""

OF_TEXT = 0.3
"""What the words of a question count that the passage's text has anywhere, where several texts are compared."""

ENOUGH = 0.15
"""How far the nearness of a passage is above a fair cosine, with its words, from which it is quoted in doubt."""

_WIDER = {"end": "time", "weekday": "time", "age": "year"}
"""Kinds by what may say them as well: until when something holds may be given as "within six weeks"."""

_SHOWN = frozenset({"place", "colour"})
"""Kinds of values that a picture shows without a word."""

_SEEN = re.compile(r"\bhow (?:many|big|large|tall|wide)\b", re.IGNORECASE)

_WORD = re.compile(r"\d+(?:[.,]\d+)+|[^\W_]+(?:['’][^\W_]+)?")
_WHETHER = re.compile(
    r"^\W*(?:and |so )?(?:is|are|am|was|were|do|does|did|has|have|had|can|could|may|might|must|shall|should|will|"
    r"would)\b",
    re.IGNORECASE,
)
_ASKED_NOUN = re.compile(
    r"^\W*(?:who|what|which|how (?:much|high|long|big))"
    r"(?:['’]s| is| are| was| were) (?:(?:the|our|my|your|a|an) )?(?P<what>(?:[\w'’-]+ ?){1,3}?)"
    r"\b(?: (?:of|at|in|on|for|from|with|to|by)\b|\W*$)",
    re.IGNORECASE,
)
_COUNTED = re.compile(
    r"^\W*(?:and )?how (?:(?P<many>many)|much) (?!(?:is|are|was|were|do|does|did|would|will|can|could|should|must|"
    r"has|have|had|i|we|you|it|they|money|time|more|less|\w+er)\b)(?P<what>[\w-]+(?: of [\w-]+)?)\b"
    r"(?:.*\b(?:for|in|into) (?:the |our |my |your |an? )?(?P<of>[^?.!]+))?",
    re.IGNORECASE,
)
"""What is counted or measured, such as eggs, and what for, such as pancakes."""

_MANY = re.compile(r"\bhow many (?P<what>[^\W\d]+)", re.IGNORECASE)
_BESIDE = 4
"""How many words a number is from what it counts: "four fresh brown eggs"."""
_NO_NUMBER = frozenset({"no", "none", "single", "dozen", "half"})
_LONG_CODE = re.compile(r"(?=.*\d)(?=.*[^\W\d_]|\d{3})[\w/-]{3,}$")
_CODE = re.compile(rf"\b(?:{'|'.join(_PATTERNS['codes'])})\b")
_BEYOND = re.compile(r"\s(?:for|in|at|on|with|from|per|into|of) (?:the |our |my |your |a )?[^?]*", re.IGNORECASE)
_FOR = re.compile(
    r"\b(?:for|of) (?:the|our|my|your|a|an) "
    r"(?P<of>[^\W\d]+(?: (?!(?:due|paid|cost|start|begin|end|open|close|leave|valid|is|are|was|were|and|or|if|when|at|"
    r"by|for|from|in|of|on|to|with|per|a|an|the)\b)[^\W\d]+)*)",
    re.IGNORECASE,
)
_SENTENCE_END = re.compile(r"(?<=[.!?])\s(?!(?:It|They|He|She|This|These)\b)")
_CLAUSE_END = re.compile(rf";\s|{_SENTENCE_END.pattern}")
"""Where what is said of one thing ends; a pronoun goes on with what is before it."""

_RATES = {
    "hour": r"\bhour",
    "day": r"\bda(?:y|ily)",
    "night": r"\bnight",
    "week": r"\bweek",
    "month": r"\bmonth",
    "year": r"\byear|\bannual",
}
_DAYS = "|".join(["(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day", *map(str.title, MONTHS)])
_WEEKDAYS = re.compile(r"\b(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day", re.IGNORECASE)
_NAMED = re.compile(rf"(?<!^)(?<![.!?] )\b(?!(?:{_DAYS})\b)[A-Z][^\W\d_]+(?:['’-][^\W\d_]+)*")
"""A name in a question: where a text has it anywhere, the text is about it."""

_TO = re.compile(rf"\bto (?!(?:{_DAYS})\b)([A-Z][^\W\d_]+)")
_MONTHS = re.compile(
    rf"(?:(?<=\b(?:in|of) )|(?<=\d ))(?:{'|'.join(MONTHS)})\b|\b(?:{'|'.join(MONTHS)})(?= \d)", re.IGNORECASE
)
_NOT_IN = re.compile(
    r"\b(?P<but>outside|except|excluding|without|beyond)(?: (?:of|for|the))* (?P<what>[^\W\d_]{3,})", re.IGNORECASE
)
_MAIL_DATE = re.compile(r"Date: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d")
_SENT = re.compile(r"\b(?:sent|send|wrote|written|write|(?:e-?)?mail(?:ed)?|message|received?|letter)\b", re.IGNORECASE)
"""A question for the day on which a message was sent, which says nothing of the days that it tells of."""

_JOINED = re.compile(r"\b[a-z]+-[a-z]+\b")
_TELLING = 4  # letters
_NAMED_IN_PART = 3
"""Words of a thing, such as of "the guest wifi password", of which a passage may leave out one that is not the last."""

_ENDS = tuple(".!?:;,")
_LEAST_COVERED = 2  # words of a question; one alone may be anywhere


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A passage of a text, as an answer to a question.

    Attributes:
        text: the passage.
        under: as of a ``Paragraph``.
        lacks: what is asked for and is not in it; None where it has all of it.
        unsaid: a word of the question that the text does not say, so that the passage may be about something else.
        covers: whether it has every word of the question that means something.
        is_near: whether it, which does not say all that is asked, has so much of the question that it may be meant.
        nearness: of one that does not say all that is asked, by which those of several texts are compared.
        said: how much of the question its text says anywhere, from 0 to 1.
    """

    text: str
    under: str = ""
    lacks: str | None = None
    unsaid: str | None = None
    covers: bool = False
    is_near: bool = False
    nearness: float = 0.0
    said: float = 0.0


def kind_of(question: str) -> str | None:
    """The kind of value that a question asks for: "phone number", "time", "amount"; None where that is not known."""
    return next((name for name, pattern in _PATTERNS["asked"].items() if pattern.search(question)), None)


def has_value(kind: str, text: str) -> bool:
    """Whether a text has a value of a kind."""
    return _values(kind).search(text) is not None


def _values(kind: str) -> re.Pattern[str]:
    return (_CASED if kind in _NAMES else _PATTERNS["values"])[kind]


def _words(text: str) -> set[str]:
    """The words of a passage, and the verbs of its nouns: a text with an owner says who owns it."""
    words = content_words(text)
    return words | {_VERBS[word] for word in words & _VERBS.keys()}


def _unfit(kind: str | None, passage: Paragraph, subject: Sequence[str]) -> list[str] | None:
    """Which words of the subject a passage does not say where it has a value of a kind; None where it does not answer.

    Args:
        kind: None for any.
        passage: of a text.
        subject: what the question is about, cut to stems.
    """
    words, lead, text = _words(passage.whole), _words(passage.lead), passage.text
    if any("." in word and word not in words for word in subject):
        return None  # a version, or the number of a section, is not another
    if kind is None:
        return [] if set(subject) <= words else None
    unsaid = [word for word in subject if word not in words]
    if kind == "time" and not has_value(kind, text) and dates_in(passage.under):
        return unsaid if len(unsaid) * 2 <= len(subject) else None  # what stands under a day is of that day
    if kind == "reason" and has_value(kind, passage.under):
        return unsaid  # what stands under "Cause" is one
    least: list[str] | None = None
    for value in _values(kind).finditer(text):
        clause, sentence = (_around(text, value.end() - 1, ends) for ends in (_CLAUSE_END, _SENTENCE_END))
        missing = unsaid
        if clause != sentence and not set(subject) & (_words(clause) | lead):
            continue  # "it costs 340; the delivery takes three weeks" has no price of the delivery
        if subject and not set(subject) & (_words(sentence) | lead):
            missing = missing or list(subject[:1])
        if len(missing) * 2 <= len(subject) and (least is None or len(missing) < len(least)):
            least = missing
    return least


def _around(text: str, place: int, ends: re.Pattern[str]) -> str:
    """What stands between two ends, around a place."""
    cuts = [0, *(end.start() for end in ends.finditer(text)), len(text)]
    return text[max(one for one in cuts if one <= place) : min((one for one in cuts if one > place), default=len(text))]


def tells_written(question: str, text: str, *, others: bool = False) -> bool:
    """Whether a picture with this text on it may answer a question: one for a value that is written needs its words.

    Args:
        question: as it was asked.
        text: what is written on the picture.
        others: whether that holds of every kind of value, also of persons and times.
    """
    kind = kind_of(question)
    if kind is None or kind in _SHOWN or (kind not in _WRITTEN and not others) or _SEEN.search(question):
        return True
    return has_value(kind, text) and set(_heads(question)) <= _words(text)


def chosen(question: str, passages: Sequence[Paragraph], ranks: Sequence[float], whole: str, name: str) -> Passage:
    """The passage that answers a question best.

    Args:
        question: as it was asked.
        passages: of the text; one or more.
        ranks: how near each is to the question.
        whole: the text that they are of; its first line says what all of it is about.
        name: of its file, likewise.
    """
    about = _about(whole, name)
    if (broader := _broader(question, whole)) is not None:
        one = chosen(broader[0], passages, ranks, whole, name)
        return one if one.lacks else replace(one, unsaid=broader[1])
    kind, said = kind_of(question), _words(whole)
    is_english = detected(question) in (None, ENGLISH)
    if is_english:  # every noun of German has a capital
        about |= {word for named in _NAMED.findall(question) for word in content_words(named) if word in said}
    shortest = 1 if is_english else _TELLING  # the short words of other languages say little
    heads = [word for word in _heads(question) if word not in about and len(word) >= shortest]
    core = [word for word in _heads(_BEYOND.sub(" ", question)) if word in heads and word in said]
    subject = core or [word for word in heads if word in said][:1]
    ranks, passages = _telling(question, kind, passages, ranks, whole)
    found, beside = _best(question, kind, passages, ranks, subject)
    if beside is None:
        return _lacking(question, str(kind), found)
    if (other := _of_something_else(question, kind, found, about, whole)) is not None:
        return Passage(text=found.text, lacks=other)
    words = _words(found.whole)
    asked = set(_heads(question))
    is_headed = bool(asked) and asked <= content_words(found.under)  # one word is enough where it is the heading
    covers = (is_headed or len(asked & words) >= _LEAST_COVERED) and set(heads) <= words
    known = said | about
    lacks = (
        _missing(question, words | about)
        or _not_counted(question, found.whole, words | about, known)
        or _beyond(question, known)
        or (_strange_name(question, known) if is_english else None)
    )
    unsaid = None
    if is_english and lacks is None:
        unsaid = _unsaid(question, found.whole, known - set(beside), about)
        unsaid = unsaid or _not_in_sentence(question, found, about) or other_choice(question, words)
    elif lacks is None:
        unsaid = _half_unsaid_abroad(question, set(heads), words)
    # The rule that a text has for it is for what is asked.
    covers = covers or (bool(heads) and asks_permission(question) and is_english and unsaid is None)
    return Passage(text=found.text, under=found.under, lacks=lacks, unsaid=unsaid, covers=covers and lacks is None)


def _of_something_else(question: str, kind: str | None, found: Paragraph, about: set[str], whole: str) -> str | None:
    """What a passage lacks that is of another place to go to, another measure or another day than is asked for."""
    places = _TO.findall(found.text) if kind == "way" else []
    if places and not set(places) & set(_NAMED.findall(question)):
        return "way there"
    known_numbers = {number for number in about if number.isdigit()} | _only_numbers(question, whole)
    other = _other_measure(question, found.whole, known_numbers, values=kind is not None)
    return other or _other_day(question, found.under)


def _not_in_sentence(question: str, passage: Paragraph, about: set[str]) -> str | None:
    """A word of a question whether something is so, where no one sentence of a passage has all of them.

    "Can I pay the fee by card?" is not answered by "The fee is 15. A parent signs the card.".
    """
    if not _WHETHER.match(question):
        return None
    rules, known = _PATTERNS["rules"], _words(passage.lead) | about - _words(passage.text)
    bare = _PATTERNS["filler"]["general"].sub(" ", rules["allows"].sub(" ", rules["frame"].sub(" ", question)))
    named = content_words(" ".join(_NAMED.findall(question))) & _words(passage.text)
    asked = [word for word in _WORD.findall(bare) if not content_words(word) <= known | named]
    missing = (
        [word for word in asked if not content_words(word) <= _words(sentence)]
        for sentence in _SENTENCE_END.split(passage.text)
    )
    return most_telling(min(missing, key=len, default=[]))


def _half_unsaid_abroad(question: str, heads: set[str], words: set[str]) -> str | None:
    """A word of a question in another language than English, where a passage does not say more than half of them.

    The first word asks ("Quand", "Wann"), and no passage says it.
    """
    said = [word for word in _WORD.findall(question)[1:] if content_words(word) & heads]
    missing = [word for word in said if not content_words(word) & words]
    return missing[0] if missing and 2 * len(missing) >= len(said) else None


def _about(whole: str, name: str) -> set[str]:
    """The words of a text's first line and of its file's name, which hold of every passage."""
    return content_words(" ".join([whole.strip().partition("\n")[0], _spaced(name)]))


def nearest_passage(
    question: str, passages: Sequence[Paragraph], ranks: Sequence[float], whole: str, name: str, found: Passage
) -> Passage:
    """As ``most_of``, where ``chosen`` found none that says all that is asked.

    What was found stays where its heading has what is asked for, and where no passage has half of the question's words
    and such a value.
    """
    kind = kind_of(question)
    if kind == "reason" and found.lacks is None and has_value(kind, found.under):  # under a heading such as "Cause"
        return found
    likeliest = most_of(question, passages, ranks, whole, name, found)
    if found.lacks is not None and not likeliest.is_near:
        return replace(found, nearness=likeliest.nearness, said=likeliest.said)
    return replace(likeliest, unsaid=likeliest.unsaid or found.lacks or found.unsaid)


def most_of(
    question: str,
    passages: Sequence[Paragraph],
    ranks: Sequence[float],
    whole: str,
    name: str,
    found: Passage | None = None,
) -> Passage:
    """The passage that has most of what is asked, with those next to it, and a word of the question that it has not.

    Args:
        question: as it was asked.
        passages: of the whole text; one or more.
        ranks: how near each is to the question.
        whole: the text.
        name: of its file.
        found: as ``chosen`` gave it, which counts more.
    """
    kind = kind_of(question)
    question, thing = _broader(question, whole) or (question, None)
    kept_ranks, kept = _telling(question, kind, passages, ranks, whole)
    asked = content_words(_bare(question)) or content_words(question)
    shares = _shares(asked - _about(whole, name) or asked, kept)
    besides = [one.whole if asks_permission(question) else f"{one.under} {one.beside or one.text}" for one in kept]
    tells = [_tells(question, kind, beside) for beside in besides]
    days = [{day.casefold() for day in _WEEKDAYS.findall(text)} for text in (question, *(one.whole for one in kept))]
    known = found is not None and found.lacks is None
    scores = [
        rank
        + OF_WORDS * share
        + _OF_KIND * (tell + (known and found is not None and one.text == found.text))
        - _OF_HEAD * ((one.is_head and kind not in _IN_HEADS) + (days[0].isdisjoint(day) and bool(day and days[0])))
        for rank, share, tell, one, day in zip(kept_ranks, shares, tells, kept, days[1:], strict=True)
    ]
    best = max(range(len(kept)), key=scores.__getitem__)
    elsewhere = _shares(asked, [*kept, Paragraph(text=f"{whole} {_spaced(name)}")])[-1]
    is_near = (shares[best] + elsewhere) / 2 >= _NEAR_SHARE and (tells[best] or kind in _SAID_ANYHOW)
    one, title = kept[best], whole.strip().partition("\n")[0]
    text = one.beside or one.text
    return Passage(
        text=text,
        under=one.under,
        unsaid=thing or _missing_word(question, " ".join([one.under, text, _spaced(name), title])),
        is_near=is_near,
        nearness=scores[best],
        said=elsewhere,
    )


def _tells(question: str, kind: str | None, text: str) -> bool:
    """Whether a text has what a question asks for: a rule, how many of something, a value of the kind."""
    if asks_permission(question):
        return _PATTERNS["rules"]["rule"].search(text) is not None
    if (many := _MANY.search(question)) is not None:
        return content_words(many["what"]) <= _words(text)
    return kind is None or has_value(kind, text) or has_value(_WIDER.get(kind, kind), text)


def _missing_word(question: str, passage: str) -> str | None:
    """The word of a question that says most of what a passage does not say; None where it says all of them."""
    said, words = _words(passage), _WORD.findall(_bare(question))
    asks = 0 if detected(question) in (None, ENGLISH) else 1  # "Wie", "Quand"
    return most_telling(word for word in words[asks:] if not content_words(word) <= said)


def _telling(
    question: str, kind: str | None, passages: Sequence[Paragraph], ranks: Sequence[float], whole: str
) -> tuple[Sequence[float], Sequence[Paragraph]]:
    """The passages that may answer, with their ranks: not a title alone or a mail's date, where none is asked for."""
    title = " ".join(whole.strip().partition("\n")[0].split())
    tells = title[-1:] in _ENDS or (kind is not None and has_value(kind, title))
    told = [pair for pair in zip(ranks, passages, strict=True) if tells or pair[1].text != title]
    if not _SENT.search(question):
        told = [pair for pair in told if not _MAIL_DATE.match(pair[1].text)] or told
    kept_ranks, kept = zip(*told, strict=True) if told else (ranks, passages)
    return kept_ranks, kept


def _best(
    question: str, kind: str | None, passages: Sequence[Paragraph], ranks: Sequence[float], subject: Sequence[str]
) -> tuple[Paragraph, list[str] | None]:
    """The passage that fits best, with the words of the subject that it lacks; None for them where none has a value."""
    asked = set(_heads(question))
    shares = _shares(asked, passages)
    order = sorted(zip(ranks, shares, passages, strict=True), key=lambda one: -one[0] - OF_WORDS * one[1])
    ordered = [one for *_, one in order]
    called = [one for one in ordered if kind != "code" or _is_called_so(question, one.whole)]
    fitting = [(one, beside) for one in called if (beside := _unfit(kind, one, subject)) is not None]
    if not fitting:
        return ordered[0], [] if kind is None else None
    # Of those that fit, what follows the same question; else what says most of it, and of equals the nearest.
    nearest = max(order, key=lambda one: one[0])[-1]
    near = nearest if nearest.under.endswith("?") else None
    return min(fitting, key=lambda pair: (pair[0] is not near, len(pair[1]), *_not_said(pair[0], asked)))


def _is_called_so(question: str, passage: str) -> bool:
    """Whether a passage calls something a number, code or password as a question does, or it follows its noun.

    "Flight TP572" has the number of the flight; any other word with a digit may be something else.
    """
    *_, word = _CODE.findall(question.casefold())
    asked, words = set(_heads(question)), re.findall(r"[\w/-]+", passage)
    follows = any(_LONG_CODE.match(code) and content_words(noun) & asked for noun, code in pairwise(words))
    return follows or _PATTERNS["codes"][word].search(passage) is not None


def sought(kind: str | None) -> str:
    """How an answer calls the kind of value that is asked for."""
    return (kind or "answer").replace("_", " ")


def _lacking(question: str, kind: str, found: Paragraph) -> Passage:
    """The nearest passage where none has a value of the kind that is asked for."""
    if kind in _SAID_ANYHOW and set(_heads(question)) & _words(found.whole):
        return Passage(text=found.text, under=found.under, unsaid=sought(kind))
    return Passage(text=found.text, lacks=sought(kind))


def shares_said(question: str, passages: Sequence[str]) -> list[float]:
    """How much of what a question asks each passage says, from 0 to 1; a word that few passages have counts more."""
    return _shares(set(_heads(question)), [Paragraph(text=one) for one in passages])


def _shares(asked: set[str], passages: Sequence[Paragraph]) -> list[float]:
    """How much of what is asked each passage says, from 0 to 1; a word that few passages have counts more."""
    said = [asked & _words(one.whole) for one in passages]
    weights = {word: math.log((1 + len(said)) / (1 + sum(word in one for one in said))) + 1 for word in asked}
    whole = sum(weights.values()) or 1.0
    return [sum(weights[word] for word in one) / whole for one in said]


def _broader(question: str, whole: str) -> tuple[str, str] | None:
    """A question for a rule, of the kind of thing that a text has rules for; and the thing that it names.

    Where a text says "pets" and nothing of dogs, its rules for dogs are those for pets, though it does not say so.
    """
    if not asks_permission(question):
        return None
    words = content_words(whole)
    for kind, things in _BROADER.items():
        named = next((word for word in re.findall(r"[^\W\d_]+", question) if word.casefold() in things), None)
        if named is not None and content_words(kind) <= words and not content_words(named) & words:
            return re.sub(rf"\b{named}\b", kind, question), named
    return None


def asks_permission(question: str) -> bool:
    """Whether a question is for what a text allows: "am I allowed to", "do I need permission for"."""
    return any(_PATTERNS["rules"][name].search(question) for name in ("frame", "allows"))


def _not_said(paragraph: Paragraph, asked: set[str]) -> tuple[int, int]:
    """How little a paragraph says of what is asked, with what stands over it and without."""
    return -len(asked & _words(paragraph.whole)), -len(asked & content_words(paragraph.text))


def likeliest(question: str, passages: Sequence[Paragraph], most: int) -> list[Paragraph]:
    """The passages that say most of what a question is about; all of them where they are not too many."""
    if len(passages) <= most:
        return list(passages)
    asked, typed = set(_heads(question)), content_words(question)
    return nsmallest(most, passages, key=lambda one: (_not_said(one, asked)[0], -len(typed & _words(one.whole))))


def names_it(question: str, passage: str) -> bool:
    """Whether a passage has a word that says what a question is about."""
    question, _ = _broader(question, passage) or (question, "")
    return bool(set(_heads(question)) & _words(passage))


def is_about(question: str, whole: str, name: str) -> bool:
    """Whether a text has all words that a question says of what it is about."""
    return set(_heads(question)) <= content_words(f"{whole} {_spaced(name)}")


def half_unsaid(question: str, passage: str, name: str) -> str | None:
    """A word of a question, where a passage and the name of its file do not say half of its words; else None."""
    known = content_words(f"{passage} {_spaced(name)}")
    words = [word for word in _WORD.findall(_bare(question)) if content_words(word)]
    missing = [word for word in words if not content_words(word) <= known]
    return most_telling(missing) if 2 * len(missing) >= len(words) else None


def _bare(question: str) -> str:
    """A question without the words that name a kind of value, or fit any text that has one."""
    filler = _PATTERNS["filler"]
    return filler["general"].sub(" ", filler["kinds"].sub(" ", _PATTERNS["rules"]["frame"].sub(" ", question)))


def _heads(question: str) -> list[str]:
    """The words of a question that say what it is about, in its order, without those that name a kind of value."""
    rules = _PATTERNS["rules"]
    bare = _PATTERNS["filler"]["kinds"].sub(" ", rules["allows"].sub(" ", rules["frame"].sub(" ", question)))
    return [stem for word in _WORD.findall(bare) for stem in sorted(content_words(word))]


def _missing(question: str, words: set[str]) -> str | None:
    """What "who is our contact at X" asks for, where a passage says nothing of a contact."""
    match = _ASKED_NOUN.match(question)
    asked = content_words(_PATTERNS["filler"]["kinds"].sub(" ", match["what"])) if match else set[str]()
    if match is None or asked <= words:
        return None
    *_, noun = _WORD.findall(match["what"])
    some = len(asked) >= _NAMED_IN_PART and len(asked - words) == 1 and content_words(noun) <= words
    return None if some else match["what"].strip()


def _not_counted(question: str, passage: str, words: set[str], said: set[str]) -> str | None:
    """What "how many eggs for pancakes" counts, where the passage does not name it, or what for, where no passage does.

    Args:
        question: as it was asked.
        passage: that may answer it.
        words: of the passage and of what the text is about.
        said: of the whole text.
    """
    match = _COUNTED.match(question)
    if match is None:
        return None
    kinds = _PATTERNS["filler"]["kinds"]
    if not content_words(kinds.sub(" ", match["what"])) <= words:
        return match["what"]
    if match["many"] and not _number_beside(match["what"], passage):
        return match["what"]
    wanted = content_words(kinds.sub(" ", match["of"] or ""))
    return match["of"].strip() if wanted and not wanted & said else None


def _number_beside(what: str, passage: str) -> bool:
    """Whether a passage has a number next to what is counted: "27 names", "Rooms: 4", and not the day of a date."""
    words = re.findall(r"[^\W_]+", passage.casefold())
    nouns = content_words(what.rpartition(" of ")[0] or what)
    counted = [n for n, word in enumerate(words) if content_words(word) & nouns]
    numbers = [
        n
        for n, (word, following) in enumerate(pairwise([*words, ""]))
        if (word in NUMBER_WORDS or word in _NO_NUMBER or re.fullmatch(r"(?!(?:19|20)\d\d$)\d+", word))
        and following not in MONTHS
    ]
    return any(abs(number - noun) <= _BESIDE for number in numbers for noun in counted)


def _beyond(question: str, known: set[str]) -> str | None:
    """What "the rent for the garage" is asked for, where no word of it is known of the text."""
    match = _FOR.search(question)
    wanted = content_words(_PATTERNS["filler"]["kinds"].sub(" ", match["of"])) if match else set[str]()
    return match["of"].strip() if match and wanted and not wanted & known else None


def _strange_name(question: str, known: set[str]) -> str | None:
    """A name in a question that a text does not have, such as that of a shop."""
    named = [name for name in _NAMED.findall(question) if content_words(name)]
    return next((name for name in named if not content_words(name) & known), None)


def _unsaid(question: str, passage: str, known: set[str], about: set[str]) -> str | None:
    """A word of a question that a text does not have; else one that the passage does not, where it lacks most of them.

    Args:
        question: as it was asked.
        passage: that may answer it.
        known: the words of the whole text, its headings and its name.
        about: those of its headings and its name, which hold of every passage.
    """
    words, bare, rules = _words(passage), _bare(question), _PATTERNS["rules"]
    bare = rules["allows"].sub(" ", bare)
    if has_value("sum_of_money", passage):
        bare = _PATTERNS["filler"]["prices"].sub(" ", bare)
    said = re.sub(r"[\s-]", "", passage.casefold())
    for one in _NOT_IN.finditer(passage):
        if content_words(one["what"]) & content_words(bare) and one["but"].casefold() not in question.casefold():
            return one["what"]  # "outside Europe" is not said of Europe
    if parted := next((one for one in _JOINED.findall(bare) if one.casefold().replace("-", "") not in said), None):
        return parted  # "check-out" is not said where "check-in" is
    heads = {word: content_words(word) for word in _WORD.findall(bare) if content_words(word)}
    strange = most_telling(word for word, stems in heads.items() if not stems <= known)
    if strange is None and heads and not any(stems & words for stems in heads.values()):
        return most_telling(heads)
    if strange is None and len(heads) > _LEAST_COVERED:
        missing = [word for word, stems in heads.items() if not stems <= words | about]
        if 2 * len(missing) > len(heads):
            return most_telling(missing)
    if strange is None and asks_permission(question) and not rules["rule"].search(passage):
        found = rules["allows"].search(question) or rules["frame"].search(question)
        return found[0].split()[0] if found else None
    return strange


_NUMBERED = re.compile(r"\b(?P<word>[^\W\d_]+)\.? (?P<number>\d{1,3})\b(?![.,:/-]\d)")


def _only_numbers(question: str, whole: str) -> set[str]:
    """The numbers by which a question names something, where its text names no other: "garage no 9", "plot 3"."""
    named = {one["number"]: one["word"] for one in _NUMBERED.finditer(question) if content_words(one["word"])}
    said = [(one["word"].casefold(), one["number"]) for one in _NUMBERED.finditer(whole)]
    return {
        number for number, word in named.items() if {one for other, one in said if other == word.casefold()} == {number}
    }


def _other_measure(question: str, passage: str, known: Collection[str], *, values: bool) -> str | None:
    """The time or number that a question asks a value for, where the passage gives it for another.

    Args:
        question: as it was asked.
        passage: that may answer it.
        known: the numbers that belong to the name of what the whole text is about.
        values: whether a value is asked for, and not only what happens in a month.
    """
    rate = _PATTERNS["filler"]["rate"].search(question) if values else None
    if rate is not None and not re.search(_RATES[rate["unit"].casefold()], passage, re.IGNORECASE):
        return f"value per {rate['unit']}"
    months = [{one[0].casefold() for one in _MONTHS.finditer(text)} for text in (question, passage)]
    if months[0] and months[1] and not months[0] & months[1]:
        return f"value in {min(months[0]).capitalize()}"
    numbers = [found[0] for found in _PATTERNS["filler"]["numbers"].finditer(question) if values]
    strange = [one for one in numbers if one not in known and not re.search(rf"\b{one}\b", passage, re.IGNORECASE)]
    return f"value for {strange[0]}" if strange else None


def _other_day(question: str, heading: str) -> str | None:
    """The weekday that a question asks about, where a passage stands under one other."""
    asked, over = ([day.casefold() for day in _WEEKDAYS.findall(text)] for text in (question, heading))
    return f"value on {asked[0].capitalize()}" if asked and len(over) == 1 and over[0] not in asked else None


def _spaced(name: str) -> str:
    return re.sub(r"[_.-]+", " ", name)
