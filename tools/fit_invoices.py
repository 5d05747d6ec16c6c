"""Compares the weights that choose totals and sellers with weights learnt on other suppliers and layouts.

    python tools/fit_invoices.py FOLDER... [--drawn 60] [--cache FOLDER]

A folder has pictures and a manifest, as ``mm-agents eval documents`` reads them; ``--drawn`` adds invoices of the
factory, whose words are taken as drawn. Receipts whose name's SHA-256 is a multiple of three are kept aside. Weights
are learnt as those of a conditional logit over the candidates, "none" among them; a ridge holds them near those of
``weights.toml``. In turn each fifth of the suppliers, and of the factory's layouts, is left out. Prints the share of
right choices with the weights of the file, with those learnt, and on what was left out, then the weights learnt. The
file's are kept where those learnt do no better on what is left out.
"""

from __future__ import annotations

import argparse
import hashlib
import pickle
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import cast

import numpy as np

from mm_agents.documents.invoice import lexicon
from mm_agents.documents.invoice.layout import lay_out
from mm_agents.documents.invoice.line_items import find_items
from mm_agents.documents.invoice.parties import seller_candidates
from mm_agents.documents.invoice.totals import CHOSEN, candidates, choices, features
from mm_agents.documents.numbers import decimal_mark
from mm_agents.documents.page_transform import Frame
from mm_agents.documents.pages import Page, open_pages, without_instructions
from mm_agents.evaluate.invoices import is_right
from mm_agents.evaluate.manifest import entries
from mm_agents.evaluate.metrics import matching
from mm_agents.evaluate.synthetic import invoices as factory
from mm_agents.evaluate.truth import InvoiceTruth, TruthValue
from mm_agents.types import Box, FloatArray, Image, Word

FOLDS = 5
RIDGE = {"totals": 3.0, "seller": 3.0}
STEPS, RATE = 300, 0.2
NONE = 0.15
"""How much a choice counts of which the right candidate is left out, so that "none" is right: few pages are so."""


@dataclass(frozen=True, kw_only=True)
class Document:
    """Pages with their truth, and whose they are: those of one group are left out together."""

    pages: list[Page]
    truth: InvoiceTruth
    group: str
    set: str


@dataclass(frozen=True, kw_only=True)
class Task:
    """One choice: what speaks for each candidate, and which of them are right."""

    rows: list[dict[str, float]]
    right: list[float]
    document: Document
    weight: float = 1.0


def read(folder: Path, cache: Path) -> list[Document]:
    """The documents of a folder; what OCR reads is kept in the cache."""
    found: list[Document] = []
    for entry in entries(folder):
        truth = entry.truth
        if not isinstance(truth, InvoiceTruth) or (truth.amounts and kept_aside(entry.path)):
            continue
        kept = cache / f"{hashlib.sha256(str(entry.path).encode()).hexdigest()[:16]}.pkl"
        if not kept.exists():
            blank = Image(pixels=np.zeros((1, 1, 3), np.uint8))
            kept.write_bytes(pickle.dumps([replace(page, image=blank) for page in open_pages(entry.path)]))
        pages = [without_instructions(page) for page in cast("list[Page]", pickle.loads(kept.read_bytes()))]
        names = truth.fields.get("seller", TruthValue(values=(entry.name,))).values
        group = matching.squash(names[0])[:8]
        found.append(Document(pages=pages, truth=truth, group=group, set="receipts" if truth.amounts else entry.set))
    return found


def kept_aside(path: Path) -> bool:
    """Whether a picture is never looked at while developing."""
    return int(hashlib.sha256(path.name.encode()).hexdigest(), 16) % 3 == 0


def drawn(count: int) -> list[Document]:
    """Invoices of the factory, their words as drawn."""
    found: list[Document] = []
    for n in range(count):
        canvas, truth = factory.draw(Random(f"invoice fit {n}"))
        words: list[Word] = []
        for line, (text, (x0, y0, x1, y1)) in enumerate(canvas.lines):
            step, at = (x1 - x0) / max(len(text), 1), x0
            for part in text.split(" "):
                box = Box(x0=round(at), y0=round(y0), x1=max(round(at + step * len(part)), round(at) + 1), y1=round(y1))
                if part:
                    words.append(Word(text=part, box=box, place=box, confidence=0.99, line=line))
                at += step * (len(part) + 1)
        frame = Frame(width=canvas.image.width, height=canvas.image.height)
        page = Page(number=1, image=Image(pixels=np.asarray(canvas.image)), words=tuple(words), frame=frame)
        values = {
            name: TruthValue(values=(str(value["value"]),))
            for name, value in truth["fields"].items()
            if value is not None
        }
        known = InvoiceTruth(fields=values, printed=True)
        found.append(Document(pages=[page], truth=known, group=f"layout {n % FOLDS}", set="drawn"))
    return found


