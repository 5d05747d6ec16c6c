"""Frozen data that crosses the borders between the rooms of mm_agents.

Units: pixels for boxes (origin at the top left of the picture as stored), seconds for times, bytes for sizes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from mm_agents.errors import ConfigError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float32]
    """Numbers of vectors."""
    ByteArray = NDArray[np.uint8]
    """Pixels."""
else:

    def __getattr__(name: str) -> object:
        """The two types of arrays; numpy is imported when one of them is first used."""
        kinds = {"FloatArray": "float32", "ByteArray": "uint8"}
        if name not in kinds:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        import numpy as np
        from numpy.typing import NDArray

        return NDArray[getattr(np, kinds[name])]


Kind = Literal["text", "image", "clip"]
"""What an embedder can be given."""

Role = Literal["query", "document"]
"""The side of a search that a vector is for; some models prefix the two differently."""

VectorRole = Literal["image", "text", "moment", "speech", "objects"]
"""What a vector is of: a picture, page or shot; a passage of text; a segment of a clip; a sentence that is said in a
clip; a thing in a picture."""

Strength = Literal["strong", "fair", "weak"]
"""How surely a hit is what was asked for: of the strong few are not, of the weak most are not."""

STRENGTHS: tuple[Strength, ...] = ("strong", "fair", "weak")
"""From the surest on."""

Words = Literal["auto", "all", "none"]
"""Which pictures' words are read: those that seem to have some, all, or none."""

Speech = Literal["auto", "all", "none"]
"""Which recordings and clips are listened to: those that nobody heard yet, also those that another recogniser heard, or
none."""

Value = str | int | float | bool | tuple[str, ...]
"""What a property may hold; an absent property is simply not there."""


# ---------------------------------------------------------------- what embedders are given


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A piece of text to embed."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Image:
    """A decoded picture.

    Attributes:
        pixels: uint8, shape (height, width, 3): upright, sRGB, alpha flattened on white.
    """

    pixels: ByteArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Clip:
    """A stretch of video, ``start`` <= t < ``end``, both in seconds.

    Attributes:
        frames: uint8, shape (n, height, width, 3): sampled frames, at least one.
        times: the n presentation times in seconds, rising.
        start: where the stretch begins.
        end: where it ends.
    """

    frames: ByteArray
    times: tuple[float, ...]
    start: float
    end: float


SOUND_RATE = 16_000
"""Samples of sound per second."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sound:
    """A stretch of sound of a recording or clip.

    Attributes:
        samples: float32, shape (n,): one channel, -1 to 1, ``SOUND_RATE`` samples a second.
        start: where in the file it begins, in seconds.
    """

    samples: FloatArray
    start: float


SPOKEN = "spoken"
"""The property of the parts that are spoken sentences: by what they were heard."""

CELL = "cell "
"""How evidence begins to say which cell of a sheet or table it is: ``Evidence.how`` of "cell B7"."""

WORDS_READ = "words_read"
"""The property of the parts that hold words read in pictures, pages and clips: by what they were read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """A sentence that was said.

    Attributes:
        text: its words.
        t0: where in the file it begins, in seconds.
        t1: where it ends.
        language: its code, such as "en"; "" where it is not known.
        confidence: 0 to 1, the mean probability of its words.
    """

    text: str
    t0: float
    t1: float
    language: str = ""
    confidence: float = 1.0


Item = Text | Image | Clip
"""Anything an embedder may be given."""


