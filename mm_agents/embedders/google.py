"""Google's Gemini embeddings: texts, pictures and clips in one space, through an API that needs a key.

It reads many languages and sees scenes, style and written words. What is embedded is sent to Google, and costs by use.

Settings are those of the package google-genai, from the environment: GOOGLE_API_KEY or GEMINI_API_KEY; for Vertex AI
GOOGLE_GENAI_USE_VERTEXAI=true with GOOGLE_CLOUD_PROJECT and GOOGLE_CLOUD_LOCATION; behind a gateway
GOOGLE_GEMINI_BASE_URL or GOOGLE_VERTEX_BASE_URL.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Event, Lock
from typing import TYPE_CHECKING, Any

import numpy as np

from mm_agents._optional import require
from mm_agents._retry import TRANSIENT, retrying
from mm_agents.embedders.shared import check_items, check_role, kind_of, mean_by_group, unit_rows, windows
from mm_agents.errors import ConfigError, EmbedderError
from mm_agents.media import encode_clip, encode_jpeg
from mm_agents.types import Clip, Image, Item, Kind, Role, Text

if TYPE_CHECKING:
    from mm_agents.types import FloatArray

_EXTRA, _FEATURE = "google", "The Google embedder"
_FAMILY = "gemini-embedding-2"
_WIDTHS = range(128, 3073)

# The model's own words for searching (https://ai.google.dev/gemini-api/docs/embeddings, "Task types").
_PROMPTS: dict[Role, str] = {"query": "task: search result | query: {}", "document": "title: none | text: {}"}

# What one request may hold, by the same page.
_PER_REQUEST: dict[Kind, int] = {"text": 100, "image": 6, "clip": 1}
_CLIP_SECONDS = 120
_TEXT_BYTES = 8000  # the model reads 8192 tokens, and a token is a byte or more
_PICTURE_SIDE = 1024  # pixels: more than the model looks at, and six pictures stay far below the 20 MB of a request

_AT_ONCE = 4  # requests under way
_REQUEST_SECONDS = 60

_ADVICE = {
    401: "Check GOOGLE_API_KEY or GEMINI_API_KEY.",
    403: "Check that the key may use this model.",
    404: f"Check the model's name; the default is {_FAMILY!r}.",
    429: "The quota is used up: try again later, or ask Google for a larger one.",
}
_SAID = 500  # characters of a message that are passed on: a gateway may answer with a whole page
_OFFLINE = "The offline embedder needs no key and no network: --embedder offline."


def build(argument: str = "") -> GoogleEmbedder:
    """Make the Google embedder.

    Args:
        argument: the model and its width, such as "gemini-embedding-2@1536"; either may be left out.

    Raises:
        ConfigError: another model, or a width that it does not offer.
    """
    model, _, width = argument.partition("@")
    if width and not width.isdecimal():
        raise ConfigError(f"The width in 'google:{argument}' is {width!r}; it should be a number such as 1536.")
    return GoogleEmbedder(model or _FAMILY, int(width or 768))


class GoogleEmbedder:
    """A model of the family gemini-embedding-2. Thread-safe.

    Args:
        model: its name.
        width: how many numbers a vector has, 128 to 3072; Google recommends 768, 1536 or 3072.
        patience: for how many seconds a request that is refused for now is tried again.
    """

    accepts: frozenset[Kind] = frozenset({"text", "image", "clip"})
    aligned = False

    def __init__(self, model: str = _FAMILY, width: int = 768, *, patience: float = 60.0) -> None:
        if not re.fullmatch(rf"{_FAMILY}(-[\w.-]+)?", model):
            raise ConfigError(f"The Google embedder takes models of the family {_FAMILY!r}, not {model!r}.")
        if width not in _WIDTHS:
            raise ConfigError(f"The width is {width!r}; {model} offers {_WIDTHS[0]} to {_WIDTHS[-1]}.")
        self.name: str = f"google:{model}@{width}"
        self.width = width
        self._model = model
        self._patience = patience
        self._lock = Lock()
        self._opened: Any = None

    def embed(self, items: Sequence[Item], /, *, role: Role) -> FloatArray:
        """Turn items into unit vectors.

        Args:
            items: texts, pictures and clips in any order. A text longer than 8000 bytes is the mean of its pieces, a
                clip longer than 120 seconds the mean of its parts.
            role: "query" or "document"; texts are sent with the model's instruction for it.

        Returns:
            float32, shape (len(items), width), each row of length 1; (0, width) for no items.

        Raises:
            ConfigError: an item is of another kind or malformed, or the role is neither.
            MissingExtraError: a package of the extra ``google`` is not installed, or for clips of ``local``.
            EmbedderError: no key, no quota, no connection, or a reply that cannot be used; no vector is returned.
        """
        check_role(role)
        check_items(items, self.accepts, self.name)
        if not items:
            return np.empty((0, self.width), np.float32)
        pieces = [_pieces(item) for item in items]
        vectors = self._vectors([piece for of_item in pieces for piece in of_item], role)
        return mean_by_group(vectors, [len(of_item) for of_item in pieces])

    def close(self) -> None:
        """Close the connections; harmless when called twice. A later call opens them again."""
        with self._lock:
            client, self._opened = self._opened, None
        if client is not None:
            client.close()

    def _vectors(self, pieces: Sequence[Item], role: Role) -> FloatArray:
        """Send the pieces, several requests at once; the first that fails ends the others."""
        client = self._client()
        batches = list(_batches(pieces, alone=client.vertexai))
        stopped = Event()

        def send(batch: Sequence[int]) -> FloatArray:
            return self._send(client, [pieces[n] for n in batch], role, stopped)

        pool = ThreadPoolExecutor(_AT_ONCE)
        try:
            vectors = np.concatenate(list(pool.map(send, batches)))
        finally:
            stopped.set()
            pool.shutdown(cancel_futures=True)
        rows = np.empty_like(vectors)
        rows[np.concatenate(batches)] = vectors
        return rows

    def _send(self, client: Any, pieces: Sequence[Item], role: Role, stopped: Event) -> FloatArray:
        types = require("google.genai.types", extra=_EXTRA, feature=_FEATURE)
        # One content for each vector: the parts of one content, and bare parts too, become a single vector.
        contents = [types.Content(parts=[_part(types, piece, role)]) for piece in pieces]
        config = types.EmbedContentConfig(output_dimensionality=self.width)
        retrying = _retrying(self._patience, stopped)
        try:
            reply = retrying(client.models.embed_content, model=self._model, contents=contents, config=config)
        except Exception as error:  # the package lets through those of its transport, its parsers and google-auth
            raise EmbedderError(_explained(error)) from error
        vectors = [embedding.values or () for embedding in reply.embeddings or ()]
        if len(vectors) != len(pieces):
            raise EmbedderError(
                f"Google was sent {len(pieces)} items and gave {len(vectors)} vectors; nothing is kept."
            )
        return unit_rows(vectors, self.width, self.name)

    def _client(self) -> Any:
        with self._lock:
            if self._opened is None:
                genai = require("google.genai", extra=_EXTRA, feature=_FEATURE)
                options = genai.types.HttpOptions(timeout=_REQUEST_SECONDS * 1000)
                try:
                    self._opened = genai.Client(http_options=options)
                except Exception as error:  # google-auth's have no parent of the package's
                    raise EmbedderError(
                        f"{_FEATURE} cannot start: {error} Set GOOGLE_API_KEY or GEMINI_API_KEY. {_OFFLINE}"
                    ) from error
            return self._opened


# ---------------------------------------------------------------- what is sent


def _pieces(item: Item) -> list[Item]:
    """The item, or parts of it that the model takes whole."""
    match item:
        case Text():
            texts = windows(item.text, lambda text: math.ceil(len(text.encode("utf-8", "replace")) / _TEXT_BYTES))
            return [replace(item, text=text) for text in texts]
        case Clip():
            return list(_shorter(item))
        case _:
            return [item]


def _shorter(clip: Clip) -> Iterator[Clip]:
    """Parts of like length, none longer than the model takes; each has a frame."""
    seconds = clip.end - clip.start
    if not seconds > 0:
        raise ConfigError(f"A Clip lasts from {clip.start!r} to {clip.end!r} seconds; it should end after it starts.")
    count = min(math.ceil(seconds / _CLIP_SECONDS), len(clip.frames))
    for n in range(count):
        of_part = slice(*(len(clip.frames) * edge // count for edge in (n, n + 1)))
        start, end = (clip.start + seconds * edge / count for edge in (n, n + 1))
        yield replace(clip, frames=clip.frames[of_part], times=clip.times[of_part], start=start, end=end)


def _part(types: Any, piece: Item, role: Role) -> Any:
    match piece:
        case Text():
            return types.Part(text=_PROMPTS[role].format(piece.text))
        case Image():
            content = encode_jpeg(piece.pixels, max_side=_PICTURE_SIDE)
            return types.Part.from_bytes(data=content, mime_type="image/jpeg")
        case Clip():
            seconds = min(piece.end - piece.start, _CLIP_SECONDS)
            content = encode_clip(piece.frames, fps=len(piece.frames) / seconds)
            return types.Part.from_bytes(data=content, mime_type="video/mp4")


def _batches(pieces: Sequence[Item], *, alone: bool) -> Iterator[list[int]]:
    """Places of pieces that go into one request: of one kind, and with Vertex AI only one."""
    for kind, size in _PER_REQUEST.items():
        places = [n for n, piece in enumerate(pieces) if kind_of(piece) == kind]
        step = 1 if alone else size
        yield from (places[n : n + step] for n in range(0, len(places), step))


# ---------------------------------------------------------------- when it fails


def _retrying(patience: float, stopped: Event) -> Any:
    """Calls again after failures that pass, as long as the patience lasts and nothing else has failed."""
    httpx = require("httpx", extra=_EXTRA, feature=_FEATURE)
    errors = require("google.genai.errors", extra=_EXTRA, feature=_FEATURE)

    def passes(error: Any) -> bool:
        if isinstance(error, errors.APIError):
            return error.code in TRANSIENT
        return isinstance(error, httpx.TransportError)

    def response(error: Any) -> Any:
        return error.response if isinstance(error, errors.APIError) else None

    return retrying(patience, passes=passes, response=response, feature=_FEATURE, stopped=stopped)


def _explained(error: Any) -> str:
    errors = require("google.genai.errors", extra=_EXTRA, feature=_FEATURE)
    if isinstance(error, errors.APIError):
        said = (
            f"Google answered {error.code} {error.status}: {str(error.message)[:_SAID]} {_ADVICE.get(error.code, '')}"
        )
    else:
        said = f"Google cannot be reached, or its answer not read ({type(error).__name__}): {str(error)[:_SAID]}"
    return f"{said.strip()} {_OFFLINE}"
