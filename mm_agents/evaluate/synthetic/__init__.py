"""The ground-truth factory: seeded invoices, tables and flowcharts whose values and places are known."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from pathlib import Path
from random import Random
from typing import Any

from mm_agents.errors import ConfigError
from mm_agents.evaluate.manifest import MANIFEST, load
from mm_agents.evaluate.synthetic import flowcharts, invoice_pages, invoices, render, tables
from mm_agents.evaluate.synthetic.chart_looks import LOOKS
from mm_agents.evaluate.synthetic.invoice_styles import STYLES
from mm_agents.evaluate.synthetic.render import Canvas
from mm_agents.evaluate.truth import KINDS, Kind

__all__ = ["make"]

_MAKER = "mm_agents.evaluate.synthetic"
_MOST = 10_000

Draw = Callable[[Random], tuple[Canvas, dict[str, Any]]]
_STYLES: dict[str, tuple[str, ...]] = {
    "invoice": tuple(STYLES),
    "table": tuple(tables.LOOKS),
    "flowchart": tuple(LOOKS),
}
"""The names of the styles of a kind: every second picture is drawn in one, in turn."""
_DRAW: dict[str, Draw] = {"invoice": invoices.draw, "table": tables.draw, "flowchart": flowcharts.draw}
_DRAW_STYLED: dict[str, Callable[[Random, str], tuple[Canvas, dict[str, Any]]]] = {
    "table": tables.draw,
    "flowchart": flowcharts.draw,
}


def make(kind: Kind, *, count: int, seed: int, folder: Path, hold_out: Collection[str] = ()) -> Path:
    """Draw pictures and write them with their truths and a manifest, which `evaluate` reads.

    On one machine the same seed draws the same pictures; on another the fonts may differ, and with them the places.

    Args:
        kind: "invoice", "table" or "flowchart".
        count: how many pictures.
        seed: any whole number.
        folder: where to; made when absent. What the factory wrote there before is written over.
        hold_out: names of styles that are not drawn; those of other kinds are passed over.

    Returns:
        The folder.

    Raises:
        ConfigError: the kind, the count or a style's name is wrong, or the folder holds another's manifest.
    """
    if kind not in _DRAW:
        raise ConfigError(f"The factory draws no {kind!r}. It draws: {', '.join(KINDS)}.")
    if not 1 <= count <= _MOST:
        raise ConfigError(f"The factory draws 1 to {_MOST} pictures, not {count}.")
    known = {name for names in _STYLES.values() for name in names}
    if unknown := sorted(set(hold_out) - known):
        raise ConfigError(f"The factory has no style {unknown[0]!r} to hold out. It has: {', '.join(sorted(known))}.")
    _refuse_others(folder / MANIFEST)
    styles = [name for name in _STYLES.get(kind, ()) if name not in hold_out]
    listed: list[dict[str, Any]] = []
    for n in range(count):
        rng = Random(f"{kind} {seed} {n}")
        style = styles[n // 2 % len(styles)] if n % 2 and styles else None
        listed.append(_one(kind, rng, folder, n, style) | {"seed": seed})
    (folder / MANIFEST).write_text(json.dumps(listed, indent=1) + "\n", encoding="utf-8")
    return folder


def _refuse_others(manifest: Path) -> None:
    if not manifest.exists():
        return
    listed = load(manifest)
    if not isinstance(listed, list) or any(item.get("made_by") != _MAKER for item in listed):
        raise ConfigError(f"{manifest} was not written by the factory, and is not written over. Name another folder.")


def _one(kind: str, rng: Random, folder: Path, n: int, style: str | None) -> dict[str, Any]:
    if kind == "invoice" and style is not None:
        images, truth = invoice_pages.draw(rng, style)
        noise = render.some(rng, most_degrees=0.0)
        images = [render.applied(image, noise, render.WHITE)[0] for image in images]
    else:
        canvas, truth = _DRAW[kind](rng) if style is None else _DRAW_STYLED[kind](rng, style)
        noise = render.some(rng)
        image, move = render.applied(canvas.image, noise, canvas.background)
        images, truth = [image], render.moved(truth, move)
        truth["lines"] = [{"text": text, "box": list(move(box))} for text, box in canvas.lines]
    source = str(truth.pop("set", "factory"))
    stem = folder / source / f"{kind}-{n:04}"
    stem.parent.mkdir(parents=True, exist_ok=True)
    for other in stem.parent.glob(f"{stem.name}.*"):
        other.unlink()
    picture = render.written(images, noise, stem)
    stem.with_suffix(".json").write_text(json.dumps(truth, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return {"image": f"{source}/{picture.name}", "truth": f"{source}/{stem.name}.json", "made_by": _MAKER}
