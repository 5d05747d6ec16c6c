"""Imports that wait: optional packages, and the names of a package that are loaded when they are first used."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

from mm_agents.errors import MissingExtraError


def require(package: str, *, extra: str, feature: str) -> ModuleType:
    """Import an optional package.

    Args:
        package: the module to import, such as "onnxruntime".
        extra: the extra of mm-agents that brings it.
        feature: what needs it, as the start of a sentence: "The offline embedder".

    Raises:
        MissingExtraError: the package is not installed. Another module that is missing inside it is raised
            untouched, so that it is not blamed on the extra.
    """
    try:
        return importlib.import_module(package)
    except ModuleNotFoundError as error:
        if error.name is None or not (package == error.name or package.startswith(error.name + ".")):
            raise
        raise MissingExtraError(
            f"{feature} needs the package {package!r}. Install it with: pip install 'mm-agents[{extra}]'",
            name=error.name,
        ) from error


def attach(package: str, homes: Mapping[str, str]) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """The ``__getattr__`` and ``__dir__`` of a package whose names are loaded at first use (PEP 562).

    Args:
        package: its ``__name__``.
        homes: for each public name the module that defines it, relative to the package; "" for a submodule itself.
    """

    def get(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        home = importlib.import_module(f"{package}.{homes[name] or name}")
        return getattr(home, name) if homes[name] else home

    return get, lambda: sorted(homes)
