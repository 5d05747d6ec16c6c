"""Texts: folded to be compared, their content words, the parts of a question, and times as people write them."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, lru_cache
from importlib.resources import files
from threading import Lock
from typing import Any, Protocol

MONTHS = "january february march april may june july august september october november december".split()
ORDINALS: Sequence[str] = "first second third fourth fifth sixth seventh eighth ninth tenth".split()
NUMBER_WORDS = {
    word: number
    for number, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
        "seventeen eighteen nineteen twenty".split()
    )
} | {
    word: 10 * tens
    for tens, word in enumerate("thirty forty fifty sixty seventy eighty ninety hundred".split(), start=3)
}
"""Whole numbers by their English words; a reader of invoices knows those of other languages too."""

FACTORS = {"double": 2, "twice": 2, "triple": 3, "treble": 3, "thrice": 3, "quadruple": 4}
"""How many times something is, by its English words."""


class Place(Protocol):
    """Where in an asset something is; a ``Hit`` is one."""

    @property
    def t0(self) -> float | None:
        """Where a moment begins, in seconds."""
        ...

    @property
    def t1(self) -> float | None:
        """Where it ends, in seconds."""
        ...

    @property
    def page(self) -> int | None:
        """The page, from 1."""
        ...


def read_data(package: str, name: str) -> dict[str, Any]:
    """A TOML file beside a package's code, such as its word lists."""
    return tomllib.loads(files(package).joinpath(name).read_text("utf-8"))


def read_patterns(
    package: str, name: str, flags: re.RegexFlag = re.IGNORECASE
) -> dict[str, dict[str, re.Pattern[str]]]:
    """The regular expressions of such a file, by section and name.

    Where one has {name}, the text of that name in the section ``parts`` is put in; the pieces of a list are one text.
    """
    parts: dict[str, str] = {}

    def filled(text: str | list[str]) -> str:
        return re.sub(r"\{([a-z_]+)\}", lambda found: parts[found[1]], "".join(text))

    sections = read_data(package, name)
    for key, text in sections.pop("parts").items():
        parts[key] = filled(text)
    return {
        section: {key: re.compile(filled(text), flags) for key, text in texts.items()}
        for section, texts in sections.items()
    }


def by_form(words: Mapping[str, str]) -> dict[str, str]:
    """Words by each of their forms, of a table of forms by their word: "bought" is of "buy"."""
    return {form: word for word, forms in words.items() for form in forms.split()}


_WORDS = read_data("mm_agents", "words.toml")
_IRREGULAR = by_form(_WORDS["irregular"])
_EMPTY = frozenset(_WORDS["empty"].split())
_STEMMING = Lock()
ASKED_FOR: list[str] = _WORDS["asked_for"].split()
"""What documents are asked for: harmless in a call, though not in a claim."""


def fold(text: str) -> str:
    """Lower case without accents, compatibility forms resolved (Unicode's NFKD): "Café ﬁve" is "cafe five"."""
    flat = unicodedata.normalize("NFKD", text).casefold()
    return "".join(character for character in flat if not unicodedata.combining(character))


def fold_characters(text: str) -> str:
    """Lower case without accents, character for character, so that places in it are places in the text."""
    return "".join(_folded(character) for character in text)


@cache
def _folded(character: str) -> str:
    if character == "ß":
        return "s"
    base = unicodedata.normalize("NFKD", character)[:1].lower()
    return base if len(base) == 1 else character


def excerpt(text: str, characters: int) -> str:
    """The beginning of a text, on one line."""
    line = " ".join(text.split())
    return line if len(line) <= characters else line[: characters - 1].rstrip() + "…"


def listed(names: Sequence[str], *, between: str = ", ", last: str = "and") -> str:
    """Names as a list in a sentence: "a, b and c"."""
    *first, end = names or ["nothing"]
    return f"{between.join(first)} {last} {end}" if first else end


def clock(seconds: float) -> str:
    """Seconds as people write them: "0:04", "1:02.5"."""
    minutes, rest = divmod(seconds, 60)
    whole = f"{int(rest):02d}" if rest == int(rest) else f"{rest:04.1f}"
    return f"{int(minutes)}:{whole}"


def moment(place: Place) -> str:
    """Where in an asset a hit is, for people: "0:04–0:06", "page 3", or ""."""
    if place.t0 is not None and place.t1 is not None:
        return f"{clock(place.t0)}–{clock(place.t1)}"
    return f"page {place.page}" if place.page is not None else ""


