"""What the Weaviate store promises beside the contract, on a real server."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mm_agents.errors import (
    ConfigError,
    FilterError,
    PartialWriteError,
    SchemaMismatchError,
    StoreError,
    StoreVersionError,
)
from mm_agents.filters import matches, parse
from mm_agents.stores.weaviate import Options, build, from_client
from mm_agents.types import CollectionSpec, Condition, Record, Value, VectorSpec

if TYPE_CHECKING:
    from weaviate import WeaviateClient

    from mm_agents.stores.weaviate.store import WeaviateStore

SPEC = CollectionSpec(name="Own", vectors=(VectorSpec(name="a", width=6), VectorSpec(name="b", width=4)))


def uid(n: int) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_OID, str(n)))


def units(count: int, width: int, seed: int) -> np.ndarray[Any, np.dtype[np.float32]]:
    rows = np.random.default_rng(seed).standard_normal((count, width)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def opened(client: WeaviateClient, name: str, **options: Any) -> WeaviateStore:
    from mm_agents.stores.weaviate.store import WeaviateStore

    store = from_client(client, name, spec=SPEC, options=Options(**options))
    assert isinstance(store, WeaviateStore)
    return store


@pytest.fixture
def store(client: WeaviateClient, fresh_name: Callable[[], str]) -> WeaviateStore:
    return opened(client, fresh_name())


# ---------------------------------------------------------------- properties


def test_properties_may_have_any_name(store: WeaviateStore) -> None:
    """Also those that the server reserves, that differ by case only, or that we use ourselves."""
    names = "a.b a_b A_b Kind kind KIND _x __x vector _id _additional uid text keywords thumbnail image p_x year__text"
    names = names.split()
    properties: dict[str, Value] = {name: n for n, name in enumerate(names)}
    properties |= {"year": "text first", "w" * 250: 1.5}
    store.upsert([Record(id=uid(1), properties=properties, text="kept")])
    store.upsert(
        [Record(id=uid(2), properties=dict.fromkeys(properties, "other")), Record(id=uid(3), properties={"year": 7})]
    )
    kept = store.get([uid(1)])[uid(1)]
    assert dict(kept.properties) == properties
    assert kept.text == "kept"
    for n, name in enumerate(names):
        assert [r.id for r in store.iterate(where=Condition(name, "eq", n))] == [uid(1)], name
    assert store.count(group_by="Kind") == {"": 1, "3": 1, "other": 1}


_TEXT = st.text(st.one_of(st.characters(codec="utf-8"), st.sampled_from(" \t\n\x01*?\\\ue02a\ue00a,'\"")), max_size=12)


def test_texts_come_back_as_they_were(store: WeaviateStore) -> None:
    """And are found by what they are."""

    @settings(max_examples=25, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.lists(_TEXT, min_size=1, max_size=30), st.data())
    def check(texts: list[str], data: st.DataObject) -> None:
        store.delete([record.id for record in store.iterate()])
        records = [
            Record(id=uid(n), text=text, properties={"s": text, "l": (text, "x")}) for n, text in enumerate(texts)
        ]
        store.upsert(records)
        kept = store.get([record.id for record in records])
        assert [(r.text, dict(r.properties)) for r in kept.values()] == [(r.text, dict(r.properties)) for r in records]
        chosen = data.draw(st.sampled_from(texts))
        for where in (Condition("s", "eq", chosen), Condition("l", "contains", chosen), Condition("s", "ne", chosen)):
            expected = {record.id for record in records if matches(where, record)}
            assert {record.id for record in store.iterate(where=where)} == expected, where

    check()


def test_pieces_of_texts_are_found(store: WeaviateStore) -> None:
    """The server's wildcards are characters like others."""
    texts = ["a*b", "a?b", "axb", "a\\b", "line\nbreak", "", " edge "]
    store.upsert([Record(id=uid(n), properties={"s": text}) for n, text in enumerate(texts)])
    for piece in ("*", "a?", "\\", "\n", "e\nb", "edge", " e", "", "x"):
        found = {record.properties["s"] for record in store.iterate(where=Condition("s", "contains", piece))}
        assert found == {text for text in texts if piece in text}, piece
    with pytest.raises(FilterError, match="private characters"):
        store.count(where=Condition("s", "contains", "\ue02a"))
    with pytest.raises(FilterError, match="whole lists"):
        store.count(where=Condition("s", "eq", ("a",)))


def test_integers_are_never_rounded(store: WeaviateStore) -> None:
    store.upsert([Record(id=uid(1), properties={"n": 2**53, "m": -(2**53)})])
    assert store.get([uid(1)])[uid(1)].properties == {"n": 2**53, "m": -(2**53)}
    with pytest.raises(ConfigError, match=r"'n' is 9007199254740993.*2\*\*53"):
        store.upsert([Record(id=uid(2), properties={"n": 2**53 + 1})])
    assert store.count() == 1


