"""The local store's files damaged in many ways: what is lost or changed is noticed, and nothing else is."""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest
from local_samples import SPEC, some

from mm_agents.cli.maintenance import examine
from mm_agents.errors import MMAgentsError, StoreDamagedError
from mm_agents.filters import parse
from mm_agents.stores import local

PAGE = 4096
ROWS = {"b.0.f32": 64, "a.0.f32": 16, "records.0.rows": 42}
"""How many bytes one row of each file has."""


def fill(folder: Path, count: int = 60) -> None:
    """A library with assets, parts, thumbnails, and records that were replaced and deleted."""
    dice = np.random.default_rng(5)
    with local.build(str(folder), spec=SPEC) as store:
        assets = [replace(record, thumbnail=dice.bytes(300), text=f"words {record.id} " * 9) for record in some(count)]
        store.upsert(assets)
        store.upsert([replace(r, parent=assets[0].id, thumbnail=None) for r in some(count, start=count)])
        store.upsert(some(5, start=10, seed=3))
        store.delete([record.id for record in some(5, start=20)])


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole") / "library"
    fill(folder)
    return folder


@pytest.fixture
def copied(whole: Path, folder: Path) -> Path:
    shutil.copytree(whole, folder)
    return folder


def committed(folder: Path, name: str) -> int:
    """How many bytes of a file belong to what is committed."""
    return 125 * ROWS[name] if name in ROWS else (folder / name).stat().st_size


def change(path: Path, damage: Callable[[bytearray], None]) -> None:
    data = bytearray(path.read_bytes())
    before = bytes(data)
    damage(data)
    assert data != before
    path.write_bytes(data)


def is_sound(folder: Path) -> bool:
    """What verify says; any other error than one of ours fails the test."""
    try:
        with local.LocalStore.open(folder) as store:
            store.verify()
    except MMAgentsError:
        return False
    return True


def content(folder: Path) -> list[str] | None:
    """Everything that SQLite reads from the database, its own tables included; None where it fails."""
    with closing(sqlite3.connect(f"file:{folder / 'store.sqlite'}?immutable=1", uri=True)) as connection:
        try:
            return [*connection.iterdump(), *map(str, connection.execute("SELECT * FROM sqlite_master"))]
        except (sqlite3.Error, UnicodeDecodeError):
            return None


# ---------------------------------------------------------------- files


def test_what_is_whole_passes(copied: Path, tmp_path: Path) -> None:
    for _ in range(2):
        assert is_sound(copied)
        with local.LocalStore.open(copied) as store:
            store.upsert(some(3, start=900))
            store.delete([some(1)[0].id])
            store.verify()
            store.backup(tmp_path / "copy")
            assert is_sound(tmp_path / "copy")
            store.restore(tmp_path / "copy")
            store.verify()
            store.extend(replace(SPEC, vectors=(*SPEC.vectors, replace(SPEC.vectors[1], name="c"))))
            store.verify()
            store.extend(store.spec)
        shutil.rmtree(tmp_path / "copy")
        shutil.rmtree(copied)
        fill(copied, 7)


@pytest.mark.parametrize("name", ROWS)
@pytest.mark.parametrize("place", range(12))
def test_a_flipped_byte_of_a_row_is_noticed(copied: Path, name: str, place: int) -> None:
    at = place * (committed(copied, name) - 1) // 11

    def damage(data: bytearray) -> None:
        data[at] ^= 1 << (place % 8)

    change(copied / name, damage)
    assert not is_sound(copied)


@pytest.mark.parametrize("name", ROWS)
def test_blocks_that_are_swapped_zeroed_or_cut_are_noticed(copied: Path, whole: Path, name: str) -> None:
    row, size = ROWS[name], committed(copied, name)

    def swap(data: bytearray) -> None:
        data[:row], data[3 * row : 4 * row] = data[3 * row : 4 * row], data[:row]

    def zero(data: bytearray) -> None:
        data[size // 2 : size // 2 + 512] = bytes(512)

    def cut(data: bytearray) -> None:
        del data[size - 1 :]

    for damage in (swap, zero, cut):
        shutil.copy(whole / name, copied / name)
        assert is_sound(copied)
        change(copied / name, damage)
        assert not is_sound(copied), damage.__name__


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf, 1e30, 30.0])
def test_a_vector_that_is_none_is_refused_at_search(copied: Path, number: float) -> None:
    def damage(data: bytearray) -> None:
        data[128:132] = np.float32(number).tobytes()

    change(copied / "b.0.f32", damage)
    with local.LocalStore.open(copied) as store:
        query = np.ones(16, np.float32)
        for where in (None, parse("number >= 0")):
            with pytest.raises(StoreDamagedError, match=r"b\.0\.f32' is damaged: it holds a vector"):
                store.search(vector=query, using="b", where=where, limit=100)
        with pytest.raises(StoreDamagedError, match=r"b\.0\.f32' is damaged"):
            store.verify()


