"""Charts drawn by hand, on squared paper, with plates behind labels, and those that are read with doubts."""

from __future__ import annotations

import itertools
from pathlib import Path
from random import Random

import PIL.ImageFont
import pytest
from drawn_charts import Sheet, joined, links

from mm_agents import media
from mm_agents.documents.flowchart import Flowchart, build
from mm_agents.documents.flowchart.data import Edge, FlowchartData, Node
from mm_agents.documents.flowchart.reader import confidence, doubted
from mm_agents.evaluate.manifest import entries
from mm_agents.evaluate.synthetic import flowcharts, make
from mm_agents.evaluate.synthetic.chart_looks import HELD_OUT, LOOKS
from mm_agents.types import Box


def _grid(sheet: Sheet, step: int = 10) -> None:
    wide, high = sheet.picture.size
    for n in range(1, max(wide, high) // step):
        shade = (208, 208, 208) if n % 4 == 0 else (238, 238, 238)
        sheet.pen.line((n * step, 0, n * step, high), fill=shade)
        sheet.pen.line((0, n * step, wide, n * step), fill=shade)


def _game(sheet: Sheet) -> list[tuple[str, str, str]]:
    sheet.shape(130, 50, "Start", shape="ellipse")
    sheet.shape(130, 170, "Play", shape="rounded")
    sheet.shape(130, 300, "Again?", shape="diamond", wide=160, high=100)
    sheet.shape(430, 300, "Rename", shape="rounded")
    sheet.shape(130, 440, "Score")
    sheet.line((130, 76), (130, 144))
    sheet.line((130, 196), (130, 250))
    sheet.line((210, 300), (355, 300))
    sheet.text(270, 284, "Yes")
    sheet.line((130, 350), (130, 414))
    sheet.text(155, 378, "No")
    sheet.line((430, 274), (430, 170), (205, 170))
    return joined(
        [
            ("Start", "Play"),
            ("Play", "Again?"),
            ("Again?", "Rename", "Yes"),
            ("Again?", "Score", "No"),
            ("Rename", "Play"),
        ]
    )


def test_rules_of_squared_paper_are_no_lines() -> None:
    sheet = Sheet((560, 500), width=1)
    _grid(sheet)
    drawn = _game(sheet)
    assert links(sheet.read()) == drawn


def test_the_rules_show_through_shapes_without_a_fill() -> None:
    sheet = Sheet((560, 500), width=1)
    drawn = _game(sheet)
    ruled = Sheet((560, 500), width=1)
    _grid(ruled)
    clean, paper = sheet.picture.load(), ruled.picture.load()
    for x in range(560):
        for y in range(500):
            if clean[x, y] == (255, 255, 255):
                sheet.picture.putpixel((x, y), paper[x, y])
    assert links(sheet.read()) == drawn


@pytest.mark.parametrize(
    ("look", "seed"), [("crayon", 1), ("pencil", 0), ("plates", 0), ("notebook", 0), ("dark-squared", 0)]
)
def test_the_looks_of_the_factory_are_read(look: str, seed: int) -> None:
    canvas, truth = flowcharts.draw(Random(f"{look}{seed}"), look)
    chart = build().read(media.from_pil(canvas.image))
    names = {node["id"]: node["text"] for node in truth["nodes"]}
    drawn = [(names[edge["source"]], names[edge["target"]]) for edge in truth["edges"]]
    assert sorted((source, target) for source, target, _ in links(chart)) == sorted(drawn)
    assert truth["set"] == look


def test_every_other_chart_of_the_factory_has_a_look_and_some_are_held_out_by_name(tmp_path: Path) -> None:
    assert set(HELD_OUT) < set(LOOKS)
    assert not {LOOKS[name] for name in HELD_OUT} & {look for name, look in LOOKS.items() if name not in HELD_OUT}
    folder = make("flowchart", count=4, seed=1, folder=tmp_path)
    assert {entry.set for entry in entries(folder)} - {"graphviz"} == {"factory", *list(LOOKS)[:2]}


def test_a_plate_without_an_outline_is_no_shape() -> None:
    sheet = Sheet((900, 200), fill=(236, 236, 255))
    sheet.shape(110, 100, "Login")
    sheet.shape(380, 100, "Valid?", shape="diamond", wide=150, high=110)
    sheet.shape(760, 100, "Open")
    sheet.line((185, 100), (305, 100))
    sheet.line((455, 100), (685, 100))
    sheet.pen.rectangle((545, 82, 595, 118), fill=(232, 232, 232))
    sheet.text(570, 100, "yes")
    assert links(sheet.read()) == joined([("Login", "Valid?"), ("Valid?", "Open", "yes")])


def test_a_connector_that_ends_at_a_frame_is_doubted_and_not_led_on() -> None:
    sheet = Sheet((900, 330), fill=(230, 240, 250))
    sheet.frame((330, 40, 860, 300), "Kitchen")
    sheet.shape(130, 170, "Order")
    sheet.shape(470, 170, "Cook")
    sheet.shape(740, 170, "Serve")
    sheet.line((205, 170), (330, 170))
    sheet.line((545, 170), (665, 170))
    chart = sheet.read()
    assert links(chart) == joined([("Cook", "Serve")])
    assert [finding.message for finding in chart.doubts] == [
        "A connector of 'Order' ends at the frame 'Kitchen': which shape in it is meant is not certain."
    ]


def test_a_chart_with_improbably_many_connectors_is_doubted_as_a_whole() -> None:
    box = Box(x0=0, y0=0, x1=9, y1=9)
    names = [f"n{n}" for n in range(8)]
    nodes = tuple(Node(id=name, text=f"Step {name}", shape="rectangle", lane=None, box=box) for name in names)
    edges = tuple(Edge(source=one, target=two) for one, two in itertools.combinations(names, 2))
    few = FlowchartData(nodes=nodes, edges=edges[:10])
    assert doubted(few) == few
    many = doubted(FlowchartData(nodes=nodes, edges=edges))
    assert [finding.message for finding in many.doubts] == [
        "28 connectors for 8 shapes are improbable: the lines of this chart were not followed well."
    ]
    assert max(edge.confidence for edge in many.edges) <= 0.5
    assert confidence(many.nodes, many.edges) < 0.5 < confidence(few.nodes, few.edges)
    assert many.doubts[0] in Flowchart(**vars(many)).findings


def test_a_chart_that_is_a_low_row_of_shapes_is_traced() -> None:
    sheet = Sheet((498, 59), width=1)
    sheet.font = PIL.ImageFont.load_default(12)
    steps = ["Wait a day", "Start order", "Close case", "Paid?"]
    for n, step in enumerate(steps):
        sheet.shape(54 + 130 * n, 29, step, shape="ellipse", wide=90, high=44)
        if n:
            sheet.line((130 * n - 31, 29), (130 * n + 8, 29))
    assert links(sheet.read()) == joined(list(itertools.pairwise(steps)))
