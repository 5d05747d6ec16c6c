"""What may be searched for, and what is refused; hits and evidence as JSON."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path
from uuid import UUID

import numpy as np
import PIL.Image
import pytest

from mm_agents import media
from mm_agents.errors import ConfigError, DamagedMediaError, MediaError, UnsupportedMediaError
from mm_agents.search.query import load_picture, read_queries
from mm_agents.search.ranking import evidence_json, hit_json, media_types, merge_aligned, restrict
from mm_agents.search.recommend import recommend
from mm_agents.stores.memory import MemoryStore
from mm_agents.testing import HashEmbedder
from mm_agents.types import (
    And,
    Box,
    Clip,
    CollectionSpec,
    Condition,
    DocumentAnswer,
    Evidence,
    FoundBy,
    Hit,
    Hits,
    Image,
    Record,
    Text,
    VectorSpec,
)

A, B, C = (str(UUID(int=n)) for n in (1, 2, 3))


def png(side: int = 8) -> bytes:
    file = io.BytesIO()
    PIL.Image.new("RGB", (side, side), "red").save(file, "PNG")
    return file.getvalue()


# ---------------------------------------------------------------- queries


@pytest.mark.parametrize("text", [None, "", "  ", "\n\t"])
def test_nothing_to_search_for_is_refused(text: str | None) -> None:
    with pytest.raises(ConfigError, match="a text, a picture, a clip or a URL"):
        read_queries(text)


def test_each_thing_that_is_asked_with_is_a_query() -> None:
    clip = Clip(frames=np.zeros((1, 4, 4, 3), np.uint8), times=(0.0,), start=0.0, end=1.0)
    queries = read_queries("a red square", image=png(), video=clip)
    assert [query.kind for query in queries] == ["text", "clip", "image"]
    assert queries[0].source == Text(text="a red square")


def test_a_picture_may_come_in_every_form(tmp_path: Path) -> None:
    path = tmp_path / "red.png"
    path.write_bytes(png())
    encoded = base64.b64encode(png()).decode()
    wrapped = "\n".join(encoded[n : n + 20] for n in range(0, len(encoded), 20))
    decoded = load_picture(png())
    assert load_picture(decoded) is decoded
    for source in (path, str(path), encoded, wrapped, f"data:image/png;base64,{encoded}", PIL.Image.open(path)):
        assert (load_picture(source).pixels == decoded.pixels).all()


@pytest.mark.parametrize(
    ("source", "error", "words"),
    [
        ("no such file.png", MediaError, "no such file.png"),
        ("grüße.png", MediaError, "No such file"),
        ("a\0b", MediaError, "cannot be read: embedded null byte"),
        (base64.b64encode(b"%PDF-1.7 and so on").decode(), UnsupportedMediaError, "is not a picture"),
        (base64.b64encode(b"plain words").decode(), UnsupportedMediaError, "is not a picture"),
        (png()[:40], DamagedMediaError, "cut off or corrupt"),
        (b"", DamagedMediaError, "empty"),
    ],
)
def test_what_is_not_a_picture_is_refused(source: str | bytes, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        load_picture(source)


@pytest.mark.parametrize(("content", "kind"), [(png(), "image"), (b"just words", None), (b"%PDF-1.7\n", None)])
def test_a_url_may_name_a_picture_or_clip(content: bytes, kind: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(media, "fetch", lambda url: content)
    if kind is None:
        with pytest.raises(UnsupportedMediaError, match="not a picture or clip"):
            read_queries(url="https://example.org/x")
    else:
        assert [query.kind for query in read_queries(url="https://example.org/x")] == [kind]


def test_a_clip_is_the_mean_of_its_segments_with_length_1() -> None:
    embedder = HashEmbedder(width=16)
    frames = np.zeros((2, 8, 8, 3), np.uint8)
    (query,) = read_queries(video=Clip(frames=frames, times=(0.0, 0.5), start=0.0, end=1.0))
    vector = query.vector(embedder)
    assert vector.shape == (16,)
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)


# ---------------------------------------------------------------- rankings


def test_a_kind_of_media_is_a_condition_on_its_types() -> None:
    assert media_types("text") == ("text", "pdf")
    with pytest.raises(ConfigError, match=r"named 'poem'\. Known: text, image, video, audio, film"):
        media_types("poem")
    of_kind = Condition("media_type", "in", ("image",))
    assert restrict(None, None) is None
    assert restrict("size > 1", None) == Condition("size", "gt", 1)
    assert restrict(None, "image") == of_kind
    assert restrict("size > 1", "image") == And((of_kind, Condition("size", "gt", 1)))


def test_only_lists_of_an_aligned_embedder_are_merged() -> None:
    from mm_agents.search.ranking import Ranking
    from mm_agents.types import Match

    class Aligned(HashEmbedder):
        def __init__(self) -> None:
            super().__init__(8)
            self.aligned = True

    first, second = (Ranking(name=name, matches=[Match(record=Record(id=A), score=0.5)]) for name in ("one", "two"))
    aligned, apart = Aligned(), HashEmbedder(8)
    assert len(merge_aligned([(aligned, first), (aligned, second)])) == 1
    assert len(merge_aligned([(apart, first), (apart, second)])) == 2
    assert len(merge_aligned([(None, first), (None, second)])) == 2
    assert merge_aligned([]) == []


def test_hits_and_evidence_are_json() -> None:
    asset = Record(id=A, properties={"name": "clip.mp4", "media_type": "video", "path": "clip.mp4", "sha256": "ab"})
    part = Record(id=B, parent=A, properties={"t0": 2, "t1": 4.0}, text="a bell rings")
    hit = Hit(
        record=asset, score=0.25, vector="moment", part=part, found_by=(FoundBy(vector="moment", rank=1, score=0.25),)
    )
    assert json.loads(json.dumps(hit_json(hit))) == {
        "id": A,
        "name": "clip.mp4",
        "path": "clip.mp4",
        "media_type": "video",
        "score": 0.25,
        "strength": None,
        "vector": "moment",
        "t0": 2.0,
        "t1": 4.0,
        "page": None,
        "text": "a bell rings",
        "is_spoken": False,
        "object": None,
        "found_by": [{"vector": "moment", "rank": 1, "score": 0.25, "strength": None}],
    }
    evidence = hit.evidence
    assert (evidence.how, evidence.sha256, evidence.quote, evidence.t0) == ("moment", "ab", "a bell rings", 2.0)
    boxed = Evidence(asset=A, path=None, sha256=None, how="ocr", box=Box(x0=1, y0=2, x1=3, y1=4))
    assert evidence_json(boxed)["box"] == [1, 2, 3, 4]
    assert evidence_json(evidence)["box"] is None
    nested = DocumentAnswer(question="?", parts=(DocumentAnswer(question="a", answer="b", evidence=(boxed,)),))
    document = nested.to_json()
    assert json.loads(json.dumps(document)) == document
    assert document["parts"][0]["evidence"][0]["box"] == [1, 2, 3, 4]
    assert "parts" not in document["parts"][0]


def test_a_hit_without_parts_says_nothing_about_a_place() -> None:
    hit = Hit(record=Record(id=A, properties={"path": 7, "page": 3}), score=1.0, vector="media")
    assert (hit.t0, hit.t1, hit.page, hit.text, hit.thumbnail, hit.path, hit.media_type) == (
        *(None, None, None, None, None, None),
        "",
    )
    assert repr(Hits()) == "<0 hits>"
    assert repr(Hits([hit])) == f"<1 hit: {A} 1.000>"
    assert repr(Hits([hit] * 9)).startswith("<9 hits: ")
    assert len(repr(Hits([hit] * 9))) <= 120


# ---------------------------------------------------------------- recommending


def shelf() -> MemoryStore:
    spec = CollectionSpec(
        name="Media", vectors=(VectorSpec(name="media", width=2), VectorSpec(name="words", width=2, role="text"))
    )
    store = MemoryStore(spec)
    rows = {A: (1.0, 0.0), B: (0.8, 0.6), C: (0.0, 1.0)}
    store.upsert([Record(id=id, vectors={"media": np.array(row, np.float32)}) for id, row in rows.items()])
    return store


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"like": []}, "at least one"),
        ({"like": [A], "diversity": 1.5}, "diversity is between 0 and 1"),
        ({"like": [A], "diversity": float("nan")}, "diversity is between 0 and 1"),
        ({"like": [A], "limit": -1}, "cannot be negative"),
        ({"like": [A], "vectors": {"media": 0.0}}, "a positive number"),
        ({"like": [A], "vectors": {"media": float("nan")}}, "a positive number"),
        ({"like": [A], "vectors": {"words": 1.0}}, "has the vector 'words'. It has: media"),
        ({"like": [A], "vectors": {"poster": 1.0}}, "no vector named 'poster'"),
    ],
)
def test_what_cannot_be_recommended_from(arguments: dict[str, object], words: str) -> None:
    store = shelf()
    with pytest.raises(ConfigError, match=words):
        recommend(store, lambda id: store.get([id])[id], **arguments)  # type: ignore[arg-type]


def test_nothing_is_recommended_from_an_asset_without_vectors() -> None:
    store = shelf()
    store.upsert([Record(id=A)])
    with pytest.raises(ConfigError, match="Nothing that is liked has a vector"):
        recommend(store, lambda id: store.get([id])[id], like=[A])


def test_what_is_disliked_pushes_away() -> None:
    store = shelf()
    near = recommend(store, lambda id: store.get([id])[id], like=[B])
    away = recommend(store, lambda id: store.get([id])[id], like=[B], unlike=[A])
    assert [hit.id for hit in near] == [A, C]
    assert [hit.id for hit in away] == [C]
    assert recommend(store, lambda id: store.get([id])[id], like=[B], limit=0) == []
    assert recommend(store, lambda id: store.get([id])[id], like=[A, B, C], diversity=0.5) == []


def test_a_picture_that_is_decoded_is_searched_as_it_is() -> None:
    image = Image(pixels=np.zeros((4, 4, 3), np.uint8))
    (query,) = read_queries(image=image)
    assert query.source is image
