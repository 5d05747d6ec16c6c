"""For tests of plugins and of programs that use mm_agents: a public fake embedder and the contracts as test classes.

``HashEmbedder`` needs nothing; the contracts need pytest, and ``StoreContract`` also hypothesis.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mm_agents.testing.embedder_contract import EmbedderContract
    from mm_agents.testing.hash_embedder import HashEmbedder
    from mm_agents.testing.store_contract import StoreContract

_HOME = {"EmbedderContract": "embedder_contract", "HashEmbedder": "hash_embedder", "StoreContract": "store_contract"}

__all__ = ["EmbedderContract", "HashEmbedder", "StoreContract"]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(f"mm_agents.testing.{_HOME[name]}"), name)
    raise AttributeError(f"module 'mm_agents.testing' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