def totals_task(document: Document) -> Task | None:
    """The choice of totals: right are the choices with most amounts right, and none that the page does not say."""
    sheet = lay_out(document.pages)
    mark = decimal_mark(segment.text for segment in sheet.segments)
    table = find_items(sheet, mark)
    items = [amount for row in table.rows if (amount := row.number("amount", mark)) is not None]
    amounts, facts = candidates(sheet.without(table.taken), items, mark)
    wanted = {name: known for name in CHOSEN[:3] if (known := document.truth.fields.get(name))}
    rows: list[dict[str, float]] = []
    worth: list[float] = []
    for choice in choices(amounts, facts):
        named = choice.named()
        hits = sum(name in named and is_right(name, named[name].value, known) for name, known in wanted.items())
        made_up = (kind in named for kind in CHOSEN if kind not in document.truth.fields)
        extra = sum(made_up) if document.set == "drawn" else 0
        rows.append(features(choice, facts))
        worth.append(hits - 0.1 * extra)
    best = max(worth, default=0.0)
    return Task(rows=rows, right=[float(one == best) for one in worth], document=document) if best > 0 else None


def seller_task(document: Document) -> Task | None:
    """The choice of the seller where no heading says it; a name is right where it is the truth's."""
    known = document.truth.fields.get("seller")
    if known is None:
        return None
    found = seller_candidates(lay_out(document.pages))
    rows = [features for _, features in found]
    right = [float(is_right("seller", party.name, known)) for party, _ in found]
    return Task(rows=[*rows, {}], right=[*right, float(not any(right))], document=document) if any(right) else None


def without_the_right(task: Task) -> Task:
    """The same choice with what is right left out, where none is to be chosen."""
    rows = [row for row, right in zip(task.rows, task.right, strict=True) if not right]
    return Task(rows=rows, right=[0.0] * (len(rows) - 1) + [1.0], document=task.document, weight=NONE)


def matrix(task: Task, names: Sequence[str]) -> FloatArray:
    """A task's features, a row for each candidate."""
    return np.array([[row.get(name, 0.0) for name in names] for row in task.rows], dtype=np.float32)


def fit(tasks: Sequence[Task], names: Sequence[str], kind: str) -> FloatArray:
    """The weights under which what is right is likeliest, by gradient ascent with momentum."""
    known = [(matrix(task, names), np.array(task.right, dtype=np.float32), task.weight) for task in tasks]
    prior = np.array([lexicon.WEIGHTS[kind].get(name, 0.0) for name in names], dtype=np.float32)
    weights = prior
    speed = np.zeros_like(weights)
    for _ in range(STEPS):
        gradient = RIDGE[kind] * (prior - weights)
        for rows, right, counts in known:
            scores = np.exp(rows @ weights - (rows @ weights).max())
            wanted = scores * right
            gradient += counts * rows.T @ (wanted / wanted.sum() - scores / scores.sum())
        speed = (0.9 * speed + RATE / len(known) * gradient).astype(np.float32)
        weights = (weights + speed).astype(np.float32)
    return weights


def chosen_right(task: Task, weights: FloatArray, names: Sequence[str]) -> bool:
    """Whether the best candidate is right."""
    return task.right[int(np.argmax(matrix(task, names) @ weights))] > 0


def report(kind: str, tasks: Sequence[Task]) -> dict[str, float]:
    """Print the share of right choices by set: with the rules' weights, fitted, and fitted on the others."""
    names = sorted({name for task in tasks for row in task.rows for name in row})
    groups = sorted({task.document.group for task in tasks})
    fold = {group: n % FOLDS for n, group in enumerate(groups)}
    training = [
        *tasks,
        *([] if kind == "totals" else [without_the_right(task) for task in tasks if len(task.rows) > 2]),
    ]
    before = np.array([lexicon.WEIGHTS[kind].get(name, 0.0) for name in names], dtype=np.float32)
    whole = fit(training, names, kind)
    hits: dict[str, list[tuple[bool, bool, bool]]] = defaultdict(list)
    for n in range(FOLDS):
        part = fit([task for task in training if fold[task.document.group] != n], names, kind)
        for task in (task for task in tasks if fold[task.document.group] == n):
            hits[task.document.set].append(
                (chosen_right(task, before, names), chosen_right(task, whole, names), chosen_right(task, part, names))
            )
    for name, found in hits.items():
        shares = " ".join(f"{share:.3f}" for share in np.mean(np.array(found), axis=0))
        print(f"{kind:8} {name:12} {len(found):4} choices; rules, fitted, left out: {shares}")
    return {name: round(float(weight), 2) for name, weight in zip(names, whole, strict=True)}


def main() -> None:
    """Fit and report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--drawn", type=int, default=60)
    parser.add_argument("--cache", type=Path, default=Path("cache"))
    given = parser.parse_args()
    given.cache.mkdir(parents=True, exist_ok=True)
    documents = [document for folder in given.folders for document in read(folder, given.cache)] + drawn(given.drawn)
    for kind, task_of in (("totals", totals_task), ("seller", seller_task)):
        weights = report(kind, [task for document in documents if (task := task_of(document)) is not None])
        print("\n".join(f'"{name}" = {weight}' for name, weight in weights.items() if weight))


if __name__ == "__main__":
    main()
