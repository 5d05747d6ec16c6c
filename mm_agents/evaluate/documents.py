"""Scores of document readers: on folders with a manifest, and on pictures that the factory draws.

Readers, OCR and crops come as callables, so that anything that returns the documents of ``read … --json`` can be
scored: ``readers["invoice"](path)`` returns what ``mm-agents read invoice PATH --json`` prints.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any, cast

from mm_agents._optional import require
from mm_agents._progress import ProgressCallback
from mm_agents.errors import ConfigError, MMAgentsError
from mm_agents.evaluate import flowcharts, invoices, metrics
from mm_agents.evaluate import tables as tables_module
from mm_agents.evaluate.manifest import Entry, entries
from mm_agents.evaluate.metrics import Bin, Tally, calibration, calibration_error, figures
from mm_agents.evaluate.truth import (
    FIELDS,
    KINDS,
    FlowchartTruth,
    InvoiceTruth,
    Kind,
    Line,
    Rectangle,
    TableTruth,
    rectangle,
)
from mm_agents.types import Word

Reread = Callable[[Path, int, Rectangle], str]
"""Reads a place anew, cut out with a margin of its text: the path, the page from 1, the box in pixels."""

_MOST_ENTRIES = 2000  # of one reading


def quotes_in_crops(reading: Mapping[str, Any], path: Path, reread: Reread, tally: Tally) -> None:
    """Count the evidence whose quote, normalised, is read again in its box padded by one text height.

    Evidence of a field that is not verified is left out.
    """
    known: dict[tuple[int, Rectangle], str] = {}
    for entry in islice(_verified_entries(reading), _MOST_ENTRIES):
        box, quote = rectangle(entry.get("box")), metrics.squash(str(entry.get("quote") or ""))
        if box is None:
            tally.share("quotes in crops", 0)
            tally.missed("evidence without a box", entry.get("quote"), None)
            continue
        place = (int(entry.get("page") or 1), box)
        if place not in known:
            known[place] = reread(path, *place)
        there = quote in metrics.squash(known[place])
        tally.share("quotes in crops", there)
        if not there:
            tally.missed("quote in crop", entry.get("quote"), known[place])


def _verified_entries(value: Any) -> Iterator[Mapping[str, Any]]:
    """Every evidence entry with a quote below, but for those under something that says it is not verified."""
    if isinstance(value, Mapping):
        record = cast("Mapping[str, Any]", value)
        if record.get("verified") is False:
            return
        if record.get("quote") and "box" in record:
            yield record
            return
        for part in record.values():
            yield from _verified_entries(part)
    elif isinstance(value, list):
        for part in cast("list[Any]", value):
            yield from _verified_entries(part)


# ---------------------------------------------------------------- OCR


def character_errors(lines: Sequence[Line], words: Sequence[Word], tally: Tally) -> None:
    """Count the characters of known texts that OCR misses, misreads or adds in their place, spaces aside.

    The figure "characters" is 1 - the character error rate. A word belongs to the text whose box contains its middle.
    """
    if not lines:
        return
    distance = require("rapidfuzz", extra=metrics.EXTRA, feature="Character errors").distance.Levenshtein.distance
    for line in lines:
        read = _closed(" ".join(word.text for word in words if _inside(word, line.box)))
        wanted = _closed(line.text)
        errors = min(int(distance(wanted, read)), len(wanted))
        tally.share("characters", len(wanted) - errors, len(wanted))
        if errors:
            tally.missed("characters", line.text, read)


def _closed(text: str) -> str:
    return "".join(text.split())


def _inside(word: Word, box: Rectangle) -> bool:
    x, y = (word.box.x0 + word.box.x1) / 2, (word.box.y0 + word.box.y1) / 2
    return box[0] <= x <= box[2] and box[1] <= y <= box[3]


Reader = Callable[[Path], Mapping[str, Any]]
"""Reads a picture: returns the document that ``read … --json`` prints."""

Words = Callable[[Path], Sequence[Word]]
"""The words that OCR reads on a picture."""


_ORDER = (
    *("fields", "field F1", "fields raw", "rows", "row F1", "rows raw", "row count", "documents", "attributed"),
    *("totals verified", "verified totals right", "verified values right", *FIELDS),
    *("TEDS", "TEDS structure", "cells", "tables right", "card values"),
    *("node F1", "edge F1", "labels", "labels of found arrows", "texts", "shapes", "shape families"),
    *("lane F1", "lanes of nodes", "graphs right", "graphs right with labels"),
    *("true arrows found", "false arrows rejected", "node count", "arrow count"),
    *("quotes in crops", "characters"),
)
"""How figures follow each other in a table."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One picture's part in the figures.

    Attributes:
        image: the picture, as the manifest names it.
        kind: which reader read it.
        set: the set that it counts to.
        tally: what it adds to the set's figures.
        error: what the reader said when it could not read the picture, which then counts as nothing read.
    """

    image: str
    kind: Kind
    set: str
    tally: Tally
    error: str | None = None

    def to_json(self) -> dict[str, Any]:
        """The case as ``eval … --json`` prints it: its own figures and its mistakes."""
        found: dict[str, Any] = {"image": self.image, "kind": self.kind, "set": self.set}
        found |= {"figures": figures([self.tally]), "wrong": self.tally.wrong}
        return found | ({"error": self.error} if self.error else {})


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A line of the printed table: the figures of one set, by name."""

    kind: Kind
    set: str
    pictures: int
    figures: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What an evaluation found.

    Attributes:
        cases: every picture that was scored, in order.
        skipped: how many pictures were left out because no reader of their kind was given.
    """

    cases: tuple[Case, ...] = ()
    skipped: int = 0

    def rows(self) -> list[Row]:
        """The figures of each set of each kind, and of sets that the project counts together."""
        found: list[Row] = []
        for kind in KINDS:
            sets: dict[str, list[Case]] = {}
            for case in self.cases:
                if case.kind == kind:
                    sets.setdefault(case.set, []).append(case)
            if sets.keys() >= {"invoice2data", "zugferd"}:
                sets["diverse"] = [*sets["invoice2data"], *sets["zugferd"]]
            for name, cases in sets.items():
                scores = figures([case.tally for case in cases])
                found.append(Row(kind=kind, set=name or "all", pictures=len(cases), figures=scores))
        return found

    def figures(self) -> dict[str, float]:
        """Every figure by name: "KIND/SET/FIGURE", such as "invoice/sroie/total"."""
        found: dict[str, float] = {}
        for row in self.rows():
            found[f"{row.kind}/{row.set}/pictures"] = row.pictures
            found |= {f"{row.kind}/{row.set}/{name}": value for name, value in row.figures.items()}
        return found

    def table(self) -> dict[Kind, tuple[list[str], list[list[str]]]]:
        """A table for each kind that was read: its head, and its lines, each a set's name, pictures and figures."""
        tables: dict[Kind, tuple[list[str], list[list[str]]]] = {}
        for kind in KINDS:
            rows = [row for row in self.rows() if row.kind == kind]
            there = {name for row in rows for name in row.figures}
            names = [name for name in _ORDER if name in there]
            lines = [[row.set, str(row.pictures), *(_shown(row.figures, name) for name in names)] for row in rows]
            if rows:
                tables[kind] = (["set", "pictures", *names], lines)
        return tables

    def calibration(self) -> tuple[tuple[Bin, ...], float | None]:
        """How sure fields are said to be against how many are right, in five bins, and the error over all of them."""
        bins = calibration([case.tally for case in self.cases])
        return bins, calibration_error(bins)

    def to_json(self) -> dict[str, Any]:
        """The document that ``eval documents --json`` prints."""
        bins, error = self.calibration()
        known = {"error": error, "bins": [asdict(one) for one in bins]}
        return {
            "figures": self.figures(),
            "calibration": known if bins else None,
            "cases": [case.to_json() for case in self.cases],
        }


