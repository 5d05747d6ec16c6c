"""The small contracts that plugins fulfil; structural, so nobody has to subclass anything of ours.

Their promises are tests: subclass ``mm_agents.testing.EmbedderContract``, ``StoreContract`` or ``ReaderContract`` to
check a plugin.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, overload, runtime_checkable

from mm_agents.types import (
    CollectionSpec,
    DocumentAnswer,
    Filter,
    Image,
    Item,
    Kind,
    Mark,
    Match,
    ReadingTable,
    Record,
    Role,
    Scan,
    SeenObject,
    Sentence,
    Sound,
)

if TYPE_CHECKING:
    from mm_agents.media import MediaFile
    from mm_agents.types import FloatArray


class Embedder(Protocol):
    """Turns texts, pictures and clips into vectors of one space. Thread-safe; loads its weights at first use."""

    @property
    def name(self) -> str:
        """The name to build it by again, such as "google:gemini-embedding-2"; it changes when its vectors do."""
        ...

    @property
    def width(self) -> int:
        """How many numbers a vector has."""
        ...

    @property
    def accepts(self) -> frozenset[Kind]:
        """The kinds of item it can be given."""
        ...

    @property
    def aligned(self) -> bool:
        """Whether cosines of text with text and of text with pictures may be compared.

        Most models that see pictures place two texts nearer to each other than any text to any picture; their
        ranked lists are fused by rank. Without such a gap, one list may hold both.
        """
        ...

    def embed(self, items: Sequence[Item], /, *, role: Role) -> FloatArray:
        """Turn items into unit vectors.

        Args:
            items: what to embed; mixed kinds are fine.
            role: "query" or "document".

        Returns:
            float32, shape (len(items), width), each row of length 1; (0, width) for no items.

        Raises:
            ConfigError: an item's kind is not in ``accepts``, or the role is neither of the two.
            EmbedderError: the model failed or its weights are out of reach.
        """
        ...

    def close(self) -> None:
        """Free what the model holds; harmless when called twice."""
        ...


@runtime_checkable
class ObjectEmbedder(Embedder, Protocol):
    """An embedder that also says which things it sees in pictures, and where."""

    @property
    def shown_score(self) -> float | None:
        """The score from which at least nine in ten of the kinds seen are there; None where it sees no things."""
        ...

    def embed_with_objects(
        self, items: Sequence[Item], /, *, role: Role
    ) -> tuple[FloatArray, list[tuple[SeenObject, ...] | None]]:
        """As ``embed``, and for each item the things seen in the picture or in the clip's middle frame.

        They come the surest first, with boxes in the item's pixels; None for a text and for a picture in which
        nothing was looked for, such as a page.
        """
        ...


class Ocr(Protocol):
    """Reads the words of pictures. Thread-safe; loads its weights at first use."""

    @property
    def name(self) -> str:
        """The name and version of what reads."""
        ...

    def read(self, image: Image, /) -> Scan:
        """All words of a picture, with boxes in its pixels, and how the picture has to be turned."""
        ...

    def has_text(self, image: Image, /) -> bool:
        """Whether there seem to be words; much cheaper than reading them."""
        ...


@runtime_checkable
class CutOutOcr(Protocol):
    """What an OCR adds that reads a few lines cut out of a page at less cost than a page."""

    def read_cut_out(self, image: Image, /) -> Scan:
        """As ``Ocr.read``, of a picture that holds lines of text alone: no chart."""
        ...


class SpeechRecognizer(Protocol):
    """Recognises what is said. Thread-safe; loads its weights at first use."""

    @property
    def name(self) -> str:
        """The name and version of what listens.

        Raises:
            MissingExtraError: what it needs is not installed.
        """
        ...

    def recognize(self, sound: Sound, /) -> Sequence[Sentence]:
        """The sentences of a stretch of sound, in order, with seconds of the whole file; none where nobody speaks."""
        ...


@runtime_checkable
class Reading(Protocol):
    """What a reader found in a document; one in which nothing was found has no tables."""

    def to_json(self) -> dict[str, Any]:
        """What JSON can hold; boxes are in pixels of the page as stored."""
        ...

    def to_markdown(self) -> str:
        """The reading for people; texts of the document are escaped."""
        ...

    def tables(self) -> list[ReadingTable]:
        """The rows of the reading for CSV, a spreadsheet or a data frame; empty where nothing was found."""
        ...

    def ask(self, question: str, *, model: Any = None) -> DocumentAnswer:
        """Answer a question about the document; numbers are computed by code.

        Args:
            question: in plain words.
            model: a ``ChatModel`` that may say what a question asks for, or which passage answers it; code locates and
                computes.

        Returns:
            An answer with its places; ``answer`` is None without one.
        """
        ...

    def marks(self) -> list[Mark]:
        """The boxes of what was read, to draw on its pages."""
        ...


class DocumentReader(Protocol):
    """Reads one kind of document in pictures and PDFs. Thread-safe; loads its weights at first use."""

    def read(
        self, source: Path | bytes | MediaFile | Image, /, *, page: int | None = None, model: Any = None
    ) -> Reading:
        """Read a document.

        Args:
            source: a picture or PDF: a path, its content, or a decoded picture.
            page: only this page of a PDF, from 1.
            model: a ``ChatModel`` that reads too; what it says is located and checked by code.

        Raises:
            ConfigError: the document has no such page.
            MediaError: the file is not a picture or PDF, or is damaged, too large or out of reach.
            MissingExtraError: a package that the reader needs is not installed.
        """
        ...


class Store(Protocol):
    """Keeps records with named vectors and finds them again. Thread-safe.

    A record with a ``parent`` is a part of an asset. Search returns each asset once, by its best part; count and
    delete act on assets. What was acknowledged survives a crash of the process.
    """

    @property
    def spec(self) -> CollectionSpec:
        """The collection's name and vectors."""
        ...

    def extend(self, spec: CollectionSpec, /) -> None:
        """Give the collection more vectors, or change their roles and which replaces which; the rest stays.

        Args:
            spec: every vector that is there, with the same width and embedder, and those to add.

        Raises:
            SchemaMismatchError: a vector that is there is missing or has another width.
            EmbedderMismatchError: a vector that is there has another embedder.
            ConfigError: a vector's name, width or role cannot be used, or it replaces what is not there.
        """
        ...

    def upsert(self, records: Sequence[Record], /) -> None:
        """Write records, replacing those of the same id; all of them, or PartialWriteError.

        Raises:
            SchemaMismatchError: a vector has an unknown name, the wrong width, a non-finite number or no length;
                nothing was written.
            ConfigError: an id is not a UUID or comes twice in the call; nothing was written.
            PartialWriteError: the others were written.
        """
        ...

    def get(self, ids: Sequence[str], /, *, with_vectors: bool = False) -> dict[str, Record]:
        """The records of those ids that exist, in the order asked."""
        ...

    def delete(self, ids: Sequence[str], /) -> int:
        """Delete records, an asset with all its parts; returns how many of the ids existed."""
        ...

    def search(
        self,
        *,
        vector: FloatArray | None = None,
        using: str | None = None,
        text: str | None = None,
        where: Filter | None = None,
        limit: int = 10,
        offset: int = 0,
    ) -> list[Match]:
        """Find assets by a vector, by keywords, or by both (fused by reciprocal rank).

        Args:
            vector: float32, shape (width,).
            using: the name of the vector to search; needed with ``vector``.
            text: keywords; any of them may match (BM25).
            where: only records that it is true of.
            limit: how many assets at most.
            offset: how many of the best to skip.

        Returns:
            Best first; an asset comes once, as itself or as its best part. Equal scores are ordered by id.

        Raises:
            ConfigError: neither vector nor text, a negative limit or offset, or an unknown vector name.
            SchemaMismatchError: the vector has the wrong width, a non-finite number or no length.
        """
        ...

    @overload
    def count(self, *, where: Filter | None = None) -> int: ...
    @overload
    def count(self, *, group_by: str, where: Filter | None = None) -> dict[str, int]: ...
    def count(self, *, group_by: str | None = None, where: Filter | None = None) -> int | dict[str, int]:
        """How many assets; with ``group_by``, how many per value of that property ("" for those without it)."""
        ...

    def iterate(
        self, *, where: Filter | None = None, with_vectors: bool = False, parts: bool = False
    ) -> Iterator[Record]:
        """All assets in the order of their ids; with ``parts`` also the parts."""
        ...

    def backup(self, folder: Path, /) -> None:
        """Write a consistent copy into a new or empty folder, also while others read and write."""
        ...

    def restore(self, folder: Path, /) -> None:
        """Replace everything by the copy in the folder; on failure everything is as before."""
        ...

    def close(self) -> None:
        """Release files and connections; harmless when called twice."""
        ...


