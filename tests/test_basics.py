"""Errors, optional packages and plugins."""

from __future__ import annotations

import importlib.metadata
import inspect
import sys
from pathlib import Path
from types import ModuleType

import pytest

import mm_agents
from mm_agents import _plugins, errors
from mm_agents._optional import require
from mm_agents.types import CollectionSpec, VectorSpec


def test_every_error_is_in_the_tree_that_the_module_draws() -> None:
    drawn = errors.__doc__ or ""
    for name in errors.__all__:
        assert issubclass(getattr(errors, name), errors.MMAgentsError)
        assert name in drawn
    defined = {name for name, value in vars(errors).items() if inspect.isclass(value) and issubclass(value, Exception)}
    assert defined == set(errors.__all__)


def test_a_partial_write_says_what_was_refused() -> None:
    error = errors.PartialWriteError({"a": "too wide", "b": "too narrow"}, total=5)
    assert error.failed == {"a": "too wide", "b": "too narrow"}
    assert str(error) == "2 of 5 records were refused (a: too wide; b: too narrow)."


def test_a_missing_package_is_told_with_its_pip_line() -> None:
    with pytest.raises(errors.MissingExtraError, match=r"The moon needs .*pip install 'mm-agents\[local\]'") as caught:
        require("no_such_package_here", extra="local", feature="The moon")
    assert isinstance(caught.value, ImportError)


def test_a_package_missing_inside_another_is_not_blamed_on_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "half_installed.py").write_text("import its_own_missing_dependency\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError) as caught:
        require("half_installed", extra="local", feature="It")
    assert caught.value.name == "its_own_missing_dependency"
    assert not isinstance(caught.value, errors.MissingExtraError)


def test_an_unknown_plugin_lists_the_known_ones() -> None:
    with pytest.raises(errors.UnknownPluginError, match=r"No stores plugin is named 'pinecone'\. Known: .*local"):
        _plugins.build("stores", "pinecone", "")


def _entry(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = importlib.metadata.EntryPoint(name=name, value=value, group="mm_agents.embedders")
    installed = importlib.metadata.entry_points
    entries = [*installed(group="mm_agents.embedders"), entry]
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: entries if "embedders" in group else [])


def test_a_plugin_of_another_package_is_one_module(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("their_embedder")
    module.build = lambda argument="": f"built with {argument!r}"  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "their_embedder", module)
    _entry("theirs", "their_embedder", monkeypatch)
    assert _plugins.build_named("embedders", "theirs:small:v2") == "built with 'small:v2'"


def test_two_plugins_of_one_name_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    _entry("offline", "their_embedder", monkeypatch)
    with pytest.raises(errors.ConfigError, match="Two embedders plugins are named 'offline'"):
        _plugins.known("embedders")


def test_an_unknown_vector_lists_the_known_ones() -> None:
    spec = CollectionSpec(name="Media", vectors=(VectorSpec(name="media", width=4),))
    assert spec.vector("media").width == 4
    with pytest.raises(errors.ConfigError, match=r"no vector named 'poster'\. Known: media"):
        spec.vector("poster")


def test_the_version_is_that_of_the_distribution(monkeypatch: pytest.MonkeyPatch) -> None:
    assert mm_agents.__version__ == importlib.metadata.version("mm-agents")

    def absent(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", absent)
    assert mm_agents.__version__ == "0+unknown"


def test_a_vector_has_the_role_that_is_set_else_that_of_its_name_or_of_what_it_replaces() -> None:
    names = {"media": "image", "poster_vector": "image", "words": "text", "txt_vector": "text", "moment": "moment"}
    old = CollectionSpec(name="Old", vectors=tuple(VectorSpec(name=name, width=2) for name in (*names, "other")))
    assert {vector.name: old.role(vector.name) for vector in old.vectors} == {**names, "other": None}
    newer = CollectionSpec(
        name="New",
        vectors=(
            VectorSpec(name="looks", width=2, role="image"),
            VectorSpec(name="words", width=2, role="speech"),
            VectorSpec(name="looks_v2", width=3, replaces="looks"),
        ),
    )
    assert [newer.role(vector.name) for vector in newer.vectors] == ["image", "speech", "image"]
    assert [vector.name for vector in newer.vectors_with_role("image")] == ["looks", "looks_v2"]
    assert [vector.name for vector in newer.vectors_with_role("text", "speech")] == ["words"]
    with pytest.raises(errors.ConfigError, match="no vector named 'poster'"):
        newer.role("poster")
