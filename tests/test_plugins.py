"""Plugins of this package: every module with a ``build`` is declared, and everything that is declared has one."""

from __future__ import annotations

import ast
import importlib
import tomllib
from pathlib import Path

import pytest

import mm_agents
from mm_agents import _plugins
from mm_agents.errors import ConfigError, UnknownPluginError

PACKAGE = Path(mm_agents.__file__).parent
PROJECT = PACKAGE.parent / "pyproject.toml"
ROOMS = {
    "embedders": "embedders",
    "stores": "stores",
    "readers": "documents",
    "ocr": "documents",
    "recognizers": "speech",
}
"""The package that has the plugins of each kind."""


def declared() -> dict[str, dict[str, str]]:
    """The entry points of pyproject.toml: modules by plugin name, by kind."""
    groups = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]["entry-points"]
    return {group.removeprefix("mm_agents."): points for group, points in groups.items()}


def builds(path: Path) -> bool:
    """Whether a module defines a public function ``build``, or imports one from a module of its own package."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef) and node.name == "build":
            return True
        if isinstance(node, ast.ImportFrom) and any(alias.name == "build" for alias in node.names):
            return True
    return False


def modules_with_build(room: str) -> set[str]:
    """The modules and packages right inside a room that can be built from, by their own code or their modules'."""
    children = {path.relative_to(PACKAGE / room).parts[0] for path in (PACKAGE / room).rglob("*.py") if builds(path)}
    return {f"mm_agents.{room}.{child.removesuffix('.py')}" for child in children}


def test_all_kinds_are_declared() -> None:
    assert declared().keys() == ROOMS.keys()


@pytest.mark.parametrize("room", sorted(set(ROOMS.values())))
def test_every_module_with_a_build_is_declared_and_no_other(room: str) -> None:
    points = [value for kind, names in declared().items() if ROOMS[kind] == room for value in names.values()]
    assert len(points) == len(set(points)), "a module is declared twice"
    assert set(points) == modules_with_build(room)


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind, names in declared().items() for name in names])
def test_a_declared_plugin_can_be_imported_and_built(kind: _plugins.PluginKind, name: str) -> None:
    module = declared()[kind][name]
    assert callable(importlib.import_module(module).build)
    assert _plugins.known(kind)[name] == module, "install the package anew: its entry points have changed"


def test_a_plugin_keeps_its_modules_name() -> None:
    for kind, names in declared().items():
        for name, module in names.items():
            assert kind in ("ocr", "recognizers") or module.rpartition(".")[2] == name


@pytest.mark.parametrize("name", ["", ":", "no such", "OFFLINE", "../offline", "mm_agents.embedders.offline"])
def test_a_name_is_looked_up_as_it_is(name: str) -> None:
    with pytest.raises(UnknownPluginError, match="offline") as caught:
        _plugins.build_named("embedders", name)
    assert isinstance(caught.value, ConfigError)
    assert caught.value.kind == "embedders"
    assert caught.value.name == name.partition(":")[0]
    assert "offline" in caught.value.known


def test_what_build_is_called_with(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[object, ...]] = []
    module = importlib.import_module("mm_agents.embedders.offline")
    monkeypatch.setattr(module, "build", lambda *args, **kwargs: seen.append((*args, kwargs)))
    _plugins.build_named("embedders", "offline")
    _plugins.build_named("embedders", "offline:a:b")
    _plugins.build("embedders", "offline", "x", size=3)
    assert seen == [("", {}), ("a:b", {}), ("x", {"size": 3})]