@runtime_checkable
class VectorizingStore(Protocol):
    """What a store adds whose server can make vectors of texts itself."""

    @property
    def vectorizers(self) -> Mapping[str, str]:
        """The server's vectorizer of each named vector that has one, such as "multi2vec-google"."""
        ...

    def search_by_text(
        self, text: str, /, *, using: str, where: Filter | None = None, limit: int = 10, offset: int = 0
    ) -> list[Match]:
        """Find assets by a text that the server turns into a vector; otherwise as ``Store.search``."""
        ...


@runtime_checkable
class NamingStore(Protocol):
    """What a store adds that can say which properties there are without reading every record."""

    def property_names(self) -> Collection[str]:
        """The names of the properties that records have, or that the collection's schema has room for."""
        ...


@runtime_checkable
class VerifyingStore(Protocol):
    """What a store adds that can compare all that it holds with checksums."""

    def verify(self) -> None:
        """Read everything; StoreDamagedError where something has changed since it was written."""
        ...


@runtime_checkable
class Classifier(Protocol):
    """What an embedder adds that can name what pictures show."""

    def recognise(
        self, items: Sequence[Image], /, *, top: int = 5
    ) -> list[tuple[list[tuple[str, float]], list[tuple[str, float]]]]:
        """For each picture the likeliest classes, and the likeliest kinds of thing, with their probabilities."""
        ...


@runtime_checkable
class Vocabulary(Protocol):
    """What an embedder adds that knows names of what pictures show."""

    def vocabulary(self) -> tuple[Sequence[str], FloatArray]:
        """The names, and a unit vector of each in the space of the pictures: float32, shape (names, width)."""
        ...


@runtime_checkable
class Fluent(Protocol):
    """What an embedder adds that understands some languages alone; one that adds nothing is taken to know all."""

    @property
    def languages(self) -> frozenset[str]:
        """The codes of the languages, such as "en"."""
        ...

    def knows(self, text: str, /) -> bool:
        """Whether the words of a text seem to be of these languages, where nothing else says which it is in."""
        ...


@runtime_checkable
class Accompanied(Protocol):
    """What an embedder adds that has another beside it for more languages."""

    @property
    def companion(self) -> str | None:
        """The name of the embedder whose vectors a new library keeps beside its own; None where it is not installed."""
        ...


@runtime_checkable
class Calibrated(Protocol):
    """What an embedder adds that knows what its cosines mean."""

    def bands(self, query: FloatArray, /, *, asked: Kind, of: Kind) -> tuple[float, float]:
        """The cosines from which something is a fair, and a strong, match of a query.

        Args:
            query: its vector, a unit row.
            asked: what the query is.
            of: what it is compared with; a clip counts as a picture.
        """
        ...