# ---------------------------------------------------------------- the database


def test_every_page_of_the_database_that_is_zeroed_or_overwritten_is_noticed(copied: Path, whole: Path) -> None:
    pages = (whole / "store.sqlite").stat().st_size // PAGE
    assert pages > 20
    expected = content(whole)
    for page in range(pages):
        for filling in (bytes(PAGE), random.Random(page).randbytes(PAGE)):
            shutil.copy(whole / "store.sqlite", copied / "store.sqlite")

            def damage(data: bytearray, page: int = page, filling: bytes = filling) -> None:
                data[page * PAGE : (page + 1) * PAGE] = filling

            if filling != bytes(PAGE) or any((whole / "store.sqlite").read_bytes()[page * PAGE : (page + 1) * PAGE]):
                change(copied / "store.sqlite", damage)
                assert not is_sound(copied) or content(copied) == expected, page  # else a page that nothing uses


def test_a_flipped_byte_of_the_database_is_noticed_wherever_it_is_read(copied: Path, whole: Path) -> None:
    """A page has room that nothing uses; a byte there may be any."""
    dice, noticed = random.Random(3), 0
    size, expected = (whole / "store.sqlite").stat().st_size, content(whole)
    places = [place * (size - 1) // 11 for place in range(12)] + [dice.randrange(size) for _ in range(100)]
    for at in places:
        shutil.copy(whole / "store.sqlite", copied / "store.sqlite")

        def damage(data: bytearray, at: int = at) -> None:
            data[at] ^= 1 << dice.randrange(8)

        change(copied / "store.sqlite", damage)
        if is_sound(copied):
            assert content(copied) == expected, at
        else:
            noticed += 1
    assert noticed > 40


@pytest.mark.parametrize("keep", [0.99, 0.5, 0.1, 0])
def test_a_database_that_is_cut_is_noticed(copied: Path, keep: float) -> None:
    def damage(data: bytearray) -> None:
        del data[int(len(data) * keep) :]

    change(copied / "store.sqlite", damage)
    assert not is_sound(copied)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE record SET text = 'other' WHERE row = 7",
        "UPDATE record SET properties = '{\"number\": 8}' WHERE row = 7",
        "UPDATE record SET properties = '{\"number\": ' WHERE row = 7",
        "UPDATE record SET properties = '[1]' WHERE row = 7",
        "UPDATE record SET properties = x'ff00' WHERE row = 7",
        "UPDATE record SET text = CAST(x'ff' AS TEXT) WHERE row = 7",
        "UPDATE record SET text = x'00' WHERE row = 7",
        "UPDATE record SET thumbnail = 5 WHERE row = 7",
        "UPDATE record SET id = 'unknown' WHERE row = 7",
        "UPDATE record SET parent = NULL WHERE row = 70",
        "UPDATE record SET row = 1000 WHERE row = 7",
        "DELETE FROM record WHERE row = 7",
        "DELETE FROM checksum WHERE row = 7",
        "DELETE FROM seal",
        "DELETE FROM dead",
        "DELETE FROM keywords_data WHERE id > 10",
        "DELETE FROM state",
        "UPDATE state SET spec = '{}'",
        "UPDATE state SET spec = 'spec'",
        "UPDATE state SET spec = replace(spec, 'hash:16', 'hash:17')",
        "UPDATE state SET files = '{}'",
        "UPDATE state SET files = '[]'",
        "UPDATE state SET files = replace(files, '125', '124')",
        "UPDATE state SET generation = generation - 1",
        "UPDATE state SET epoch = 1",
        "UPDATE state SET epoch = 'one'",
        "UPDATE state SET dead = 0",
        "UPDATE state SET last_row = 5",
        "ALTER TABLE record RENAME COLUMN thumbnail TO picture",
        "ALTER TABLE record DROP COLUMN thumbnail",
        "ALTER TABLE record ADD COLUMN more TEXT",
        "DROP TABLE checksum",
        "DROP TABLE seal",
        "DROP TABLE keywords",
        "DROP INDEX record_parent",
        "CREATE VIEW other AS SELECT * FROM record",
        "CREATE TABLE other (one TEXT)",
        "CREATE TRIGGER taken AFTER INSERT ON record BEGIN DELETE FROM record WHERE row = 3; END",
    ],
)
def test_an_edited_database_is_an_error_of_ours(copied: Path, statement: str) -> None:
    with closing(sqlite3.connect(copied / "store.sqlite")) as connection:
        connection.execute(statement)
        connection.commit()
    assert not is_sound(copied)
    (found,) = (check for check in examine(str(copied)) if check.name.startswith("library"))
    assert found.needed
    assert not found.ok
    with suppress(MMAgentsError), local.LocalStore.open(copied) as store:
        attempts: list[Callable[[], object]] = [
            lambda: list(store.iterate(with_vectors=True, parts=True)),
            lambda: store.count(where=parse("number > 3")),
            lambda: store.count(group_by="name"),
            lambda: store.search(text="words", vector=np.ones(16, np.float32), using="b", limit=100),
            store.property_names,
            lambda: store.upsert(some(9)),
        ]
        for attempt in attempts:
            with suppress(MMAgentsError):
                attempt()


