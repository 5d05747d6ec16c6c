"""Prints the modules that a question crosses: those of this package whose functions run while it is answered.

    python tools/files_crossed.py
    python tools/files_crossed.py "which clip shows a dog?" --library LIB

Without a library, one is made of an invoice that the script draws. The question is asked twice and counted the second
time, so that the reading and the planner's examples are there already. Imports are not counted.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
from collections import Counter
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import PIL.Image
import PIL.ImageDraw
import PIL.ImageFont

import mm_agents
from mm_agents import Agent, Library

PACKAGE = Path(mm_agents.__file__).parent
QUESTION = "How much would six brass hinges cost?"
ROWS = (
    ("Qty", "Description", "Unit price", "Amount"),
    ("4", "Brass hinge", "4.50", "18.00"),
    ("", "", "Total", "18.00"),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("question", nargs="?", default=QUESTION)
    parser.add_argument("--library", help="where to ask; by default a library of one invoice")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        library = Library.open(given.library) if given.library else example(Path(folder))
        with library:
            agent = Agent(library, model="offline")
            agent.ask(given.question)
            crossed, text = functions_by_module(agent, given.question)
    print(text, end="\n\n")
    for module, functions in sorted(crossed.items()):
        print(f"{functions:5}  {module}")
    print(f"{sum(crossed.values()):5}  functions in {len(crossed)} modules")


def example(folder: Path) -> Library:
    """A library that holds one invoice."""
    picture = PIL.Image.new("RGB", (820, 480), "white")
    pen = PIL.ImageDraw.Draw(picture)
    heads = ((60, 40, "Northwind Parts Ltd"), (560, 40, "INVOICE"), (60, 110, "Invoice No: NP-2041"))
    for x, y, text in heads:
        pen.text((x, y), text, fill="black", font=PIL.ImageFont.load_default(24))
    for row, cells in enumerate(ROWS):
        for x, cell in zip((60, 150, 480, 660), cells, strict=True):
            pen.text((x, 220 + 46 * row), cell, fill="black", font=PIL.ImageFont.load_default(20))
    picture.save(folder / "invoice.png")
    library = Library.open(folder / "library")
    library.add(folder / "invoice.png", progress=False)
    return library


def functions_by_module(agent: Agent, question: str) -> tuple[Counter[str], str]:
    """How many functions of each module run, and the answer."""
    ran: set[CodeType] = set()

    def note(frame: FrameType, event: str, argument: Any) -> None:
        if event == "call":
            ran.add(frame.f_code)

    threading.setprofile(note)
    sys.setprofile(note)
    try:
        answer = agent.ask(question)
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
    paths = [Path(code.co_filename) for code in ran if code.co_name != "<module>"]
    inside = [path.relative_to(PACKAGE).as_posix() for path in paths if path.is_relative_to(PACKAGE)]
    return Counter(inside), answer.text


if __name__ == "__main__":
    main()
