"""What of a text is asked: its sentences without those that only greet or say why, and the parts of what is left."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib.resources import files

from mm_agents._text import parts_of, read_data, read_patterns
from mm_agents.agent.scaled_amounts import scaled_amount
from mm_agents.toolbox.example_questions import every_example

_PATTERNS = read_patterns("mm_agents.agent", "phrases.toml")
_SAYS = _PATTERNS["sentences"]
_USUAL = ("photo", "video", "film", "poster", "bill", "table", "text", "asking", "telling")
_LETTERS = 4  # of the shortest word that is mended
_ALIKE = 0.84  # one letter in six may differ
_CAPITAL = read_patterns("mm_agents.agent", "phrases.toml", re.NOFLAG)["sentences"]["begins_anew"]


_WHOLE = "What does this say?"
"""How the tools are asked for all that an attached file says, however that was asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A text taken apart.

    Attributes:
        text: what is asked, without the sentences around it; the whole text where none of it asks.
        parts: the questions and orders in it, one after the other; one or more.
        context: the sentences that only say something, such as why it is asked.
    """

    text: str
    parts: tuple[str, ...]
    context: tuple[str, ...] = ()


def request_of(text: str) -> Request:
    """What a text asks for.

    Args:
        text: as it was typed: "I am writing a report. Which clip shows the dog? Thanks a lot!" asks for the clip.
    """
    found = sentences_of(text)
    scaled = scaled_amount(text)  # "I make twice the recipe. How many eggs do I need?" needs its first sentence
    asking = [
        one
        for one in found
        if not is_greeting(one) and (not is_statement(one) or (scaled is not None and scaled.factor in one))
    ]
    if not asking:
        asking = [one for one in found if is_greeting(one)] or found
    context = tuple(one for one in found if one not in asking)
    asked = " ".join(asking) if context else text.strip()
    return Request(text=asked, parts=_parts(asking) or (asked,), context=context)


def plain(text: str, *, attached: bool = False) -> str:
    """What a text asks for as tools are asked: spelled right, alone, and of an attached file as a whole in one form."""
    asked = request_of(spelled_right(text)).text
    return _WHOLE if attached and _PATTERNS["patterns"]["whole"].search(asked) else asked


def _parts(sentences: list[str]) -> tuple[str, ...]:
    """The orders of some sentences; what asks nothing by itself is for the one after it, else for the one before."""
    parts: list[str] = []
    before = ""
    for order in (order for sentence in sentences for order in orders_of(sentence)):
        if _SAYS["asks"].match(order) or _SAYS["seeks"].match(order):
            parts.append(f"{before} {order}".strip())
            before = ""
        else:
            before = f"{before} {order}".strip()
    if before and parts:
        parts[-1] = f"{parts[-1]} {before}"
    return tuple(parts)


def spelled_right(question: str) -> str:
    """A question whose commonest words are spelt as they should be: "shwo me pictrues" is "show me pictures".

    Only words that say how something is asked are mended, never what is looked for.
    """
    usual, known = _vocabulary()

    def mended(found: re.Match[str]) -> str:
        word = found[0]
        if word in known or len(word) < _LETTERS:
            return word
        swapped = (word[:n] + word[n + 1] + word[n] + word[n + 2 :] for n in range(len(word) - 1))
        if (right := next((one for one in swapped if one in usual), None)) is not None:
            return right
        like = [one for one in usual if one[0] == word[0] and abs(len(one) - len(word)) <= 1 and len(word) > _LETTERS]
        return next(iter(get_close_matches(word, like, n=1, cutoff=_ALIKE)), word)

    return re.sub(r"(?<![\w.@/-])[a-z]+(?![\w@/-]|\.\w)", mended, question)


@cache
def _vocabulary() -> tuple[frozenset[str], frozenset[str]]:
    """The words that questions are made of, and all words that are known to be spelt rightly."""
    words = read_data("mm_agents.agent", "word_classes.toml")
    classes = (words["classes"][name] for name in _USUAL)
    usual = {word for text in (words["function_words"], *classes) for word in text.split() if len(word) >= _LETTERS}
    taught = {word for one in every_example() for word in re.findall(r"[a-z]+", one.text.lower())}
    listed = {word for text in words["classes"].values() for word in text.split()}
    written = files("mm_agents.embedders").joinpath("_assets", "vocab.txt").read_text("utf-8").split("\n")
    return frozenset(usual), frozenset(usual | taught | listed | set(written))


def sentences_of(text: str) -> list[str]:
    """The sentences of a text, also where no full stop parts them: "church interior I need it for a report"."""
    sentences: list[str] = []
    for line in _SAYS["ends"].split(text.strip()):
        start = 0
        for joint in (*_SAYS["runs_on"].finditer(line), *_CAPITAL.finditer(line)):
            before, after = line[start : joint.start()].strip(), line[joint.end() :].strip()
            if before and (is_statement(after) or is_greeting(after)) and not _SAYS["goes_over"].search(before):
                sentences.append(before)
                start = joint.end()
        sentences.append(line[start:].strip())
    return [part for one in sentences for part in _without_lead(one) if re.search(r"\w", part)]


def _without_lead(sentence: str) -> list[str]:
    """A sentence cut after the clause that it begins with: "as I am writing a report, show me the cats"."""
    lead = _SAYS["leading_clause"].match(sentence)
    if lead is None or not _SAYS["asks"].match(sentence[lead.end() :]):
        return [sentence]
    return [lead[0], sentence[lead.end() :]]


def is_by_hand(question: str) -> bool:
    """Whether a question is about what is written by hand: that is not hidden text, and is not read."""
    return _PATTERNS["patterns"]["by_hand"].search(question) is not None


def is_greeting(sentence: str) -> bool:
    """Whether a sentence only greets, thanks or excuses itself."""
    return _SAYS["greets"].fullmatch(sentence) is not None


def shows_only(question: str) -> bool:
    """Whether a question wants to see a thing and says no more: "show me the cat", "any owls?"."""
    return _SAYS["shows_only"].fullmatch(question) is not None


def is_statement(sentence: str) -> bool:
    """Whether a sentence says something and wants nothing: "we are preparing the quarterly review"."""
    if sentence.rstrip().endswith("?") or _SAYS["wants"].search(sentence) or _SAYS["asks"].match(sentence):
        return False
    return _SAYS["states"].match(sentence) is not None


def orders_of(sentence: str) -> list[str]:
    """The questions and orders of one sentence: "find the clip and describe it" has two."""
    pieces: list[str] = []
    for part in parts_of(sentence):
        start = 0
        for joint in _SAYS["next_order"].finditer(part):
            if _SAYS["asks"].match(part[start : joint.start()]):
                pieces.append(part[start : joint.start()].strip(" ,;."))
                start = joint.end()
        pieces.append(part[start:].strip())
    return [piece for piece in pieces if re.search(r"\w", piece)] or [sentence]
