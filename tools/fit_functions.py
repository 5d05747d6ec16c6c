"""Learns how the offline planner chooses among functions without examples, and how well it does on what is left out.

    python tools/fit_functions.py QUESTIONS.jsonl

A line of the file has an ``id`` ("live_multiple_3"), a ``question``, the ``functions`` offered (name, description,
JSON-schema parameters) and the names of those to be called (``calls``; none where none fits). Weights are learnt on all
lines. The figures are of lines left out: each fifth of them is scored with weights learnt on the other four, and the
score from which a function is called is chosen over those scores.
"""

from __future__ import annotations

import argparse
import json
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import Field, create_model

from mm_agents import _plugins
from mm_agents.agent.planner import vectors_of
from mm_agents.agent.tool_choice import PARAMETERS, FunctionChooser
from mm_agents.protocols import Embedder
from mm_agents.tools import Tool
from mm_agents.types import FloatArray

GOALS = {"irrelevance": 0.80, "live_irrelevance": 0.75, "live_multiple": 0.70, "multiple": 0.85}
TYPES: Mapping[str, Any] = {
    "string": str,
    "integer": int,
    "float": float,
    "number": float,
    "boolean": bool,
    "array": list,
}
RIDGE = 5.0
FOLDS = 5


def tool_of(function: Mapping[str, Any]) -> Tool:
    """A tool that does nothing, of a function's description."""
    fields: dict[str, Any] = {}
    parameters = function["parameters"]
    for name, one in parameters.get("properties", {}).items():
        enum = one.get("enum")
        kind = Literal[tuple(enum)] if enum else TYPES.get(one.get("type"), Any)
        default = ... if name in parameters.get("required", ()) else None
        fields[re.sub(r"^[^a-zA-Z]+", "", re.sub(r"\W", "_", name)) or "argument"] = (
            kind,
            Field(default, description=one.get("description", "")),
        )
    return Tool(
        name=re.sub(r"\W", "_", function["name"]),
        description=" ".join(function["description"].split()) or "Nothing is said of it.",
        arguments=create_model("arguments", **fields),
        function=_nothing,
    )


def _nothing(**_arguments: Any) -> str:
    return ""


def kind_of(line: Mapping[str, Any]) -> str:
    """Which of the four kinds of question a line is."""
    return next(kind for kind in sorted(GOALS, key=len, reverse=True) if line["id"].startswith(kind))


def fitted(rows: Sequence[FloatArray], wanted: Sequence[FloatArray]) -> FloatArray:
    """Weights and constant of a logistic regression, questions counting alike however many functions they offer."""
    features = np.vstack(rows)
    each = np.concatenate([np.full(len(one), 1 / np.sqrt(max(1, len(one)))) for one in rows])
    target = np.concatenate(wanted)
    centre, scale = features.mean(0), features.std(0) + 1e-6
    inputs = np.c_[(features - centre) / scale, np.ones(len(features))]
    weights = np.zeros(inputs.shape[1])
    for _ in range(50):  # Newton's steps
        sure = 1 / (1 + np.exp(-inputs @ weights))
        penalty = RIDGE * np.r_[np.ones(len(weights) - 1), 0]
        gradient = inputs.T @ (each * (sure - target)) + penalty * weights
        curve = (inputs * (each * sure * (1 - sure))[:, None]).T @ inputs + np.diag(penalty + 1e-9)
        weights -= np.linalg.solve(curve, gradient)
    plain = weights[:-1] / scale
    return np.r_[plain, weights[-1] - plain @ centre].astype(np.float32)


def left_out(rows: Sequence[FloatArray], wanted: Sequence[FloatArray]) -> list[FloatArray]:
    """The scores of the functions of each line, by weights that were learnt without it."""
    order = np.random.default_rng(0).permutation(len(rows))
    scores: list[FloatArray] = [np.zeros(0, np.float32)] * len(rows)
    for fold in range(FOLDS):
        held = set(order[fold::FOLDS].tolist())
        learnt = [place for place in range(len(rows)) if place not in held]
        weights = fitted([rows[place] for place in learnt], [wanted[place] for place in learnt])
        for place in held:
            scores[place] = rows[place] @ weights[:-1] + weights[-1]
    return scores


def shares(lines: Sequence[Mapping[str, Any]], scores: Sequence[FloatArray], sure: float) -> dict[str, float]:
    """The share of each kind of question whose function is chosen, or none where none fits."""
    right: dict[str, list[bool]] = defaultdict(list)
    for line, each in zip(lines, scores, strict=True):
        best = int(each.argmax()) if len(each) else None
        chosen = line["functions"][best]["name"] if best is not None and each[best] >= sure else None
        right[kind_of(line)].append([chosen] == line["calls"] if line["calls"] else chosen is None)
    return {kind: round(float(np.mean(right[kind])), 3) for kind in GOALS}


def threshold(lines: Sequence[Mapping[str, Any]], scores: Sequence[FloatArray]) -> float:
    """The score from which a function is called, such that the kind that is worst against its goal is best."""

    def worst(sure: float) -> float:
        return min(share - GOALS[kind] for kind, share in shares(lines, scores, sure).items())

    return float(max(np.linspace(-3, 3, 121), key=worst))


def main() -> None:
    """Read the questions, learn, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("questions", type=Path)
    lines = [json.loads(line) for line in parser.parse_args().questions.read_text("utf-8").splitlines()]
    embedder: Embedder = _plugins.build_named("embedders", "offline")
    rows = [compared(line, embedder) for line in lines]
    wanted = [np.array([one["name"] in line["calls"] for one in line["functions"]], float) for line in lines]
    weights, scores = fitted(rows, wanted), left_out(rows, wanted)
    sure = threshold(lines, scores)
    now = np.array([*PARAMETERS.weights, PARAMETERS.constant], np.float32)
    report = {
        "weights": [round(float(one), 2) for one in weights[:-1]],
        "constant": round(float(weights[-1]) - sure, 2),
        "left out in turn": shares(lines, scores, sure),
        "seen": shares(lines, [row @ weights[:-1] + weights[-1] for row in rows], sure),
        "seen, parameters of the package": shares(lines, [row @ now[:-1] + now[-1] for row in rows], PARAMETERS.sure),
    }
    print(json.dumps(report, indent=2))


def compared(line: Mapping[str, Any], embedder: Embedder) -> FloatArray:
    """What a line's question and functions have in common, shape (functions, comparisons)."""
    chooser = FunctionChooser(
        {str(place): tool_of(one) for place, one in enumerate(line["functions"])},
        lambda texts: vectors_of(embedder, texts),
    )
    return chooser.comparisons(line["question"], vectors_of(embedder, [line["question"]])[0])


if __name__ == "__main__":
    main()
