"""The SQLite database of the local store: its tables, its connections, and errors in our own words."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from types import NoneType
from typing import Any

from mm_agents.errors import MMAgentsError, StoreError, StoreUnavailableError
from mm_agents.stores.local.files import damaged
from mm_agents.types import CollectionSpec, Record, Value, VectorSpec

BUSY_SECONDS = 60.0
"""How long a writer waits for another one."""

_CHUNK = 500  # SQLite takes at least 999 parameters in one statement

# A row number belongs to one version of one record and is never used again: replacing a record makes a new row.
# `dead` names the rows that went since the files of row data were last rewritten, which starts a new epoch.
TABLES = """
CREATE TABLE IF NOT EXISTS state (
    only INTEGER PRIMARY KEY CHECK (only = 1), spec TEXT NOT NULL, generation INTEGER NOT NULL,
    epoch INTEGER NOT NULL, last_row INTEGER NOT NULL, dead INTEGER NOT NULL, files TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS record (
    row INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, parent TEXT, name TEXT NOT NULL, text TEXT NOT NULL,
    properties TEXT NOT NULL, thumbnail BLOB);
CREATE INDEX IF NOT EXISTS record_parent ON record (parent) WHERE parent IS NOT NULL;
CREATE TABLE IF NOT EXISTS dead (generation INTEGER, row INTEGER, PRIMARY KEY (generation, row)) WITHOUT ROWID;
CREATE VIRTUAL TABLE IF NOT EXISTS keywords USING fts5 (
    name, text, content = 'record', content_rowid = 'row', tokenize = 'porter unicode61 remove_diacritics 2')
"""


@dataclass(frozen=True, slots=True)
class State:
    """What one transaction sees.

    Attributes:
        generation: grows with every write.
        epoch: which set of files holds the row data.
        last_row: the highest row number ever given.
        dead: how many rows of the files belong to no record any more.
        files: the number of committed rows, and their checksum, of each vector's file and of the entries ("").
    """

    generation: int
    epoch: int
    last_row: int
    dead: int
    files: dict[str, tuple[int, int]]


class Unfit(Exception):
    """The database is not as it was written; ``translated`` names its file."""


class Database:
    """A pool of connections to one file; each is used by one thread at a time.

    With ``read_only`` it neither writes nor locks, as the folder cannot be written to.
    """

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self.path: Path = path
        self.read_only: bool = read_only
        self._lock = threading.Lock()
        self._idle: list[sqlite3.Connection] = []
        self._closed = False
        self._writing = threading.Lock()

    @contextmanager
    def connection(self) -> Generator[sqlite3.Connection, None, None]:
        """A connection outside any transaction; whatever was not committed is rolled back.

        Raises:
            StoreError: the store is closed, or one of its children as SQLite or the system failed.
        """
        with translated(self.path):
            connection = self._take()
            try:
                yield connection
            finally:
                connection.rollback()
                self._give(connection)

    @contextmanager
    def write(self) -> Generator[sqlite3.Connection, None, None]:
        """A connection in a transaction that no other writer shares; committed at the end, lasting a power cut.

        Raises:
            StoreUnavailableError: another process kept writing for too long.
            StoreError: the store is closed or cannot be written to.
        """
        if self.read_only:
            raise StoreError(f"{str(self.path.parent)!r} cannot be written to. Copy the library to a folder that can.")
        with self._writing, self.connection() as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("BEGIN IMMEDIATE")
            yield connection
            connection.commit()

    def close(self) -> None:
        """Close the connections, those in use when they come back."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _take(self) -> sqlite3.Connection:
        with self._lock:
            if self._closed:
                raise StoreError(f"The store at {str(self.path.parent)!r} is closed. Open it again.")
            if self._idle:
                return self._idle.pop()
        wal = self.path.with_name(self.path.name + "-wal")
        immutable = self.read_only and not (wal.exists() and wal.stat().st_size)
        mode = ("immutable=1" if immutable else "mode=ro") if self.read_only else "mode=rw"
        connection = sqlite3.connect(
            f"{self.path.absolute().as_uri()}?{mode}",
            uri=True,
            timeout=BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,  # the pool gives it to one thread at a time
        )
        connection.execute("PRAGMA synchronous = FULL")
        return connection

    def _give(self, connection: sqlite3.Connection) -> None:
        with self._lock:
            if not self._closed:
                self._idle.append(connection)
                return
        connection.close()


@contextmanager
def translated(path: Path) -> Generator[None, None, None]:
    """Raise what goes wrong inside as an error of ours."""
    try:
        yield
    except Unfit as error:
        raise damaged(path, str(error)) from error
    except sqlite3.DatabaseError as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if not code and isinstance(error, sqlite3.OperationalError):  # of Python's own: a text is not UTF-8
            raise damaged(path, str(error)) from error
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise StoreUnavailableError(f"{str(path)!r} is busy: another process is writing. Try again.") from error
        if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR):  # the last: a table is gone
            raise damaged(path, str(error)) from error
        raise StoreError(f"{str(path)!r}: {error}.") from error
    except OSError as error:
        raise StoreError(f"{error.filename or str(path)!r}: {error.strerror or error}.") from error