def content_words(text: str) -> set[str]:
    """The words of a text that carry its meaning, in small letters and cut to their stems; numbers are words."""
    words = re.findall(r"\d+(?:[.,]\d+)*|[^\W\d_]+(?:'[^\W\d_]+)?", fold(text))
    return {
        _stem(word) for word in words if word not in _EMPTY and (len(word) > 1 or word.isdigit() or word in _IRREGULAR)
    }


def unknown_words(text: str, known: Iterable[str]) -> set[str]:
    """The words that carry a text's meaning and are in none of the known texts."""
    return content_words(text).difference(*map(content_words, known))


@lru_cache(maxsize=16_384)  # a word takes 30 µs
def _stem(word: str) -> str:
    """An English word's stem (Snowball's Porter2); a number without the commas of its thousands."""
    if word[:1].isdigit():
        return word.replace(",", "").rstrip(".")
    with _STEMMING:  # a stemmer holds the word that it works on
        return _stemmer().stemWord(_IRREGULAR.get(word, word))


@cache
def _stemmer() -> Any:
    import snowballstemmer

    return snowballstemmer.stemmer("english")


_ASKS = (
    r"(?:(?:at|by|for|from|in|on|since|till|to|until|with) )?"
    r"(?:(?:what|who|whom|whose|when|where|which|why|how)(?:['’]?s)?\b|"
    r"(?:is|are|was|were|do|does|did) (?:it|its|the|this|that|there|they|i|we|you|any|all|my|our)\b)"
)
_ASKS_WHETHER = (
    r"(?:is|are|was|were)\s+(?!not\b|[\w-]+(?:ed|en|ing|er)\b|(?:at|in|on|above|below|over|under|more|less|from|by|for|to)\b)\w|"
    r"(?:do|does|did|can|could|may|must|will|would|should)\s+(?!not\b)\w+\s+\w"
)
"""How a question begins that a joint with a comma parts from the one before it: "..., and is food part of that?"."""

_JOINT = re.compile(
    rf"\s*[,;.]?\s*\b(?:and|as well as|plus)\s+(?:also\s+)?(?={_ASKS})|\s*[,;?]\s*and\s+(?={_ASKS_WHETHER})|"
    rf"\s*\?\s*(?:and\s+)?(?={_ASKS})|\s*[,;]\s*(?=(?:what|who|when|how)\b)",
    re.IGNORECASE,
)
_LIST = re.compile(r"\s*[,;?]\s*(?:and\s+)?|\s+(?:and|as well as|plus|&|n|\+)\s+", re.IGNORECASE)
_BEGINS = re.compile(
    rf"\W*(?:(?:please|can you|could you|tell me|show me|give me)\s+)*(?:{_ASKS}|{_ASKS_WHETHER})", re.IGNORECASE
)


_BARE = re.compile(r"\W*(?:(?:at|by|for|from|in|on|to|with) )(?:what|which) \w+\W*", re.IGNORECASE)
"""What asks nothing before "and": "On which day and at what time does it begin?" has one verb."""


def parts_of(question: str, asks: Callable[[str], bool] | None = None) -> list[str]:
    """The questions in a question: "What is the total, and when is it due?" has two.

    Args:
        question: as it was asked.
        asks: whether a piece of a list such as "seller, date and total" asks for something by itself; without it, only
            questions of their own are cut apart.
    """

    def begins(piece: str) -> bool:
        of_its_own = _BEGINS.match(piece) and re.search(r"\w\W+\w", piece)  # not the "When" of "When and where is it?"
        return bool(of_its_own) or (asks is not None and asks(piece))

    found = _cut(question, _JOINT, begins)
    if asks is not None:
        found = [piece for whole in found for piece in _cut(whole, _LIST, asks)]
    cut = [one.strip(" ,;.?!") for one in found if re.search(r"\w", one)]
    return cut if len(cut) > 1 else [question]


def _cut(text: str, joint: re.Pattern[str], asks: Callable[[str], bool]) -> list[str]:
    """A text cut where what stands on both sides of a joint asks for something."""
    joints = list(joint.finditer(text))
    ends = [one.start() for one in joints[1:]] + [len(text)]
    pieces: list[str] = []
    start = 0
    for one, end in zip(joints, ends, strict=False):
        before = text[start : one.start()]
        if asks(before) and not _BARE.fullmatch(before) and asks(text[one.end() : end]):
            pieces.append(text[start : one.start()])
            start = one.end()
    return [*pieces, text[start:]]