# ---------------------------------------------------------------- places and things in pictures


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A rectangle in pixels of the picture as stored: x0 <= x < x1, y0 <= y < y1."""

    x0: int
    y0: int
    x1: int
    y1: int

    def holds(self, other: Box, *, margin: int = 0) -> bool:
        """Whether the middle of another box is in it, its edges too; with a margin, that many pixels around it."""
        x, y = (other.x0 + other.x1) / 2, (other.y0 + other.y1) / 2
        return self.x0 - margin <= x <= self.x1 + margin and self.y0 - margin <= y <= self.y1 + margin

    def scaled(self, x: float, y: float) -> Box:
        """The same place in a picture of another size: x times as wide and y times as high."""
        return Box(x0=round(self.x0 * x), y0=round(self.y0 * y), x1=round(self.x1 * x), y1=round(self.y1 * y))


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenObject:
    """A thing that a detector sees in a picture: what it is, how sure that is (0 to 1), and where."""

    label: str
    score: float
    box: Box


# ---------------------------------------------------------------- collections and records

_ROLES: Mapping[str, VectorRole] = {
    "media": "image",
    "poster_vector": "image",
    "words": "text",
    "txt_vector": "text",
    "moment": "moment",
}
"""The roles of vectors that were named before roles could be set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VectorSpec:
    """One named vector of a collection.

    Attributes:
        name: such as "media" or "poster_vector".
        width: how many float32 numbers.
        embedder: the name of the embedder that fills it; None when the caller brings the vectors.
        replaces: an older vector; a search that names none uses this one instead.
        role: what the vector is of. None for that of the vector that it replaces, else for what its name says
            ("media" and "poster_vector" are of images, "words" and "txt_vector" of texts, "moment" of moments).
    """

    name: str
    width: int
    embedder: str | None = None
    replaces: str | None = None
    role: VectorRole | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectionSpec:
    """A collection: its name and its named vectors, any of which a record may lack."""

    name: str
    vectors: tuple[VectorSpec, ...]

    def vector(self, name: str) -> VectorSpec:
        """The named vector of that name.

        Raises:
            ConfigError: there is none; the message lists those that exist.
        """
        for spec in self.vectors:
            if spec.name == name:
                return spec
        known = ", ".join(spec.name for spec in self.vectors) or "none"
        raise ConfigError(f"Collection {self.name!r} has no vector named {name!r}. Known: {known}.")

    def role(self, name: str) -> VectorRole | None:
        """What the named vector is of; None where nothing says so.

        Raises:
            ConfigError: no vector has that name.
        """
        spec = self.vector(name)
        old = next((vector for vector in self.vectors if vector.name == spec.replaces), spec)
        return spec.role or old.role or _ROLES.get(old.name) or _ROLES.get(name)

    def vectors_with_role(self, *roles: VectorRole) -> tuple[VectorSpec, ...]:
        """The vectors that have one of these roles, in the order of the collection, replaced ones among them."""
        return tuple(spec for spec in self.vectors if self.role(spec.name) in roles)

    def current(self, name: str) -> str:
        """The vector that is searched for this name: the last that replaces it, else itself."""
        for spec in reversed(self.vectors):
            if spec.replaces == name:
                return spec.name
        return name


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Record:
    """An asset (a picture, clip, text, PDF, film) or a part of one (segment, page, chunk).

    Attributes:
        id: a UUID, the uuid5 of the content's identity.
        properties: what filters and counts see. A part repeats its asset's properties and adds its own
            (``t0``, ``t1``, ``page``), so that one filter fits both.
        text: what keyword search reads, beside the property ``name``.
        vectors: float32 unit rows of shape (width,), by vector name; any may be absent.
        parent: the asset's id when this is a part of one.
        thumbnail: a small JPEG.
    """

    id: str
    properties: Mapping[str, Value] = field(default_factory=dict[str, Value])
    text: str = ""
    vectors: Mapping[str, FloatArray] = field(default_factory=dict[str, "FloatArray"])
    parent: str | None = None
    thumbnail: bytes | None = None

    def __repr__(self) -> str:
        """Its name, kind and place, in one line."""
        return _line("Record", self.name or self.id, self.media_type, _place(self))

    def _repr_html_(self) -> str:
        """Its thumbnail, text and properties, for a notebook."""
        from mm_agents._notebook import Card, show

        rows = [(name, str(value)) for name, value in sorted(self.properties.items()) if name != "name"]
        card = Card(title=self.name or self.id, text=self.text, picture=self.thumbnail, rows=rows)
        return show(f"Record: {self.media_type or 'no kind'}", [card])

    @property
    def asset(self) -> str:
        """The id of the asset that this record is, or is a part of."""
        return self.parent or self.id

    @property
    def name(self) -> str:
        """The asset's name, such as the file's name or the film's title; "" when it has none."""
        return str(self.properties.get("name", ""))

    @property
    def path(self) -> str | None:
        """The path of the asset's file: relative to the library when inside it."""
        return _string(self.properties.get("path"))

    @property
    def media_type(self) -> str:
        """One of "image", "video", "audio", "text", "pdf" and "film"; "" when unknown."""
        return str(self.properties.get("media_type", ""))


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """What a store finds: the asset, or the best part of it, and its score (higher is nearer).

    Attributes:
        record: without vectors.
        score: cosine for a vector search, BM25 for keywords, reciprocal rank for both.
    """

    record: Record
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundBy:
    """One ranked list that brought a hit.

    Attributes:
        vector: its name; "keywords" for what has the query's words.
        rank: from 1.
        score: the list's own.
        strength: what the score says; None where the embedder is not calibrated.
    """

    vector: str
    rank: int
    score: float
    strength: Strength | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """What a search found: an asset, and where in it.

    Attributes:
        record: the asset.
        score: higher is nearer; a cosine when one vector space ranked it, else a sum of reciprocal ranks.
        vector: the list that ranks it highest.
        part: the segment, page or chunk that matched best; None when the asset has no parts.
        found_by: every list that brought it.
        object: the thing in the picture that is nearest to what was asked, with its box; None where none is near.
    """

    record: Record
    score: float
    vector: str
    part: Record | None = None
    found_by: tuple[FoundBy, ...] = ()
    object: SeenObject | None = None

    def __repr__(self) -> str:
        """Its name, kind, score with its strength, and place, in one line."""
        score = f"score {self.score:.3f}"
        strength = self.strength or ""
        return _line("Hit", self.name or self.id, self.media_type, f"{score} {strength}".strip(), _place(self.part))

    def _repr_html_(self) -> str:
        """Its thumbnail, score and place, for a notebook."""
        return _show_hits([self])

    @property
    def id(self) -> str:
        """The asset's id."""
        return self.record.id

    @property
    def name(self) -> str:
        """The asset's name."""
        return self.record.name

    @property
    def path(self) -> str | None:
        """The path of the asset's file: relative to the library when inside it."""
        return self.record.path

    @property
    def media_type(self) -> str:
        """One of "image", "video", "audio", "text", "pdf" and "film"."""
        return self.record.media_type

    @property
    def strength(self) -> Strength | None:
        """How surely it is what was asked for, by the surest list that brought it; None where no list says."""
        return next((one for one in STRENGTHS if any(found.strength == one for found in self.found_by)), None)

    @property
    def t0(self) -> float | None:
        """Where in a clip or recording the matching moment begins, in seconds."""
        return _number(self._where("t0"))

    @property
    def t1(self) -> float | None:
        """Where in a clip or recording the matching moment ends, in seconds."""
        return _number(self._where("t1"))

    @property
    def page(self) -> int | None:
        """The matching page of a document, or slide of a presentation, from 1."""
        page = self._where("page")
        return page if isinstance(page, int) else None

    @property
    def is_spoken(self) -> bool:
        """Whether what matched is a sentence that is said there."""
        return self._where(SPOKEN) is not None

    @property
    def text(self) -> str | None:
        """The passage that matched; None without one."""
        return (self.part.text if self.part else "") or self.record.text or None

    @property
    def thumbnail(self) -> bytes | None:
        """A small JPEG of the matching part, else of the asset."""
        return (self.part.thumbnail if self.part else None) or self.record.thumbnail

    @property
    def evidence(self) -> Evidence:
        """The evidence of a claim that uses this hit; of a picture with the box of the thing that it was found by."""
        sha256 = self.record.properties.get("sha256")
        by = ", ".join(dict.fromkeys(found.vector for found in self.found_by)) or self.vector
        seen = self.object if self.media_type == "image" and not self.text else None
        return Evidence(
            asset=self.id,
            path=self.path,
            sha256=_string(sha256),
            how=by if seen is None else f"{by}; {seen.label} seen",
            confidence=None if seen is None else seen.score,
            box=None if seen is None else seen.box,
            quote=self.text,
            page=self.page,
            t0=self.t0,
            t1=self.t1,
        )

    def _where(self, name: str) -> Value | None:
        return self.part.properties.get(name) if self.part else None


