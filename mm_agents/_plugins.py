"""Plugins by name: one module with a ``build`` function, in this package or behind an entry point.

An embedder named "mine" is ``mm_agents/embedders/mine.py``, or a module that another package names in its entry
points: ``[project.entry-points."mm_agents.embedders"] mine = "their_package.mine"``. Only the one that is asked
for is imported.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

from mm_agents.errors import ConfigError, UnknownPluginError

PluginKind = Literal["embedders", "stores", "documents"]


def known(kind: PluginKind) -> dict[str, str]:
    """The module of every plugin of a kind, by name; nothing of them is imported.

    Raises:
        ConfigError: two plugins claim the same name.
    """
    package = importlib.import_module(f"mm_agents.{kind}")
    found = {
        info.name: f"{package.__name__}.{info.name}"
        for info in pkgutil.iter_modules(package.__path__)
        if not info.name.startswith("_") and _builds(package.__path__[0], info.name)
    }
    for entry in metadata.entry_points(group=f"mm_agents.{kind}"):
        if entry.name in found and found[entry.name] != entry.value:
            raise ConfigError(
                f"Two {kind} plugins are named {entry.name!r}: {found[entry.name]} and {entry.value}. "
                "Uninstall one, or ask its author for another name."
            )
        found[entry.name] = entry.value
    return found


def _builds(folder: str, name: str) -> bool:
    """Whether a module of ours has a ``build`` function, told by its text: what only helps is no plugin."""
    path = Path(folder, name, "__init__.py") if Path(folder, name).is_dir() else Path(folder, f"{name}.py")
    return (
        re.search(r"^(def build\(|from \S+ import .*\bbuild\b)", path.read_text(encoding="utf-8"), re.MULTILINE)
        is not None
    )


def build(kind: PluginKind, name: str, /, *args: Any, **kwargs: Any) -> Any:
    """Call the ``build`` function of the plugin of that name.

    Raises:
        UnknownPluginError: there is none; the message lists those that exist.
    """
    modules = known(kind)
    if name not in modules:
        raise UnknownPluginError(kind, name, list(modules))
    return importlib.import_module(modules[name]).build(*args, **kwargs)


def build_named(kind: PluginKind, name: str, /) -> Any:
    """Build a plugin from one text, "plugin" or "plugin:argument", as people type it and stores keep it."""
    plugin, _, argument = name.partition(":")
    return build(kind, plugin, argument)
