"""One LanceDB table: reading, writing again after a conflict, and its errors in our own words."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

import lancedb
import tenacity
from lancedb.index import FTS, BTree
from lancedb.query import MatchQuery

from mm_agents.errors import MMAgentsError, StoreDamagedError, StoreError, StoreUnavailableError
from mm_agents.stores._lance_schema import table_schema
from mm_agents.types import CollectionSpec

if TYPE_CHECKING:
    from mm_agents.types import FloatArray

T = TypeVar("T")

RETRY_SECONDS = 60.0
"""How long a write is tried again while other processes commit first."""

KEEP = timedelta(minutes=10)
"""How long what was replaced can still be read by who began before; a backup has to end within it."""

_NAME = "records"
_KEYWORDS = FTS(
    base_tokenizer="whitespace",  # the column is folded into words already
    lower_case=False,
    ascii_folding=False,
    stem=True,
    remove_stop_words=False,
    max_token_length=None,
)


class Table:
    """A table; what another process has committed is seen by the next call.

    Args:
        folder: the store's folder.
        opened: LanceDB's own table, None once it is closed.
    """

    def __init__(self, folder: Path, opened: Any) -> None:
        self.folder = folder
        self._opened: Any = opened

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Open the table in a folder."""
        with translated(folder):
            return cls(folder, _connect(folder).open_table(_NAME))

    @classmethod
    def create(cls, folder: Path, spec: CollectionSpec) -> Self:
        """Make an empty table with its indices; one that is there is opened."""
        with translated(folder):
            table = cls(folder, _connect(folder).create_table(_NAME, schema=table_schema(spec), exist_ok=True))
            have = table.indices()
            for column, config in (("id", BTree()), ("parent", BTree()), ("keywords", _KEYWORDS)):
                if column not in have:
                    table.create_index(column, config)
            return table

    def pinned(self) -> Table:
        """The table as it is now, whatever is written later."""
        with self.use() as opened:
            frozen = _connect(self.folder).open_table(_NAME)
            frozen.checkout(opened.version)
            return Table(self.folder, frozen)

    def close(self) -> None:
        """Let go of the table; harmless when called twice."""
        self._opened = None

    @contextmanager
    def use(self) -> Generator[Any]:
        """LanceDB's table; what goes wrong inside is raised as an error of ours.

        Raises:
            StoreError: the store is closed, or one of its children as LanceDB failed.
        """
        opened = self._opened
        if opened is None:
            raise StoreError(f"The store at {str(self.folder)!r} is closed. Open it again.")
        with translated(self.folder):
            yield opened

    # ------------------------------------------------------------ reading

    @property
    def schema(self) -> Any:
        """The columns as they are now."""
        with self.use() as opened:
            return opened.schema

    def count(self, where: str | None = None) -> int:
        """How many rows there are, or a filter is true of."""
        with self.use() as opened:
            return opened.count_rows(where)

    def scan(self, columns: Iterable[str], where: str | None = None) -> Any:
        """The named columns of every row that a filter is true of, as an Arrow table."""
        with self.use() as opened:
            return _filtered(opened.search().select(list(columns)).limit(None), where).to_arrow()

    def nearest(
        self,
        column: str,
        query: FloatArray,
        *,
        select: Sequence[str],
        where: str | None,
        most: int,
        probes: int | None,
    ) -> Any:
        """The nearest rows.

        Args:
            column: the vectors' column.
            query: a unit row.
            select: the columns to read.
            where: a filter, applied before the ranking.
            most: how many rows.
            probes: how many of the index's lists to look into; None for a scan of all vectors without the index.
        """
        with self.use() as opened:
            asked = opened.search(query, vector_column_name=column, query_type="vector").distance_type("cosine")
            asked = asked.select([*select, "_distance"]).limit(most)
            if probes is None:
                asked = asked.bypass_vector_index()
            else:
                asked = asked.minimum_nprobes(probes).maximum_nprobes(probes)
            return _filtered(asked, where).to_arrow()

    def matching(self, words: str, *, where: str | None, most: int) -> Any:
        """The best rows by BM25 of any of the words, with ``id``, ``parent`` and ``_score``."""
        with self.use() as opened:
            query: Any = MatchQuery  # its type says that every option has to be given
            asked = opened.search(query(words, "keywords"), query_type="fts")
            return _filtered(asked.select(["id", "parent", "_score"]).limit(most), where).to_arrow()

    def take(self, offsets: Sequence[int], column: str) -> Any:
        """One column of the rows at these places."""
        with self.use() as opened:
            return opened.take_offsets(list(offsets)).select([column]).to_arrow()

    # ------------------------------------------------------------ writing

    def merge(self, make: Callable[[Any], Any], *, only: bool = False) -> None:
        """Write rows in place of those of the same id, in one commit.

        Args:
            make: gives the rows for the schema that the table has then.
            only: delete every row that is not among them.
        """

        def write() -> None:
            with self.use() as opened:
                merge = opened.merge_insert("id").when_matched_update_all().when_not_matched_insert_all()
                if only:
                    merge = merge.when_not_matched_by_source_delete()
                # Vectors are checked before they come here; the default takes a null for a vector of wrong width.
                merge.execute(make(opened.schema), on_bad_vectors="null")

        _again(write)

    def delete(self, where: str) -> None:
        """Delete the rows that a filter is true of."""

        def write() -> None:
            with self.use() as opened:
                opened.delete(where)

        _again(write)

    def add_columns(self, fields: Iterable[Any]) -> None:
        """Add columns of nulls, but those that are there already."""

        def write() -> None:
            with self.use() as opened:
                known = opened.schema.names
                if missing := [field for field in fields if field.name not in known]:
                    opened.add_columns(missing)

        _again(write)

    # ------------------------------------------------------------ indices

    def indices(self) -> dict[str, str]:
        """The name of each column's index."""
        with self.use() as opened:
            return {index.columns[0]: index.name for index in opened.list_indices()}

    def create_index(self, column: str, config: Any) -> None:
        """Make an index, in place of the one that the column has."""
        with self.use() as opened:
            opened.create_index(column, config=config)

    def behind(self) -> tuple[int, int]:
        """How many small files there are, and how many rows no index knows yet."""
        name = self.indices()["id"]
        with self.use() as opened:
            files = opened.stats()["fragment_stats"]["num_small_fragments"]
            known = opened.index_stats(name)
            return files, known.num_unindexed_rows if known else 0

    def optimize(self) -> None:
        """Join small files, take new rows into the indices, and drop what was replaced long enough ago."""
        with self.use() as opened:
            opened.optimize(cleanup_older_than=KEEP)

    def note(self, column: str, name: str, value: str) -> None:
        """Keep a text with a column; its field's metadata."""

        def write() -> None:
            with self.use() as opened:
                opened.update_field_metadata({"path": column, "metadata": {name: value}})

        _again(write)


