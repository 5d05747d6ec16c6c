"""What a chat model may say of documents that the tests draw, and a model that reads them and says it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import PIL.Image
import PIL.ImageDraw
import PIL.ImageFont
from gemini_stand_in import GeminiStandIn, Refusal, Request, call, reply
from papers import chart, plain

from mm_agents import Answer, Library
from mm_agents.agent.answer_data import Claim
from mm_agents.agent.events import Finished
from mm_agents.agent.llm.loop import run_model
from mm_agents.chat import ChatModel
from mm_agents.ingest.movies import add_movies
from mm_agents.security.policy import IssuedIds
from mm_agents.toolbox import Attachments, toolbox
from mm_agents.tools import Tool, ToolResult

FILMS = [
    {"id": 1, "title": "The Lighthouse", "overview": "Two keepers and a quarrel.", "vote_average": 7.5},
    {"id": 2, "title": "The Storm", "overview": "A ship is lost at sea.", "vote_average": 6.1},
    {"id": 3, "title": "Garden Party", "overview": "Roses, cake and old friends.", "vote_average": 5.2},
]
NOTES = {
    "rent.txt": "The rent is 850 EUR a month, paid on the first of each month. The landlord is Mr Okafor.",
    "ferns.txt": "Water the ferns on Tuesday, 4 litres. Never water them on Sunday.",
    "roses.txt": "Cut the roses in March.",
}


@dataclass(frozen=True)
class Scene:
    """What is attached and asked, and the calls that the model makes."""

    question: str
    attached: tuple[str, ...]
    calls: tuple[tuple[str, dict[str, Any]], ...]


SCENES: Mapping[str, Scene] = {
    "northwind": Scene(
        "What does this invoice say?", ("northwind.png",), (("read_invoice", {"source": "northwind.png"}),)
    ),
    "northwind and alpine": Scene(
        "Compare these two invoices.",
        ("northwind.png", "alpine.png"),
        (("read_invoice", {"source": "northwind.png"}), ("read_invoice", {"source": "alpine.png"})),
    ),
    "regions": Scene("What does this table say?", ("regions.png",), (("read_table", {"source": "regions.png"}),)),
    "orders": Scene("What does this chart say?", ("orders.png",), (("read_flowchart", {"source": "orders.png"}),)),
    "harbour": Scene("What does this invoice say?", ("harbour.png",), (("read_invoice", {"source": "harbour.png"}),)),
    "cities": Scene("What does this table say?", ("cities.png",), (("read_table", {"source": "cities.png"}),)),
    "returns": Scene("What does this chart say?", ("returns.png",), (("read_flowchart", {"source": "returns.png"}),)),
    "lantern": Scene("What does this invoice say?", ("lantern.png",), (("read_invoice", {"source": "lantern.png"}),)),
    "rivers": Scene("What does this table say?", ("rivers.png",), (("read_table", {"source": "rivers.png"}),)),
    "heads": Scene("What does this table say?", ("heads.png",), (("read_table", {"source": "heads.png"}),)),
    "bakery": Scene("What does this chart say?", ("bakery.png",), (("read_flowchart", {"source": "bakery.png"}),)),
    "notes": Scene(
        "What do my notes say about the rent, the ferns and the roses?",
        (),
        tuple(("search_text", {"query": word, "among": "documents"}) for word in ("rent landlord", "ferns", "roses")),
    ),
    "films": Scene(
        "Which films do I have, and how are they rated?",
        (),
        (
            ("search_text", {"query": "films", "among": "films"}),
            (
                "aggregate",
                {
                    "of": "media",
                    "measure": "list",
                    "field": "vote_average",
                    "where": 'media_type = "film"',
                    "descending": True,
                },
            ),
        ),
    ),
    "pictures": Scene("Which pictures do I have?", (), (("search_images", {"query": "pictures"}),)),
}


def sentences(path: Path) -> Iterator[tuple[str, bool, str]]:
    """Scene, whether it is true, and the sentence."""
    scene = ""
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            scene = line[1:-1]
        elif line[:1] in ("+", "-"):
            yield scene, line[0] == "+", line[2:]


def bill(
    path: Path,
    heads: Sequence[str],
    items: Sequence[Sequence[str]],
    totals: Sequence[tuple[str, str]],
) -> Path:
    """An invoice: seller, buyer, number, date and due date, then items, then sums."""
    picture = PIL.Image.new("RGB", (860, 760), "white")
    pen = PIL.ImageDraw.Draw(picture)
    seller, street, buyer, buyer_street, number, issued, due = heads
    texts = (
        (60, 40, seller, 28),
        (60, 80, street, 16),
        (600, 40, "INVOICE", 28),
        (60, 130, "Bill to", 16),
        (60, 154, buyer, 18),
        (60, 180, buyer_street, 16),
        (520, 130, f"Invoice No: {number}", 18),
        (520, 160, f"Date: {issued}", 18),
        (520, 190, f"Due date: {due}", 18),
    )
    for x, y, text, size in texts:
        pen.text((x, y), text, fill="black", font=PIL.ImageFont.load_default(size))
    rows = (("Qty", "Description", "Unit price", "Amount"), *items, *(("", "", *total) for total in totals))
    for row, cells in enumerate(rows):
        for x, cell in zip((60, 150, 480, 680), cells, strict=True):
            pen.text((x, 260 + 46 * row), cell, fill="black", font=PIL.ImageFont.load_default(20))
    picture.save(path)
    return path


def ruled(path: Path, rows: Sequence[Sequence[str]]) -> Path:
    """A ruled table."""
    picture = PIL.Image.new("RGB", (40 * 2 + 190 * len(rows[0]), 80 + 60 * len(rows)), "white")
    pen = PIL.ImageDraw.Draw(picture)
    for row, cells in enumerate(rows):
        for column, cell in enumerate(cells):
            x, y = 40 + 190 * column, 40 + 60 * row
            pen.rectangle((x, y, x + 190, y + 60), outline="black", width=2)
            pen.text((x + 16, y + 16), cell, fill="black", font=PIL.ImageFont.load_default(24))
    picture.save(path)
    return path


def papers(folder: Path) -> None:
    """The files of the scenes."""
    bill(
        folder / "northwind.png",
        (
            *("Northwind Parts Ltd", "12 Harbour Road, Leeds", "Fernhill Garden Centre", "4 Mill Lane, York"),
            *("NP-2041", "3 May 2026", "2 June 2026"),
        ),
        (
            ("12", "Brass hinges", "2.50", "30.00"),
            ("1", "Garden lamp", "45.00", "45.00"),
            ("4", "Rubber gasket", "1.25", "5.00"),
        ),
        (("Subtotal", "80.00"), ("VAT 20%", "16.00"), ("Total", "GBP 96.00")),
    )
    bill(
        folder / "alpine.png",
        (
            *("Alpine Tools GmbH", "8 Bergstrasse, Graz", "Fernhill Garden Centre", "4 Mill Lane, York"),
            *("AT-77", "10 May 2026", "24 May 2026"),
        ),
        (("2", "Steel ladder", "60.00", "120.00"), ("3", "Work gloves", "8.00", "24.00")),
        (("Subtotal", "144.00"), ("VAT 19%", "27.36"), ("Total", "EUR 171.36")),
    )
    bill(
        folder / "harbour.png",
        (
            *("Harbour Books Inc", "3 Pier Road, Boston", "Lena Ortiz", "77 Elm Street, Salem"),
            *("HB-310", "12 January 2026", "11 February 2026"),
        ),
        (
            ("3", "Sea atlas", "18.00", "54.00"),
            ("2", "Tide calendar", "9.50", "19.00"),
            ("10", "Postcard", "0.70", "7.00"),
        ),
        (("Subtotal", "80.00"), ("Shipping", "6.00"), ("Tax 8%", "6.40"), ("Total", "USD 92.40")),
    )
    bill(
        folder / "lantern.png",
        (
            *("Lantern Optics Ltd", "9 Quay Street, Galway", "Mesa Observatory", "2 Summit Road, Taos"),
            *("LO-5518", "7 April 2026", "21 April 2026"),
        ),
        (
            ("6", "Lens cap", "4.00", "24.00"),
            ("2", "Star chart", "12.50", "25.00"),
            ("1", "Tripod", "131.00", "131.00"),
        ),
        (("Subtotal", "180.00"), ("Shipping", "12.00"), ("VAT 10%", "18.00"), ("Total", "USD 210.00")),
    )
    lengths = (("Rhine", "1233", "6"), ("Elbe", "1094", "4"), ("Loire", "1006", "1"), ("Po", "652", "2"))
    ruled(folder / "rivers.png", (("River", "Length", "Countries"), *lengths))
    chart(folder / "bakery.png", ("Mix dough", "Let it rise", "Bake bread", "Cool loaves"))
    ruled(folder / "heads.png", (("Year", "Sales", "Sales"), ("2021", "40", "12"), ("2022", "55", "9")))
    areas = (("Oslo", "709", "454"), ("Bergen", "291", "465"), ("Trondheim", "212", "529"))
    ruled(folder / "cities.png", (("City", "People", "Area"), *areas))
    chart(folder / "returns.png", ("Open parcel", "Check item", "Refund"))
    figures = (("North", "120", "7%"), ("South", "80", "9%"), ("West", "95", "9%"), ("East", "60", "4%"))
    ruled(folder / "regions.png", (("Region", "Sales", "Growth"), *figures))
    chart(folder / "orders.png", ("Receive order", "Pack", "Ship", "Send bill"))


def stocked(library: Library, folder: Path) -> None:
    """Notes, pictures and films in the library; papers beside it."""
    files = folder / "files"
    (folder / "posters").mkdir()
    files.mkdir()
    for name, text in NOTES.items():
        (files / name).write_text(text, encoding="utf-8")
    for colour in ("red", "blue", "green"):
        plain(files / f"{colour}.png", colour)
    library.add(files, progress=False)
    (folder / "films.json").write_text(json.dumps(FILMS), encoding="utf-8")
    add_movies(library, folder / "films.json", folder / "posters")
    papers(folder)


class Speaker:
    """A model that makes the calls of a scene and then says one sentence, citing all sources that it was given."""

    def __init__(self, scene: Scene, sentence: str) -> None:
        self.scene, self.sentence = scene, sentence

    def __call__(self, request: Request) -> Refusal:
        if request.schema is not None:
            if "tools" in request.schema["properties"]:
                return reply(json.dumps({"tools": [name for name, _ in self.scene.calls]}))
            return reply(json.dumps({"claims": []}))
        if len(request.results) < len(self.scene.calls):
            name, arguments = self.scene.calls[len(request.results)]
            return reply(call(name, **arguments))
        numbers = dict.fromkeys(number for one in request.results for number in re.findall(r"\[(\d+)\]", str(one)))
        return reply(f"{self.sentence.rstrip('.')} {''.join(f'[{number}]' for number in numbers)}.")


class Said:
    """Asks about scenes, with each call's result kept.

    Args:
        library: as ``stocked``.
        folder: of the papers.
        chat: the model.
        gemini: what it talks to.
    """

    def __init__(self, library: Library, folder: Path, chat: ChatModel, gemini: GeminiStandIn) -> None:
        self.library, self.folder, self.chat, self.gemini = library, folder, chat, gemini
        self.results: dict[str, ToolResult] = {}

    def answer(self, name: str, sentence: str) -> Answer:
        scene = SCENES[name]
        handed = IssuedIds(scene.attached)
        handed.say(scene.question)
        attachments = Attachments.open([self.folder / one for one in scene.attached])
        tools = [self._kept(one) for one in toolbox(self.library, attachments=attachments, handed=handed)]
        self.gemini.behave = Speaker(scene, sentence)
        plan = [tool for tool, _ in scene.calls]
        events = list(
            run_model(
                scene.question,
                attachments=list(attachments),
                tools=tools,
                chat=self.chat,
                handed=handed,
                plan=plan,
            )
        )
        assert isinstance(events[-1], Finished)
        return events[-1].answer

    def claims(self, name: str, sentence: str) -> list[Claim]:
        """What became of the sentence."""
        return list(self.answer(name, sentence).claims)

    def _kept(self, tool: Tool) -> Tool:
        from dataclasses import replace

        def function(**arguments: Any) -> ToolResult:
            key = json.dumps([tool.name, arguments], sort_keys=True)
            if key not in self.results:
                result = tool.function(**arguments)
                assert isinstance(result, ToolResult)
                self.results[key] = result
            return self.results[key]

        return replace(tool, function=function)
