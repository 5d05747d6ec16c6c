"""The LanceDB store: the contract, its folder, its filters, its index, and other processes."""

from __future__ import annotations

import json
import math
import random
import subprocess
import sys
import textwrap
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from local_samples import SPEC, some

import mm_agents
from mm_agents import Store
from mm_agents.cli.maintenance import examine
from mm_agents.errors import (
    ConfigError,
    EmbedderMismatchError,
    FilterError,
    LibraryNotFoundError,
    MissingExtraError,
    SchemaMismatchError,
    StoreDamagedError,
    StoreError,
    StoreVersionError,
)
from mm_agents.filters import matches, parse
from mm_agents.stores import lance, local, memory
from mm_agents.testing import StoreContract
from mm_agents.types import And, CollectionSpec, Condition, Filter, Not, Or, Record, Value, VectorRole, VectorSpec

pytest.importorskip("lancedb", reason="pip install 'mm-agents[lance]' to run these tests")

from mm_agents.stores.lance import store as searching
from mm_agents.stores.lance.store import LanceStore
from mm_agents.stores.lance.table import Table


class TestLance(StoreContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[Store]:
        with lance.build(str(tmp_path / "library"), spec=self.SPEC) as store:
            yield store


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "lance"


@pytest.fixture
def store(place: Path) -> Iterator[LanceStore]:
    with lance.build(str(place), spec=SPEC) as opened:
        yield opened


def uid(n: int) -> str:
    return str(UUID(int=n))


# ---------------------------------------------------------------- damage


def test_a_changed_file_is_noticed(store: LanceStore, place: Path) -> None:
    store.upsert(some(30))
    store.delete([some(3)[2].id])
    store.verify()
    folders = {"data", "_deletions", "_indices", "_versions"}
    files = [path for path in sorted((place / "records.lance").rglob("*.*")) if path.parts[-2] in folders]
    files += (place / "records.lance" / "_indices").rglob("*.lance")
    assert {path.relative_to(place / "records.lance").parts[0] for path in files} == folders
    for path in files:
        if path.suffix != ".json":
            whole = path.read_bytes()
            path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
            with pytest.raises(StoreDamagedError, match="has changed since it was written"):
                store.verify()
            path.write_bytes(whole)
    store.verify()


def test_a_version_that_is_gone_is_noticed(store: LanceStore, place: Path) -> None:
    store.upsert(some(3))
    min((place / "records.lance" / "_versions").glob("*.manifest")).unlink()
    with pytest.raises(StoreDamagedError, match="it is gone, and with it what was written last"):
        store.verify()


def test_a_changed_collection_is_noticed(place: Path) -> None:
    lance.build(str(place), spec=SPEC).close()
    manifest = place / "mm_agents.json"
    manifest.write_text(manifest.read_text().replace(f'"{SPEC.name}"', '"Others"'))
    with lance.build(str(place)) as changed, pytest.raises(StoreDamagedError):
        changed.verify()


def test_the_doctor_notices_a_damaged_library(store: LanceStore, place: Path) -> None:
    def found() -> tuple[bool, bool, str]:
        check = examine(f"lance://{place}")[-1]
        return check.ok, check.needed, check.detail

    store.upsert(some(3))
    assert found()[0]
    (path,) = (place / "records.lance" / "data").iterdir()
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    assert found()[0] is False
    (place / "mm_agents.json").unlink()
    assert found() == (False, True, "its file mm_agents.json is gone: put it back from a copy")


def test_what_was_written_without_checksums_is_sound(store: LanceStore, place: Path) -> None:
    """As by an older version, or where the process was killed before it kept them."""
    store.upsert(some(3))
    (place / "checksums").unlink()
    with lance.build(str(place)) as again:
        again.verify()
        again.upsert(some(5))
        again.verify()
    with (place / "checksums").open("a") as file:
        file.write("0123456789abcdef data/cut")
    with lance.build(str(place)) as again:
        again.upsert(some(7))
        again.verify()


def test_what_other_processes_write_is_sound(place: Path) -> None:
    with lance.build(str(place), spec=SPEC) as one, lance.build(str(place)) as other:
        for n in range(1, 8):
            (one if n % 2 else other).upsert(some(n))
        one._table.optimize()
        other.upsert(some(20))
        for store in (one, other):
            store.verify()


# ---------------------------------------------------------------- the folder


def test_it_is_opened_again_as_it_was_left(place: Path) -> None:
    with lance.build(str(place), spec=SPEC) as store:
        store.upsert(some(20))
    for spec in (None, SPEC):
        with lance.build(str(place), spec=spec) as again:
            assert again.spec == SPEC
            assert again.count() == 20
            assert again.search(vector=some(1)[0].vectors["b"], using="b")[0].record.id == uid(0)
    manifest = json.loads((place / "mm_agents.json").read_text())
    assert (manifest["store"], manifest["format"]) == ("lance", 1)


@pytest.mark.parametrize("role", [None, "text"])
def test_a_role_is_kept_where_it_is_set(tmp_path: Path, role: VectorRole | None) -> None:
    """Without one, what is written is what was written before there were roles, and its name gives the role."""
    spec = CollectionSpec(name="Media", vectors=(VectorSpec(name="media", width=2, role=role),))
    lance.build(str(tmp_path / "lance"), spec=spec).close()
    with lance.build(str(tmp_path / "lance")) as opened:
        assert opened.spec == spec
        assert opened.spec.role("media") == (role or "image")
    (kept,) = json.loads((tmp_path / "lance" / "mm_agents.json").read_text(encoding="utf-8"))["vectors"]
    assert kept == {"name": "media", "width": 2, "embedder": None, "replaces": None} | ({"role": role} if role else {})


def test_nothing_there_is_told_with_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(LibraryNotFoundError, match=r"mm-agents add PATH --library lance://.*x"):
        lance.build(str(tmp_path / "x"))
    assert not (tmp_path / "x").exists()
    with pytest.raises(ConfigError, match="needs a folder"):
        lance.build("", spec=SPEC)
    (tmp_path / "photo.jpg").write_bytes(b"jpeg")
    with pytest.raises(ConfigError, match=r"photo\.jpg' is a file"):
        lance.build(str(tmp_path / "photo.jpg"), spec=SPEC)


def test_another_shape_or_embedder_is_refused(store: LanceStore, place: Path) -> None:
    wider = replace(SPEC, vectors=(SPEC.vectors[0], VectorSpec(name="a", width=5)))
    with pytest.raises(SchemaMismatchError, match=r"'a': 4.*'a': 5"):
        lance.build(str(place), spec=wider)
    other = replace(SPEC, vectors=(VectorSpec(name="b", width=16, embedder="offline"), SPEC.vectors[1]))
    with pytest.raises(EmbedderMismatchError, match=r"'b'.*'hash:16', not by 'offline'"):
        lance.build(str(place), spec=other)


def test_a_newer_or_foreign_or_damaged_folder_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "library"
    local.build(str(folder), spec=SPEC).close()
    with pytest.raises(ConfigError, match="another store"):
        lance.build(str(folder))
    place = tmp_path / "lance"
    lance.build(str(place), spec=SPEC).close()
    manifest = json.loads((place / "mm_agents.json").read_text())
    for changed, error in (
        (json.dumps({**manifest, "format": 99}), StoreVersionError),
        (json.dumps({**manifest, "vectors": [{"name": "c", "width": 3}]}), StoreDamagedError),
        (json.dumps({"format": 1, "store": "lance"}), StoreDamagedError),
        ("{", StoreDamagedError),
    ):
        (place / "mm_agents.json").write_text(changed)
        with pytest.raises(error):
            lance.build(str(place))
    (place / "mm_agents.json").write_text(json.dumps(manifest))
    (place / "records.lance").rename(place / "elsewhere")
    with pytest.raises(StoreDamagedError, match="damaged"):
        lance.build(str(place))


def test_without_lancedb_it_says_the_pip_line(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lancedb", None)
    with pytest.raises(MissingExtraError, match=r"The Lance store needs .* pip install 'mm-agents\[lance\]'"):
        lance.build(str(place), spec=SPEC)


def test_importing_it_does_not_load_lancedb() -> None:
    code = "import sys, mm_agents.stores.lance; print('lancedb' in sys.modules, 'pyarrow' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


def test_a_local_backup_can_be_restored_and_the_other_way(store: LanceStore, place: Path, tmp_path: Path) -> None:
    records = [replace(record, properties={**record.properties, "a.b": (f"x{n}",)}) for n, record in enumerate(some(9))]
    with local.build(str(tmp_path / "local"), spec=SPEC) as source:
        source.upsert(records)
        source.backup(tmp_path / "copy")
    store.upsert(some(3, start=100))
    store.restore(tmp_path / "copy")
    assert [record.id for record in store.iterate()] == [record.id for record in records]
    assert store.count(where=parse('a.b contains "x3"')) == 1
    store.backup(tmp_path / "back")
    with local.build(str(tmp_path / "back")) as copy:
        copy.verify()
        for kept, record in zip(copy.iterate(with_vectors=True), records, strict=True):
            assert kept.properties == record.properties
            assert kept.vectors["a"] == pytest.approx(record.vectors["a"] / np.linalg.norm(record.vectors["a"]), 1e-5)


def test_a_restore_that_breaks_off_changes_nothing(
    store: LanceStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with local.build(str(tmp_path / "copy"), spec=SPEC) as copy:
        copy.upsert(some(50))
    store.upsert(some(3, start=100))
    before = [record.id for record in store.iterate()]

    def broken(self: local.LocalStore, **asked: Any) -> Iterator[Record]:
        yield from list(whole(self, **asked))[:20]
        if asked.get("with_vectors"):
            raise StoreDamagedError("the disk died")

    whole = local.LocalStore.iterate
    monkeypatch.setattr(local.LocalStore, "iterate", broken)
    with pytest.raises(StoreError):
        store.restore(tmp_path / "copy")
    assert [record.id for record in store.iterate()] == before


# ---------------------------------------------------------------- filters

ODD = ["'", "''", '"', "`", "\\", "\\'", "' OR 1=1 --", "%", "_", "$1", "a\x00b", "\n", "ü😀", "", "NULL", "it's; DROP"]
NUMBERS: list[int | float] = [
    0, -0.0, 0.0, 5e-324, 1e308, -1e308, 0.1, 2**53, 2**53 + 1, float(2**53), 2**63 - 1, -(2**63), float(2**63),
    -float(2**63), 1, 1.0, 2.5, -3,
]  # fmt: skip


def test_no_text_is_read_as_sql(store: LanceStore) -> None:
    records = [
        Record(id=uid(n), properties={"odd": text, "a.b": (text, "x"), "A.b": text}) for n, text in enumerate(ODD)
    ]
    store.upsert(records)
    for text in ODD:
        for where in (
            Condition("odd", "eq", text),
            Condition("odd", "ne", text),
            Condition("odd", "in", (text, "x")),
            Condition("odd", "contains", text),
            Condition("odd", "ge", text),
            Condition("a.b", "contains", text),
            Condition("a.b", "eq", (text, "x")),
            Condition("A.b", "eq", text),
            Condition("id", "eq", text),
        ):
            agree(store, records, where)
    assert store.get([text for text in ODD]) == {}
    assert store.delete(ODD) == 0
    assert store.count() == len(ODD)


def test_numbers_compare_as_python_compares_them(store: LanceStore) -> None:
    records = [Record(id=uid(n), properties={"x": value}) for n, value in enumerate([*NUMBERS, True, "1", ("1",)])]
    store.upsert(records)
    for value in NUMBERS:
        for op in ("eq", "ne", "lt", "le", "gt", "ge"):
            agree(store, records, Condition("x", op, value))
        agree(store, records, Condition("x", "in", (value, "1", True)))
    agree(store, records, Condition("x", "eq", True))
    agree(store, records, Condition("x", "eq", ()))
    agree(store, records, Condition("x", "ne", ("1",)))


def agree(store: LanceStore, records: list[Record], where: Filter) -> None:
    expected = sorted(record.id for record in records if matches(where, record))
    assert [record.id for record in store.iterate(where=where)] == expected, where
    assert store.count(where=where) == len(expected), where
    assert store.count(where=Not(where)) == len(records) - len(expected), where


def test_deep_and_wide_filters(store: LanceStore) -> None:
    store.upsert(some(30))
    wide = Or(tuple(Condition("number", "eq", n) for n in range(0, 4000, 2)))
    chain: Filter = Condition("number", "lt", 5)
    for _ in range(48):
        chain = Not(And((chain,)))
    agree(store, some(30), wide)
    agree(store, some(30), chain)
    agree(store, some(30), And(()))
    agree(store, some(30), Or(()))
    nested: Filter = Condition("number", "lt", 5)
    for n in range(66):
        nested = (Or if n % 2 else And)((nested, Condition("number", "gt", n)))
    agree(store, some(30), nested)
    for n in range(20):
        nested = (Or if n % 2 else And)((nested, Condition("number", "gt", n)))
    with pytest.raises(FilterError, match="40 nested"):
        store.count(where=nested)


def test_groups_of_every_type_agree_with_the_reference(store: LanceStore) -> None:
    values: list[Value] = [1, 1.0, True, "1", "", (), ("a", "b", "a"), -0.5, 2**60, "ü", "", 1]
    records = [Record(id=uid(n), properties={"mixed": value}) for n, value in enumerate(values)]
    records += [Record(id=uid(100)), Record(id=uid(101), parent=uid(100), properties={"mixed": "part"})]
    store.upsert(records)
    reference = memory.build("", spec=SPEC)
    reference.upsert(records)
    for name in ("mixed", "id", "parent", "nothing"):
        assert store.count(group_by=name) == reference.count(group_by=name)


def test_words_are_stemmed_and_accents_ignored(store: LanceStore) -> None:
    texts = ["Runners were running", "le café ferme", "Straße", "cafe\u0301 tables"]
    store.upsert([Record(id=uid(n), text=text) for n, text in enumerate(texts)])
    for words, expected in (("run", [0]), ("CAFE", [1, 3]), ("café", [1, 3]), ("straße", [2]), ("the", [])):
        assert sorted(UUID(match.record.id).int for match in store.search(text=words)) == expected


def test_extending_gives_old_records_nothing_and_other_processes_go_on(store: LanceStore, place: Path) -> None:
    store.upsert(some(5))
    with lance.build(str(place)) as other:
        wider = replace(SPEC, vectors=(*SPEC.vectors, VectorSpec(name="c", width=2, replaces="a")))
        store.extend(wider)
        store.upsert([Record(id=uid(1), vectors={"c": np.array([0, 1], np.float32)})])
        assert store.get([uid(1)], with_vectors=True)[uid(1)].vectors.keys() == {"c"}
        other.upsert(some(2))  # knows nothing of the new vector, and leaves none behind
    assert store.get([uid(1)], with_vectors=True)[uid(1)].vectors.keys() == {"a", "b"}
    with lance.build(str(place)) as again:
        assert again.spec == wider


# ---------------------------------------------------------------- the index

WIDE = CollectionSpec(name="Wide", vectors=(VectorSpec(name="v", width=32), VectorSpec(name="rare", width=4)))


def points(count: int, seed: int = 1) -> list[Record]:
    random = np.random.default_rng(seed)
    rows = random.standard_normal((count, 32), np.float32)
    return [
        Record(
            id=str(UUID(int=n)),
            properties={"n": n, "side": "left" if rows[n][0] < 0 else "right"},
            vectors={"v": rows[n]},
        )
        for n in range(count)
    ]


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[LanceStore, local.LocalStore]]:
    """A store with an index, some rows that it does not know yet, and the same in a local store."""
    folder = tmp_path_factory.mktemp("indexed")
    with (
        pytest.MonkeyPatch.context() as patch,
        lance.build(str(folder / "lance"), spec=WIDE) as store,
        local.build(str(folder / "local"), spec=WIDE) as exact,
    ):
        patch.setattr(searching, "INDEX_ROWS", 10_000)
        records = points(24_000)
        for kept in (store, exact):
            for start in (0, 12_000, 23_000):
                kept.upsert(records[start : start + 12_000])
            kept.delete([record.id for record in records[:50]])
        yield store, exact


@pytest.mark.parametrize(
    "expression", [None, "n < 3000", "n < 400", "n < 55", 'side = "left"', "n >= 23500", "n < 0", "nothing = 1"]
)
def test_the_index_finds_what_an_exact_search_finds(
    indexed: tuple[LanceStore, local.LocalStore], expression: str | None
) -> None:
    store, exact = indexed
    where = None if expression is None else parse(expression)
    shares: list[float] = []
    for query in points(30, seed=2):
        asked: dict[str, Any] = {"vector": query.vectors["v"], "using": "v", "where": where, "limit": 10}
        expected = {match.record.id: match.score for match in exact.search(**asked)}
        found = {match.record.id: match.score for match in store.search(**asked)}
        assert len(found) == len(expected)
        for id in found.keys() & expected.keys():
            assert found[id] == pytest.approx(expected[id], abs=2e-6)
        shares.append(len(found.keys() & expected.keys()) / len(expected) if expected else 1.0)
    assert np.mean(shares) >= 0.98


def test_the_index_is_calibrated_and_kept_with_the_table(indexed: tuple[LanceStore, local.LocalStore]) -> None:
    store, _ = indexed
    table: Table = store._table
    kept = searching._calibration(table, "vector_v")
    assert kept["rows"] == 24_000
    assert [depth for depth, _ in kept["probes"]] == [10, 100, 1000]
    probes = [probes for _, probes in kept["probes"]]
    assert probes == sorted(probes)
    assert "vector_v" in table.indices()
    assert "vector_rare" not in table.indices()
    enough = searching._probes(table, "vector_v", filtered=False)
    assert enough(11) == dict(kept["probes"])[100]
    assert enough(1001) == searching._ALL
    assert searching._probes(table, "vector_v", filtered=True)(1) == searching._ALL


def test_a_filter_on_the_far_side_is_exact(indexed: tuple[LanceStore, local.LocalStore]) -> None:
    query = np.zeros(32, np.float32)
    query[0] = 1  # far right
    asked: dict[str, Any] = {"vector": query, "using": "v", "where": parse('side = "left"'), "limit": 50}
    found, expected = (kept.search(**asked) for kept in indexed)
    assert [match.record.id for match in found] == [match.record.id for match in expected]


def test_many_small_writes_are_put_in_order(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "SMALL_FILES", 8)
    with lance.build(str(place), spec=SPEC) as store:
        for n in range(40):
            store.upsert(some(2, start=n))
            assert store._table.behind()[0] <= 8
        assert store.count() == 41
        assert len(store.search(text="words", limit=50)) == 41


@pytest.mark.parametrize(
    ("step", "error"),
    [
        ("optimize", StoreDamagedError("a fragment is not found")),
        ("behind", KeyError("id")),
        ("create_index", StoreError("LanceDB failed")),
    ],
)
def test_a_write_that_is_committed_does_not_fail_by_its_maintenance(
    store: LanceStore,
    step: str,
    error: Exception,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(*arguments: object) -> None:
        raise error

    monkeypatch.setattr(searching, "SMALL_FILES", 0)
    monkeypatch.setattr(searching, "INDEX_ROWS", 1)
    monkeypatch.setattr(Table, step, fail)
    store.upsert(some(3))
    assert store.count() == 3
    (logged,) = [entry for entry in caplog.records if "put in order" in entry.message]
    assert logged.levelname == "WARNING"
    assert logged.exc_info is not None
    assert logged.exc_info[1] is error


def test_a_growing_table_is_indexed_again(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "INDEX_ROWS", 1000)
    monkeypatch.setattr(searching, "UNINDEXED_ROWS", 500)
    monkeypatch.setattr(searching, "_SAMPLE", 8)
    seen: list[int] = []
    with lance.build(str(place), spec=WIDE) as store:
        records = points(4000)
        for start in range(0, 4000, 500):
            store.upsert(records[start : start + 500])
            seen.append(searching._calibration(store._table, "vector_v").get("rows", 0))
        assert store.search(vector=records[3999].vectors["v"], using="v", limit=1)[0].record.id == records[3999].id
    assert seen[0] == 0
    assert [rows for rows in dict.fromkeys(seen) if rows] == [1000, 1500, 2500, 4000]


def test_equal_vectors_tie_across_the_index(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "INDEX_ROWS", 1000)
    monkeypatch.setattr(searching, "UNINDEXED_ROWS", 500)
    vector = points(1)[0].vectors["v"]
    records = [Record(id=uid(n), vectors={"v": vector}) for n in range(2999, -1, -1)]
    with lance.build(str(place), spec=WIDE) as store:
        for start in range(0, 3000, 1400):
            store.upsert(records[start : start + 1400])
        found = store.search(vector=points(2, seed=5)[1].vectors["v"], using="v", limit=20, offset=100)
    assert [UUID(match.record.id).int for match in found] == list(range(100, 120))
    assert len({match.score for match in found}) == 1


def test_one_asset_with_thousands_of_parts_hides_no_other(store: LanceStore) -> None:
    near, up = np.eye(4, dtype=np.float32)[:2]
    parts = [Record(id=uid(1000 + n), parent=uid(1), vectors={"a": near + n / 1e6 * up}) for n in range(5000)]
    store.upsert([*parts, *(Record(id=uid(n), vectors={"a": near + n * up}) for n in range(2, 8))])
    found = store.search(vector=near, using="a", limit=4)
    assert [UUID(match.record.asset).int for match in found] == [1, 2, 3, 4]


# ---------------------------------------------------------------- other processes

HELPERS = """
import sys
from uuid import UUID
import numpy as np
from mm_agents.stores import lance
from mm_agents.types import Record

def record(n, generation=0):
    vector = np.random.default_rng((n, generation)).standard_normal(4, np.float32)
    return Record(id=str(UUID(int=n)), properties={"n": n, "generation": generation}, text=f"word{n}",
                  vectors={"a": vector})

store = lance.build(sys.argv[1])
"""


def start(place: Path, code: str, *arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", HELPERS + textwrap.dedent(code), str(place), *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        bufsize=1,
        cwd=Path(mm_agents.__file__).parents[1],
    )


def test_nothing_acknowledged_is_lost_by_kill(store: LanceStore, place: Path) -> None:
    code = """
        from mm_agents.stores.lance import store as search
        search.SMALL_FILES = 10
        for turn in range(100_000):
            store.upsert([record(n, turn) for n in range(5)])
            store.upsert([record(1000 + turn)])
            store.delete([str(UUID(int=1000 + turn - 1))])
            print(turn, flush=True)
    """
    for attempt in range(2):
        with start(place, code) as running:
            assert running.stdout is not None
            turns = [int(running.stdout.readline())]
            time.sleep(random.Random(attempt).uniform(0.3, 1.0))
            running.kill()
            turns += [int(line) for line in running.stdout.read().splitlines()]
        with lance.build(str(place)) as again:
            found = again.get([uid(n) for n in range(5)], with_vectors=True)
            assert len(found) == 5
            (generation,) = {record.properties["generation"] for record in found.values()}
            assert isinstance(generation, int)
            assert generation >= turns[-1]
            assert again.count(where=parse("n >= 1000")) in (1, 2)
            assert again.search(text="word3")[0].record.id == uid(3)
            best = again.search(vector=found[uid(2)].vectors["a"], using="a", limit=1)[0]
            assert (best.record.id, best.score) == (uid(2), pytest.approx(1))
            again.upsert(some(1, start=5000))
            again.delete([uid(n) for n in range(1000, 6000)])


def test_a_property_that_another_process_writes_first_at_the_same_time(
    store: LanceStore, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, theirs = (Record(id=uid(n), properties={"shared": n}) for n in (1, 2))
    use, late = Table.use, [True]

    class Late:
        """The table, whose columns another process changes as soon as they are read."""

        def __init__(self, opened: Any) -> None:
            self.opened = opened

        def __getattr__(self, name: str) -> Any:
            found = getattr(self.opened, name)
            if name == "schema" and late.pop():
                monkeypatch.setattr(Table, "use", use)
                with LanceStore.open(place) as other:
                    other.upsert([theirs])
            return found

    @contextmanager
    def used(table: Table) -> Generator[Any]:
        with use(table) as opened:
            yield Late(opened)

    monkeypatch.setattr(Table, "use", used)
    store.upsert([mine])
    assert not late
    assert [record.properties for record in store.iterate()] == [{"shared": 1}, {"shared": 2}]


def test_writers_at_once_lose_and_double_nothing(store: LanceStore, place: Path) -> None:
    code = """
        from mm_agents.stores.lance import store as search
        search.SMALL_FILES = 10
        me = int(sys.argv[2])
        sys.stdin.readline()
        for n in range(25):
            store.upsert([record(n), record(1000 * me + n)])
            store.upsert([Record(id=str(UUID(int=99_999)), properties={f"own_{me}_{n % 3}": n, "shared": me})])
    """
    writers = [start(place, code, me) for me in (1, 2, 3)]
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("go\n")
        writer.stdin.flush()
    for writer in writers:
        error = writer.communicate(timeout=100)[1]
        assert (error.count("Error"), writer.returncode) == (0, 0), error
    assert [UUID(record.id).int for record in store.iterate()] == [
        *range(25), *(1000 * me + n for me in (1, 2, 3) for n in range(25)), 99_999
    ]  # fmt: skip
    last = store.get([uid(99_999)])[uid(99_999)]
    assert len(last.properties) == 2
    assert store.count(where=parse("shared exists")) == 1


def test_readers_see_every_write_of_another_process_at_once(store: LanceStore, place: Path) -> None:
    code = """
        for line in sys.stdin:
            word, n = line.split()
            if word == "add":
                store.upsert([record(int(n))])
            else:
                store.delete([str(UUID(int=int(n)))])
            print("done", flush=True)
    """
    with start(place, code) as writer:
        assert writer.stdin is not None
        assert writer.stdout is not None
        for n in range(1, 8):
            writer.stdin.write(f"add {n}\n")
            assert writer.stdout.readline() == "done\n"
            assert store.count() == store.count(where=parse("n > 0")) == n
            assert store.search(text=f"word{n}")[0].record.id == uid(n)
        for n in range(1, 4):
            writer.stdin.write(f"delete {n}\n")
            assert writer.stdout.readline() == "done\n"
            assert store.search(text=f"word{n}") == []
            assert store.count() == 7 - n
        writer.stdin.close()


def test_a_backup_beside_a_writer_is_of_one_moment(store: LanceStore, place: Path, tmp_path: Path) -> None:
    code = """
        for turn in range(100_000):
            store.upsert([record(n, turn) for n in range(600)])
            print(turn, flush=True)
    """
    with start(place, code) as writer:
        assert writer.stdout is not None
        writer.stdout.readline()
        for n in range(3):
            store.backup(tmp_path / str(n))
        writer.kill()
    for n in range(3):
        with local.build(str(tmp_path / str(n))) as copy:
            assert len(copy.count(group_by="generation")) == 1
            assert copy.count() == 600
            assert not math.isnan(copy.search(text="word7")[0].score)
