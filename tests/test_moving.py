"""Moving: from store to store, and from embedder to embedder."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from mm_agents import Library, errors, media
from mm_agents.location import open_store
from mm_agents.migration import copy, migrate
from mm_agents.testing import HashEmbedder
from mm_agents.types import VectorSpec

OLD, NEW = HashEmbedder(width=64), HashEmbedder(width=32)


@pytest.fixture
def filled(tmp_path: Path) -> Iterator[Library]:
    folder = tmp_path / "media"
    folder.mkdir()
    for colour in ("red", "green", "blue", "white"):
        PIL.Image.new("RGB", (64, 48), colour).save(folder / f"{colour}.png")
    frames = [np.full((48, 64, 3), value, np.uint8) for value in (10, 10, 240) for _ in range(10)]
    (folder / "clip.mp4").write_bytes(media.encode_clip(np.stack(frames), fps=5))
    (folder / "note.txt").write_text("one\n\n" + "two " * 400)
    with Library.open(tmp_path / "library", embedder=OLD) as library:
        assert library.add(folder).failed == ()
        yield library


def test_a_copy_is_equal_and_again_copies_nothing(filled: Library, tmp_path: Path) -> None:
    seen: list[int] = []
    with closing(open_store(tmp_path / "copy", spec=filled.store.spec)) as target:
        first = copy(filled.store, target, report=lambda done, total, name: seen.append(done))
        again = copy(filled.store, target)
        assert first.copied == first.total == again.unchanged
        assert again.copied == 0
        assert first.checksum == again.checksum
        assert seen[-1] == first.total
    with Library.open(tmp_path / "copy", embedder=OLD) as moved:
        assert [hit.id for hit in moved.search("two")] == [hit.id for hit in filled.search("two")]


def test_a_copy_goes_on_where_it_stopped(filled: Library, tmp_path: Path) -> None:
    with closing(open_store(tmp_path / "copy", spec=filled.store.spec)) as target:
        some = list(filled.iterate(parts=True, with_vectors=True))[:3]
        target.upsert(some)
        target.upsert([replace(some[0], text="stale")])
        report = copy(filled.store, target)
        assert report.unchanged == 2
        assert report.copied == report.total - 2


def test_a_copy_leaves_the_vectors_that_only_the_target_has(filled: Library, tmp_path: Path) -> None:
    with Library.open(tmp_path / "copy", embedder=OLD) as target:
        target.add(tmp_path / "media")
        before = target.store.spec
        migrate(target, NEW, name="media_v2")
        rows = {
            r.id: r.vectors["media_v2"]
            for r in target.iterate(parts=True, with_vectors=True)
            if "media_v2" in r.vectors
        }
        stale = next(r for r in target.iterate(with_vectors=True) if r.id in rows)
        target.store.upsert([replace(stale, properties={**stale.properties, "sha256": "of another poster"})])
        copy(filled.store, target.store)
        kept = target.store.get(list(rows), with_vectors=True)
        for id, row in rows.items():
            if id != stale.id:
                np.testing.assert_allclose(kept[id].vectors["media_v2"], row, atol=1e-6)
        assert "media_v2" not in kept[stale.id].vectors
        assert {vector.name for vector in before.vectors} < {vector.name for vector in target.store.spec.vectors}


def test_a_copy_into_another_space_is_refused(filled: Library, tmp_path: Path) -> None:
    other = replace(filled.store.spec, vectors=(VectorSpec(name="media", width=32, embedder="hash:32"),))
    with (
        closing(open_store(tmp_path / "copy", spec=other)) as target,
        pytest.raises(errors.EmbedderMismatchError, match=r"hash:32.*hash:64"),
    ):
        copy(filled.store, target)


def test_migrating_adds_fills_and_switches(filled: Library, tmp_path: Path) -> None:
    before = filled.search(image=tmp_path / "media" / "red.png", kind="image")
    report = migrate(filled, NEW, name="media_v2")
    assert report.switched
    assert report.failed == ()
    assert report.filled == sum("media" in r.vectors for r in filled.iterate(parts=True, with_vectors=True))
    assert 0 < report.overlap <= 1
    after = filled.search(image=tmp_path / "media" / "red.png", kind="image")
    assert after[0].name == before[0].name == "red.png"
    assert after[0].vector == "media_v2"
    (clip,) = filled.search(image=tmp_path / "media" / "white.png", kind="video")
    assert clip.t0 == 4.0
    again = migrate(filled, NEW, name="media_v2")
    assert (again.filled, again.unchanged) == (0, report.filled)


def test_what_is_added_later_has_both_vectors(filled: Library, tmp_path: Path) -> None:
    migrate(filled, NEW, name="media_v2")
    PIL.Image.new("RGB", (64, 48), "orange").save(tmp_path / "orange.png")
    frames = [np.full((48, 64, 3), value, np.uint8) for value in (60, 200) for _ in range(10)]
    (tmp_path / "later.mp4").write_bytes(media.encode_clip(np.stack(frames), fps=5))
    filled.add(tmp_path / "orange.png", tmp_path / "later.mp4")
    (orange,) = filled.store.get([filled.get("orange.png").id], with_vectors=True).values()
    assert orange.vectors.keys() == {"media", "media_v2"}
    shots = [part for part in filled.parts(filled.get("later.mp4").id, with_vectors=True) if "media" in part.vectors]
    assert shots
    assert all(part.vectors["media_v2"].shape == (32,) for part in shots)


def test_words_can_migrate_too(filled: Library) -> None:
    assert migrate(filled, NEW, name="words_v2", vector="words").switched
    assert filled.search("two", kind="text")[0].name == "note.txt"


def test_a_vanished_file_is_told_and_searches_stay_as_they_were(filled: Library, tmp_path: Path) -> None:
    (tmp_path / "media" / "red.png").unlink()
    PIL.Image.new("RGB", (64, 48), "black").save(tmp_path / "media" / "green.png")
    report = migrate(filled, NEW, name="media_v2")
    assert not report.switched
    assert {Path(failed.path).name for failed in report.failed} == {"red.png", "green.png"}
    assert filled.search("red", kind="image")[0].vector in ("media", "keywords")
    shutil.rmtree(tmp_path / "media")


def test_a_store_that_is_gone_ends_a_migration_at_once(filled: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []

    def gone(records: object) -> None:
        calls.append(1)
        raise errors.StoreUnavailableError("The server did not answer.")

    monkeypatch.setattr(filled.store, "upsert", gone)
    with pytest.raises(errors.StoreUnavailableError):
        migrate(filled, NEW, name="media_v2")
    assert len(calls) == 1  # none of the files behind it waits for the store as well


def test_a_name_that_is_taken_is_refused(filled: Library) -> None:
    with pytest.raises(errors.ConfigError, match="already"):
        migrate(filled, NEW, name="words")
    with pytest.raises(errors.ConfigError, match="poster"):
        migrate(filled, NEW, name="x", vector="poster")
