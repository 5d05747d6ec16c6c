"""The half of ``StoreContract`` that is about searching."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from mm_agents.errors import ConfigError, FilterError, SchemaMismatchError
from mm_agents.filters import parse
from mm_agents.protocols import Store
from mm_agents.testing._samples import EXPRESSIONS, filters, matching, record, toward, uid, varied
from mm_agents.types import Condition, Filter, Match

_EITHER: tuple[dict[str, Any], ...] = ({"vector": toward(30), "using": "media"}, {"text": "common"})


class SearchContract:
    """Tests of search; subclass ``StoreContract`` instead."""

    EXAMPLES = 60
    """How many random filters are tried; a slow store may try fewer."""

    # ------------------------------------------------------------ by vector

    def test_nearest_first_with_cosines(self, store: Store) -> None:
        """Each named vector is a space of its own; the query's length does not matter."""
        store.upsert([record(n, media=n * 20, words=180 - n * 20) for n in range(9)])
        found = store.search(vector=toward(41) * 7, using="media", limit=4)
        assert ids(found) == [uid(2), uid(3), uid(1), uid(4)]
        expected = [math.cos(math.radians(a)) for a in (1, 19, 21, 39)]
        assert [m.score for m in found] == pytest.approx(expected, abs=1e-5)
        assert ids(store.search(vector=toward(0, 3), using="words", limit=1)) == [uid(8)]
        assert all(not m.record.vectors for m in found)
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
        found = store.search(**query, limit=3)
        assert ids(found) == [uid(100), uid(30), uid(2)]
        assert [m.record.asset for m in found] == [uid(1), uid(3), uid(2)]
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
            found = store.search(**query, where=where, limit=100)
            assert {m.record.asset for m in found} == assets
            assert {m.record.id for m in found} <= {r.id for r in expected}

    def test_a_filter_chooses_among_an_assets_parts(self, store: Store) -> None:
        """The best part is the best of those that it is true of."""
        store.upsert([record(1), *(record(10 + n, media=n, parent=1, page=n) for n in range(5))])
        found = store.search(vector=toward(0), using="media", where=Condition("page", "ge", 3))
        assert ids(found) == [uid(13)]

    def test_wrong_filters_are_refused(self, store: Store) -> None:
        """In searches, counts and iteration alike, before anything is read."""
        wrong: Any = Condition("a", "like", "x")  # type: ignore[arg-type]
        with pytest.raises(FilterError, match="like"):
            store.search(text="x", where=wrong)
        with pytest.raises(FilterError, match="like"):
            store.count(where=wrong)
        with pytest.raises(FilterError, match="like"):
            store.iterate(where=wrong)

    # ------------------------------------------------------------ by keywords

    def test_keywords_rank_by_rarity_and_number(self, store: Store) -> None:
        """Any word may match; rare ones and several count for more."""
        store.upsert([record(n, text="the ship in the harbour") for n in range(10)])
        store.upsert([record(20, text="the ship and a lighthouse"), record(21, text="a lighthouse"), record(22)])
        found = store.search(text="ship lighthouse", limit=100)
        assert set(ids(found[:2])) == {uid(20), uid(21)}
        assert len(found) == 12
        assert all(first.score >= second.score > 0 for first, second in pairwise(found))

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

    @pytest.mark.parametrize(
        "text",
        [
            "",
            " ",
            '"',
            "AND (",
            "NEAR(",
            "* OR *",
            "name:",
            "-",
            "^x NOT",
            "'; DROP TABLE record; --",
            "{}[]",
            "\x00",
            "😀",
        ],
    )
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
        found = store.search(vector=toward(0), using="media", text="lights harbour")
        assert {m.record.asset for m in found[:2]} == {uid(2), uid(3)}
        assert [m.record.asset for m in found[2:]] == [uid(1), uid(4)]
        assert next(m for m in found if m.record.asset == uid(3)).record.id == uid(30)
        third = next(m for m in found if m.record.asset == uid(3))
        assert third.score == pytest.approx(1 / 63 + 1 / 61, abs=1e-6)
        first = store.search(vector=toward(0), using="media", text="lights harbour", limit=2)
        rest = store.search(vector=toward(0), using="media", text="lights harbour", limit=2, offset=2)
        assert ids(first) + ids(rest) == ids(found)

    # ------------------------------------------------------------ wrong questions

    def test_wrong_searches_are_refused(self, store: Store) -> None:
        """With what was wrong."""
        query = toward(0)
        with pytest.raises(ConfigError, match="vector, a text"):
            store.search()
        with pytest.raises(ConfigError, match="using"):
            store.search(vector=query)
        with pytest.raises(ConfigError, match="using"):
            store.search(text="x", using="media")
        with pytest.raises(ConfigError, match=r"no vector named 'poster'.*media, words"):
            store.search(vector=query, using="poster")
        with pytest.raises(ConfigError, match=r"negative.*-1"):
            store.search(text="x", limit=-1)
        with pytest.raises(ConfigError, match=r"negative.*-2"):
            store.search(text="x", offset=-2)
        for wrong in (query[:3], query * np.float32("nan"), query * 0):
            with pytest.raises(SchemaMismatchError, match="media"):
                store.search(vector=wrong, using="media")


def ids(found: list[Match]) -> list[str]:
    """The ids of what was found, in order."""
    return [match.record.id for match in found]