@contextmanager
def sound(what: str) -> Generator[None, None, None]:
    """Raise ``Unfit`` where what is read inside is not of the form that it was written in."""
    try:
        yield
    except (KeyError, ValueError, TypeError, IndexError, AttributeError, RecursionError) as error:
        if isinstance(error, MMAgentsError):
            raise
        raise Unfit(f"{what} cannot be read ({type(error).__name__}: {error})") from error


# ---------------------------------------------------------------- making and reading


def create(path: Path, spec: CollectionSpec) -> CollectionSpec:
    """Make the tables where there are none.

    Returns:
        The spec that is kept: of two processes that create at once, the first one's.
    """
    files = {name: (0, 0) for name in ("", *(vector.name for vector in spec.vectors))}
    with translated(path):
        connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("BEGIN IMMEDIATE")
            for statement in TABLES.split(";"):
                connection.execute(statement)
            connection.execute(
                "INSERT OR IGNORE INTO state VALUES (1, ?, 0, 0, 0, 0, ?)",
                (json.dumps(spec_document(spec)), json.dumps(files)),
            )
            connection.commit()
            return read_spec(connection)
        finally:
            connection.close()


def spec_document(spec: CollectionSpec) -> dict[str, object]:
    """A spec as a JSON document; a role is written where it is set, so that older versions read all others."""
    vectors = [
        {name: value for name, value in asdict(vector).items() if name != "role" or value is not None}
        for vector in spec.vectors
    ]
    return {"name": spec.name, "vectors": vectors}


def read_document(document: Mapping[str, Any]) -> CollectionSpec:
    """The spec that ``spec_document`` was given; KeyError or TypeError where it is not one."""
    return CollectionSpec(name=document["name"], vectors=tuple(VectorSpec(**v) for v in document["vectors"]))


def read_spec(connection: sqlite3.Connection) -> CollectionSpec:
    """The spec that the store was made with."""
    with sound("the collection's spec"):
        (text,) = connection.execute("SELECT spec FROM state").fetchone()
        return read_document(json.loads(text))


def read_state(connection: sqlite3.Connection) -> State:
    """What the connection's transaction sees."""
    query = "SELECT generation, epoch, last_row, dead, files FROM state"
    with sound("the state"):
        *numbers, files = connection.execute(query).fetchone()
        return State(*map(int, numbers), files={name: (rows, crc) for name, (rows, crc) in json.loads(files).items()})


def write_state(connection: sqlite3.Connection, state: State) -> None:
    """Keep what the next transaction sees."""
    connection.execute(
        "UPDATE state SET generation = ?, epoch = ?, last_row = ?, dead = ?, files = ?",
        (state.generation, state.epoch, state.last_row, state.dead, json.dumps(state.files)),
    )


# ---------------------------------------------------------------- records


