"""For tests of plugins and of programs that use mm_agents: a fake embedder, the contracts, and hostile files.

``HashEmbedder`` needs nothing; the contracts need pytest, and ``StoreContract`` also hypothesis. ``hostile_files``
makes pictures and documents that try to lead an agent astray, and ``obeyed`` says whether they did.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from mm_agents._optional import attach

if TYPE_CHECKING:
    from mm_agents.testing.embedder_contract import EmbedderContract
    from mm_agents.testing.hash_embedder import HashEmbedder
    from mm_agents.testing.injections import ATTACKS, Attack, HostileFile, hostile_files, obeyed
    from mm_agents.testing.reader_contract import ReaderContract
    from mm_agents.testing.store_contract import StoreContract


__all__ = [
    "ATTACKS",
    "Attack",
    "EmbedderContract",
    "HashEmbedder",
    "HostileFile",
    "ReaderContract",
    "StoreContract",
    "hostile_files",
    "obeyed",
]

__getattr__: Callable[[str], Any]
__dir__: Callable[[], list[str]]
__getattr__, __dir__ = attach(
    __name__,
    {
        "ATTACKS": "injections",
        "Attack": "injections",
        "EmbedderContract": "embedder_contract",
        "HashEmbedder": "hash_embedder",
        "HostileFile": "injections",
        "ReaderContract": "reader_contract",
        "StoreContract": "store_contract",
        "hostile_files": "injections",
        "obeyed": "injections",
    },
)
