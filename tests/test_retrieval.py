"""Joining ranked lists, and which keywords count."""

from __future__ import annotations

import time
from uuid import UUID

import numpy as np
import pytest

from mm_agents import _plugins, media
from mm_agents._fusion import RANK_CONSTANT
from mm_agents.errors import MediaTooLargeError
from mm_agents.ingest.files import Piece, add_shots, chunks, pieces, shots
from mm_agents.media import Limits
from mm_agents.search.ranking import Ranking, by_keywords, fuse, hits, merge, with_assets
from mm_agents.types import CollectionSpec, Match, Record, VectorSpec

A, B, C = (str(UUID(int=n)) for n in (1, 2, 3))


def ranking(name: str, *scored: tuple[str, float]) -> Ranking:
    return Ranking(name=name, matches=[Match(record=Record(id=id), score=score) for id, score in scored])


def test_fusion_is_the_sum_of_reciprocal_ranks() -> None:
    fused = fuse([hits(ranking("media", (A, 0.9), (B, 0.8))), hits(ranking("keywords", (B, 7.0), (C, 5.0)))])
    assert [hit.id for hit in fused] == [B, A, C]
    assert fused[0].score == pytest.approx(1 / (RANK_CONSTANT + 2) + 1 / (RANK_CONSTANT + 1))
    assert [(found.vector, found.rank, found.score) for found in fused[0].found_by] == [
        ("media", 2, 0.8),
        ("keywords", 1, 7.0),
    ]
    assert fused[0].vector == "keywords"


def test_weights_count_lists_more_or_less() -> None:
    lists = [hits(ranking("text", (A, 0.9))), hits(ranking("poster", (B, 0.1)))]
    assert [hit.id for hit in fuse(lists, [0.4, 0.6])] == [B, A]


def test_merging_keeps_the_better_score_of_each_asset() -> None:
    merged = merge([ranking("media", (A, 0.3), (B, 0.2)), ranking("words", (B, 0.5), (A, 0.1))])
    assert [(hit.id, hit.score, hit.vector) for hit in merged] == [(B, 0.5, "words"), (A, 0.3, "media")]
    assert len(merged[0].found_by) == 2


def test_a_part_brings_its_asset_and_an_orphan_brings_nothing() -> None:
    store = _plugins.build("stores", "memory", "", spec=CollectionSpec(name="Media", vectors=()))
    store.upsert([Record(id=A, properties={"name": "clip.mp4"}), Record(id=B, parent=A)])
    found = hits(
        Ranking(
            name="media",
            matches=[
                Match(record=Record(id=B, parent=A), score=0.9),
                Match(record=Record(id=C, parent=str(UUID(int=9))), score=0.8),
            ],
        )
    )
    assert [(hit.name, hit.part.id) for hit in with_assets(store, found) if hit.part] == [("clip.mp4", B)]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("pedal arms", True),
        ("How much would four sets of pedal arms cost?", True),
        ("the of and", False),
        ("a dog playing in the garden with new toys", False),
        ('"unclosed AND (NEAR', False),
        ("", False),
    ],
)
def test_keywords_count_when_half_of_the_meaning_is_there(query: str, found: bool) -> None:
    store = _plugins.build("stores", "memory", "", spec=CollectionSpec(name="Media", vectors=()))
    store.upsert([Record(id=A, properties={"name": "invoice.png"}, text="New set of pedal arms, 15.00 each")])
    assert bool(by_keywords(store, query, None, 10).matches) is found


def test_shots_are_runs_of_like_segments() -> None:
    east, north = np.array([1, 0], np.float32), np.array([0, 1], np.float32)
    assert shots(np.stack([east, east, north, north, east])) == [slice(0, 2), slice(2, 4), slice(4, 5)]
    assert shots(east[None]) == [slice(0, 1)]


def test_each_shot_ranks_by_its_mean_at_its_most_typical_segment() -> None:
    rows = np.array([[0.96, 0.28], [0.8, 0.6], [0.6, 0.8], [0, -1]], np.float32)
    segments = [Piece(vectors={"moment": row}) for row in rows]
    vectors = tuple(VectorSpec(name=name, width=2) for name in ("media", "moment"))
    add_shots(segments, CollectionSpec(name="Media", vectors=vectors))
    assert [("media" in piece.vectors) for piece in segments] == [False, True, False, True]
    np.testing.assert_allclose(segments[1].vectors["media"], [0.8140, 0.5808], atol=1e-3)


def test_a_shot_is_the_mean_of_the_moments_of_its_own_embedder() -> None:
    old, new = np.eye(2, dtype=np.float32)[0], np.eye(3, dtype=np.float32)[2]
    segments = [Piece(vectors={"moment": old, "moment_v2": new}) for _ in range(2)]
    spec = CollectionSpec(
        name="Media",
        vectors=(
            VectorSpec(name="media", width=2, embedder="old"),
            VectorSpec(name="moment", width=2, embedder="old"),
            VectorSpec(name="media_v2", width=3, embedder="new", replaces="media"),
            VectorSpec(name="moment_v2", width=3, embedder="new", replaces="moment"),
        ),
    )
    add_shots(segments, spec)
    np.testing.assert_array_equal(segments[0].vectors["media"], old)
    np.testing.assert_array_equal(segments[0].vectors["media_v2"], new)


def test_chunks_are_whole_paragraphs_with_their_lines_and_whole_words() -> None:
    text = "one two three\n\nfour  five\nsix\n\n" + " ".join(["word"] * 100)
    found = chunks(text, characters=120)
    assert found[0] == "one two three\n\nfour five\nsix"
    assert all(len(chunk) <= 120 for chunk in found)
    assert " ".join(" ".join(found).split()) == " ".join(text.split())
    assert chunks(" \n\n ") == []


def test_a_long_word_is_cut_in_time_that_grows_with_its_length() -> None:
    word = "x" * 4_000_000
    start = time.thread_time()
    found = chunks(f"before {word} after")
    assert time.thread_time() - start < 3
    assert "".join(found).replace(" ", "") == f"before{word}after"
    assert max(map(len, found)) <= 900


def test_the_records_of_a_file_are_bounded() -> None:
    file = media.inspect(b"\n\n".join([b"word " * 150] * 5), name="long.txt")
    assert len(list(pieces(file, limits=Limits(records=5)))) == 5
    with pytest.raises(MediaTooLargeError, match=r"'long.txt' would become more than 4 records \(Limits.records\)"):
        list(pieces(file, limits=Limits(records=4)))


def test_a_collection_of_given_vectors_is_searched_by_name() -> None:
    spec = CollectionSpec(name="Movies", vectors=(VectorSpec(name="poster_vector", width=2),))
    store = _plugins.build("stores", "memory", "", spec=spec)
    store.upsert([Record(id=A, vectors={"poster_vector": np.array([1, 0], np.float32)})])
    (match,) = store.search(vector=np.array([1, 0], np.float32), using="poster_vector")
    assert match.record.id == A