def test_stores_see_what_others_add(client: WeaviateClient, store: WeaviateStore) -> None:
    """New properties and vectors, without opening again."""
    other = opened(client, store._handle.name)
    other.upsert([Record(id=uid(1), properties={"new": "x"}, text="word")])
    assert dict(store.get([uid(1)])[uid(1)].properties) == {"new": "x"}
    other.upsert([Record(id=uid(2), properties={"newer": 1}, text="word")])
    assert store.count(where=parse("newer = 1")) == 1
    assert store.count(group_by="newer") == {"": 1, "1": 1}
    wider = replace(SPEC, vectors=(*SPEC.vectors, VectorSpec(name="c", width=2)))
    other.extend(wider)
    other.upsert([Record(id=uid(3), properties={"newest": 1}, vectors={"c": np.array([1, 0], np.float32)})])
    assert store.get([uid(3)], with_vectors=True)[uid(3)].vectors["c"].tolist() == [1, 0]
    assert store.spec == wider


# ---------------------------------------------------------------- many of one


def test_an_asset_of_thousands_of_parts(store: WeaviateStore) -> None:
    """Is one asset; the others are found behind it, whole, and it is deleted with all of them."""
    angles = np.linspace(0.1, 1.5, 3000)  # so that no two are near enough to tie
    rows = np.zeros((3000, 6), np.float32)
    rows[:, 0], rows[:, 1] = np.cos(angles), np.sin(angles)
    parts = [Record(id=uid(10 + n), parent=uid(1), vectors={"a": row}, text="word") for n, row in enumerate(rows)]
    far = Record(id=uid(2), vectors={"a": np.array([0, 0, 1, 0, 0, 0], np.float32)}, thumbnail=b"small", text="word")
    store.upsert([*parts, Record(id=uid(1)), far])
    found = store.search(vector=np.array([1, 0, 0, 0, 0, 0], np.float32), using="a", limit=2)
    assert [match.record.id for match in found] == [uid(10), uid(2)]
    assert found[1].record.thumbnail == b"small"
    assert (store.delete([uid(1)]), store.count()) == (1, 1)
    assert [record.id for record in store.iterate(parts=True)] == [uid(2)]


def test_long_texts_and_pictures_are_written_in_portions(store: WeaviateStore) -> None:
    """More than the server takes in one message."""
    records = [Record(id=uid(n), text="x" * 500_000, thumbnail=bytes(500_000)) for n in range(120)]
    store.upsert(records)
    assert store.count() == 120
    assert sum(len(record.thumbnail or b"") for record in store.iterate(where=parse("id exists"))) == 60_000_000


def test_records_that_the_server_refuses_are_named(client: WeaviateClient, fresh_name: Callable[[], str]) -> None:
    """Here one whose vector the server should make and cannot; the others are written."""
    store = opened(client, fresh_name(), vectorizer=("a:google:gemini-embedding-2",))
    row = units(1, 6, 0)[0]
    with pytest.raises(PartialWriteError) as caught:
        store.upsert([Record(id=uid(1), vectors={"a": row}), Record(id=uid(2), text="for the model")])
    assert caught.value.failed.keys() == {uid(2)}
    assert caught.value.total == 2
    assert [record.id for record in store.iterate()] == [uid(1)]
    with pytest.raises(PartialWriteError) as caught:
        store.upsert([Record(id=uid(3), text="for the model")])
    assert caught.value.failed.keys() == {uid(3)}


# ---------------------------------------------------------------- several vectors


@pytest.mark.parametrize(
    "weights", [{"a": 1.0, "b": 2.0}, {"a": 0.3, "b": 0.7}, {"a": 1.0, "b": 0.0}, {"a": -1.0, "b": 1.0}]
)
def test_several_targets_in_one_call(store: WeaviateStore, weights: dict[str, float]) -> None:
    """The score is the weighted sum of the cosines; what lacks a vector is left out."""
    rows = {"a": units(80, 6, 1), "b": units(80, 4, 2)}
    records = [Record(id=uid(n), vectors={name: rows[name][n] for name in ("ab" if n % 5 else "a")}) for n in range(80)]
    store.upsert(records)
    queries = {"a": units(1, 6, 3)[0], "b": units(1, 4, 4)[0]}
    asked = {name: queries[name] * 3 for name in weights}
    expected = {
        record.id: sum(weight * float(record.vectors[name] @ queries[name]) for name, weight in weights.items())
        for record in records
        if weights.keys() <= record.vectors.keys()
    }
    best = sorted(expected, key=lambda id: -expected[id])
    found = store.search_targets(asked, weights=weights, limit=12)
    assert [match.record.id for match in found] == best[:12]
    assert [match.score for match in found] == pytest.approx([expected[id] for id in best[:12]], abs=1e-5)
    rest = store.search_targets(asked, weights=weights, limit=5, offset=7)
    assert [match.record.id for match in rest] == best[7:12]


