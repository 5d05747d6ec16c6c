"""What ``mm_agents.protocols.Store`` promises, as tests, and the records and filters that they are made of."""

from __future__ import annotations

import math
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from importlib import resources
from itertools import pairwise
from pathlib import Path
from typing import Any, cast
from uuid import UUID, uuid5

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mm_agents.errors import ConfigError, FilterError, MMAgentsError, SchemaMismatchError, StoreError
from mm_agents.filters import matches, parse
from mm_agents.protocols import Store
from mm_agents.types import And, CollectionSpec, Condition, Filter, Match, Not, Or, Record, Value, VectorSpec

SPEC = CollectionSpec(
    name="Contract", vectors=(VectorSpec(name="media", width=8, embedder="hash:8"), VectorSpec(name="words", width=3))
)
"""Two named vectors of different widths."""

_NAMESPACE = UUID("8c1a4b52-2d3e-5f60-9a71-b2c3d4e5f607")


def uid(n: int) -> str:
    """The id of sample n."""
    return str(uuid5(_NAMESPACE, str(n)))


def toward(degrees: float, width: int = 8) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """A unit vector in the plane of the first two axes; the cosine of two is that of the angle between them."""
    angle = math.radians(degrees)
    return np.array([math.cos(angle), math.sin(angle), *[0.0] * (width - 2)], np.float32)


def record(
    n: int,
    /,
    *,
    media: float | None = None,
    words: float | None = None,
    text: str = "",
    parent: int | None = None,
    **properties: Value,
) -> Record:
    """Sample n, its vectors given by their angles."""
    vectors = {"media": media, "words": words}
    return Record(
        id=uid(n),
        parent=None if parent is None else uid(parent),
        text=text,
        properties=properties,
        vectors={name: toward(angle, SPEC.vector(name).width) for name, angle in vectors.items() if angle is not None},
    )


def varied() -> list[Record]:
    """Twelve assets and their parts, with properties of every type, some absent, one of mixed types."""
    records: list[Record] = []
    mixed: list[Value] = [1, "1", True, 1.0, ("1",), 0, "", False, -2, 2.5, "a", ("a", "b")]
    for n in range(12):
        properties: dict[str, Value] = {"name": f"item {n}", "kind": ("image", "video", "Ünïcode’s")[n % 3]}
        properties |= {"size": n * 100 - 300, "ratio": n / 8, "mixed": mixed[n]}
        if n % 2:
            properties |= {"seen": n % 4 == 1, "tags": ("all", f"t{n % 3}")}
        asset = record(n, media=n * 7, words=n * 5 if n % 3 else None, text=f"common word{n}")
        records.append(replace(asset, properties=properties))
        for k in range(n % 3):
            part = record(100 + 10 * n + k, media=n * 7 + 90 + k, parent=n, text="common part")
            records.append(replace(part, properties={**properties, "t0": k * 1.5, "page": k}))
    return records


def matching(records: list[Record], where: Filter | None) -> list[Record]:
    """The records that a filter is true of, in the order of ids."""
    return sorted((r for r in records if where is None or matches(where, r)), key=lambda r: r.id)


EXPRESSIONS = tuple(
    resources.files("mm_agents.testing")
    .joinpath("filters.txt")
    .read_text(encoding="utf-8")
    .format(two=uid(2), three=uid(3), five=uid(5), part=uid(111))
    .splitlines()
)
"""Filters over ``varied``, every operator with every type."""


def filters() -> st.SearchStrategy[Filter]:
    """Random filters over ``varied``."""
    text = st.sampled_from(["image", "video", "Ünïcode’s", "", "1", "a", "t1", "all", "item 3", uid(2), uid(3)])
    number = st.sampled_from([-300, -2, 0, 1, 2, 200, 0.5, 1.0, 1.5, 2.5, 799.5])
    scalar = st.one_of(text, number, st.booleans())
    name = st.sampled_from("name kind size ratio mixed seen tags t0 page nothing id parent".split())
    leaf = st.one_of(
        st.builds(Condition, name, st.sampled_from(["eq", "ne"]), scalar),
        st.builds(Condition, name, st.sampled_from(["lt", "le", "gt", "ge"]), st.one_of(text, number)),
        st.builds(Condition, name, st.just("in"), st.lists(scalar, max_size=3).map(tuple)),
        st.builds(Condition, name, st.just("contains"), text),
        st.builds(Condition, name, st.just("exists")),
    )
    return st.recursive(leaf, _joined, max_leaves=6)


