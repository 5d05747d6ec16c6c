"""What is taken for a chart: words in shapes that fit, joined by connectors, on whatever ground."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from drawn_charts import Sheet, joined, links

from mm_agents.documents.flowchart import build
from mm_agents.documents.flowchart.data import Edge, Node
from mm_agents.documents.flowchart.reader import confidence
from mm_agents.documents.flowchart.vision.skeleton_graph import build_skeleton
from mm_agents.types import Box


def test_a_small_chart_on_restless_ground_is_a_chart() -> None:
    sheet = Sheet((640, 260), fill=(236, 236, 255))
    rng = np.random.default_rng(5)
    waves = rng.integers(-5, 6, (260, 640, 1)) + np.array([90, 140, 170])
    sheet.picture.paste(PIL.Image.fromarray(waves.astype(np.uint8)), (0, 0))
    for x, y, text in ((120, 60, "Plan"), (500, 60, "Build"), (500, 190, "Test")):
        sheet.shape(x, y, text, shape="rounded")
    sheet.line((195, 60), (425, 60))
    sheet.line((500, 86), (500, 164))
    assert links(sheet.read()) == joined([("Plan", "Build"), ("Build", "Test")])


def _node(id: str, text: str, confidence: float, shape: str = "rectangle") -> Node:
    box = Box(x0=0, y0=0, x1=9, y1=9)
    return Node(id=id, text=text, shape=shape, lane=None, box=box, confidence=confidence)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("texts", "fit", "shape", "edge", "chart"),
    [
        (("Open", "Close"), 0.95, "rectangle", 1.0, True),
        (("", "Work", ""), 0.95, "circle", 1.0, True),
        (("", "", ""), 0.95, "rounded", 1.0, False),
        (("Shell", ""), 0.95, "ellipse", 0.5, False),
        (("Shell", "Open"), 0.5, "other", 1.0, False),
        (("", "", "", "", ""), 0.95, "rectangle", 1.0, False),
    ],
)
def test_surfaces_without_words_are_no_chart(
    texts: tuple[str, ...], fit: float, shape: str, edge: float, chart: bool
) -> None:
    nodes = [_node(f"n{n}", text, fit, shape) for n, text in enumerate(texts)]
    edges = [Edge(source=f"n{n}", target=f"n{n + 1}", confidence=edge) for n in range(len(nodes) - 1)]
    assert (confidence(nodes, edges) > 0) == chart


@pytest.mark.parametrize(("x", "heads", "chart"), [(41, "none", False), (340, "none", True), (41, "target", True)])
def test_lines_along_the_sides_of_rows_are_a_table(x: int, heads: str, chart: bool) -> None:
    rows = [Box(x0=40, y0=20 + 60 * n, x1=640, y1=50 + 60 * n) for n in range(5)]
    nodes = [replace(_node(f"n{n}", "Charges", 0.95), box=box) for n, box in enumerate(rows)]
    edges = [
        Edge(source=f"n{n}", target=f"n{n + 1}", path=((x, rows[n].y1), (x, rows[n + 1].y0)), heads=heads)  # type: ignore[arg-type]
        for n in range(4)
    ]
    assert (confidence(nodes, edges) > 0) == chart


def test_small_charts_in_jpeg_pictures_are_read(data: Path) -> None:
    for name in ("8660", "8714"):
        chart = build().read(data / "flowcharts" / "flowlearn" / f"{name}.jpeg")
        assert len(chart.nodes) == 3, name


def test_a_line_that_meets_nothing_is_one_stroke() -> None:
    lines = np.zeros((20, 60), np.uint8)
    lines[10, 5:55] = 1
    web = build_skeleton(lines)
    assert [len(stroke.points) for stroke in web.strokes.values()] == [50]