def insert(connection: sqlite3.Connection, records: Iterable[tuple[int, Record]]) -> None:
    """Add records under their new row numbers."""
    rows = [
        (
            row,
            record.id,
            record.parent,
            record.name,
            record.text,
            json.dumps(dict(record.properties), ensure_ascii=False, separators=(",", ":")),
            record.thumbnail,
        )
        for row, record in records
    ]
    connection.executemany("INSERT INTO record VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
    connection.executemany(
        "INSERT INTO keywords (rowid, name, text) VALUES (?, ?, ?)", ((r[0], r[3], r[4]) for r in rows)
    )


def remove(connection: sqlite3.Connection, rows: Sequence[int], generation: int) -> None:
    """Take rows away and note that they are dead."""
    ones = [(row,) for row in rows]
    connection.executemany(
        "INSERT INTO keywords (keywords, rowid, name, text) SELECT 'delete', row, name, text FROM record WHERE row = ?",
        ones,
    )
    connection.executemany("DELETE FROM record WHERE row = ?", ones)
    connection.executemany("INSERT INTO dead VALUES (?, ?)", ((generation, row) for row in rows))


def replace_all(connection: sqlite3.Connection, source: sqlite3.Connection) -> None:
    """Put another store's records in place of all of these."""
    connection.execute("DELETE FROM dead")
    connection.execute("DELETE FROM record")
    connection.executemany(
        "INSERT INTO record VALUES (?, ?, ?, ?, ?, ?, ?)",
        source.execute("SELECT row, id, parent, name, text, properties, thumbnail FROM record"),
    )
    connection.execute("INSERT INTO keywords (keywords) VALUES ('rebuild')")


def rows_of(connection: sqlite3.Connection, ids: Sequence[str], *, column: str = "id") -> list[int]:
    """The rows whose id (or parent) is one of these."""
    return [row for (row,) in _select(connection, f"SELECT row FROM record WHERE {column} IN", ids)]


def fetch(connection: sqlite3.Connection, keys: Sequence[Any], *, column: str = "row") -> dict[int, Record]:
    """Records, without vectors, by their row; those that do not exist are left out."""
    # SQLite lets other threads go first at each row that it hands over, so that all come as one.
    gathered = "json_group_array(json_array(row, id, parent, text, json(properties)))"
    found = _select(connection, f"SELECT {gathered} FROM record WHERE {column} IN", keys)
    rows = [columns for (documents,) in found for columns in json.loads(documents)]
    shown = f"SELECT row, thumbnail FROM record WHERE thumbnail IS NOT NULL AND {column} IN"
    thumbnails = dict(_select(connection, shown, keys))
    with sound("a record"):
        return {row: _record(*columns, thumbnail=thumbnails.get(row)) for row, *columns in rows}


def record_of(id: Any, parent: Any, text: Any, properties: Any, thumbnail: Any) -> Record:
    """A record, without vectors, from its columns.

    Raises:
        Unfit: a column does not hold what was written.
    """
    with sound(f"record {id!r}"):
        return _record(id, parent, text, json.loads(properties), thumbnail=thumbnail)


def _record(id: Any, parent: Any, text: Any, properties: Any, *, thumbnail: Any) -> Record:
    for (name, kinds), value in zip(_KINDS, (id, parent, text, thumbnail), strict=True):
        if not isinstance(value, kinds):
            raise TypeError(f"its {name} is a {type(value).__name__}")
    return Record(id=id, parent=parent, text=text, properties=_properties(properties), thumbnail=thumbnail)


_KINDS = (("id", (str,)), ("parent", (str, NoneType)), ("text", (str,)), ("thumbnail", (bytes, NoneType)))
"""The types of what a record's columns hold."""


def columns(
    connection: sqlite3.Connection, names: Sequence[str], *, after: int
) -> Iterator[tuple[int, list[Value | None]]]:
    """The named properties of every record whose row is higher than ``after``, in the order of rows.

    Yields:
        The row, and the properties' values, None where absent.
    """
    cursor = connection.execute("SELECT row, properties FROM record WHERE row > ? ORDER BY row", (after,))
    while page := cursor.fetchmany(4096):
        with sound("the properties of a record"):
            documents = json.loads("[" + ",".join(properties for _, properties in page) + "]")  # one call is quickest
            values = [[_value(document.get(name)) for name in names] for document in documents]
            rows = list(zip((row for row, _ in page), values, strict=True))
        yield from rows


def property_names(connection: sqlite3.Connection) -> set[str]:
    """The names of the properties that some record has."""
    return {name for (name,) in connection.execute("SELECT DISTINCT key FROM record, json_each(record.properties)")}


def matching(connection: sqlite3.Connection, terms: Iterable[str]) -> list[tuple[int, float]]:
    """Every row in which one of the terms stands, and its BM25 score (higher is better)."""
    query = " OR ".join(f'"{term}"' for term in terms)
    if not query:
        return []
    return connection.execute("SELECT rowid, -bm25(keywords) FROM keywords WHERE keywords MATCH ?", (query,)).fetchall()


def _select(connection: sqlite3.Connection, statement: str, keys: Sequence[Any]) -> Iterator[tuple[Any, ...]]:
    for start in range(0, len(keys), _CHUNK):
        chunk = keys[start : start + _CHUNK]
        yield from connection.execute(f"{statement} ({','.join('?' * len(chunk))})", chunk)


def read_properties(text: str) -> dict[str, Value]:
    """The properties of a record from their JSON."""
    return _properties(json.loads(text))


def _properties(document: Any) -> dict[str, Value]:
    return {name: _value(value) for name, value in document.items()}


def _value(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