def _joined(inner: st.SearchStrategy[Filter]) -> st.SearchStrategy[Filter]:
    several = st.lists(inner, min_size=1, max_size=3).map(tuple)
    return st.one_of(st.builds(And, several), st.builds(Or, several), st.builds(Not, inner))


_EITHER: tuple[dict[str, Any], ...] = ({"vector": toward(30), "using": "media"}, {"text": "common"})


_SYNTAX = "| |\"|AND (|NEAR(|* OR *|name:|-|^x NOT|'; DROP TABLE record; --|{}[]|\x00|😀"
"""What means something to search engines."""


class SearchContract:
    """Tests of search; subclass ``StoreContract`` instead."""

    EXAMPLES = 60
    """How many random filters are tried; a slow store may try fewer."""

    # ------------------------------------------------------------ by vector

    def test_nearest_first_with_cosines(self, store: Store) -> None:
        """Each named vector is a space of its own; the query's length does not matter."""
        store.upsert([record(n, media=n * 20, words=180 - n * 20) for n in range(9)])
        matches = store.search(vector=toward(41) * 7, using="media", limit=4)
        assert ids(matches) == [uid(2), uid(3), uid(1), uid(4)]
        expected = [math.cos(math.radians(a)) for a in (1, 19, 21, 39)]
        assert [m.score for m in matches] == pytest.approx(expected, abs=1e-5)
        assert ids(store.search(vector=toward(0, 3), using="words", limit=1)) == [uid(8)]
        assert all(not m.record.vectors for m in matches)
        assert store.search(vector=toward(180), using="media")[-1].score == pytest.approx(-1, abs=1e-5)

    def test_what_lacks_the_vector_is_not_found_by_it(self, store: Store) -> None:
        """Records with other vectors, or none."""
        store.upsert([record(1, media=0), record(2, words=0), record(3, text="nothing to see")])
        assert ids(store.search(vector=toward(0), using="media")) == [uid(1)]
        assert ids(store.search(vector=toward(0, 3), using="words")) == [uid(2)]
        assert ids(store.search(text="see")) == [uid(3)]

    def test_an_asset_is_found_once_by_its_best_part(self, store: Store) -> None:
        """Collapsed before limit and offset, however many parts come first."""
        parts = [record(100 + n, media=n / 10, parent=1) for n in range(50)]
        store.upsert([*parts, record(1), record(2, media=10), record(3, media=20), record(30, media=5, parent=3)])
        query: dict[str, Any] = {"vector": toward(0), "using": "media"}
        matches = store.search(**query, limit=3)
        assert ids(matches) == [uid(100), uid(30), uid(2)]
        assert [m.record.asset for m in matches] == [uid(1), uid(3), uid(2)]
        assert ids(store.search(**query, limit=1, offset=1)) == [uid(30)]
        assert ids(store.search(**query, limit=5, offset=2)) == [uid(2)]

    def test_pages_are_disjoint_and_complete(self, store: Store) -> None:
        """Page after page is the one long list."""
        store.upsert(varied())
        for query in _EITHER:
            whole = ids(store.search(**query, limit=100))
            assert len(whole) == 12
            pages = [ids(store.search(**query, limit=5, offset=start)) for start in (0, 5, 10)]
            assert [*pages[0], *pages[1], *pages[2]] == whole
            assert store.search(**query, limit=0) == []
            assert store.search(**query, offset=12) == []

    def test_equal_scores_are_in_the_order_of_ids(self, store: Store) -> None:
        """Also where the limit cuts through them, and in whatever order they were written."""
        store.upsert([record(n, media=25, text="same") for n in range(40, 0, -1)])
        expected = sorted(uid(n) for n in range(1, 41))
        assert ids(store.search(vector=toward(60), using="media", limit=7)) == expected[:7]
        assert ids(store.search(vector=toward(60), using="media", limit=7, offset=30)) == expected[30:37]
        assert ids(store.search(text="same", limit=7)) == expected[:7]

    # ------------------------------------------------------------ filters

    @pytest.mark.parametrize("expression", EXPRESSIONS)
    def test_filters_mean_what_the_reference_says(self, store: Store, expression: str) -> None:
        """Every operator and type, in every kind of search, in counts and in iteration."""
        store.upsert(varied())
        self._check_filter(store, parse(expression))

    def test_random_filters_agree_with_the_reference(self, store: Store) -> None:
        """Joined in any way."""
        store.upsert(varied())

        @settings(max_examples=self.EXAMPLES, deadline=None, database=None)
        @given(filters())
        def agree(where: Filter) -> None:
            self._check_filter(store, where)

        agree()

    def _check_filter(self, store: Store, where: Filter) -> None:
        expected = matching(varied(), where)
        assert [r.id for r in store.iterate(where=where, parts=True)] == [r.id for r in expected]
        assert store.count(where=where) == sum(r.parent is None for r in expected)
        assets = {r.asset for r in expected}
        for query in _EITHER:
            matches = store.search(**query, where=where, limit=100)
            assert {m.record.asset for m in matches} == assets
            assert {m.record.id for m in matches} <= {r.id for r in expected}

    def test_a_filter_chooses_among_an_assets_parts(self, store: Store) -> None:
        """The best part is the best of those that it is true of."""
        store.upsert([record(1), *(record(10 + n, media=n, parent=1, page=n) for n in range(5))])
        found = store.search(vector=toward(0), using="media", where=Condition("page", "ge", 3))
        assert ids(found) == [uid(13)]

    def test_wrong_filters_are_refused(self, store: Store) -> None:
        """In searches, counts and iteration alike, before anything is read."""
        wrong: Any = Condition("a", "like", "x")  # type: ignore[arg-type]
        for ask in (partial(store.search, text="x"), store.count, store.iterate):
            with pytest.raises(FilterError, match="like"):
                ask(where=wrong)

    # ------------------------------------------------------------ by keywords

    def test_keywords_rank_by_rarity_and_number(self, store: Store) -> None:
        """Any word may match; rare ones and several count for more."""
        store.upsert([record(n, text="the ship in the harbour") for n in range(10)])
        store.upsert([record(20, text="the ship and a lighthouse"), record(21, text="a lighthouse"), record(22)])
        matches = store.search(text="ship lighthouse", limit=100)
        assert set(ids(matches[:2])) == {uid(20), uid(21)}
        assert len(matches) == 12
        assert all(first.score >= second.score > 0 for first, second in pairwise(matches))

    def test_keywords_read_names_and_texts(self, store: Store) -> None:
        """Of assets and parts, in any case; scripts without capitals too."""
        store.upsert([
            record(1, name="Casablanca.mp4"),
            record(2, text="Здравствуй, мир"),
            record(3),
            record(30, parent=3, text="Tokyo at night"),
        ])  # fmt: skip
        assert ids(store.search(text="CASABLANCA")) == [uid(1)]
        assert ids(store.search(text="МИР")) == [uid(2)]
        assert ids(store.search(text="tokyo")) == [uid(30)]
        assert store.search(text="absent") == []

    @pytest.mark.parametrize("text", _SYNTAX.split("|"))
    def test_keywords_are_never_a_syntax(self, store: Store, text: str) -> None:
        """What a user types is words, whatever it looks like; without any word nothing is found."""
        store.upsert([record(1, text="peace and quiet")])
        assert store.search(text=text) == [] or "and" in text.lower()
        assert ids(store.search(text=f"{text} quiet")) == [uid(1)]

    def test_a_very_long_query_is_answered(self, store: Store) -> None:
        """Thousands of words."""
        store.upsert([record(1, text="needle")])
        assert ids(store.search(text=" ".join(f"straw{n}" for n in range(3000)) + " needle")) == [uid(1)]

    # ------------------------------------------------------------ by both

    def test_both_are_fused_by_rank(self, store: Store) -> None:
        """What both lists hold comes first; 1 / (60 + rank) each; the record is the vector's."""
        store.upsert([
            record(1, media=0),
            record(2, media=10, text="harbour"),
            record(3),
            record(30, media=20, parent=3),
            record(31, parent=3, text="harbour harbour lights"),
            record(4, text="harbour harbour harbour"),
        ])  # fmt: skip
        matches = store.search(vector=toward(0), using="media", text="lights harbour")
        assert {m.record.asset for m in matches[:2]} == {uid(2), uid(3)}
        assert [m.record.asset for m in matches[2:]] == [uid(1), uid(4)]
        assert next(m for m in matches if m.record.asset == uid(3)).record.id == uid(30)
        third = next(m for m in matches if m.record.asset == uid(3))
        assert third.score == pytest.approx(1 / 63 + 1 / 61, abs=1e-6)
        first = store.search(vector=toward(0), using="media", text="lights harbour", limit=2)
        rest = store.search(vector=toward(0), using="media", text="lights harbour", limit=2, offset=2)
        assert ids(first) + ids(rest) == ids(matches)

    # ------------------------------------------------------------ wrong questions

    def test_wrong_searches_are_refused(self, store: Store) -> None:
        """With what was wrong."""
        query = toward(0)
        for asked, words in (
            ({}, "vector, a text"),
            ({"vector": query}, "using"),
            ({"text": "x", "using": "media"}, "using"),
            ({"vector": query, "using": "poster"}, r"no vector named 'poster'.*media, words"),
            ({"text": "x", "limit": -1}, r"negative.*-1"),
            ({"text": "x", "offset": -2}, r"negative.*-2"),
        ):
            with pytest.raises(ConfigError, match=words):
                store.search(**cast("dict[str, Any]", asked))
        for wrong in (query[:3], query * np.float32("nan"), query * 0):
            with pytest.raises(SchemaMismatchError, match="media"):
                store.search(vector=wrong, using="media")


