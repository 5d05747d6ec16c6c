"""What the offline planner sees in a question besides its meaning: its words, and the classes that they belong to.

A sentence's vector follows its topic; which tool it is for often hangs on one word ("photo", "clip", "poster") or on
the verb it begins with ("delete"). Words are counted as such and with their neighbours; and words that mean the same to
the tools are put into one class, known or not from any example, and spelt a little wrong or not.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from difflib import get_close_matches
from math import log, sqrt
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from mm_agents.types import FloatArray

_CLASSES = {
    "photo": "photo photos photograph photographs picture pictures pic pics image images snapshot snapshots snap snaps "
    "shot shots drawing drawings",
    "video": "video videos clip clips footage recording recordings vid vids filmed webcam",
    "when": "moment second seconds timestamp minute",
    "film": "movie movies film films cinema",
    "poster": "poster posters",
    "bill": "invoice invoices bill bills receipt receipts",
    "money": "pay paid payment cost costs price prices priced charge charged owe owed due amount total tax vat "
    "subtotal spend spent discount expensive cheap payable",
    "table": "table tables csv spreadsheet excel grid row rows column columns cell cells",
    "figures": "average mean median sum highest lowest largest smallest most least fastest growth revenue margin "
    "percentage percent",
    "flow": "flowchart flowcharts workflow process procedure swimlane mermaid graphviz step steps pseudocode decision "
    "decisions arrow arrows",
    "figure": "chart charts diagram diagrams graph graphs plot figure curve",
    "text": "document documents text texts pdf pdfs note notes report reports article articles letter essay paper "
    "papers manual guide handbook contract agreement lease minutes policy book chapter paragraph section passage "
    "passages",
    "hidden": "hidden secret invisible concealed faint camouflaged hiding hide hides blank unseen disguised",
    "alike": "similar like resemble resembles resembling same alike lookalike",
    "advice": "recommend recommends recommendation recommendations suggest suggests suggestion suggestions watch "
    "favourite favorite",
    "scan": "scan scans scanned screenshot screenshots",
    "pointing": "this these it its that here",
    "asking": "find show search look locate get see",
    "telling": "describe explain identify caption interpret recognise recognize",
    "deed": "delete erase remove rename move copy upload download send mail email share post pay buy order book "
    "reserve cancel call crop rotate edit cut generate draw paint design translate play sign transfer throw resize "
    "compress blur brighten print forward publish merge trim schedule install remind",
}
_COURTESY = frozenset("please can could would will you i we want need to like d ll me just now kindly hey".split())
_DEED_FIRST = "deed first"
_CLASS_NAMES = (*_CLASSES, _DEED_FIRST)
_CLASS_OF = {word: name for name, words in _CLASSES.items() for word in words.split()}
_GREETING = re.compile(
    r"^\s*(?:(?:hi|hello|hey|good (?:morning|evening|afternoon))(?: there)?\s*[,!.]+\s*)+", re.IGNORECASE
)
_FIRST = "^"
_SHORTEST = 5  # letters of a word that is corrected


def without_greeting(text: str) -> str:
    """The question after "hello," and the like; a greeting with nothing after it stays."""
    return _GREETING.sub("", text) or text


def words_of(text: str) -> list[str]:
    """Its words in small letters; numbers become "#", and signs of arithmetic count as words."""
    return ["#" if word[0].isdigit() else word for word in re.findall(r"[^\W\d_]+|\d+|[?%*+/=]", text.lower())]


class WordFeatures:
    """The words of questions as rows of numbers (tf-idf of words and pairs of neighbours), learnt from examples.

    Args:
        texts: the examples.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        split = [words_of(text) for text in texts]
        self._known = frozenset(word for words in split for word in words)
        seen = Counter(key for words in split for key in _counted(words))
        self._rarest = float(np.log(max(len(texts), 1))) + 1
        self._weights = {key: self._rarest - float(np.log(n)) for key, n in seen.items()}
        # What stands in a single example cannot tell that another is alike; it only counts for the length.
        self._columns = {key: column for column, key in enumerate(key for key, n in seen.items() if n > 1)}

    @property
    def width(self) -> int:
        """How many numbers a row has."""
        return len(self._columns) + len(_CLASS_NAMES)

    def __call__(self, texts: Sequence[str], *, of_class: float) -> FloatArray:
        """Rows of numbers, shape (len(texts), width).

        Args:
            texts: the questions.
            of_class: what a class of words counts, where words with their neighbours have length 1 (less, where no
                example has them).
        """
        rows = np.zeros((len(texts), self.width), np.float32)
        for row, text in zip(rows, texts, strict=True):
            words = words_of(text)
            values = {key: (1 + log(n)) * self._weights.get(key, self._rarest) for key, n in _counted(words).items()}
            length = sqrt(sum(value**2 for value in values.values())) or 1.0
            for key, value in values.items():
                if (column := self._columns.get(key)) is not None:
                    row[column] = value / length
            for name in classes_of(words, self._known):
                row[len(self._columns) + _CLASS_NAMES.index(name)] = of_class
        return rows


def classes_of(words: Sequence[str], known: frozenset[str] = frozenset()) -> set[str]:
    """The classes that words belong to; one that is spelt a little wrong belongs too, unless it is itself known."""
    spelt = [word if word in _CLASS_OF or word in known else _corrected(word) for word in words]
    found = {_CLASS_OF[word] for word in spelt if word in _CLASS_OF}
    verb = next((word for word in spelt if word not in _COURTESY), "")
    if _CLASS_OF.get(verb) == "deed":
        found.add(_DEED_FIRST)
    return found


def _corrected(word: str) -> str:
    """The word of a class that a longer word was meant to be, by its first letter and nearly all others."""
    if len(word) < _SHORTEST:
        return word
    like = [other for other in _CLASS_OF if other[0] == word[0] and abs(len(other) - len(word)) <= 1]
    return next(iter(get_close_matches(word, like, n=1, cutoff=0.84)), word)


def _counted(words: Sequence[str]) -> Counter[str]:
    """How often words and pairs of neighbours occur; the first word has the sentence's beginning for a neighbour."""
    return Counter([*words, *(f"{one} {other}" for one, other in zip([_FIRST, *words], words, strict=False))])
