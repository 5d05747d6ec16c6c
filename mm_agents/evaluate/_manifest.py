"""Folders of pictures with a manifest: which picture has which truth, and what the truth's file says."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from mm_agents.errors import ConfigError
from mm_agents.evaluate import _truth_flowcharts, _truth_invoices, _truth_tables
from mm_agents.evaluate._truth import FlowchartTruth, InvoiceTruth, Kind, TableTruth, Truth

MANIFEST = "manifest.json"
_LARGEST = 50_000_000  # bytes of a manifest or truth file

Parse = Callable[[Any], Truth | None]
_PARSERS: tuple[Parse, ...] = (_truth_invoices.parse, _truth_tables.parse, _truth_flowcharts.parse)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One picture and what is true of it.

    Attributes:
        name: the picture's path below the folder, as the manifest writes it.
        path: where the picture lies.
        truth: what is true of it.
    """

    name: str
    path: Path
    truth: Truth

    @property
    def set(self) -> str:
        """The set that the picture counts to: the first folder of its path, "" when it lies beside the manifest."""
        first, slash, _ = self.name.partition("/")
        return first if slash else ""

    @property
    def kind(self) -> Kind:
        """What reads it."""
        if isinstance(self.truth, InvoiceTruth):
            return "invoice"
        return "table" if isinstance(self.truth, TableTruth) else "flowchart"


def entries(folder: Path) -> list[Entry]:
    """The pictures of a folder with their truths, in the manifest's order.

    Args:
        folder: holds ``manifest.json``, a list of objects with ``image`` and ``truth``, both paths below the folder.

    Raises:
        ConfigError: the manifest or a truth is missing, is no JSON or XML, leads out of the folder, or is of no form
            that is known; the message names the file.
    """
    manifest = folder / MANIFEST
    listed = load(manifest)
    if not isinstance(listed, list) or not listed:
        raise ConfigError(f"{manifest} is not a list of pictures. Each is an object with 'image' and 'truth'.")
    return [_entry(folder, manifest, item) for item in cast("list[Any]", listed)]


def _entry(folder: Path, manifest: Path, item: Any) -> Entry:
    image, truth = (item.get("image"), item.get("truth")) if isinstance(item, Mapping) else (None, None)
    if not isinstance(image, str) or not isinstance(truth, str):
        raise ConfigError(f"{manifest} has an entry without 'image' and 'truth': {str(item)[:200]}")
    path = _inside(folder, image, manifest)
    if not path.is_file():
        raise ConfigError(f"{manifest} names {image!r}, but there is no such picture in {folder}.")
    return Entry(name=image, path=path, truth=truth_of(_inside(folder, truth, manifest)))


def _inside(folder: Path, name: str, manifest: Path) -> Path:
    path = folder / name
    if not path.resolve().is_relative_to(folder.resolve()):
        raise ConfigError(f"{manifest} names {name!r}, which leads out of {folder}.")
    return path


def truth_of(path: Path) -> Truth:
    """What a truth's file says.

    Raises:
        ConfigError: it is missing, cannot be read, or is of no form that is known.
    """
    if path.suffix.lower() == ".xml":
        return _truth_invoices.parse_xml(path, read(path))
    found = load(path)
    for parse in _PARSERS:
        try:
            truth = parse(found)
        except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
            raise ConfigError(f"The truth in {path} cannot be read: {type(error).__name__} {error}") from error
        if truth is not None:
            return truth
    keys = ", ".join(sorted(map(str, cast("Mapping[str, Any]", found)))) if isinstance(found, Mapping) else ""
    raise ConfigError(
        f"The truth in {path} is of no known kind (it has: {keys or type(found).__name__}). "
        "An invoice has 'fields', 'invoice_number' or 'total', a table 'cells', 'rows' or 'html', "
        "a flowchart 'nodes' or 'qa'."
    )


def load(path: Path) -> Any:
    """The JSON of a file.

    Raises:
        ConfigError: there is no such file, or it holds no JSON.
    """
    try:
        return json.loads(read(path))
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{path} is not JSON: {error}") from error


def read(path: Path) -> bytes:
    """The bytes of a file of bounded size.

    Raises:
        ConfigError: it cannot be opened, or is too large for what it should be.
    """
    try:
        if path.stat().st_size > _LARGEST:
            raise ConfigError(f"{path} is too large for a manifest or truth: {path.stat().st_size} bytes.")
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror or error}") from error


__all__ = ["Entry", "FlowchartTruth", "entries", "load", "read", "truth_of"]
