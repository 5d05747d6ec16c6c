"""The chat page: questions with files, answers with their evidence, and the library to browse, in a browser.

    serve(Agent(Library.open("./my")))

Only this machine can open it unless a password is set, nothing on it is loaded from elsewhere, and of this machine's
files it gives out those of the library alone. What runs in the browser is in ``client``, built into ``static``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from mm_agents._optional import attach

if TYPE_CHECKING:
    from mm_agents.web.server import Settings, serve

__all__ = ["Settings", "serve"]

__getattr__: Callable[[str], Any]
__dir__: Callable[[], list[str]]
__getattr__, __dir__ = attach(__name__, {"Settings": "server", "serve": "server"})