def ids(matches: list[Match]) -> list[str]:
    """The ids of what was found, in order."""
    return [match.record.id for match in matches]


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
        kept = store.get([uid(1), uid(2)], with_vectors=True)
        for expected in (written, extremes):
            same(kept[expected.id], expected)
        assert kept[uid(1)].vectors.keys() == {"media", "words"}
        assert kept[uid(2)].vectors == {}

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
        records = store.get([uid(3), "no id", uid(99), uid(0), uid(3)])
        assert list(records) == [uid(3), uid(0)]
        assert records[uid(3)].vectors == {}
        text: Any = uid(3)
        with pytest.raises(ConfigError, match="list of ids"):
            store.get(text)

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
        assets = [m.record.asset for m in store.search(vector=toward(0), using="media", limit=100)]
        assert len(assets) == 10
        assert not {uid(2), uid(8)} & set(assets)
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
        all_same(store, varied())
        assert all(not r.vectors for r in store.iterate(parts=True))
        of_one = Condition("parent", "eq", uid(2))
        assert [r.id for r in store.iterate(where=of_one, parts=True)] == sorted([uid(120), uid(121)])
        assert list(store.iterate(where=of_one)) == []

    def test_writing_while_iterating(self, store: Store) -> None:
        """What is there from the beginning to the end is met once."""
        store.upsert([record(n, media=n) for n in range(600)])
        met: list[str] = []
        for n, asset in enumerate(store.iterate()):
            met.append(asset.id)
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
        all_same(store, varied())
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
            counts: list[int] = []
            for n in range(0, 40, 4):
                ids = [1000 * thread + n + k for k in range(4)]
                store.upsert([record(id, media=id % 360, text=f"thread{thread}", n=id) for id in ids])
                where = Condition("n", "eq", ids[0])
                counts.append(len(store.search(vector=toward(ids[0]), using="media", where=where)))
                counts.append(len(store.search(text=f"thread{thread}", limit=100)) - n - 3)
            return counts

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
        added = VectorSpec(name="newer", width=4, embedder="hash:4", replaces="media", role="moment")
        wider = replace(self.SPEC, vectors=(*self.SPEC.vectors, added))
        store.extend(wider)
        store.extend(wider)
        assert store.spec == wider
        assert store.spec.current("media") == "newer"
        assert [store.spec.role(name) for name in ("media", "words", "newer")] == ["image", "text", "moment"]
        all_same(store, before.values())
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
            (media, words, VectorSpec(name="new", width=2, role=cast(Any, "smell"))),
        ):
            with pytest.raises(ConfigError):
                store.extend(replace(self.SPEC, vectors=vectors))
        assert store.spec == self.SPEC
        assert store.count() == 1


def same(kept: Record, expected: Record) -> None:
    """Check that two records are equal, their vectors nearly."""
    assert (kept.id, kept.parent, kept.text) == (expected.id, expected.parent, expected.text)
    assert repr(dict(sorted(kept.properties.items()))) == repr(dict(sorted(expected.properties.items())))
    assert kept.thumbnail == expected.thumbnail
    assert kept.vectors.keys() == expected.vectors.keys()
    for name, vector in kept.vectors.items():
        assert vector.dtype == np.float32
        assert vector == pytest.approx(expected.vectors[name], abs=1e-6)


def all_same(store: Store, expected: Iterable[Record]) -> None:
    """Check that a store holds these records, in the order of their ids, and no others."""
    by_id = {record.id: record for record in expected}
    kept = list(store.iterate(with_vectors=True, parts=True))
    assert [record.id for record in kept] == sorted(by_id)
    for one in kept:
        same(one, by_id[one.id])
