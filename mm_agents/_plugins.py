"""Plugins by name: a module with a ``build`` function, declared as an entry point.

This package declares its own plugins in its ``pyproject.toml`` in the same way as other packages do::

    [project.entry-points."mm_agents.embedders"]
    mine = "their_package.mine"

Only the plugin that is asked for is imported.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
from pathlib import Path
from typing import Any, Literal

from mm_agents.errors import ConfigError, UnknownPluginError

PluginKind = Literal["embedders", "stores", "readers", "ocr", "recognizers"]


def known(kind: PluginKind) -> dict[str, str]:
    """The module of every plugin of a kind, by name; none is imported.

    Raises:
        ConfigError: two plugins claim the same name.
    """
    from importlib import metadata  # takes 10 ms, which `--help` need not wait for

    modules: dict[str, str] = {}
    for entry in metadata.entry_points(group=f"mm_agents.{kind}"):
        if modules.setdefault(entry.name, entry.value) != entry.value:
            raise ConfigError(
                f"Two {kind} plugins are named {entry.name!r}: {modules[entry.name]} and {entry.value}. "
                "Uninstall one, or ask its author for another name."
            )
    return modules


def build(kind: PluginKind, name: str, /, *args: Any, **kwargs: Any) -> Any:
    """Call the ``build`` function of the plugin of that name.

    Raises:
        UnknownPluginError: no plugin has that name; the message lists those that exist.
    """
    modules = known(kind)
    if name not in modules:
        raise UnknownPluginError(kind, name, list(modules))
    return importlib.import_module(modules[name]).build(*args, **kwargs)


def build_named(kind: PluginKind, name: str, /) -> Any:
    """Build a plugin from one text, "plugin" or "plugin:argument", as people type it and stores keep it."""
    plugin, _, argument = name.partition(":")
    return build(kind, plugin, argument)


def fingerprint(kind: PluginKind, name: str, /) -> str:
    """A short text that changes with the code of a plugin: of its module and of all that lies beside and below it.

    Raises:
        UnknownPluginError: no plugin has that name; the message lists those that exist.
    """
    modules = known(kind)
    if name not in modules:
        raise UnknownPluginError(kind, name, list(modules))
    spec = importlib.util.find_spec(modules[name])
    digest = hashlib.sha256(modules[name].encode())
    if spec is not None and spec.origin is not None and (home := Path(spec.origin)).is_file():
        folder = home.parent.parent if home.name == "__init__.py" else home.parent
        for path in sorted(path for path in folder.rglob("*") if path.suffix in (".py", ".toml", ".txt")):
            digest.update(path.relative_to(folder).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()[:16]
