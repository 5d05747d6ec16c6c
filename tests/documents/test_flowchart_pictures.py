"""Charts in pictures: traced into graphs, and what is no chart gives none."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from drawn import page
from langchain_core.language_models import FakeListChatModel

from mm_agents import media
from mm_agents.chat import open_chat
from mm_agents.documents.flowchart import Flowchart, build
from mm_agents.evaluate.synthetic import flowcharts
from mm_agents.types import Image


def test_a_drawn_chart_is_traced_with_its_branches() -> None:
    canvas, truth = flowcharts.draw(Random(4))
    chart = build().read(media.from_pil(canvas.image))
    assert {node.text for node in chart.nodes} == {node["text"] for node in truth["nodes"]}
    names = {node.id: node.text for node in chart.nodes}
    drawn = {node["id"]: node["text"] for node in truth["nodes"]}
    read = {(names[edge.source], names[edge.target]) for edge in chart.edges}
    assert read == {(drawn[edge["source"]], drawn[edge["target"]]) for edge in truth["edges"]}
    labels = sorted(edge.label for edge in chart.edges if edge.label)
    assert labels == sorted(edge["label"] for edge in truth["edges"] if edge.get("label"))
    assert chart.confidence > 0.7
    assert all(edge.path for edge in chart.edges)
    height, width = np.asarray(canvas.image).shape[:2]
    for node in chart.to_json()["nodes"]:
        x0, y0, x1, y1 = node["box"]
        assert 0 <= x0 < x1 <= width
        assert 0 <= y0 < y1 <= height


def test_what_a_model_reads_otherwise_is_shown_and_not_taken_over() -> None:
    canvas, truth = flowcharts.draw(Random(4))
    texts = {node["id"]: node["text"] for node in truth["nodes"]}
    arrows = [
        {"source": texts[edge["source"]], "target": texts[edge["target"]], "label": edge.get("label") or ""}
        for edge in truth["edges"]
    ]
    same = {"shapes": list(texts.values()), "arrows": arrows}
    image = media.from_pil(canvas.image)

    def reading(answer: dict[str, Any]) -> Flowchart:
        return build().read(image, model=open_chat(FakeListChatModel(responses=[json.dumps(answer)])))

    assert reading(same).differences == ()
    turned = {**arrows[0], "source": arrows[0]["target"], "target": arrows[0]["source"]}
    labelled = next(arrow for arrow in arrows if arrow["label"])
    other = [turned, *(arrow | ({"label": "Perhaps"} if arrow is labelled else {}) for arrow in arrows[1:])]
    chart = reading({"shapes": [*texts.values(), "Call the police"], "arrows": other})
    messages = " ".join(finding.message for finding in chart.differences)
    assert "Call the police" in messages
    assert "the other way round" in messages
    assert "'Perhaps'" in messages
    assert {finding.kind for finding in chart.findings} >= {"model_differs"}
    assert [(node.text, node.box) for node in chart.nodes] == [(n.text, n.box) for n in reading(same).nodes]
    assert len(chart.edges) == len(reading(same).edges)


@pytest.mark.parametrize("kind", ["empty", "prose", "noise", "bars"])
def test_what_is_no_chart_gives_no_graph(kind: str) -> None:
    if kind == "empty":
        image = Image(pixels=np.full((300, 400, 3), 255, dtype=np.uint8))
    elif kind == "prose":
        image, _ = page()
    elif kind == "noise":
        image = Image(pixels=np.random.default_rng(2).integers(0, 255, (300, 400, 3), dtype=np.uint8))
    else:
        pixels = np.full((300, 400, 3), 255, dtype=np.uint8)
        for n, height in enumerate((80, 160, 120, 220)):
            pixels[280 - height : 280, 40 + 80 * n : 90 + 80 * n] = (60, 90, 200)
        image = Image(pixels=pixels)
    chart = build().read(image)
    assert (chart.nodes, chart.edges, chart.confidence) == ((), (), 0.0)
    assert "does not look like a flowchart" in chart.notes[0]


def test_the_courses_chart_is_whole(data: Path) -> None:
    chart = build().read(data / "documents" / "swimlane-diagram-01.png")
    assert (len(chart.nodes), len(chart.edges)) == (14, 14)
    assert [lane.name for lane in chart.lanes] == ["Client", "Online shop", "Courier company"]
    shapes = sorted(node.shape for node in chart.nodes)
    assert shapes == ["circle"] * 3 + ["diamond"] * 2 + ["document"] * 2 + ["rounded"] * 7
    assert sorted(edge.label for edge in chart.edges if edge.label) == ["NO", "YES", "YES"]


def test_photographs_give_no_nodes(data: Path) -> None:
    for path in (
        sorted((data / "animals" / "image").iterdir())[:4] + sorted((data / "imagenette").glob("gas-pump/*"))[:4]
    ):
        assert build().read(path).nodes == (), path.name
