"""Which documents say something: asked over the cells of all tables and the boxes of all charts, each cited."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import PIL.Image
import PIL.ImageDraw
import PIL.ImageFont
import pytest

from mm_agents import Agent, Library
from mm_agents.agent.aggregation import aggregations_of
from mm_agents.agent.verify import verify
from mm_agents.errors import ToolError
from mm_agents.testing import HashEmbedder
from mm_agents.toolbox import toolbox
from mm_agents.tools import Tool, by_name

pytest.importorskip("rapidocr", reason="pip install 'mm-agents[documents]'")

TABLES = {
    "staff.png": [["Name", "City", "Hours"], ["Ada", "Bergen", "31"], ["Grace", "Lisbon", "28"]],
    "stock.png": [["Part", "Warehouse", "Pieces"], ["Copper hinge", "Bergen", "120"], ["Rope", "Turin", "60"]],
}
FONT = 24


def draw_table(path: Path, rows: list[list[str]]) -> None:
    picture = PIL.Image.new("RGB", (760, 80 + 60 * len(rows)), "white")
    pen = PIL.ImageDraw.Draw(picture)
    for y, row in enumerate(rows):
        for x, cell in enumerate(row):
            left, top = 40 + 220 * x, 40 + 60 * y
            pen.rectangle((left, top, left + 220, top + 60), outline="black", width=2)
            pen.text((left + 14, top + 16), cell, fill="black", font=PIL.ImageFont.load_default(FONT))
    picture.save(path)


def draw_chart(path: Path, names: list[str]) -> None:
    picture = PIL.Image.new("RGB", (560, 40 + 170 * len(names)), "white")
    pen = PIL.ImageDraw.Draw(picture)
    for n, name in enumerate(names):
        top = 40 + 170 * n
        pen.rectangle((140, top, 420, top + 70), outline="black", width=3)
        pen.text((280, top + 35), name, fill="black", font=PIL.ImageFont.load_default(FONT), anchor="mm")
        if n:
            pen.line((280, top - 100, 280, top - 12), fill="black", width=3)
            pen.polygon([(280, top - 2), (270, top - 20), (290, top - 20)], fill="black")
    picture.save(path)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    folder = tmp_path_factory.mktemp("mentions")
    for name, rows in TABLES.items():
        draw_table(folder / name, rows)
    draw_chart(folder / "hiring.png", ["Read letter", "Invite", "Sign contract"])
    with Library.open(folder / "library", embedder=HashEmbedder(width=64)) as library:
        library.add(folder, progress=False)
        yield library


@pytest.fixture
def aggregate(library: Library) -> Tool:
    return by_name(toolbox(library))["aggregate"]


@pytest.mark.parametrize(
    ("question", "of", "words"),
    [
        ("which of my tables mentions Bergen", "tables", "Bergen"),
        ("Which tables mention the copper hinge?", "tables", "copper hinge"),
        ("what flowcharts talk about a contract", "flowcharts", "contract"),
        ("which of my flow charts has a box that says “Invite”?", "flowcharts", "Invite"),
        ("do any of my tables have a column called Warehouse?", "tables", "Warehouse"),
        ("which of my receipts mentions brake fluid?", "invoices", "brake fluid"),
    ],
)
def test_what_documents_say_is_asked_of_all(question: str, of: str, words: str) -> None:
    (asked,) = aggregations_of(question)
    assert {name: asked.arguments[name] for name in ("of", "measure", "mentions")} == {
        "of": of,
        "measure": "list",
        "mentions": words,
    }


@pytest.mark.parametrize(
    "question",
    [
        "which of my tables has the highest hours",
        "which of my tables lists the most parts",
        "which of my tables has more than 3 rows",
        "which of my photographs mentions Bergen",
    ],
)
def test_what_is_compared_is_not_looked_for_as_words(question: str) -> None:
    assert all("mentions" not in asked.arguments for asked in aggregations_of(question))


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("which of my tables mentions Lisbon?", {"staff.png": "Lisbon"}),
        ("which of my tables mention Bergen?", {"staff.png": "Bergen", "stock.png": "Bergen"}),
        ("which of my tables mentions copper hinges?", {"stock.png": "Copper hinge"}),
        ("which of my tables has a column called Warehouse?", {"stock.png": "Warehouse"}),
        ("which of my flowcharts mentions a contract?", {"hiring.png": "Sign contract"}),
        ("which of my flowcharts has a box that says invite?", {"hiring.png": "Invite"}),
    ],
)
def test_the_documents_are_named_and_their_cells_and_boxes_cited(
    library: Library, question: str, said: dict[str, str]
) -> None:
    answer = Agent(library, model="offline").ask(question)
    assert answer.outcome == "answered"
    assert [claim.kind for claim in answer.claims] == ["read"] * len(said)
    assert {source.name: source.evidence.quote for source in answer.sources} == said
    assert all(source.evidence.box for source in answer.sources)
    assert verify(answer, library=library).ok


def test_what_no_document_says_is_not_found(library: Library) -> None:
    answer = Agent(library, model="offline").ask("which of my tables mentions Oslo?")
    assert (answer.outcome, answer.claims) == ("not_found", ())
    assert "No tables with “Oslo” were found here" in answer.text


def test_a_forged_mention_is_caught(library: Library) -> None:
    answer = Agent(library, model="offline").ask("which of my tables mentions Lisbon?")
    (claim,) = answer.claims
    forged = replace(claim, text=claim.text.replace("staff.png", "stock.png"))
    text = answer.text.replace("staff.png", "stock.png")
    assert not verify(replace(answer, text=text, claims=(forged,)), library=library).ok


def test_pictures_mention_nothing(aggregate: Tool) -> None:
    with pytest.raises(ToolError, match="mentions is for what is said in recordings and clips, and for documents"):
        aggregate.run(of="media", measure="list", mentions="Bergen")
