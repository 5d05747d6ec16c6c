"""The embedded store: one folder with an SQLite database and one memory-mapped file per named vector."""

from mm_agents.stores.local.store import LocalStore, build

__all__ = ["LocalStore", "build"]