class Hits(list[Hit]):
    """A list of hits that shows itself in one line: how many, and the names of the first."""

    def __repr__(self) -> str:
        shown = [f"{_short(hit.name or hit.id, 40)} {hit.score:.3f}" for hit in self[:_SHOWN]]
        more = ["…"] if len(self) > _SHOWN else []
        count = f"{len(self)} hit{'' if len(self) == 1 else 's'}"
        return _short(f"<{count}: {'; '.join(shown + more)}>" if self else f"<{count}>", _LINE)

    def _repr_html_(self) -> str:
        """Their thumbnails, scores and places side by side, for a notebook."""
        return _show_hits(self)


# ---------------------------------------------------------------- filters

Operator = Literal["eq", "ne", "lt", "le", "gt", "ge", "in", "contains", "exists"]


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison of a property ("id" and "parent" count as properties).

    Logic is two-valued: a comparison with an absent property, or with one of another type, is false; "ne" is the
    opposite of "eq" and so true there. "in" takes a tuple. "contains" looks for an element of a list, or for a
    piece of a string (case matters). "exists" takes no value.
    """

    name: str
    op: Operator
    value: Value | tuple[str | int | float | bool, ...] | None = None


@dataclass(frozen=True, slots=True)
class And:
    """True where every part is."""

    parts: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """True where any part is."""

    parts: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """True where the part is not."""

    part: Filter


Filter = Condition | And | Or | Not
"""A typed filter over properties; ``mm_agents.filters.parse`` reads one from text."""


# ---------------------------------------------------------------- evidence


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What supports a claim, and where it is.

    Attributes:
        asset: the asset's id.
        path: of its file, when known.
        sha256: of the content that was looked at.
        how: how the place was found, such as "vector media" or "keywords".
        confidence: 0 to 1 where the way of finding it gives one.
        quote: the words that support it.
        page: the page of a PDF, from 1.
        box: the place in a picture or page.
        t0: the moment in a clip, in seconds.
        t1: where the moment ends.
    """

    asset: str
    path: str | None
    sha256: str | None
    how: str
    confidence: float | None = None
    quote: str | None = None
    page: int | None = None
    box: Box | None = None
    t0: float | None = None
    t1: float | None = None

    @property
    def cell(self) -> str | None:
        """The cell of a sheet or table in a text file, such as "B7" or "Savings!B7"; None for other places."""
        return self.how.removeprefix(CELL) if self.how.startswith(CELL) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """A word read on a page.

    Attributes:
        text: as it was read, without spaces.
        box: its place on the page as stored.
        place: its place on the page set upright and straight; the same box where the page is so already.
        confidence: 0 to 1; 1 for a PDF's own text.
        line: the number of the run of words that it was read in, in reading order from 0.
        turned: by how many degrees the word itself is turned clockwise on the straight page: 0, 90, 180 or 270.
    """

    text: str
    box: Box
    place: Box
    confidence: float
    line: int
    turned: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """What an OCR engine read in a picture.

    Attributes:
        words: in reading order.
        quarter: how many quarter turns counter-clockwise set the picture upright, 0 to 3.
        skew: by how many degrees its lines then fall to the right.
        unread: where there are lines of writing that the engine cannot read, such as Cyrillic or Arabic.
    """

    words: tuple[Word, ...]
    quarter: int = 0
    skew: float = 0.0
    unread: tuple[Box, ...] = ()


