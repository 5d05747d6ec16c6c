"""What ``mm_agents.protocols.Store`` promises, as tests.

class TestMine(StoreContract):
    @pytest.fixture
    def store(self, tmp_path):
        with closing(mine.build(str(tmp_path / "library"), spec=self.SPEC)) as store:
            yield store
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mm_agents.errors import ConfigError, MMAgentsError, SchemaMismatchError, StoreError
from mm_agents.filters import parse
from mm_agents.protocols import Store
from mm_agents.testing._samples import SPEC, record, toward, uid, varied
from mm_agents.testing._search_contract import SearchContract
from mm_agents.types import Condition, Record, VectorSpec

_ODD = "ü 犬 😀 \\ ' \" %_*?\t\n\u202e <b> {} $x"


class StoreContract(SearchContract):
    """Subclass it and give the fixture ``store``: empty, of the collection ``SPEC``."""

    SPEC = SPEC

    @pytest.fixture
    def store(self) -> Store:
        """The store to test; the subclass makes, closes and removes it."""
        raise NotImplementedError("Give the fixture `store`.")

    def test_it_knows_its_spec(self, store: Store) -> None:
        """Names, widths and embedders."""
        assert store.spec == self.SPEC

    def test_an_empty_store_answers(self, store: Store) -> None:
        """With nothing, never with an error."""
        store.upsert([])
        assert store.search(vector=toward(0), using="media") == []
        assert store.search(text="word") == []
        assert store.search(vector=toward(0), using="media", text="word", where=parse("a = 1")) == []
        assert store.count() == 0
        assert store.count(group_by="kind") == {}
        assert list(store.iterate(parts=True)) == []
        assert store.get([uid(1)]) == {}
        assert store.delete([uid(1)]) == 0

    # ------------------------------------------------------------ writing

    def test_what_was_written_comes_back(self, store: Store) -> None:
        """Every field, types and all."""
        written = replace(
            record(1, media=30, words=200, text=_ODD * 100, name=_ODD, yes=True, no=False, one=1, half=0.5, whole=2.0),
            thumbnail=bytes(range(256)),
        )
        extremes = record(2, big=2**53 - 1, low=-(2**53) + 1, tiny=5e-324, empty="", list=("b", "a", "b", _ODD))
        store.upsert([written, extremes])
        found = store.get([uid(1), uid(2)], with_vectors=True)
        for expected in (written, extremes):
            same(found[expected.id], expected)
        assert found[uid(1)].vectors.keys() == {"media", "words"}
        assert found[uid(2)].vectors == {}

    def test_adding_twice_is_adding_once(self, store: Store) -> None:
        """The same id is the same record."""
        store.upsert(varied())
        store.upsert(varied())
        assert store.count() == 12
        assert len(list(store.iterate(parts=True))) == len(varied())
        assert len(store.search(text="common", limit=100)) == 12

    def test_replacing_leaves_nothing_of_the_old(self, store: Store) -> None:
        """Neither vectors nor keywords nor properties nor the thumbnail."""
        old = record(1, media=0, words=0, text="zebra", name="quagga", kind="image", size=1)
        store.upsert([replace(old, thumbnail=b"old"), record(2, media=10, words=10, text="other")])
        new = record(1, words=90, text="lion", kind="video")
        store.upsert([new])
        same(store.get([uid(1)], with_vectors=True)[uid(1)], new)
        assert [m.record.id for m in store.search(vector=toward(0), using="media")] == [uid(2)]
        assert store.search(vector=toward(90, 3), using="words")[0].record.id == uid(1)
        assert store.search(text="zebra quagga") == []
        assert store.count(where=parse("size exists")) == 0
        assert store.count(group_by="kind") == {"": 1, "video": 1}

    def test_an_asset_is_replaced_without_its_parts(self, store: Store) -> None:
        """Parts stay until they are deleted or replaced themselves."""
        store.upsert([record(1, media=0), record(10, media=20, parent=1)])
        store.upsert([record(1, media=180)])
        assert [m.record.id for m in store.search(vector=toward(20), using="media")] == [uid(10)]
        assert len(list(store.iterate(parts=True))) == 2

    def test_vectors_are_kept_with_length_1(self, store: Store) -> None:
        """Whatever their length was, also as float64."""
        long: Any = toward(30).astype(np.float64) * 250
        store.upsert([replace(record(1), vectors={"media": long})])
        kept = store.get([uid(1)], with_vectors=True)[uid(1)].vectors["media"]
        assert kept.dtype == np.float32
        assert kept == pytest.approx(toward(30), abs=1e-6)
        assert store.search(vector=toward(30), using="media")[0].score == pytest.approx(1, abs=1e-5)

    @pytest.mark.parametrize(
        ("bad", "words"),
        [
            ({"vectors": {"media": toward(0, 7)}}, r"media.*\(7,\).*\(8,\)"),
            ({"vectors": {"media": np.ones((1, 8), np.float32)}}, r"media.*\(1, 8\).*\(8,\)"),
            ({"vectors": {"poster": toward(0)}}, "poster.*media, words"),
            ({"vectors": {"media": toward(0) * np.float32("nan")}}, "media.*finite"),
            ({"vectors": {"words": np.array([1, np.inf, 0], np.float32)}}, "words.*finite"),
            ({"vectors": {"media": np.zeros(8, np.float32)}}, "media.*no length"),
            ({"vectors": {"media": ["a"] * 8}}, "media.*not an array of numbers"),
        ],
    )
    def test_bad_vectors_are_refused(self, store: Store, bad: dict[str, Any], words: str) -> None:
        """By the record's id, the vector's name, and what is wrong; and nothing of the call is written."""
        with pytest.raises(SchemaMismatchError, match=words) as caught:
            store.upsert([record(1, media=0), replace(record(2), **bad)])
        assert uid(2) in str(caught.value)
        assert store.count() == 0

    @pytest.mark.parametrize(
        ("bad", "words"),
        [
            ({"id": "photo.jpg"}, "photo.jpg"),
            ({"id": uid(2).upper()}, "UUID"),
            ({"id": uid(1)}, "twice"),
            ({"id": 7}, "UUID"),
            ({"parent": "asset"}, "parent"),
            ({"parent": uid(2)}, "its own parent"),
            ({"properties": {"id": "x"}}, "'id'"),
            ({"properties": {"a b": 1}}, "'a b'"),
            ({"properties": {"a": None}}, "'a' is None"),
            ({"properties": {"a": ["x"]}}, "'a'.*list"),
            ({"properties": {"a": ("x", 1)}}, "'a'"),
            ({"properties": {"a": float("nan")}}, "'a'.*nan"),
            ({"properties": {"a": 2**63}}, "'a'.*64 bits"),
            ({"properties": {"a": "\ud800"}}, "'a'.*surrogate"),
            ({"text": "ok \udfff"}, "'text'.*surrogate"),
            ({"text": None}, "'text'.*NoneType"),
            ({"thumbnail": "jpeg"}, "thumbnail"),
        ],
    )
    def test_bad_records_are_refused(self, store: Store, bad: dict[str, Any], words: str) -> None:
        """With what is wrong and what it is; and nothing of the call is written."""
        with pytest.raises(ConfigError, match=words):
            store.upsert([record(1, media=0), replace(record(2), **bad)])
        assert store.count() == 0

    # ------------------------------------------------------------ reading and deleting

    def test_get_keeps_the_order_and_skips_what_is_not_there(self, store: Store) -> None:
        """Also ids that are none; each once; vectors only when asked."""
        store.upsert([record(n, media=n) for n in range(5)])
        found = store.get([uid(3), "no id", uid(99), uid(0), uid(3)])
        assert list(found) == [uid(3), uid(0)]
        assert found[uid(3)].vectors == {}
        one: Any = uid(3)
        with pytest.raises(ConfigError, match="list of ids"):
            store.get(one)

    def test_deleting_an_asset_deletes_its_parts(self, store: Store) -> None:
        """And nothing else; a part goes alone."""
        store.upsert(varied())
        kept = len(varied())
        assert store.delete([uid(2), uid(2), uid(99), "no id"]) == 1
        kept -= 3
        assert len(list(store.iterate(parts=True))) == kept
        assert store.delete([uid(150)]) == 1
        assert store.get([uid(5)])
        assert len(list(store.iterate(parts=True))) == kept - 1
        assert store.delete([uid(8), uid(180)]) == 2
        assert store.delete([uid(2)]) == 0
        assert store.count() == 10
        found = [m.record.asset for m in store.search(vector=toward(0), using="media", limit=100)]
        assert len(found) == 10
        assert not {uid(2), uid(8)} & set(found)
        assert uid(2) not in [m.record.id for m in store.search(text="word2 word8")]

    def test_counting_is_by_assets(self, store: Store) -> None:
        """By the value of a property as text; each element of a list counts."""
        store.upsert(varied())
        assert store.count() == 12
        assert store.count(where=parse('kind = "image"')) == 4
        assert store.count(where=parse("parent exists")) == 0
        assert store.count(group_by="kind") == {"image": 4, "video": 4, "Ünïcode’s": 4}
        assert store.count(group_by="seen") == {"": 6, "false": 3, "true": 3}
        assert store.count(group_by="tags") == {"": 6, "all": 6, "t0": 2, "t1": 2, "t2": 2}
        assert store.count(group_by="size", where=parse("size < -100")) == {"-300": 1, "-200": 1}
        assert store.count(group_by="nothing") == {"": 12}
        with pytest.raises(ConfigError, match="group_by"):
            store.count(group_by='kind"; --')

    def test_iterating_is_in_the_order_of_ids(self, store: Store) -> None:
        """Assets, with parts when asked, with vectors when asked."""
        store.upsert(varied())
        assets = sorted(r.id for r in varied() if r.parent is None)
        assert [r.id for r in store.iterate()] == assets
        everything = {r.id: r for r in varied()}
        found = list(store.iterate(with_vectors=True, parts=True))
        assert [r.id for r in found] == sorted(everything)
        for kept in found:
            same(kept, everything[kept.id])
        assert all(not r.vectors for r in store.iterate(parts=True))
        of_one = Condition("parent", "eq", uid(2))
        assert [r.id for r in store.iterate(where=of_one, parts=True)] == sorted([uid(120), uid(121)])
        assert list(store.iterate(where=of_one)) == []

    def test_writing_while_iterating(self, store: Store) -> None:
        """What is there from the beginning to the end is met once."""
        store.upsert([record(n, media=n) for n in range(600)])
        met: list[str] = []
        for n, found in enumerate(store.iterate()):
            met.append(found.id)
            if n % 100 == 0:
                store.upsert([record(1000 + n, media=1), record(n, media=5, changed=True)])
        assert len(met) == len(set(met))
        assert {uid(n) for n in range(600)} <= set(met)

    # ------------------------------------------------------------ keeping

    def test_backup_and_restore(self, store: Store, tmp_path: Path) -> None:
        """A restore brings back everything as it was, and leaves nothing of what came after."""
        store.upsert(varied())
        store.backup(tmp_path / "deep" / "copy")
        store.upsert([record(500, media=1, text="late"), record(3, text="changed")])
        store.delete([uid(1), uid(5)])
        store.restore(tmp_path / "deep" / "copy")
        everything = {r.id: r for r in varied()}
        found = {r.id: r for r in store.iterate(with_vectors=True, parts=True)}
        assert found.keys() == everything.keys()
        for id, kept in found.items():
            same(kept, everything[id])
        assert store.search(text="late changed") == []
        assert store.search(text="word1")[0].record.id == uid(1)
        assert store.search(vector=toward(7), using="media")[0].record.id == uid(1)
        store.upsert([record(501, media=2)])
        assert store.count() == 13

    def test_a_backup_overwrites_nothing(self, store: Store, tmp_path: Path) -> None:
        """Its folder is new or empty."""
        (tmp_path / "full").mkdir()
        (tmp_path / "full" / "thesis.txt").write_text("mine")
        for target in (tmp_path / "full", tmp_path / "full" / "thesis.txt"):
            with pytest.raises(ConfigError, match="empty folder"):
                store.backup(target)
        assert (tmp_path / "full" / "thesis.txt").read_text() == "mine"

    def test_a_restore_that_fails_changes_nothing(self, store: Store, tmp_path: Path) -> None:
        """From a folder that holds no backup."""
        store.upsert(varied())
        with pytest.raises(MMAgentsError):
            store.restore(tmp_path / "nothing")
        assert store.count() == 12
        assert store.search(text="word1")[0].record.id == uid(1)

    def test_threads_may_share_it(self, store: Store) -> None:
        """Four write and search at once; each finds what it wrote."""

        def work(thread: int) -> list[int]:
            found: list[int] = []
            for n in range(0, 40, 4):
                ids = [1000 * thread + n + k for k in range(4)]
                store.upsert([record(id, media=id % 360, text=f"thread{thread}", n=id) for id in ids])
                where = Condition("n", "eq", ids[0])
                found.append(len(store.search(vector=toward(ids[0]), using="media", where=where)))
                found.append(len(store.search(text=f"thread{thread}", limit=100)) - n - 3)
            return found

        with ThreadPoolExecutor(4) as pool:
            for found in pool.map(work, range(1, 5)):
                assert found == [1] * 20
        assert store.count() == 160

    def test_a_closed_store_says_so(self, store: Store) -> None:
        """Closing twice is harmless; using it then is a StoreError."""
        store.close()
        store.close()
        with pytest.raises(StoreError, match="closed"):
            store.count()
        with pytest.raises(StoreError, match="closed"):
            store.upsert([record(1, media=0)])

    # ------------------------------------------------------------ more vectors

    def test_a_collection_may_get_more_vectors(self, store: Store) -> None:
        """What was there stays, and the new vector is searched like the others; again is once."""
        store.upsert(varied())
        before = {r.id: r for r in store.iterate(parts=True, with_vectors=True)}
        added = VectorSpec(name="newer", width=4, embedder="hash:4", replaces="media")
        wider = replace(self.SPEC, vectors=(*self.SPEC.vectors, added))
        store.extend(wider)
        store.extend(wider)
        assert store.spec == wider
        assert store.spec.current("media") == "newer"
        for found in store.iterate(parts=True, with_vectors=True):
            same(found, before[found.id])
        assert store.search(vector=toward(0, 4), using="newer") == []
        changed = replace(before[uid(1)], vectors={**before[uid(1)].vectors, "newer": toward(10, 4)})
        store.upsert([changed])
        assert [match.record.id for match in store.search(vector=toward(0, 4), using="newer")] == [uid(1)]
        same(store.get([uid(1)], with_vectors=True)[uid(1)], changed)

    def test_an_extension_changes_nothing_that_is_there(self, store: Store) -> None:
        """Another width, another embedder or a missing vector is refused."""
        media, words = self.SPEC.vectors
        store.upsert([record(1, media=0)])
        for vectors in (
            (replace(media, width=9), words),
            (replace(media, embedder="other"), words),
            (words,),
            (media, words, VectorSpec(name="new", width=2, replaces="nothing")),
        ):
            with pytest.raises(ConfigError):
                store.extend(replace(self.SPEC, vectors=vectors))
        assert store.spec == self.SPEC
        assert store.count() == 1


def same(found: Record, expected: Record) -> None:
    """Check that two records are equal, their vectors nearly."""
    assert (found.id, found.parent, found.text) == (expected.id, expected.parent, expected.text)
    assert repr(dict(sorted(found.properties.items()))) == repr(dict(sorted(expected.properties.items())))
    assert found.thumbnail == expected.thumbnail
    assert found.vectors.keys() == expected.vectors.keys()
    for name, vector in found.vectors.items():
        assert vector.dtype == np.float32
        assert vector == pytest.approx(expected.vectors[name], abs=1e-6)
