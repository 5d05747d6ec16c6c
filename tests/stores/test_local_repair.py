"""Repair of a damaged local library: what is sound stays, and what is lost is named."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest
from local_samples import SPEC, some

from mm_agents.errors import ConfigError, LibraryNotFoundError, StoreDamagedError, StoreError
from mm_agents.stores import local
from mm_agents.stores.local import checksums
from mm_agents.stores.local.files import note_generation
from mm_agents.types import Record

COUNT = 60


def fill(folder: Path) -> None:
    """Assets, each with one part, and some that were replaced or deleted."""
    with local.build(str(folder), spec=SPEC) as store:
        assets = [replace(record, thumbnail=bytes(700)) for record in some(COUNT + 5)]
        store.upsert(assets)
        parts = some(COUNT + 5, start=100, seed=1)
        store.upsert([replace(part, parent=asset.id) for part, asset in zip(parts, assets, strict=True)])
        store.upsert([replace(record, text="again") for record in assets[:10]])
        store.delete([record.id for record in assets[COUNT:]])


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole") / "library"
    fill(folder)
    return folder


@pytest.fixture
def copied(whole: Path, folder: Path) -> Path:
    shutil.copytree(whole, folder)
    return folder


def content(folder: Path) -> dict[str, Record]:
    with local.LocalStore.open(folder) as store:
        return {record.id: record for record in store.iterate(with_vectors=True, parts=True)}


def check(folder: Path, whole: Path, result: local.Repair) -> None:
    """Check that the library is sound, and that all that is in it is as it was, in whole assets."""
    kept, before = content(folder), content(whole)
    with local.LocalStore.open(folder) as store:
        store.verify()
        assert store.count() == result.kept
        store.upsert(some(3, start=5000))
        store.verify()
    for id, record in kept.items():
        known = before[id]
        for name in ("id", "parent", "properties", "text", "thumbnail"):
            assert getattr(record, name) == getattr(known, name)
        assert record.vectors.keys() == known.vectors.keys()
        assert all((record.vectors[name] == known.vectors[name]).all() for name in known.vectors)
    assets = {id for id, record in kept.items() if record.parent is None}
    assert kept.keys() == {id for id, record in before.items() if record.asset in assets}
    assert result.kept + len(result.lost) == COUNT
    assert not {f"file {UUID(id).int}" for id in assets} & set(result.lost)


def change(path: Path, damage: Callable[[bytearray], None]) -> None:
    data = bytearray(path.read_bytes())
    damage(data)
    path.write_bytes(data)


def test_a_sound_library_stays_as_it_is(copied: Path) -> None:
    before = {path.name: path.read_bytes() for path in copied.iterdir()}
    assert local.repair(copied) == local.Repair(kept=COUNT)
    assert {path.name: path.read_bytes() for path in copied.iterdir()} == before


def test_one_changed_vector_costs_one_asset(copied: Path, whole: Path) -> None:
    def damage(data: bytearray) -> None:
        data[64 * 20 + 7] ^= 1

    change(copied / "b.0.f32", damage)
    result = local.repair(copied)
    assert result.lost == ("file 20",)
    check(copied, whole, result)
    assert result.damaged is not None
    with (
        local.LocalStore.open(result.damaged) as store,
        pytest.raises(StoreDamagedError, match=r"b\.0\.f32' is damaged"),
    ):
        store.verify()
    assert sorted(path.name for path in copied.iterdir() if path.is_file() and "-" not in path.name) == [
        *("a.1.f32", "b.1.f32", "mm_agents.json", "records.1.rows", "store.generation", "store.sqlite")
    ]


@pytest.mark.parametrize("name", ["records.0.rows", "mm_agents.json", "store.generation"])
@pytest.mark.parametrize("gone", [True, False])
def test_what_the_database_says_as_well_is_made_anew(copied: Path, whole: Path, name: str, gone: bool) -> None:
    if gone:
        (copied / name).unlink()
    else:
        (copied / name).write_bytes(bytes(200))
    result = local.repair(copied)
    assert result.lost == ()
    check(copied, whole, result)


def test_pages_of_the_database_cost_what_lies_on_them(copied: Path, whole: Path) -> None:
    pages = (whole / "store.sqlite").stat().st_size // 4096
    kept: list[int] = []
    for page in range(1, pages):
        shutil.rmtree(copied)
        shutil.copytree(whole, copied)

        def damage(data: bytearray, page: int = page) -> None:
            data[page * 4096 : page * 4096 + 4096] = bytes(4096)

        change(copied / "store.sqlite", damage)
        try:
            result = local.repair(copied)
        except StoreDamagedError:
            kept.append(0)
        else:
            kept.append(result.kept)
            if result.damaged is not None:
                unnamed = COUNT - result.kept - len(result.lost)
                assert unnamed <= result.unknown
                check(copied, whole, replace(result, lost=(*result.lost, *["?"] * unnamed)))
    assert sorted(kept)[len(kept) // 2] > COUNT * 0.8
    assert kept.count(0) <= 2


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TRIGGER taken AFTER INSERT ON record BEGIN DELETE FROM record; END",
        "UPDATE state SET files = '{}'",
        "UPDATE state SET spec = '{}'",
        "DELETE FROM state",
        "DROP TABLE dead",
        "DELETE FROM keywords_data",
        "UPDATE state SET epoch = 7",
    ],
)
def test_an_edited_database_gives_back_its_records(copied: Path, whole: Path, statement: str) -> None:
    with closing(sqlite3.connect(copied / "store.sqlite")) as connection:
        connection.execute(statement)
        connection.commit()
    result = local.repair(copied)
    assert result.lost == ()
    check(copied, whole, result)


def test_an_edited_record_and_one_that_is_gone_are_lost_with_their_parts(copied: Path, whole: Path) -> None:
    with closing(sqlite3.connect(copied / "store.sqlite")) as connection:
        connection.execute("UPDATE record SET properties = '{}' WHERE id = ?", (str(UUID(int=30)),))
        connection.execute("UPDATE record SET text = 'other' WHERE id = ?", (str(UUID(int=140)),))
        connection.execute("DELETE FROM record WHERE id = ?", (str(UUID(int=50)),))
        connection.commit()
    result = local.repair(copied)
    assert result.lost == (str(UUID(int=30)), str(UUID(int=50)), "file 40")
    check(copied, whole, result)


def test_a_library_without_checksums_keeps_what_can_be_read(copied: Path, whole: Path) -> None:
    with closing(sqlite3.connect(copied / "store.sqlite")) as connection:
        connection.execute("DROP TABLE checksum")
        connection.execute("DROP TABLE seal")

    def damage(data: bytearray) -> None:
        data[64 * 20 : 64 * 20 + 4] = np.float32(np.nan).tobytes()

    change(copied / "b.0.f32", damage)
    result = local.repair(copied)
    assert (result.lost, result.unchecked > 100) == (("file 20",), True)
    check(copied, whole, result)


def test_a_repair_that_fails_leaves_the_library_as_it_was(
    copied: Path, whole: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def damage(data: bytearray) -> None:
        data[64 * 20] ^= 1

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    change(copied / "b.0.f32", damage)
    for name in ("create", "seal"):
        before = content_of_files(copied)
        with monkeypatch.context() as patched:
            patched.setattr(checksums, name, fail)
            with pytest.raises(StoreError, match="No space left"):
                local.repair(copied)
        with local.LocalStore.open(copied) as store:
            assert store.count() == COUNT
        assert content_of_files(copied).items() >= before.items()
    result = local.repair(copied)
    assert result.lost == ("file 20",)
    check(copied, whole, result)


def test_lost_writes_are_counted(copied: Path, whole: Path) -> None:
    note_generation(copied, 9)
    with pytest.warns(UserWarning, match="its last 5 of 9 writes are gone"):
        result = local.repair(copied)
    assert (result.lost, result.writes) == ((), 5)
    check(copied, whole, result)


def test_an_open_reader_sees_the_repair(copied: Path) -> None:
    with local.LocalStore.open(copied) as store:
        assert store.count() == COUNT

        def damage(data: bytearray) -> None:
            data[64 * 20] ^= 1

        change(copied / "b.0.f32", damage)
        local.repair(copied)
        assert store.count() == COUNT - 1
        store.verify()


def test_what_is_no_library_is_not_repaired(tmp_path: Path, copied: Path) -> None:
    with pytest.raises(LibraryNotFoundError):
        local.repair(tmp_path / "nothing")
    (copied / "store.sqlite").write_bytes(b"not a database" * 1000)
    before = content_of_files(copied)
    with pytest.raises(StoreDamagedError, match="not a database"):
        local.repair(copied)
    assert content_of_files(copied).items() >= before.items()
    manifest = (copied / "mm_agents.json").read_text()
    (copied / "mm_agents.json").write_text(manifest.replace('"format": 1', '"format": 1, "store": "lance"'))
    with pytest.raises(ConfigError, match="another store"):
        local.repair(copied)


def content_of_files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
