"""Texts made alike before they are compared, the words that carry their meaning, and excerpts."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

# Words that any question and any call may hold: they say nothing that could be smuggled in.
_EMPTY = frozenset(
    """a about above after all also an and any are as at available be been before being below between both but by can
    could did do does each either every few find for found from get give given had has have having he her here him his
    how i if in into is it its itself just kind less like list look many may me might more most much my need neither
    no nor not of on one only or other our out over per please put same see she should show shown shows so some such
    take tell than that the their them then there these they this those through to too two under until up upon us use
    used using very want was way we were what when where which while who whom whose why will with within without would
    you your
    image images picture pictures photo photos photograph photographs video videos clip clips film films movie movies
    scan scans file files document documents page pages text texts attachment attachments thing things item items
    search read result results question answer""".split()
)

# What documents are asked for: harmless in a call, though not in a claim.
ASKED_FOR = """price cost amount total sum value number quantity date name unit currency table row column cell invoice
receipt flowchart chart diagram poster message step code hidden written word describe content""".split()


def fold(text: str) -> str:
    """Lower case without accents, compatibility forms resolved (Unicode's NFKD): "Café ﬁve" is "cafe five"."""
    flat = unicodedata.normalize("NFKD", text).casefold()
    return "".join(character for character in flat if not unicodedata.combining(character))


def excerpt(text: str, characters: int) -> str:
    """The beginning of a text, on one line."""
    line = " ".join(text.split())
    return line if len(line) <= characters else line[: characters - 1].rstrip() + "…"


def content_words(text: str) -> set[str]:
    """The words of a text that carry its meaning, in small letters and cut to their stems; numbers are words."""
    flat = "".join(one for one in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(one))
    words = re.findall(r"\d+(?:[.,]\d+)*|[^\W\d_]+(?:'[^\W\d_]+)?", flat)
    return {_stem(word) for word in words if word not in _EMPTY and (len(word) > 1 or word.isdigit())}


def unknown_words(text: str, known: Iterable[str]) -> set[str]:
    """The words that carry a text's meaning and stand in none of the known texts."""
    words: set[str] = set()
    for one in known:
        words |= content_words(one)
    return content_words(text) - words


def _stem(word: str) -> str:
    """The word without the endings of number and tense: enough to see that "invoices" are an "invoice"."""
    word = word.removesuffix("'s").removesuffix("'")
    if word[:1].isdigit():
        return word.replace(",", "").rstrip(".")
    for ending, instead in (("ies", "y"), ("sses", "ss"), ("ing", ""), ("ed", ""), ("es", ""), ("s", "")):
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not word.endswith("ss"):
            word = word[: -len(ending)] + instead
            break
    if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "ls":
        word = word[:-1]  # "running" is "run"
    return word.removesuffix("e")
