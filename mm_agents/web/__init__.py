"""The chat page: questions with files, answers with their evidence, and the library to browse, in a browser.

    serve(Agent(Library.open("./my")))

Only this machine can open it unless a password is set, nothing on it is loaded from elsewhere, and files are given out
only when an answer or a search has shown them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mm_agents.web.server import Settings, serve

__all__ = ["Settings", "serve"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        return getattr(import_module("mm_agents.web.server"), name)
    raise AttributeError(f"module 'mm_agents.web' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