@pytest.mark.parametrize(
    "made", ["TRIGGER taken AFTER INSERT ON record BEGIN DELETE FROM record; END", "VIEW taken AS SELECT 1"]
)
def test_triggers_and_views_are_refused_at_opening_and_writing(copied: Path, made: str) -> None:
    with local.LocalStore.open(copied) as store:
        with closing(sqlite3.connect(copied / "store.sqlite")) as connection:
            connection.execute(f"CREATE {made}")
        with pytest.raises(
            StoreDamagedError, match=r"it holds the (trigger|view) 'taken', which mm_agents did not make"
        ):
            store.upsert(some(1, start=800))
    with pytest.raises(StoreDamagedError, match="'taken'"):
        local.LocalStore.open(copied)


def test_the_manifest_and_the_note_of_the_generation_are_compared(copied: Path, whole: Path) -> None:
    for name in ("mm_agents.json", "store.generation"):
        size = (whole / name).stat().st_size
        for place in range(12):
            at = place * (size - 1) // 11

            def damage(data: bytearray, at: int = at) -> None:
                data[at] ^= 4

            shutil.copy(whole / name, copied / name)
            change(copied / name, damage)
            assert not is_sound(copied), (name, at)
        shutil.copy(whole / name, copied / name)
    assert is_sound(copied)


# ---------------------------------------------------------------- the log


@pytest.fixture
def logged(folder: Path, tmp_path: Path) -> Path:
    """A library as a killed process leaves it: nine writes are in the log alone."""
    with local.build(str(folder), spec=SPEC):
        pass
    with local.LocalStore.open(folder) as store:
        for n in range(9):
            store.upsert(some(3, start=3 * n))
        shutil.copytree(folder, tmp_path / "killed")
    return tmp_path / "killed"


def test_a_log_that_is_there_is_read(logged: Path) -> None:
    assert (logged / "store.sqlite-wal").stat().st_size > 0
    assert is_sound(logged)
    with local.LocalStore.open(logged) as store:
        assert store.count() == 27


@pytest.mark.parametrize("place", range(12))
def test_a_lost_or_flipped_log_is_told(logged: Path, place: int) -> None:
    log = logged / "store.sqlite-wal"
    if place == 0:
        log.unlink()
    else:

        def damage(data: bytearray) -> None:
            data[place * (len(data) - PAGE) // 12] ^= 1

        change(log, damage)
    (logged / "store.sqlite-shm").unlink(missing_ok=True)
    with pytest.warns(UserWarning, match=r"its last \d of 9 writes are gone"):
        store = local.LocalStore.open(logged)
    with store:
        with pytest.raises(StoreDamagedError, match=r"store\.sqlite' is damaged: its last \d of 9 writes are gone"):
            store.verify()
        store.upsert(some(27))  # adding again heals
        store.verify()
        assert store.count() == 27


# ---------------------------------------------------------------- libraries of older versions


def as_older(folder: Path) -> None:
    """A library as versions without checksums wrote it."""
    with closing(sqlite3.connect(folder / "store.sqlite")) as connection:
        connection.execute("DROP TABLE checksum")
        connection.execute("DROP TABLE seal")
    (folder / "store.generation").unlink()


def test_a_library_without_checksums_opens_and_gets_them_at_the_next_write(copied: Path) -> None:
    as_older(copied)
    assert is_sound(copied)
    with local.LocalStore.open(copied) as store:
        store.upsert(some(1, start=700))
        store.verify()
    with closing(sqlite3.connect(copied / "store.sqlite")) as connection:
        assert connection.execute("SELECT count(*) FROM checksum").fetchone() == (116,)
        connection.execute("UPDATE record SET thumbnail = NULL WHERE row = 7")
        connection.commit()
    with local.LocalStore.open(copied) as store, pytest.raises(StoreDamagedError, match=f"record '{UUID(int=6)}' has"):
        store.verify()


def test_what_an_older_version_writes_is_no_damage(copied: Path) -> None:
    """It leaves the checksums as they are, and its generation is higher."""
    with closing(sqlite3.connect(copied / "store.sqlite")) as connection:
        connection.execute("UPDATE record SET thumbnail = NULL WHERE row = 7")
        connection.execute("UPDATE state SET generation = generation + 1")
        connection.commit()
    assert is_sound(copied)
    with local.LocalStore.open(copied) as store:
        store.upsert(some(1, start=700))
        store.verify()
