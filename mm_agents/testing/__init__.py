"""For tests of plugins and of programs that use mm_agents: a fake embedder, the contracts, and hostile files.

``HashEmbedder`` needs nothing; the contracts need pytest, and ``StoreContract`` also hypothesis. ``hostile_files``
makes pictures and documents that try to lead an agent astray, and ``obeyed`` says whether they did.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mm_agents.testing.embedder_contract import EmbedderContract
    from mm_agents.testing.hash_embedder import HashEmbedder
    from mm_agents.testing.injections import ATTACKS, Attack, HostileFile, hostile_files, obeyed
    from mm_agents.testing.store_contract import StoreContract

_HOME = {
    "ATTACKS": "injections",
    "Attack": "injections",
    "EmbedderContract": "embedder_contract",
    "HashEmbedder": "hash_embedder",
    "HostileFile": "injections",
    "StoreContract": "store_contract",
    "hostile_files": "injections",
    "obeyed": "injections",
}

__all__ = [
    "ATTACKS",
    "Attack",
    "EmbedderContract",
    "HashEmbedder",
    "HostileFile",
    "StoreContract",
    "hostile_files",
    "obeyed",
]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(f"mm_agents.testing.{_HOME[name]}"), name)
    raise AttributeError(f"module 'mm_agents.testing' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
