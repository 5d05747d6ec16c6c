"""Which words beside the shapes label which connector."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mm_agents._optional import require
from mm_agents.documents._opencv import EXTRA
from mm_agents.documents.flowchart._canvas import Text
from mm_agents.documents.flowchart._nodes import Block
from mm_agents.documents.flowchart._walk import Route
from mm_agents.documents.flowchart._web import Web

if TYPE_CHECKING:
    from numpy.typing import NDArray

_FARTHEST = 2.0  # text heights from a label to its line
_NEVER = 1e6
_UNLIKELY = 0.7  # text heights that a label of a connector is moved off when it does not leave a decision


@dataclass(frozen=True, kw_only=True, eq=False)
class Label:
    """Lines of text that belong together, and their box on the canvas: x0, y0, x1, y1."""

    texts: tuple[Text, ...]
    box: tuple[float, float, float, float]

    @property
    def text(self) -> str:
        """What it says, without the dashes that a line through it was read as."""
        return " ".join(text.text for text in self.texts).strip("-–—_|~ ")


def group(texts: Sequence[Text], unit: float) -> list[Label]:
    """Put lines of text together that stand under each other."""
    groups: list[list[Text]] = []
    for text in sorted(texts, key=lambda text: text.y0):
        above = next((lines for lines in groups if _follows(lines[-1], text, unit)), None)
        if above is None:
            groups.append([text])
        else:
            above.append(text)
    return [
        Label(
            texts=tuple(lines),
            box=(
                min(text.x0 for text in lines),
                min(text.y0 for text in lines),
                max(text.x1 for text in lines),
                max(text.y1 for text in lines),
            ),
        )
        for lines in groups
    ]


def _follows(above: Text, text: Text, unit: float) -> bool:
    if above.turned or text.turned:
        return False
    overlap = min(above.x1, text.x1) - max(above.x0, text.x0)
    gap = text.y0 - above.y1
    aligned = abs(above.x0 - text.x0) < 0.6 * unit or abs(above.cx - text.cx) < unit
    return aligned and overlap > 0.5 * min(above.width, text.width) and -0.3 * unit < gap < 0.6 * unit


def share_labels(
    labels: Sequence[Label], routes: Sequence[Route], web: Web, blocks: Sequence[Block], unit: float
) -> tuple[dict[int, list[Label]], list[Label]]:
    """Give each label to a connector, so that all of them together lie as near as they can.

    Returns:
        The labels of each route by its index, and those that belong to none.
    """
    if not labels or not routes:
        return {}, list(labels)
    owned = _own(routes, web)
    costs = np.array([[_cost(label, route, own, web, blocks, unit) for route, own in owned] for label in labels])
    optimize = require("scipy.optimize", extra=EXTRA, feature="Giving labels to connectors")
    rows, columns = optimize.linear_sum_assignment(costs)
    shared: dict[int, list[Label]] = {}
    given: set[int] = set()
    for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
        if costs[row, column] < _NEVER:
            shared.setdefault(column, []).append(labels[row])
            given.add(row)
    left = [n for n in range(len(labels)) if n not in given]
    rest: list[Label] = []
    for n in left:
        column = int(costs[n].argmin())
        if costs[n, column] < 0.6 * unit:
            shared.setdefault(column, []).append(labels[n])
        else:
            rest.append(labels[n])
    for found in shared.values():
        found.sort(key=lambda label: (label.box[1], label.box[0]))
    return shared, rest


def _own(routes: Sequence[Route], web: Web) -> list[tuple[Route, NDArray[Any]]]:
    """Each route with the points that no other runs over; with all of its points where there are none."""
    count = Counter(number for route in routes for number in set(route.strokes))
    found: list[tuple[Route, NDArray[Any]]] = []
    for route in routes:
        parts = [web.strokes[number].points for number in route.strokes if count[number] == 1]
        found.append((route, np.concatenate(parts) if parts else route.points))
    return found


def _cost(label: Label, route: Route, own: NDArray[Any], web: Web, blocks: Sequence[Block], unit: float) -> float:
    """How far a label lies from a connector, in pixels, with what makes it likelier or less so."""
    x0, y0, x1, y1 = label.box
    across = np.maximum(np.maximum(x0 - own[:, 1], own[:, 1] - x1), 0)
    along = np.maximum(np.maximum(y0 - own[:, 0], own[:, 0] - y1), 0)
    distance = np.hypot(across, along)
    least = float(distance.min())
    if least > _FARTHEST * unit:
        return _NEVER
    through = any(web.strokes[number].through in label.texts for number in route.strokes)
    centre = np.hypot(own[:, 1] - (x0 + x1) / 2, own[:, 0] - (y0 + y1) / 2)
    cost = 0.0 if through else least + 0.15 * float(centre.min())
    source = blocks[route.start.shape - 1]
    if source.shape not in ("diamond", "hexagon"):
        cost += _UNLIKELY * unit * (0.3 if through else 1.0)
    return cost
