"""The local store's searches are exact, also while its files are rewritten."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from local_samples import SPEC, shown, some

from mm_agents.filters import parse
from mm_agents.stores import local, memory
from mm_agents.stores.local import snapshot
from mm_agents.stores.local import store as local_store
from mm_agents.stores.local.search import Multiplier
from mm_agents.types import Filter, Record, Value

# ---------------------------------------------------------------- compaction


def test_compaction_keeps_everything_and_stale_readers_go_on(
    store: local.LocalStore, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local_store, "COMPACT_ROWS", 100)
    store.upsert(some(300))
    with local.build(str(folder)) as reader:
        query = some(300)[7].vectors["b"]
        expected = shown(reader.search(vector=query, using="b", limit=300))
        walk = reader.iterate(with_vectors=True)
        first = next(walk)
        (folder / "records.1.rows").write_bytes(b"left by a compaction that was killed" * 1000)
        store.upsert(some(200))  # the same again: 200 of 500 rows are dead
        assert sorted(path.name for path in folder.glob("*.rows")) == ["records.1.rows"]
        assert (folder / "b.1.f32").stat().st_size == 300 * 64
        assert [first.id, *(r.id for r in walk)] == [r.id for r in some(300)]
        assert shown(reader.search(vector=query, using="b", limit=300)) == expected
        store.delete([r.id for r in some(160)])
        assert [path.name for path in folder.glob("*.f32")].count("a.2.f32") == 1
        store.upsert(some(10, start=500, seed=5))
        for opened in (store, reader):
            opened.verify()
            assert opened.count() == 150
            assert opened.count(where=parse("number >= 500")) == 10
            assert opened.search(vector=some(1, seed=5)[0].vectors["a"], using="a")[0].record.id == str(UUID(int=500))
    assert store.count(group_by="number", where=parse("number < 162")) == {"160": 1, "161": 1}


def test_readers_never_miss_anything_while_files_are_rewritten(
    store: local.LocalStore, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local_store, "COMPACT_ROWS", 60)
    records = some(50)
    store.upsert(records)
    done = threading.Event()

    def read(opened: local.LocalStore) -> int:
        rounds = 0
        while not done.is_set() or rounds < 5:
            record = records[rounds % 50]
            match = opened.search(vector=record.vectors["b"], using="b", where=parse("number exists"), limit=1)[0]
            assert match.record.id == record.id
            assert match.score == pytest.approx(1, abs=1e-5)
            assert len(opened.search(text="words", limit=60)) == 50
            assert opened.count() == len(list(opened.iterate(with_vectors=True))) == 50
            rounds += 1
        return rounds

    with local.build(str(folder)) as other, ThreadPoolExecutor(3) as pool:
        readers = [pool.submit(read, opened) for opened in (store, other, other)]
        try:
            for _ in range(60):
                store.upsert(records)
        finally:
            done.set()
        assert min(reader.result() for reader in readers) >= 5
    assert int(next(folder.glob("*.rows")).suffixes[0][1:]) > 10
    store.verify()


# ---------------------------------------------------------------- exactness


@pytest.fixture(scope="module")
def twins(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[local.LocalStore, memory.MemoryStore]]:
    """The same records, many equal ones among them, in a local store that wrote them in pieces and in the reference."""
    random = np.random.default_rng(3)
    kinds: list[Value] = ["image", "video", 1, True, 1.0, 2.5, ("x", "y"), (), "a\x00b", "", -0.5]
    records = some(1200)
    for n, record in enumerate(records):
        properties = {**record.properties, "kind": kinds[n % len(kinds)], "score": float(random.integers(0, 50)) / 4}
        if n % 7 == 0:
            record = replace(record, vectors={"a": np.array([1, 2, 3, n % 2], np.float32) * (n + 1)})
        parent = records[n - n % 10].id if n % 3 else None
        parent = None if parent == record.id else parent
        records[n] = replace(record, properties=properties, parent=parent)
    with local.build(str(tmp_path_factory.mktemp("twins") / "library"), spec=SPEC) as store:
        reference = memory.build("", spec=SPEC)
        for kept in (store, reference):
            for start in range(0, 1200, 170):
                kept.upsert(records[start : start + 170])
                kept.upsert(records[start // 2 : start // 2 + 20])
            kept.delete([records[n].id for n in (0, 1, 30, 500, 501)])
            kept.upsert(records[495:505])
        yield store, reference


@pytest.mark.parametrize(
    "expression",
    [
        None,
        "number < 30",
        "number < 600",
        'kind = "image"',
        "kind = 1",
        "kind = true",
        'kind contains "x"',
        'kind contains "\\u0000"',
        "kind exists",
        "not kind exists",
        "score > 3.3 and not parent exists",
        f'parent = "{UUID(int=20)}"',
        f'parent > "{UUID(int=20)}" and id < "{UUID(int=300)}"',
    ],
)
def test_it_answers_as_the_reference_does(
    twins: tuple[local.LocalStore, memory.MemoryStore], expression: str | None
) -> None:
    store, reference = twins
    where: Filter | None = None if expression is None else parse(expression)
    random = np.random.default_rng(9)
    for using, limit, offset in (("a", 10, 0), ("b", 10, 0), ("a", 300, 3), ("b", 5, 40), ("a", 1, 0)):
        query = np.array([1, 2, 3, 0], np.float32) if using == "a" else random.standard_normal(16, np.float32)
        asked: dict[str, Any] = {"vector": query, "using": using, "where": where, "limit": limit, "offset": offset}
        found, expected = store.search(**asked), reference.search(**asked)
        assert [match.record.asset for match in found] == [match.record.asset for match in expected]
        assert [m.score for m in found] == pytest.approx([m.score for m in expected], abs=1e-5)
    assert store.count(where=where) == reference.count(where=where)
    for name in ("kind", "score", "parent", "nothing"):
        assert store.count(group_by=name, where=where) == reference.count(group_by=name, where=where)
    walked, known = (
        [(r.id, r.parent, repr(r.properties)) for r in kept.iterate(where=where, parts=True)] for kept in twins
    )
    assert walked == known


def test_one_asset_with_thousands_of_parts_hides_no_other(store: local.LocalStore) -> None:
    near, up = np.eye(4, dtype=np.float32)[:2]
    parts = [
        Record(id=str(UUID(int=1000 + n)), parent=str(UUID(int=1)), vectors={"a": near + n / 1e6 * up})
        for n in range(5000)
    ]
    store.upsert([*parts, *(Record(id=str(UUID(int=n)), vectors={"a": near + n * up}) for n in range(2, 8))])
    found = store.search(vector=near, using="a", limit=4)
    assert [UUID(match.record.asset).int for match in found] == [1, 2, 3, 4]


def test_equal_vectors_tie_wherever_they_stand(store: local.LocalStore) -> None:
    vector = np.random.default_rng(1).standard_normal(16, np.float32)
    records = [Record(id=str(UUID(int=n)), vectors={"b": vector}) for n in range(2999, -1, -1)]
    for start in range(0, 3000, 1000):
        store.upsert(records[start : start + 1000])
    query = np.random.default_rng(2).standard_normal(16, np.float32)
    found = store.search(vector=query, using="b", limit=20, offset=100)
    assert [UUID(match.record.id).int for match in found] == list(range(100, 120))
    assert len({match.score for match in found}) == 1


def test_products_are_the_same_alone_and_in_company() -> None:
    random = np.random.default_rng(0)
    matrix = random.standard_normal((5000, 1000), np.float32)
    query = random.standard_normal(1000, np.float32)
    multiplier = Multiplier()
    with ThreadPoolExecutor(4) as pool:
        for scores in [
            multiplier.product(matrix, query),
            *pool.map(lambda _: multiplier.product(matrix, query), range(8)),
        ]:
            assert scores == pytest.approx(matrix @ query, abs=1e-3)


def test_words_are_stemmed_and_accents_ignored(store: local.LocalStore) -> None:
    texts = ["Runners were running", "le café ferme", "Straße", "cafe\u0301 tables"]
    store.upsert([Record(id=str(UUID(int=n)), text=text) for n, text in enumerate(texts)])

    def found(text: str) -> list[int]:
        return sorted(UUID(match.record.id).int for match in store.search(text=text))

    assert found("run") == [0]
    assert found("CAFE") == found("café") == [1, 3]
    assert found("straße") == [2]


def test_it_says_once_that_it_is_outgrown(store: local.LocalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot, "OUTGROWN", 10)
    store.upsert(some(10))
    with pytest.warns(UserWarning, match="mm-agents copy .* lance://"):
        store.upsert(some(12)[10:])
    store.upsert(some(14)[12:])