@contextmanager
def translated(folder: Path) -> Generator[None]:
    """Raise what LanceDB raises as an error of ours."""
    try:
        yield
    except MMAgentsError:
        raise
    except (RuntimeError, ValueError, OSError) as error:
        message = re.sub(r",? ?(/rustc)?/\S+\.rs:\d.*", "", str(error), flags=re.DOTALL)[:300]
        if re.search("commit conflict|concurrent writers", message, re.IGNORECASE):
            raise StoreUnavailableError(
                f"The store at {str(folder)!r} is busy: other processes keep writing. Try again."
            ) from error
        if "not found" in message.lower() or "corrupt" in message.lower():
            raise StoreDamagedError(
                f"The store at {str(folder)!r} is damaged or was cleaned up while it was read: {message}. "
                "Try again; if it stays so, restore it from a backup."
            ) from error
        raise StoreError(f"LanceDB failed at {str(folder)!r}: {message}") from error


def _connect(folder: Path) -> Any:
    return lancedb.connect(str(folder.absolute()), read_consistency_interval=timedelta(0))


def _filtered(asked: Any, where: str | None) -> Any:
    return asked if where is None else asked.where(where, prefilter=True)


def _again(write: Callable[[], T]) -> T:
    """Write, and write again while other processes commit first."""
    retrying = tenacity.Retrying(
        retry=tenacity.retry_if_exception_type(StoreUnavailableError),
        stop=tenacity.stop_after_delay(RETRY_SECONDS),
        wait=tenacity.wait_exponential_jitter(initial=0.01, max=1.0),
        reraise=True,
    )
    return retrying(write)