_LINE = 120  # characters of a record, a hit or a list of hits where it shows itself
_SHOWN = 4  # hits of a list that are shown by name


def _line(kind: str, name: str, *more: str) -> str:
    """A record or hit in one line."""
    shown = ", ".join([_short(repr(name), 60), *(_short(piece, 30) for piece in more if piece)])
    return _short(f"{kind}({shown})", _LINE)


def _show_hits(hits: Sequence[Hit]) -> str:
    """Hits as HTML for a notebook."""
    from mm_agents._notebook import Card, show
    from mm_agents._text import moment

    cards = [
        Card(
            title=hit.name or hit.id,
            facts=" · ".join(filter(None, (hit.media_type, f"{hit.score:.3f}", hit.strength, moment(hit)))),
            text=hit.text or "",
            picture=hit.thumbnail,
        )
        for hit in hits
    ]
    return show(f"{len(hits)} hit{'' if len(hits) == 1 else 's'}", cards)


def _short(text: str, characters: int) -> str:
    """The text in one line, its end cut off where it is longer."""
    text = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
    return text if len(text) <= characters else text[: characters - 1] + "…"


def _place(part: Record | None) -> str:
    """The place of a part in its asset: "3–5 s", "page 2", or ""."""
    properties = part.properties if part else {}
    start, end = _number(properties.get("t0")), _number(properties.get("t1"))
    if start is not None and end is not None:
        return f"{start:g}–{end:g} s"
    return f"page {properties['page']}" if "page" in properties else ""


