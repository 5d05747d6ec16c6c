"""Pictures, pages and files that the tests of the agent draw, and planners that plan what they are told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import PIL.Image
import PIL.ImageDraw
import PIL.ImageFont

from mm_agents.agent import Agent
from mm_agents.agent.planner import Order

ITEMS = (("12", "Brass hinges", "2.50", "30.00"), ("1", "Garden lamp", "45.00", "45.00"))


def invoice(
    path: Path,
    *,
    seller: str = "Northwind Parts Ltd",
    items: Sequence[Sequence[str]] = ITEMS,
    due: str = "",
    currency: str = "",
) -> Path:
    """An invoice with a number, a date, items and a total; with a day on which it is due where that is given."""
    picture = PIL.Image.new("RGB", (820, 640), "white")
    pen = PIL.ImageDraw.Draw(picture)
    heads = (
        (60, 40, seller, 30),
        (560, 40, "INVOICE", 30),
        (60, 110, "Invoice No: NP-2041", 18),
        (60, 140, "Date: 3 May 2026", 18),
        *([(60, 170, f"Due date: {due}", 18)] if due else []),
    )
    for x, y, text, size in heads:
        pen.text((x, y), text, fill="black", font=PIL.ImageFont.load_default(size))
    total = f"{currency}{sum(float(item[3]) for item in items):.2f}"
    rows = (("Qty", "Description", "Unit price", "Amount"), *items, ("", "", "Total", total))
    for row, cells in enumerate(rows):
        for x, cell in zip((60, 150, 480, 660), cells, strict=True):
            pen.text((x, 220 + 46 * row), cell, fill="black", font=PIL.ImageFont.load_default(20))
    picture.save(path)
    return path


def chart(path: Path, steps: Sequence[str] = ("Pack", "Ship", "Send bill")) -> Path:
    """Steps below one another, with arrows between them."""
    picture = PIL.Image.new("RGB", (460, 20 + 200 * len(steps)), "white")
    pen = PIL.ImageDraw.Draw(picture)
    for row, text in enumerate(steps):
        top = 40 + 200 * row
        pen.rectangle((120, top, 340, top + 100), outline="black", width=3)
        pen.text((160, top + 35), text, fill="black", font=PIL.ImageFont.load_default(28))
        if row:
            pen.line((230, top - 100, 230, top - 14), fill="black", width=3)
            pen.polygon([(230, top - 2), (220, top - 20), (240, top - 20)], fill="black")
    picture.save(path)
    return path


def table(path: Path) -> Path:
    """A ruled table of figures, in which two rows tie."""
    rows = (("Region", "Sales", "Growth"), ("North", "120", "7%"), ("South", "80", "9%"), ("West", "95", "9%"))
    picture = PIL.Image.new("RGB", (640, 320), "white")
    pen = PIL.ImageDraw.Draw(picture)
    font = PIL.ImageFont.load_default(24)
    for row, cells in enumerate(rows):
        for column, cell in enumerate(cells):
            x, y = 40 + 190 * column, 40 + 60 * row
            pen.rectangle((x, y, x + 190, y + 60), outline="black", width=2)
            pen.text((x + 16, y + 16), cell, fill="black", font=font)
    picture.save(path)
    return path


def plain(path: Path, colour: str) -> Path:
    """A picture of one colour with a frame."""
    picture = PIL.Image.new("RGB", (160, 120), colour)
    PIL.ImageDraw.Draw(picture).rectangle((20, 20, 140, 100), outline="black", width=6)
    picture.save(path)
    return path


@dataclass
class Told:
    """A plan."""

    tools: tuple[str, ...]
    scores: dict[str, float] = field(default_factory=dict)
    reason: str = "as the test says"
    beside: float = 1.0
    orders: tuple[Order, ...] = ()


class Planner:
    """Plans the same tools for every question, or by the first word that a question has of ``rules``."""

    def __init__(self, *tools: str, **rules: tuple[str, ...]) -> None:
        self.tools, self.rules = tools, rules
        self.asked: list[tuple[str, list[str]]] = []

    def plan(self, question: str, attachments: Sequence[Any] = ()) -> Told:
        self.asked.append((question, [one.kind for one in attachments]))
        words = question.casefold().replace("?", " ").split()
        return Told(next((tools for word, tools in self.rules.items() if word in words), self.tools))


def planned(agent: Agent, *tools: str, **rules: tuple[str, ...]) -> Agent:
    """The agent, which plans as it is told."""
    names = tuple(one.name for one in agent.tools)
    agent._planners[agent.hit_details.embedder.name] = (names, Planner(*tools, **rules))  # type: ignore[assignment]
    return agent
