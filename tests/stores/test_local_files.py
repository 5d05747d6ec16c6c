"""The local store's folder: opening, damage, what may not be written, copies."""

from __future__ import annotations

import json
import os
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest
from local_samples import SPEC, shown, some

from mm_agents.errors import (
    ConfigError,
    EmbedderMismatchError,
    LibraryNotFoundError,
    SchemaMismatchError,
    StoreDamagedError,
    StoreError,
    StoreUnavailableError,
    StoreVersionError,
)
from mm_agents.filters import parse
from mm_agents.stores import local, memory
from mm_agents.stores.local import database
from mm_agents.stores.local import files as local_files
from mm_agents.types import CollectionSpec, VectorRole, VectorSpec

# ---------------------------------------------------------------- opening


def test_nothing_there_is_told_with_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(
        LibraryNotFoundError, match=r"No library at '.*x'\. Make one with: mm-agents add PATH --library .*x"
    ):
        local.build(str(tmp_path / "x"))
    assert not (tmp_path / "x").exists()
    with pytest.raises(ConfigError, match="needs a folder"):
        local.build("", spec=SPEC)


def test_a_file_is_not_a_folder(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(b"jpeg")
    for spec in (None, SPEC):
        with pytest.raises(ConfigError, match=r"photo\.jpg' is a file"):
            local.build(str(tmp_path / "photo.jpg"), spec=spec)
    with pytest.raises(StoreError, match="Not a directory"):
        local.build(str(tmp_path / "photo.jpg" / "library"), spec=SPEC)


def test_it_is_opened_again_as_it_was_left(folder: Path) -> None:
    with local.build(str(folder), spec=SPEC) as store:
        store.upsert(some(20))
        expected = shown(store.search(vector=some(1)[0].vectors["b"], using="b"))
    for spec in (None, SPEC, replace(SPEC, vectors=SPEC.vectors[::-1])):
        with local.build(str(folder), spec=spec) as again:
            assert again.spec == SPEC
            assert shown(again.search(vector=some(1)[0].vectors["b"], using="b")) == expected
    manifest = json.loads((folder / "mm_agents.json").read_text())
    assert manifest["format"] == 1
    assert manifest["vectors"][0] == {"name": "b", "width": 16, "embedder": "hash:16", "replaces": None}


@pytest.mark.parametrize("role", [None, "text"])
def test_a_role_is_kept_where_it_is_set(tmp_path: Path, role: VectorRole | None) -> None:
    """Without one, what is written is what was written before there were roles, and its name gives the role."""
    spec = CollectionSpec(name="Media", vectors=(VectorSpec(name="media", width=2, role=role),))
    local.build(str(tmp_path / "new"), spec=spec).close()
    with local.build(str(tmp_path / "new")) as opened:
        assert opened.spec == spec
        assert opened.spec.role("media") == (role or "image")
    connection = sqlite3.connect(tmp_path / "new" / "store.sqlite")
    (text,) = connection.execute("SELECT spec FROM state").fetchone()
    connection.close()
    manifest = json.loads((tmp_path / "new" / "mm_agents.json").read_text(encoding="utf-8"))
    kept = {"name": "media", "width": 2, "embedder": None, "replaces": None} | ({"role": role} if role else {})
    assert json.loads(text)["vectors"] == manifest["vectors"] == [kept]


def test_another_shape_is_refused(store: local.LocalStore, folder: Path) -> None:
    wider = CollectionSpec(name="Test", vectors=(SPEC.vectors[0], VectorSpec(name="a", width=5)))
    with pytest.raises(SchemaMismatchError, match=r"'a': 4.*'a': 5"):
        local.build(str(folder), spec=wider)
    other = CollectionSpec(name="Test", vectors=(VectorSpec(name="b", width=16, embedder="offline"), SPEC.vectors[1]))
    with pytest.raises(EmbedderMismatchError, match=r"'b'.*'hash:16', not by 'offline'"):
        local.build(str(folder), spec=other)


@pytest.mark.parametrize("name", ["a ?#%20&mode=ro ü", "'; --", "x" * 200])
def test_a_folder_may_have_any_name(tmp_path: Path, name: str) -> None:
    with local.build(str(tmp_path / name), spec=SPEC) as store:
        store.upsert(some(3))
    with local.build(str(tmp_path / name)) as store:
        assert store.count() == 3
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_many_may_make_it_at_once(folder: Path) -> None:
    def make(n: int) -> int:
        with local.build(str(folder), spec=SPEC) as store:
            store.upsert(some(3, start=10 * n))
            return store.count()

    with ThreadPoolExecutor(6) as pool:
        assert max(pool.map(make, range(6))) == 18


def test_a_newer_format_is_refused(store: local.LocalStore, folder: Path) -> None:
    store.close()
    manifest = json.loads((folder / "mm_agents.json").read_text())
    (folder / "mm_agents.json").write_text(json.dumps({**manifest, "format": 2}))
    with pytest.raises(StoreVersionError, match=r"format 2.*up to format 1.*pip install --upgrade"):
        local.build(str(folder))


# ---------------------------------------------------------------- damage


@pytest.mark.parametrize("name", ["b.0.f32", "records.0.rows", "store.sqlite"])
def test_a_missing_file_is_told(store: local.LocalStore, folder: Path, name: str) -> None:
    store.upsert(some(5))
    store.close()
    (folder / name).unlink()
    with pytest.raises(
        StoreDamagedError, match=rf"{name}' is damaged: it is missing. Restore the library from a backup"
    ):
        local.build(str(folder))


@pytest.mark.parametrize("name", ["b.0.f32", "records.0.rows"])
def test_a_short_file_is_told(store: local.LocalStore, folder: Path, name: str) -> None:
    store.upsert(some(5))
    store.close()
    os.truncate(folder / name, 100)
    with pytest.raises(StoreDamagedError, match=rf"{name}' is damaged: 100 bytes are left of"):
        local.build(str(folder))


@pytest.mark.parametrize("name", ["a.0.f32", "b.0.f32", "records.0.rows"])
def test_a_flipped_bit_is_found_by_verify_and_never_copied(store: local.LocalStore, folder: Path, name: str) -> None:
    store.upsert(some(5))
    store.upsert(some(5, start=5))
    store.verify()
    with (folder / name).open("r+b") as file:
        file.seek(33)
        byte = file.read(1)[0]
        file.seek(33)
        file.write(bytes([byte ^ 1]))
    with pytest.raises(StoreDamagedError, match=f"{name}' is damaged"):
        store.verify()
    with pytest.raises(StoreDamagedError, match=f"{name}' is damaged"):
        store.backup(folder.parent / "copy")
    with pytest.raises(LibraryNotFoundError):
        local.build(str(folder.parent / "copy"))


@pytest.mark.parametrize("content", [b"", b"not a database" * 1000])
def test_a_damaged_database_is_told(store: local.LocalStore, folder: Path, content: bytes) -> None:
    store.upsert(some(5))
    store.close()
    (folder / "store.sqlite").write_bytes(content)
    with pytest.raises(StoreDamagedError, match=r"store\.sqlite' is damaged"):
        local.build(str(folder))


@pytest.mark.parametrize("content", ["", "{}", "[1]", '{"format": "one"}', "\x00\xff"])
def test_a_damaged_manifest_is_told(store: local.LocalStore, folder: Path, content: str) -> None:
    store.close()
    (folder / "mm_agents.json").write_text(content)
    with pytest.raises(StoreDamagedError, match=r"mm_agents\.json' is damaged"):
        local.build(str(folder))


def test_what_a_crash_left_behind_the_end_is_overwritten(store: local.LocalStore, folder: Path) -> None:
    store.upsert(some(5))
    for name, size in (("b.0.f32", 5 * 64), ("a.0.f32", 5 * 16), ("records.0.rows", 5 * 42)):
        with (folder / name).open("r+b") as file:
            file.seek(size)
            file.write(b"\xff" * 1000)
    with local.build(str(folder)) as again:
        again.upsert(some(5, start=5, seed=1))
        again.verify()
        assert again.count() == 10
    store.verify()
    assert store.search(vector=some(1, seed=1)[0].vectors["b"], using="b")[0].record.id == str(UUID(int=5))


# ---------------------------------------------------------------- read-only and busy


def test_where_nothing_may_be_written_one_can_still_search(
    store: local.LocalStore, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.upsert(some(5))
    store.close()
    before = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with local.build(str(folder), spec=SPEC) as frozen:
        assert frozen.count(where=parse("number > 2")) == 2
        assert len(frozen.search(text="words", vector=some(1)[0].vectors["b"], using="b")) == 5
        frozen.verify()
        with pytest.raises(StoreError, match="cannot be written to"):
            frozen.upsert(some(1))
        with pytest.raises(StoreError, match="cannot be written to"):
            frozen.delete([some(1)[0].id])
    assert {path.name: path.stat().st_mtime_ns for path in folder.iterdir()} == before


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission(store: local.LocalStore, folder: Path) -> None:
    store.upsert(some(5))
    store.close()
    folder.chmod(0o500)
    try:
        with local.build(str(folder)) as frozen:
            assert frozen.count() == 5
        with pytest.raises(StoreError, match="Permission denied"):
            local.build(str(folder / "inside"), spec=SPEC)
    finally:
        folder.chmod(0o700)


def test_a_writer_that_never_ends_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.1)
    with local.build(str(folder), spec=SPEC) as store:
        store.upsert(some(5))
        other = sqlite3.connect(folder / "store.sqlite", isolation_level=None)
        try:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(StoreUnavailableError, match="busy: another process is writing"):
                store.upsert(some(5, start=5))
            assert store.count() == 5
            other.rollback()
        finally:
            other.close()
        store.upsert(some(5, start=5))
        assert store.count() == 10


# ---------------------------------------------------------------- keeping


def test_a_backup_is_a_library(store: local.LocalStore, tmp_path: Path) -> None:
    store.upsert(some(30))
    store.delete([some(1)[0].id])
    store.backup(tmp_path / "copy")
    with local.build(str(tmp_path / "copy"), spec=SPEC) as copy:
        copy.verify()
        assert copy.count() == 29
        copy.upsert(some(1))
        assert copy.count() == 30
    assert store.count() == 29


def test_an_open_reader_sees_a_restore(store: local.LocalStore, folder: Path, tmp_path: Path) -> None:
    store.upsert(some(30))
    store.backup(tmp_path / "copy")
    store.upsert(some(50, start=100, seed=4))
    with local.build(str(folder)) as reader:
        assert reader.count() == 80
        store.restore(tmp_path / "copy")
        assert reader.count() == 30
        assert reader.search(vector=some(1, seed=4)[0].vectors["b"], using="b", limit=1)[0].score < 0.99
        assert reader.search(text="100") == []
        reader.upsert(some(5, start=200))
    assert store.count() == 35
    store.verify()


def test_a_bad_copy_is_never_restored(store: local.LocalStore, folder: Path, tmp_path: Path) -> None:
    store.upsert(some(30))
    store.backup(tmp_path / "copy")
    with (tmp_path / "copy" / "b.0.f32").open("r+b") as file:
        file.write(b"\x01\x02")
    with pytest.raises(StoreDamagedError, match=r"copy/b\.0\.f32"):
        store.restore(tmp_path / "copy")
    with pytest.raises(ConfigError, match="own folder"):
        store.restore(folder)
    with pytest.raises(LibraryNotFoundError):
        store.restore(tmp_path / "nothing")
    other = CollectionSpec(name="Test", vectors=(VectorSpec(name="z", width=3),))
    with local.build(str(tmp_path / "other"), spec=other) as stranger:
        stranger.backup(tmp_path / "strange")
    with pytest.raises(SchemaMismatchError):
        store.restore(tmp_path / "strange")
    assert store.count() == 30
    store.verify()


def test_copies_pass_between_memory_and_disk(store: local.LocalStore, tmp_path: Path) -> None:
    store.upsert(some(30))
    store.backup(tmp_path / "copy")
    reference = memory.build("", spec=SPEC)
    reference.restore(tmp_path / "copy")
    assert reference.count() == 30
    reference.backup(tmp_path / "again")
    store.restore(tmp_path / "again")
    assert store.count() == 30


def test_an_iteration_does_not_outlive_its_store(store: local.LocalStore) -> None:
    store.upsert(some(600))
    walk = store.iterate()
    next(walk)
    store.close()
    with pytest.raises(StoreError, match="closed"):
        list(walk)


def test_a_folder_of_another_store_is_told(store: local.LocalStore, folder: Path) -> None:
    manifest = json.loads((folder / "mm_agents.json").read_text())
    (folder / "mm_agents.json").write_text(json.dumps({**manifest, "store": "lance"}))
    with pytest.raises(ConfigError, match="lance://"):
        local.build(str(folder))


def test_a_backup_has_its_name_only_when_it_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    left = tmp_path / ".saved.part"  # of a process that was killed
    left.mkdir()
    (left / "b.0.f32").write_bytes(b"half")
    with local.build(str(tmp_path / "library"), spec=SPEC) as store:
        store.upsert(some(5))

        def full(*_: object) -> None:
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patched:
            patched.setattr(local_files, "write_manifest", full)
            with pytest.raises(StoreError, match="No space left on device"):
                store.backup(tmp_path / "saved")
        assert sorted(path.name for path in tmp_path.iterdir()) == ["library"]
        store.backup(tmp_path / "saved")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["library", "saved"]
    with local.build(str(tmp_path / "saved")) as saved:
        assert saved.count() == 5
        saved.verify()
