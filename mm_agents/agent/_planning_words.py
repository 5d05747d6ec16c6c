"""What the offline planner sees in a question besides its meaning: its words, and the classes that they belong to.

A sentence's vector follows its topic; which tool it is for often hangs on one word ("photo", "clip", "poster") or on
the verb it begins with ("delete"). Words are counted as such, with their neighbours and their pieces, which bear typing
errors; and words that mean the same to the tools are put into one class, known or not from any example.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
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
    "money": "pay paid payment cost costs price prices priced charge charged owe owed due amount total tax vat subtotal "
    "spend spent discount expensive cheap payable",
    "table": "table tables csv spreadsheet excel grid row rows column columns cell cells",
    "figures": "average mean median sum highest lowest largest smallest most least fastest growth revenue margin "
    "percentage percent",
    "flow": "flowchart flowcharts workflow process procedure swimlane mermaid graphviz step steps pseudocode decision "
    "decisions arrow arrows",
    "figure": "chart charts diagram diagrams graph graphs plot figure curve",
    "text": "document documents text texts pdf pdfs note notes report reports article articles letter essay paper papers "
    "manual guide handbook contract agreement lease minutes policy book chapter paragraph section passage passages",
    "hidden": "hidden secret invisible concealed faint camouflaged hiding hide hides blank unseen disguised",
    "alike": "similar like resemble resembles resembling same alike lookalike",
    "advice": "recommend recommends recommendation recommendations suggest suggests suggestion suggestions watch "
    "favourite favorite",
    "scan": "scan scans scanned screenshot screenshots",
    "pointing": "this these it its that here",
    "asking": "find show search look locate get see",
    "telling": "describe explain identify caption interpret recognise recognize",
    "deed": "delete erase remove rename move copy upload download send mail email share post pay buy order book reserve "
    "cancel call crop rotate edit cut generate draw paint design translate play sign transfer throw resize compress "
    "blur brighten print forward publish merge trim schedule install remind",
}
_COURTESY = frozenset("please can could would will you i we want need to like d ll me just now kindly hey".split())
_DEED_FIRST = "deed first"
_CLASS_NAMES = (*_CLASSES, _DEED_FIRST)
_CLASS_OF = {word: name for name, words in _CLASSES.items() for word in words.split()}
_PIECES = (3, 4)  # letters of a piece of a word
_PIECES_SHARE = 0.3
_FIRST = "^"


def words_of(text: str) -> list[str]:
    """Its words in small letters; numbers become "#", and signs of arithmetic count as words."""
    return ["#" if word[0].isdigit() else word for word in re.findall(r"[^\W\d_]+|\d+|[?%*+/=]", text.lower())]


class WordFeatures:
    """The words of questions as rows of numbers (tf-idf of words, neighbours and pieces), learnt from examples.

    Args:
        texts: the examples.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        counts = [_counted(words_of(text)) for text in texts]
        self._known = {word for text in texts for word in words_of(text)}
        seen = [Counter(key for both in counts for key in both[part]) for part in (0, 1)]
        self._rarest = float(np.log(max(len(texts), 1))) + 1
        self._weights = [{key: self._rarest - float(np.log(n)) for key, n in part.items()} for part in seen]
        # What stands in a single example cannot tell that another is alike; it only counts for the length.
        keys = [(part, key) for part in (0, 1) for key, n in seen[part].items() if n > 1]
        self._columns = {key: column for column, key in enumerate(keys)}

    @property
    def width(self) -> int:
        """How many numbers a row has."""
        return len(self._columns)

    def __call__(self, texts: Sequence[str]) -> FloatArray:
        """Rows of length 1 at most, shape (len(texts), width); less where a text has words that no example has."""
        rows = np.zeros((len(texts), self.width), np.float32)
        for row, text in zip(rows, texts, strict=True):
            for part, share in ((0, 1 - _PIECES_SHARE), (1, _PIECES_SHARE)):
                found = _counted(words_of(text))[part]
                known = self._weights[part]
                values = {key: (1 + np.log(n)) * known.get(key, self._rarest) for key, n in found.items()}
                length = np.sqrt(sum(value**2 for value in values.values())) or 1.0
                for key, value in values.items():
                    if (column := self._columns.get((part, key))) is not None:
                        row[column] = np.sqrt(share) * value / length
        return rows

    def classes(self, texts: Sequence[str]) -> FloatArray:
        """Which classes of words each text has: 0 or 1, shape (len(texts), number of classes)."""
        found = [classes_of(words_of(text), self._known) for text in texts]
        return np.array([[name in one for name in _CLASS_NAMES] for one in found], np.float32)


def classes_of(words: Sequence[str], known: Iterable[str] = ()) -> set[str]:
    """The classes that words belong to; one that is spelt a little wrong belongs too, unless it is itself known."""
    spelt = [word if word in _CLASS_OF else _corrected(word, known) for word in words]
    found = {_CLASS_OF[word] for word in spelt if word in _CLASS_OF}
    verb = next((word for word in spelt if word not in _COURTESY), "")
    return found | ({_DEED_FIRST} if _CLASS_OF.get(verb) == "deed" else set())


def _corrected(word: str, known: Iterable[str]) -> str:
    if len(word) < 5 or word in known:
        return word
    return next(iter(get_close_matches(word, _CLASS_OF, n=1, cutoff=0.84)), word)


def _counted(words: Sequence[str]) -> tuple[Counter[str], Counter[str]]:
    """How often words and pairs of neighbours occur, and how often pieces of words."""
    pairs = (f"{first} {second}" for first, second in zip([_FIRST, *words], words, strict=False))
    marked = (f"<{word}>" for word in words if word.isalpha() and len(word) > 3)
    pieces = (word[start : start + n] for word in marked for n in _PIECES for start in range(len(word) - n + 1))
    return Counter([*words, *pairs]), Counter(pieces)
