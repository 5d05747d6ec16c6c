"""The embedded store: one folder with an SQLite database and one memory-mapped file per named vector."""

from mm_agents.stores.local.repair import Repair, repair
from mm_agents.stores.local.store import LocalStore, build, open_copy, write_copy

__all__ = ["LocalStore", "Repair", "build", "open_copy", "repair", "write_copy"]