def _shown(found: Mapping[str, float], name: str) -> str:
    if name not in found:
        return "–"
    return f"{found[name]:.3f}" + (f" of {found[f'{name} (of)']:g}" if f"{name} (of)" in found else "")


def evaluate(
    folders: Sequence[Path],
    *,
    readers: Mapping[str, Reader],
    words: Words | None = None,
    reread: Reread | None = None,
    report: ProgressCallback | None = None,
    limit: int | None = None,
) -> Report:
    """Score readers on folders with manifests.

    Args:
        folders: each holds ``manifest.json``, a list of objects with ``image`` and ``truth``.
        readers: by kind: "invoice", "table", "flowchart". Pictures of other kinds are skipped.
        words: what OCR reads on a picture. By it, truths that a picture does not show are left out, and the
            character error is counted where a truth lists the picture's texts; without it every value counts.
        reread: reads a place of a picture anew, cut out with a margin of its text; by it every verified
            value is checked against its box.
        report: called before each picture.
        limit: score at most this many pictures of each set.

    Raises:
        ConfigError: a manifest or truth cannot be used (the message names the file), a reader's kind is not known,
            or no picture is for a reader.
    """
    unknown = sorted(set(readers) - set(KINDS))
    if unknown:
        raise ConfigError(f"No documents of the kind {unknown[0]!r} can be scored. Known: {', '.join(KINDS)}.")
    listed = [entry for folder in folders for entry in _first(entries(folder), limit)]
    chosen = [entry for entry in listed if entry.kind in readers]
    if not chosen:
        there = ", ".join(sorted({entry.kind for entry in listed})) or "none"
        raise ConfigError(f"No reader fits the pictures: they are of the kind {there}.")
    cases: list[Case] = []
    for done, entry in enumerate(chosen):
        if report:
            report(done, len(chosen), entry.name)
        cases.append(_case(entry, readers[entry.kind], words, reread))
    return Report(cases=tuple(cases), skipped=len(listed) - len(chosen))


def _first(listed: Sequence[Entry], limit: int | None) -> list[Entry]:
    seen: dict[tuple[str, str], int] = {}
    found: list[Entry] = []
    for entry in listed:
        group = (entry.kind, entry.set)
        seen[group] = seen.get(group, 0) + 1
        if limit is None or seen[group] <= limit:
            found.append(entry)
    return found


def _case(entry: Entry, reader: Reader, words: Words | None, reread: Reread | None) -> Case:
    error: str | None = None
    reading: Mapping[str, Any] = {}
    try:
        reading = reader(entry.path)
    except MMAgentsError as failure:
        error = f"{type(failure).__name__}: {failure}"
    seen = words(entry.path) if words else None
    tally = _score(entry, reading, seen)
    if seen is not None:
        character_errors(entry.truth.lines, seen, tally)
    if reread is not None and not error:
        quotes_in_crops(reading, entry.path, reread, tally)
    return Case(image=entry.name, kind=entry.kind, set=entry.set, tally=tally, error=error)


def _score(entry: Entry, reading: Mapping[str, Any], words: Sequence[Word] | None) -> Tally:
    match entry.truth:
        case InvoiceTruth():
            page = None if words is None else metrics.PageText(metrics.text_of(words))
            return invoices.score(reading, entry.truth, page)
        case TableTruth():
            return tables_module.score(reading, entry.truth)
        case FlowchartTruth():
            return flowcharts.score(reading, entry.truth)