def _string(value: Value | None) -> str | None:
    return value if isinstance(value, str) else None


def _number(value: Value | None) -> float | None:
    return float(value) if isinstance(value, int | float) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A box to draw on a page as stored, with its label; green when verified, red when not, blue for a note."""

    box: Box
    label: str = ""
    status: Literal["verified", "unverified", "note"] = "note"
    page: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingTable:
    """Rows of a document for CSV, a spreadsheet or a data frame, every cell as text.

    Attributes:
        name: unique among the tables of one reading.
        header: the names of the columns; empty where the table has no header row.
        rows: of equal length, that of the header where there is one.
    """

    name: str
    header: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentAnswer:
    """The answer to a question about a document, computed by code from what was read.

    Attributes:
        question: as it was asked.
        answer: a sentence, with the sum where one was computed; None without an answer.
        value: what JSON can hold (money and quantities as decimal strings, dates in ISO form), or None.
        evidence: every place that the answer uses.
        reason: why the question has no answer, where the reader says so.
        doubt: why the answer is not verified, where a value that it uses is not.
        parts: the answers to each thing that is asked for, where that is more than one; their places follow each other
            in ``evidence``.
    """

    question: str
    answer: str | None = None
    value: Any = None
    evidence: tuple[Evidence, ...] = ()
    reason: str | None = None
    doubt: str | None = None
    parts: tuple[DocumentAnswer, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The keys "question", "answer", "value", "evidence", "reason" and "doubt"; and "parts", if it has any."""
        parts = {"parts": [part.to_json() for part in self.parts]} if self.parts else {}
        return {
            "question": self.question,
            "answer": self.answer,
            "value": self.value,
            "evidence": [place_json(evidence) for evidence in self.evidence],
            "reason": self.reason,
            "doubt": self.doubt,
        } | parts


def place_json(evidence: Evidence) -> dict[str, Any]:
    """A place of a document: its page from 1, its box in pixels of the page as stored, its words, how it was found."""
    box = evidence.box
    return {
        "page": evidence.page,
        "box": [box.x0, box.y0, box.x1, box.y1] if box else None,
        "quote": evidence.quote,
        "how": evidence.how,
        "confidence": evidence.confidence,
    }