def test_targets_are_filtered_and_collapsed(store: WeaviateStore) -> None:
    a, b = units(4, 6, 1), units(4, 4, 2)
    store.upsert([Record(id=uid(1)), Record(id=uid(2), vectors={"a": a[1], "b": b[1]}, properties={"n": 2})])
    store.upsert([Record(id=uid(n), parent=uid(1), vectors={"a": a[0], "b": b[n - 10]}) for n in (10, 11)])
    asked = {"vectors": {"a": a[0], "b": b[0]}, "weights": {"a": 1.0, "b": 1.0}}
    found = store.search_targets(**asked)
    assert [match.record.id for match in found] == [uid(10), uid(2)]
    assert found[0].score == pytest.approx(2, abs=1e-5)
    assert [m.record.id for m in store.search_targets(**asked, where=parse("n = 2"))] == [uid(2)]


def test_wrong_targets_are_refused(store: WeaviateStore) -> None:
    a, b = units(1, 6, 1)[0], units(1, 4, 1)[0]
    wrong: list[tuple[Any, Any]] = [
        ({}, {}),
        ({"a": a}, {"a": 1.0}),
        ({"a": a, "b": b}, {"a": 1.0}),
        ({"a": a, "b": b}, {"a": 1.0, "b": float("nan")}),
        ({"a": a, "c": a}, {"a": 1.0, "c": 1.0}),
    ]
    for vectors, weights in wrong:
        with pytest.raises(ConfigError):
            store.search_targets(vectors, weights=weights)
    with pytest.raises(SchemaMismatchError, match="'a'"):
        store.search_targets({"a": a[:3], "b": b}, weights={"a": 1.0, "b": 1.0})
    with pytest.raises(ConfigError, match="negative"):
        store.search_targets({"a": a, "b": b}, weights={"a": 1.0, "b": 1.0}, limit=-1)


# ---------------------------------------------------------------- the server's own backups, and formats


def test_the_server_keeps_backups(client: WeaviateClient, store: WeaviateStore) -> None:
    """And brings back exactly what was there."""
    row = units(1, 6, 1)[0]
    kept = Record(id=uid(1), text="kept", properties={"n": 1}, vectors={"a": row}, thumbnail=b"picture")
    store.upsert([kept])
    name = f"backup-{uuid.uuid4().hex}"
    store.backup_on_server(name)
    store.upsert([Record(id=uid(2), properties={"late": True}), replace(kept, text="changed")])
    store.restore_on_server(name)
    assert [record.id for record in store.iterate()] == [uid(1)]
    found = store.search(vector=row, using="a")[0].record
    assert (found.text, dict(found.properties), found.thumbnail) == ("kept", {"n": 1}, b"picture")
    store.upsert([Record(id=uid(3), properties={"late": True})])
    assert store.count(where=parse("late = true")) == 1
    with pytest.raises(StoreError, match="already exists"):
        store.backup_on_server(name)


def test_backups_that_cannot_be(client: WeaviateClient, store: WeaviateStore, fresh_name: Callable[[], str]) -> None:
    """Leave everything as it is."""
    store.upsert([Record(id=uid(1))])
    for backend in ("s3", "gcs", "azure"):
        with pytest.raises(StoreError, match=f"{backend}.*module"):
            store.backup_on_server("one", backend=backend)
        with pytest.raises(StoreError, match=backend):
            store.restore_on_server("one", backend=backend)
    with pytest.raises(StoreError, match="no whole backup 'never-made'"):
        store.restore_on_server("never-made")
    other = opened(client, fresh_name())
    other.backup_on_server(name := f"other-{uuid.uuid4().hex}")
    with pytest.raises(StoreError, match="no whole backup"):
        store.restore_on_server(name)
    with pytest.raises(ConfigError, match="small letters"):
        store.backup_on_server("../x")
    wrong: Any = "tape"
    with pytest.raises(ConfigError, match=r"'tape'.*filesystem"):
        store.backup_on_server("one", backend=wrong)
    assert store.count() == 1


def test_a_newer_format_is_refused(client: WeaviateClient, store: WeaviateStore) -> None:
    name = store._handle.name
    client.collections.use(name).config.update(description='{"mm_agents": 2}')
    with pytest.raises(StoreVersionError, match="format 2"):
        from_client(client, name)


def test_it_reads_from_one_copy_if_told(fresh: Callable[[], str]) -> None:
    location = fresh().removeprefix("weaviate://")
    with build(f"{location}&consistency=ONE", spec=SPEC) as store:
        store.upsert([Record(id=uid(1))])
        assert store.count() == 1
