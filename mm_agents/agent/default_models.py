"""The models that an agent works with where none is named: a chat model, and an embedder that compares questions."""

from __future__ import annotations

import os
import warnings
from typing import TYPE_CHECKING, Any

from mm_agents import _plugins
from mm_agents.errors import EmbedderError, MissingExtraError
from mm_agents.types import Text

if TYPE_CHECKING:
    from mm_agents.chat import ChatModel
    from mm_agents.library import Library
    from mm_agents.protocols import Embedder

OFFLINE = "offline"
"""The name of no chat model: everything stays on this machine."""

DEFAULT_MODEL = "google_genai:gemini-3.5-flash"
_KEYS = ("GOOGLE_API_KEY", "GEMINI_API_KEY")


def chat_model_of(model: Any) -> ChatModel | None:
    """The chat model that is given; without one Gemini where its key is set, else none.

    Raises:
        ConfigError: it cannot be opened.
        MissingExtraError: its package is not installed, and it was named.
    """
    if model == OFFLINE:
        return None
    if model is None:
        if not any(os.environ.get(key) for key in _KEYS):
            return None
        model = DEFAULT_MODEL
        try:
            return _open(model)
        except MissingExtraError as error:
            warnings.warn(f"A key for Gemini is set, but it cannot be used: {error} Going on offline.", stacklevel=3)
            return None
    return _open(model)


def _open(model: Any) -> ChatModel:
    from mm_agents.chat import open_chat

    return open_chat(model)


def text_embedder_of(library: Library) -> Embedder:
    """What compares questions: the library's own where it is the offline one, else that, else the library's own."""
    own = [library.routes.embedder(spec.name) for spec in library.store.spec.vectors]
    texts = [one for one in own if one is not None and "text" in one.accepts]
    for one in texts:
        if one.name.partition(":")[0] == "offline":
            return one
    offline: Embedder = _plugins.build_named("embedders", "offline")
    try:
        offline.embed([Text(text="ready")], role="query")
    except (MissingExtraError, EmbedderError):
        if texts:
            return texts[0]
        raise
    return offline
