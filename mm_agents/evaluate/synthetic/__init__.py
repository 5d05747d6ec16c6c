"""The ground-truth factory: seeded invoices, tables and flowcharts whose values and places are known."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

from mm_agents.errors import ConfigError
from mm_agents.evaluate.manifest import MANIFEST, load
from mm_agents.evaluate.synthetic import flowcharts, invoices, render, tables
from mm_agents.evaluate.synthetic.chart_looks import LOOKS
from mm_agents.evaluate.synthetic.render import Canvas
from mm_agents.evaluate.truth import KINDS, Kind

__all__ = ["make"]

_MAKER = "mm_agents.evaluate.synthetic"
_MOST = 10_000

Draw = Callable[[Random], tuple[Canvas, dict[str, Any]]]
_DRAW: dict[str, Draw] = {"invoice": invoices.draw, "table": tables.draw, "flowchart": flowcharts.draw}

_LOOKS: dict[str, tuple[Callable[[Random, str], tuple[Canvas, dict[str, Any]]], tuple[str, ...]]] = {
    "flowchart": (flowcharts.draw, tuple(LOOKS)),
    "table": (tables.draw, tuple(tables.LOOKS)),
}


def make(kind: Kind, *, count: int, seed: int, folder: Path) -> Path:
    """Draw pictures and write them with their truths and a manifest, which `evaluate` reads.

    On one machine the same seed draws the same pictures; on another the fonts may differ, and with them the places.

    Args:
        kind: "invoice", "table" or "flowchart".
        count: how many pictures.
        seed: any whole number.
        folder: where to; made when absent. What the factory wrote there before is written over.

    Returns:
        The folder.

    Raises:
        ConfigError: the kind or count is wrong, or the folder holds another's manifest.
    """
    if kind not in _DRAW:
        raise ConfigError(f"The factory draws no {kind!r}. It draws: {', '.join(KINDS)}.")
    if not 1 <= count <= _MOST:
        raise ConfigError(f"The factory draws 1 to {_MOST} pictures, not {count}.")
    _refuse_others(folder / MANIFEST)
    listed: list[dict[str, Any]] = []
    for n in range(count):
        rng = Random(f"{kind} {seed} {n}")
        listed.append(_one(kind, rng, folder, n) | {"seed": seed})
    (folder / MANIFEST).write_text(json.dumps(listed, indent=1) + "\n", encoding="utf-8")
    return folder


def _refuse_others(manifest: Path) -> None:
    if not manifest.exists():
        return
    listed = load(manifest)
    if not isinstance(listed, list) or any(item.get("made_by") != _MAKER for item in listed):
        raise ConfigError(f"{manifest} was not written by the factory, and is not written over. Name another folder.")


def _one(kind: str, rng: Random, folder: Path, n: int) -> dict[str, Any]:
    if kind in _LOOKS and n % 2:
        draw, names = _LOOKS[kind]
        canvas, truth = draw(rng, names[n // 2 % len(names)])
    else:
        canvas, truth = _DRAW[kind](rng)
    source = str(truth.pop("set", "factory"))
    noise = render.some(rng)
    image, move = render.applied(canvas.image, noise, canvas.background)
    stem = folder / source / f"{kind}-{n:04}"
    stem.parent.mkdir(parents=True, exist_ok=True)
    for other in stem.parent.glob(f"{stem.name}.*"):
        other.unlink()
    picture = render.written(image, noise, stem)
    truth = _moved(truth, move)
    truth["lines"] = [{"text": text, "box": list(move(box))} for text, box in canvas.lines]
    stem.with_suffix(".json").write_text(json.dumps(truth, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return {"image": f"{source}/{picture.name}", "truth": f"{source}/{stem.name}.json", "made_by": _MAKER}


def _moved(value: Any, move: render.Move) -> Any:
    """A truth with every box where the noise has moved it: under "box", or listed under "boxes"."""
    if isinstance(value, list):
        return [_moved(part, move) for part in value]
    if not isinstance(value, dict):
        return value
    moved: dict[str, Any] = {}
    for key, part in value.items():
        if key == "box":
            moved[key] = list(move(part)) if part else None
        elif key == "boxes":
            moved[key] = [list(move(box)) for box in part]
        else:
            moved[key] = _moved(part, move)
    return moved
