"""How the local store notices damage to its database.

The table ``checksum`` keeps a digest of each record and of each of its vectors, and the table ``seal`` one of the
state with the generation it is of. Every write brings both up to date. A library without them, or one that an older
version has written to since, gets them at its next write.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from functools import cache
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import numpy as np

from mm_agents.stores.local import snapshot as snapshots
from mm_agents.stores.local.database import TABLES, Unfit, read_spec, read_state, record_of, sound

if TYPE_CHECKING:
    from mm_agents.stores.local.snapshot import Snapshot
    from mm_agents.types import FloatArray

_TABLES = """
CREATE TABLE IF NOT EXISTS checksum (row INTEGER PRIMARY KEY, record BLOB NOT NULL, vectors TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS seal (
    only INTEGER PRIMARY KEY CHECK (only = 1), generation INTEGER NOT NULL, state BLOB NOT NULL)
"""
_OWN = {"checksum", "seal"}
_BYTES = 8  # a digest: among a million records two are alike once in ten million libraries
COLUMNS = "record.row, id, parent, name, text, properties, thumbnail"


# ---------------------------------------------------------------- keeping


def create(connection: sqlite3.Connection) -> None:
    """Make the tables where they are missing."""
    for statement in _TABLES.split(";"):
        connection.execute(statement)


def add(connection: sqlite3.Connection, after: int, vectors: Iterable[Mapping[str, FloatArray]]) -> None:
    """Keep the digests of the records whose row is higher than ``after``, with their vectors in the order of rows."""
    rows = connection.execute(f"SELECT {COLUMNS} FROM record WHERE row > ? ORDER BY row", (after,))
    digests = (json.dumps({name: vector_digest(row) for name, row in sorted(kept.items())}) for kept in vectors)
    connection.executemany(
        "INSERT INTO checksum VALUES (?, ?, ?)",
        ((row[0], digest(*row, kept), kept) for row, kept in zip(rows, digests, strict=True)),
    )


def remove(connection: sqlite3.Connection, rows: Sequence[int]) -> None:
    """Forget the digests of records that are gone."""
    connection.executemany("DELETE FROM checksum WHERE row = ?", ((row,) for row in rows))


def fill(connection: sqlite3.Connection, snapshot: Snapshot) -> None:
    """Make the digests of all records anew; the snapshot holds their vectors."""
    connection.execute("DELETE FROM checksum")
    rows = [row for (row,) in connection.execute("SELECT row FROM record ORDER BY row")]
    positions = snapshot.positions(rows).tolist()
    add(connection, -1, (snapshot.vectors(position) for position in positions))


def seal(connection: sqlite3.Connection) -> None:
    """Keep a digest of the state; the last thing that a transaction does."""
    row = connection.execute("SELECT * FROM state").fetchone()
    connection.execute("INSERT OR REPLACE INTO seal SELECT 1, generation, ? FROM state", (digest(*row),))


def vector_digest(vector: FloatArray) -> str:
    """The digest of one vector."""
    return blake2b(np.ascontiguousarray(vector, "<f4").tobytes(), digest_size=_BYTES).hexdigest()


def digest(*parts: object) -> bytes:
    """The digest of columns."""
    state = blake2b(digest_size=_BYTES)
    for part in parts:
        data = part if isinstance(part, bytes) else repr(part).encode("utf-8", "surrogatepass")
        state.update(b"%d %d " % (isinstance(part, bytes), len(data)))
        state.update(data)
    return state.digest()


# ---------------------------------------------------------------- checking


def check(connection: sqlite3.Connection) -> bool:
    """Check the tables and the state; quick, whatever the library's size.

    Returns:
        Whether every record has a digest: not in a library that an older version wrote to last.

    Raises:
        Unfit: a table or the state is not as it was written, or there are triggers or views.
    """
    kept = _check_tables(connection)
    states = connection.execute("SELECT * FROM state").fetchall()
    if len(states) != 1:
        raise Unfit(f"it holds {len(states)} states, where there is one")
    read_spec(connection)
    generation = read_state(connection).generation
    if not kept:
        return False
    sealed = connection.execute("SELECT generation, state FROM seal").fetchone()
    if sealed is None or sealed[0] > generation or (sealed[0] == generation and sealed[1] != digest(*states[0])):
        raise Unfit("its state has changed since it was written")
    return sealed[0] == generation


def verify(connection: sqlite3.Connection, snapshot: Snapshot) -> None:
    """Read every page and record, and compare them with their digests and with the rows of the files.

    Raises:
        Unfit: something differs.
        sqlite3.DatabaseError: SQLite cannot read it.
    """
    sealed = check(connection)
    (found,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
    if found != "ok":
        raise Unfit(str(found))
    _check_rows(snapshot, list(_sound_records(connection, sealed=sealed)))
    for table, expected in (("dead", snapshot.state.dead), *([("checksum", int(snapshot.alive.sum()))] * sealed)):
        (count,) = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
        if count != expected:
            raise Unfit(f"the table {table!r} has {count} rows, where there were {expected}")
    _check_keywords(connection)


def _sound_records(connection: sqlite3.Connection, *, sealed: bool) -> Iterator[tuple[int, str, str | None]]:
    """The row, id and parent of every record, each read and compared with its digest."""
    kept, join = ("record, vectors", "LEFT JOIN checksum USING (row)") if sealed else ("NULL, NULL", "")
    query = f"SELECT {COLUMNS}, {kept} FROM record {join} ORDER BY record.row"
    for *columns, kept_digest, vectors in connection.execute(query):
        row, id, parent, _, text, properties, thumbnail = columns
        if sealed and kept_digest != digest(*columns, vectors):
            raise Unfit(f"record {id!r} has changed since it was written")
        record_of(id, parent, text, properties, thumbnail)
        yield row, id, parent


def _check_rows(snapshot: Snapshot, records: Sequence[tuple[int, str, str | None]]) -> None:
    """Check that the living entries of the files are the records of the database."""
    entries = snapshot.entries[snapshot.alive]
    rows = [row for row, _, _ in records]
    if entries["row"].tolist() != rows:
        raise Unfit(f"its {len(rows)} records are not the {len(entries)} that the file of rows holds")
    for (_, id, parent), own, asset in zip(records, entries["id"].tolist(), entries["asset"].tolist(), strict=True):
        with sound(f"record {id!r}"):
            if (snapshots.key(id), snapshots.key(parent or id)) != (tuple(own), tuple(asset)):
                raise Unfit(f"record {id!r} has another id or parent in the file of rows")


def _check_keywords(connection: sqlite3.Connection) -> None:
    """Check the keyword index in a copy, as FTS5 does that for a writer only."""
    with closing(sqlite3.connect("", isolation_level=None)) as copy:
        connection.backup(copy)
        copy.execute("INSERT INTO keywords (keywords, rank) VALUES ('integrity-check', 1)")


def _check_tables(connection: sqlite3.Connection) -> bool:
    """Check that the database holds our tables and nothing else; returns whether those of this module are there."""
    found = _schema(connection)
    expected = _expected()
    wanted = expected if found.keys() & _OWN else {n: made for n, made in expected.items() if n not in _OWN}
    for name, (kind, sql) in found.items():
        if name not in wanted or wanted[name][0] != kind:
            raise Unfit(f"it holds the {kind} {name!r}, which mm_agents did not make")
        if wanted[name][1] != sql and not name.startswith("keywords_"):  # FTS5 words its own tables as it likes
            raise Unfit(f"the {kind} {name!r} is not as mm_agents made it")
    if missing := wanted.keys() - found.keys():
        raise Unfit(f"it lacks {', '.join(sorted(missing))}")
    return wanted is expected


@cache
def _expected() -> dict[str, tuple[str, str]]:
    with closing(sqlite3.connect(":memory:")) as connection:
        for statement in (*TABLES.split(";"), *_TABLES.split(";")):
            connection.execute(statement)
        return _schema(connection)


def _schema(connection: sqlite3.Connection) -> dict[str, tuple[str, str]]:
    """What the database holds, by name: its kind, and the statement that makes it."""
    rows: list[tuple[Any, ...]] = connection.execute("SELECT type, name, sql FROM sqlite_master").fetchall()
    return {str(name): (str(kind), str(sql)) for kind, name, sql in rows if not str(name).startswith("sqlite_")}
