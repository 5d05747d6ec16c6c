from __future__ import annotations

import io
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
from gemini_stand_in import TRANSIENT, GeminiStandIn, Refusal, error, vector_of

from mm_agents import _plugins
from mm_agents.embedders.google import GoogleEmbedder, build
from mm_agents.errors import ConfigError, EmbedderError, MissingExtraError
from mm_agents.media import segments, video_info
from mm_agents.testing import EmbedderContract
from mm_agents.types import Clip, Image, Item, Text

pytest.importorskip("google.genai", reason="pip install 'mm-agents[google]'")


@pytest.fixture
def google(gemini: GeminiStandIn) -> Iterator[GoogleEmbedder]:
    embedder = build()
    yield embedder
    embedder.close()


class TestContract(EmbedderContract):
    @pytest.fixture
    def embedder(self, google: GoogleEmbedder) -> GoogleEmbedder:
        return google


def picture(colour: int, side: int = 32) -> Image:
    return Image(pixels=np.full((side, side, 3), colour, np.uint8))


def clip(seconds: float, frames: int) -> Clip:
    pixels = np.stack([picture(255 * n // frames).pixels for n in range(frames)])
    times = tuple(seconds * n / frames for n in range(frames))
    return Clip(frames=pixels, times=times, start=10.0, end=10.0 + seconds)


def texts(count: int) -> list[Item]:
    return [Text(text=f"text {n}") for n in range(count)]


# ---------------------------------------------------------------- names


@pytest.mark.parametrize(
    ("argument", "name", "width"),
    [
        ("", "google:gemini-embedding-2@768", 768),
        ("@1536", "google:gemini-embedding-2@1536", 1536),
        ("gemini-embedding-2-preview", "google:gemini-embedding-2-preview@768", 768),
        ("gemini-embedding-2@128", "google:gemini-embedding-2@128", 128),
    ],
)
def test_its_name_builds_it_again(argument: str, name: str, width: int) -> None:
    embedder = build(argument)
    assert (embedder.name, embedder.width) == (name, width)
    again = _plugins.build_named("embedders", name)
    assert (again.name, again.width) == (name, width)


@pytest.mark.parametrize(
    ("argument", "told"),
    [
        ("gemini-embedding-2@wide", "'wide'"),
        ("gemini-embedding-2@-5", "'-5'"),
        ("gemini-embedding-2@127", "128 to 3072"),
        ("gemini-embedding-2@3073", "128 to 3072"),
        ("gemini-embedding-001", "'gemini-embedding-001'"),
        ("gemini-embedding-20", "'gemini-embedding-20'"),
        ("gemini-embedding-2/../x", "gemini-embedding-2/../x"),
    ],
)
def test_other_models_and_widths_are_refused(argument: str, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        build(argument)


# ---------------------------------------------------------------- what goes over the wire


def test_texts_carry_the_instruction_of_their_role(google: GoogleEmbedder, gemini: GeminiStandIn) -> None:
    google.embed([Text(text="a {red} dog")], role="query")
    google.embed([Text(text="a {red} dog")], role="document")
    assert gemini.contents == [
        [("task: search result | query: a {red} dog", "text/plain")],
        [("title: none | text: a {red} dog", "text/plain")],
    ]


def test_a_request_names_the_model_the_width_and_the_key(google: GoogleEmbedder, gemini: GeminiStandIn) -> None:
    google.embed(texts(2), role="query")
    (request,) = gemini.requests
    assert request.path == "/v1beta/models/gemini-embedding-2:batchEmbedContents"
    assert request.headers["x-goog-api-key"] == "a-key"
    assert request.widths == [768, 768]
    assert [entry["model"] for entry in request.body["requests"]] == ["models/gemini-embedding-2"] * 2


def test_each_item_is_one_content_of_one_part(google: GoogleEmbedder, gemini: GeminiStandIn) -> None:
    google.embed([*texts(3), picture(9), picture(200)], role="document")
    assert [len(content) for content in gemini.contents] == [1] * 5
    assert sorted(len(request.contents) for request in gemini.requests) == [2, 3]


def test_pictures_go_as_jpeg_six_at_a_time_and_not_too_large(google: GoogleEmbedder, gemini: GeminiStandIn) -> None:
    google.embed([picture(n, side=1500) for n in range(13)], role="document")
    assert sorted(len(request.contents) for request in gemini.requests) == [1, 6, 6]
    for ((content, media_type),) in gemini.contents:
        assert media_type == "image/jpeg"
        assert isinstance(content, bytes)
        assert PIL.Image.open(io.BytesIO(content)).size == (1024, 1024)


def test_a_clip_goes_as_a_video_of_its_length(google: GoogleEmbedder, gemini: GeminiStandIn) -> None:
    google.embed([clip(3.0, 6), clip(2.0, 4)], role="document")
    assert [len(request.contents) for request in gemini.requests] == [1, 1]
    lengths: list[float] = []
    for ((content, media_type),) in gemini.contents:
        assert media_type == "video/mp4"
        assert isinstance(content, bytes)
        lengths.append(video_info(content).seconds)
    assert sorted(lengths) == pytest.approx([2.0, 3.0], abs=0.1)


def test_a_long_clip_is_cut_and_averaged(google: GoogleEmbedder, gemini: GeminiStandIn) -> None:
    (vector,) = google.embed([clip(300.0, 30)], role="document")
    assert len(gemini.requests) == 3
    frames: list[int] = []
    for ((content, _),) in gemini.contents:
        assert isinstance(content, bytes)
        assert video_info(content).seconds == pytest.approx(100, abs=1)
        frames.append(sum(len(segment.times) for segment in segments(content, fps=0.1, seconds=10)))
    assert frames == [10, 10, 10]
    # Compared with what was sent: x264 does not encode the same frames into the same bytes every time.
    alone = np.stack([vector_of(content, 768) for content in gemini.contents])
    alone /= np.linalg.norm(alone, axis=1, keepdims=True)
    assert vector @ alone.mean(axis=0) / np.linalg.norm(alone.mean(axis=0)) == pytest.approx(1, abs=1e-5)


def test_a_long_clip_of_one_frame_is_not_longer_than_the_model_takes(
    google: GoogleEmbedder, gemini: GeminiStandIn
) -> None:
    google.embed([clip(500.0, 1)], role="document")
    (((content, _),),) = gemini.contents
    assert isinstance(content, bytes)
    assert video_info(content).seconds <= 120


def test_a_long_text_is_cut_between_words_and_averaged(google: GoogleEmbedder, gemini: GeminiStandIn) -> None:
    words = [f"słowo{n}" for n in range(3000)]
    rows = google.embed([Text(text=" ".join(words)), Text(text="short")], role="document")
    assert rows.shape == (2, 768)
    sent = [str(content).removeprefix("title: none | text: ") for ((content, _),) in gemini.contents]
    assert all(len(text.encode()) <= 8000 for text in sent)
    assert " ".join(sent).split() == [*words, "short"]
    pieces = google.embed([Text(text=text) for text in sent[:-1]], role="document").mean(axis=0)
    assert rows[0] @ pieces / np.linalg.norm(pieces) == pytest.approx(1, abs=1e-5)


def test_lone_surrogates_are_no_reason_to_fail(google: GoogleEmbedder) -> None:
    assert google.embed([Text(text="a \ud800 b")], role="document").shape == (1, 768)


def test_a_large_call_is_sent_four_requests_at_a_time(google: GoogleEmbedder, gemini: GeminiStandIn) -> None:
    gemini.seconds = 0.5  # a busy machine may start the fourth late
    rows = google.embed(texts(850), role="document")
    assert sorted(len(request.contents) for request in gemini.requests) == [50, *[100] * 8]
    assert gemini.busiest == 4
    assert (rows[[0, 99, 500, 849]] == google.embed([texts(850)[n] for n in (0, 99, 500, 849)], role="document")).all()


# ---------------------------------------------------------------- Vertex AI


@pytest.fixture
def vertex(gemini: GeminiStandIn, monkeypatch: pytest.MonkeyPatch) -> Iterator[GoogleEmbedder]:
    monkeypatch.setenv("GOOGLE_GENAI_USE_VERTEXAI", "true")
    monkeypatch.setenv("GOOGLE_VERTEX_BASE_URL", gemini.url)
    embedder = build("@256")
    yield embedder
    embedder.close()


def test_vertex_takes_one_content_a_call(vertex: GoogleEmbedder, gemini: GeminiStandIn) -> None:
    rows = vertex.embed([*texts(3), picture(1), clip(2.0, 4)], role="query")
    assert rows.shape == (5, 256)
    assert {request.path for request in gemini.requests} == {
        "/v1beta1/publishers/google/models/gemini-embedding-2:embedContent"
    }
    assert [len(request.contents) for request in gemini.requests] == [1] * 5
    assert {tuple(request.widths) for request in gemini.requests} == {(256,)}
    assert sorted(media_type for ((_, media_type),) in gemini.contents) == [
        "image/jpeg",
        "text/plain",
        "text/plain",
        "text/plain",
        "video/mp4",
    ]
    assert all(request.headers["x-goog-api-key"] == "a-key" for request in gemini.requests)


def test_vertex_gives_the_rows_in_order(vertex: GoogleEmbedder) -> None:
    together = vertex.embed(texts(9), role="document")
    alone = [vertex.embed([text], role="document")[0] for text in texts(9)]
    assert together == pytest.approx(np.stack(alone), abs=1e-6)


# ---------------------------------------------------------------- when it fails


@pytest.mark.parametrize("refusal", TRANSIENT, ids=lambda refusal: str(refusal.code))
def test_a_failure_that_passes_is_tried_again(google: GoogleEmbedder, gemini: GeminiStandIn, refusal: Refusal) -> None:
    gemini.refusals = [refusal]
    assert google.embed(texts(1), role="query").shape == (1, 768)
    assert len(gemini.requests) == 2


@pytest.mark.parametrize(
    "refusal",
    [
        Refusal(429, error(429, "RESOURCE_EXHAUSTED", "slow down"), {"Retry-After": "2"}),
        Refusal(
            429,
            error(
                429,
                "RESOURCE_EXHAUSTED",
                "x",
                {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "2s"},
            ),
        ),
    ],
    ids=["header", "detail"],
)
def test_it_waits_as_long_as_it_is_asked_to(google: GoogleEmbedder, gemini: GeminiStandIn, refusal: Refusal) -> None:
    gemini.refusals = [refusal]
    start = time.monotonic()
    google.embed(texts(1), role="query")
    assert time.monotonic() - start >= 2


def test_the_time_for_trying_again_is_bounded(gemini: GeminiStandIn) -> None:
    gemini.refusals = [Refusal(503, error(503, "UNAVAILABLE", "overloaded")) for _ in range(50)]
    embedder = GoogleEmbedder(patience=1.5)
    start = time.monotonic()
    with pytest.raises(EmbedderError, match="503 UNAVAILABLE: overloaded"):
        embedder.embed(texts(1), role="query")
    assert time.monotonic() - start < 3
    assert 2 <= len(gemini.requests) < 6
    embedder.close()


def test_a_quota_that_is_used_up_for_long_is_told_at_once(google: GoogleEmbedder, gemini: GeminiStandIn) -> None:
    gemini.refusals = [Refusal(429, error(429, "RESOURCE_EXHAUSTED", "per day"), {"Retry-After": "3600"})]
    start = time.monotonic()
    with pytest.raises(EmbedderError, match=r"429 RESOURCE_EXHAUSTED: per day .*quota.*--embedder offline"):
        google.embed(texts(1), role="query")
    assert time.monotonic() - start < 2


@pytest.mark.parametrize(
    ("refusal", "told"),
    [
        (Refusal(400, error(400, "INVALID_ARGUMENT", "The content was blocked.")), "400 INVALID_ARGUMENT: .*blocked"),
        (Refusal(403, error(403, "PERMISSION_DENIED", "no")), "may use this model"),
        (Refusal(404, error(404, "NOT_FOUND", "gone")), "model's name"),
        (Refusal(400, b"<p>" + b"x" * 100_000), "Google answered 400"),
        (Refusal(200, {}), "1 items and gave 0 vectors"),
        (Refusal(200, {"embeddings": []}), "1 items and gave 0 vectors"),
        (Refusal(200, {"embeddings": [{}]}), r"shape \(0,\)"),
        (Refusal(200, {"embeddings": [{"values": [1.0] * 768}] * 2}), "1 items and gave 2 vectors"),
        (Refusal(200, {"embeddings": [{"values": [1.0] * 3072}]}), r"shape \(3072,\); it should be \(768,\)"),
        (Refusal(200, {"embeddings": [{"values": [0.0] * 768}]}), "zero"),
        (Refusal(200, {"embeddings": [{"values": [float("nan")] + [1.0] * 767}]}), "not finite"),
        (Refusal(200, {"embeddings": [{"values": [1e300] * 768}]}), "not finite"),
        (Refusal(200, b"not JSON"), "answer not read"),
    ],
)
def test_a_reply_that_cannot_be_used_is_refused_and_not_repeated(
    google: GoogleEmbedder, gemini: GeminiStandIn, refusal: Refusal, told: str
) -> None:
    gemini.refusals = [refusal]
    with pytest.raises(EmbedderError, match=told) as caught:
        google.embed(texts(1), role="query")
    assert len(gemini.requests) == 1
    assert len(str(caught.value)) < 1000
    assert "a-key" not in str(caught.value)
    assert google.embed(texts(1), role="query").shape == (1, 768)


def test_the_first_request_that_fails_ends_the_others(google: GoogleEmbedder, gemini: GeminiStandIn) -> None:
    gemini.seconds = 0.2
    gemini.refusals = [Refusal(400, error(400, "INVALID_ARGUMENT", "no")) for _ in range(4)]
    with pytest.raises(EmbedderError, match="400"):
        google.embed(texts(5000), role="document")
    assert len(gemini.requests) <= 12


def test_a_slow_answer_is_waited_for(google: GoogleEmbedder, gemini: GeminiStandIn) -> None:
    gemini.seconds = 0.5
    assert google.embed(texts(1), role="query").shape == (1, 768)
    assert len(gemini.requests) == 1


def test_a_server_that_is_not_there_is_told_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_API_KEY", "a-key")
    monkeypatch.setenv("GOOGLE_GEMINI_BASE_URL", "http://127.0.0.1:9")
    embedder = build()
    start = time.monotonic()
    with pytest.raises(EmbedderError, match=r"cannot be reached.*ConnectError.*--embedder offline"):
        embedder.embed(texts(1), role="query")
    assert time.monotonic() - start < 6
    embedder.close()


@pytest.mark.parametrize("vertexai", ["false", "true"])
def test_a_missing_key_is_told_with_what_to_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, vertexai: str) -> None:
    monkeypatch.setenv("GOOGLE_GENAI_USE_VERTEXAI", vertexai)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "absent.json"))
    with pytest.raises(EmbedderError, match=r"GOOGLE_API_KEY or GEMINI_API_KEY.*--embedder offline"):
        build().embed(texts(1), role="query")


def test_a_gemini_key_serves_as_well(gemini: GeminiStandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GOOGLE_API_KEY")
    monkeypatch.setenv("GEMINI_API_KEY", "another-key")
    embedder = build()
    embedder.embed(texts(1), role="query")
    assert gemini.requests[0].headers["x-goog-api-key"] == "another-key"
    embedder.close()


@pytest.mark.parametrize(
    ("item", "told"),
    [
        (Image(pixels=np.zeros((4, 4), np.uint8)), r"shape \(1, 4, 4\)"),
        (Image(pixels=np.zeros((4, 4, 3), np.float32)), "float32"),
        (Clip(frames=np.zeros((0, 4, 4, 3), np.uint8), times=(), start=0, end=1), "nothing empty"),
        (Clip(frames=np.zeros((1, 4, 4, 3), np.uint8), times=(0.0,), start=2, end=2), "end after it starts"),
        (Clip(frames=np.zeros((1, 4, 4, 3), np.uint8), times=(0.0,), start=2, end=float("nan")), "end after it starts"),
    ],
)
def test_malformed_items_are_refused_before_anything_is_sent(
    google: GoogleEmbedder, gemini: GeminiStandIn, item: Item, told: str
) -> None:
    with pytest.raises(ConfigError, match=told):
        google.embed([*texts(1), item], role="document")
    assert gemini.requests == []


def test_it_works_again_after_closing(google: GoogleEmbedder) -> None:
    before = google.embed(texts(1), role="query")
    google.close()
    assert (google.embed(texts(1), role="query") == before).all()


def test_making_it_touches_no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[Any] = []
    monkeypatch.setattr("socket.socket.connect", lambda *args: opened.append(args))
    embedder = build()
    assert embedder.embed([], role="query").shape == (0, 768)
    embedder.close()
    assert opened == []


def test_the_missing_package_is_told_with_its_pip_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "google.genai", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'mm-agents\[google\]'"):
        build().embed(texts(1), role="query")
