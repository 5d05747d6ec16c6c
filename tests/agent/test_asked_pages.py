"""Letters and other pages asked as texts: attached, or found by the words that are read in them."""

from __future__ import annotations

from pathlib import Path

import PIL.Image
import PIL.ImageDraw
import PIL.ImageFont
import pytest

from mm_agents import Agent, Library
from mm_agents.agent.answer import Answer
from mm_agents.agent.hit_details import cells_of, mixes_cells
from mm_agents.agent.verify import verify
from mm_agents.testing.injections import pdf_of
from mm_agents.types import Box, Evidence

pytest.importorskip("rapidocr", reason="the extra documents is not installed")

RECORD = [
    "Small animal practice, Hill Road 9",
    "Animal: Biscuit, rabbit, born 4 May 2024",
    "Owner: Elio Conti",
    "Weight: 2.1 kg",
    "Next vaccination: 9 January 2027.",
    "Please keep Biscuit quiet for two days.",
]
COURSES = [
    ["Course", "Day", "Begins", "Price"],
    ["Pottery", "Monday", "18:00", "95"],
    ["Yoga", "Thursday", "07:15", "60"],
]

MINUTES = """# Minutes

## Decisions

- The fee rises to 66 euros (2 against).

## Next meeting

18 September, 19:00.
"""


def letter(place: Path) -> Path:
    picture = PIL.Image.new("RGB", (900, 420), "white")
    pen, font = PIL.ImageDraw.Draw(picture), PIL.ImageFont.load_default(26)
    for n, line in enumerate(RECORD):
        pen.text((50, 40 + 58 * n), line, fill="black", font=font)
    picture.save(place / "record.png")
    return place / "record.png"


def courses(place: Path) -> Path:
    picture = PIL.Image.new("RGB", (840, 260), "white")
    pen, font = PIL.ImageDraw.Draw(picture), PIL.ImageFont.load_default(24)
    for y, row in enumerate(COURSES):
        for x, text in enumerate(row):
            pen.rectangle((20 + 200 * x, 20 + 70 * y, 220 + 200 * x, 90 + 70 * y), outline="black", width=2)
            pen.text((34 + 200 * x, 40 + 70 * y), text, fill="black", font=font)
    picture.save(place / "courses.png")
    return place / "courses.png"


def lease(place: Path) -> Path:
    """A PDF of one page, with words of its own."""
    lines = ["2. Rent", "The monthly rent is 940 pounds.", "3. Deposit", "The tenant pays a deposit of 1,880 pounds."]
    shown = " ".join(f"({line}) Tj 0 -24 Td" for line in lines)
    (place / "lease.pdf").write_bytes(pdf_of(f"BT /F1 14 Tf 60 700 Td {shown} ET".encode()))
    return place / "lease.pdf"


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Agent:
    """An agent whose library has nothing to do with what is attached."""
    place = tmp_path_factory.mktemp("empty")
    PIL.Image.new("RGB", (64, 64), "red").save(place / "red.png")
    library = Library.open(place / "library")
    library.add(place / "red.png")
    return Agent(library, model="offline")


def proved(answer: Answer) -> list[str]:
    """The claims that something proves, with the check that they can be derived again."""
    assert verify(answer).ok
    return [claim.text for claim in answer.claims if claim.kind not in ("match", "unsupported")]


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("When is Biscuit's next vaccination?", "Next vaccination: 9 January 2027."),
        ("Who owns Biscuit?", "Owner: Elio Conti"),
        ("How much does Biscuit weigh?", "Weight: 2.1 kg"),
        ("How long should Biscuit be quiet?", "Please keep Biscuit quiet for two days."),
    ],
)
def test_an_attached_scan_is_quoted_with_the_box_of_the_line(
    empty: Agent, tmp_path: Path, question: str, said: str
) -> None:
    answer = empty.ask(question, [letter(tmp_path)])
    (claim,) = proved(answer)
    assert claim == f"record.png says: “{said}”"
    (source,) = answer.sources
    box = source.evidence.box
    assert box is not None
    line = 40 + 58 * RECORD.index(said)
    assert line - 6 <= box.y0 < box.y1 <= line + 40


def test_what_a_scan_does_not_say_is_not_answered(empty: Agent, tmp_path: Path) -> None:
    for question in ("How heavy is the cage?", "Who is the mayor?", "When does the train leave?"):
        answer = empty.ask(question, [letter(tmp_path)])
        assert proved(answer) == []
        assert answer.outcome in ("not_found", "partial")  # with what is nearest, which proves nothing
    for order in ("call me a taxi", "forward it to accounting"):
        assert empty.ask(order, [letter(tmp_path)]).outcome == "out_of_scope"
    for words in ("the cage is at the vet now", "delivery on monday, someone home"):
        assert empty.ask(words, [letter(tmp_path)]).outcome in ("not_found", "partial")


def test_an_attached_pdf_is_asked_before_the_library_and_each_part_of_it(empty: Agent, tmp_path: Path) -> None:
    answer = empty.ask("How much is the monthly rent and how much is the deposit?", [lease(tmp_path)])
    assert proved(answer) == [
        "lease.pdf says: “The monthly rent is 940 pounds.”",
        "lease.pdf says: “The tenant pays a deposit of 1,880 pounds.”",
    ]
    assert all(source.evidence.box for source in answer.sources)


def test_a_page_and_a_table_are_found_by_their_words_and_asked(tmp_path: Path) -> None:
    library = Library.open(tmp_path / "library")
    library.add(letter(tmp_path), courses(tmp_path), words="all")
    agent = Agent(library, model="offline")
    assert proved(agent.ask("When is Biscuit's next vaccination?")) == [
        "record.png says: “Next vaccination: 9 January 2027.”"
    ]
    assert proved(agent.ask("Which course is the cheapest?")) == ["Yoga has the lowest Price: 60."]
    shown = agent.ask("Which pictures show Biscuit?")
    assert "says:" not in shown.text, "it asks for pictures, not for what is written on them"


def test_a_time_in_a_cell_is_no_moment_of_a_clip(empty: Agent, tmp_path: Path) -> None:
    assert proved(empty.ask("When does yoga begin?", [courses(tmp_path)])) == ["Yoga, Begins: 07:15"]


def test_an_attached_text_answers_with_its_heading_or_not_at_all(empty: Agent, tmp_path: Path) -> None:
    note = tmp_path / "minutes.md"
    note.write_text(MINUTES)
    assert proved(empty.ask("When is the next meeting?", [note])) == [
        "minutes.md says under “Next meeting”: “18 September, 19:00.”"
    ]
    silent = empty.ask("Who voted against the fee?", [note])
    assert (silent.outcome, silent.claims) == ("not_found", ())


def test_a_pdf_of_the_library_is_quoted_with_the_box_of_its_lines(tmp_path: Path) -> None:
    library = Library.open(tmp_path / "library")
    library.add(lease(tmp_path), words="all")
    answer = Agent(library, model="offline").ask("How much is the deposit?")
    said = next(claim for claim in answer.claims if claim.kind == "read")
    assert said.text == "lease.pdf says: “The tenant pays a deposit of 1,880 pounds.”"
    assert all(answer.sources[number - 1].evidence.box for number in said.sources)
    assert verify(answer, library=library).ok


def test_a_scan_is_asked_where_the_nearest_text_does_not_say_it(tmp_path: Path) -> None:
    note = tmp_path / "plans.md"
    note.write_text("# Plans\n\nThe vaccination of the village begins in May.\n")
    library = Library.open(tmp_path / "library")
    library.add(letter(tmp_path), note, words="all")
    agent = Agent(library, model="offline")
    assert proved(agent.ask("When is Biscuit's next vaccination?")) == [
        "record.png says: “Next vaccination: 9 January 2027.”"
    ]
    assert proved(agent.ask("How long should Biscuit be quiet?")) == [
        "record.png says: “Please keep Biscuit quiet for two days.”"
    ]


def test_a_line_that_is_the_title_of_a_table_too_is_found_again(empty: Agent, tmp_path: Path) -> None:
    rows = [["Region", "Colonies", "Died"], ["Coast", "71", "19"], ["Hills", "82", "11"], ["Valley", "61", "7"]]
    shown = "BT /F1 14 Tf 60 700 Td (Bee count of 4 May 2026) Tj ET " + " ".join(
        f"BT /F1 11 Tf {60 + 110 * x} {670 - 22 * y} Td ({text}) Tj ET"
        for y, row in enumerate(rows)
        for x, text in enumerate(row)
    )
    path = tmp_path / "study.pdf"
    path.write_bytes(pdf_of(shown.encode()))
    answer = empty.ask("When was the bee count?", [path])
    assert {"read_table", "read_text"} <= {step.tool for step in answer.route}
    assert proved(answer) == ["study.pdf says: “Bee count of 4 May 2026”"]


TILL = [
    "HARBOUR CAFE",
    "Pier Road 2, Hull",
    "03/06/2024 14:40",
    "1 Lemon cake            4.50",
    "1 Tomato soup           7.80",
    "Total                  12.30",
    "Exchanges are allowed within 7 days.",
]


def test_an_invoice_is_quoted_where_no_value_of_it_answers_and_its_items_never_are(
    empty: Agent, tmp_path: Path
) -> None:
    picture = PIL.Image.new("RGB", (760, 480), "white")
    pen, font = PIL.ImageDraw.Draw(picture), PIL.ImageFont.load_default(26)
    for n, line in enumerate(TILL):
        pen.text((50, 40 + 58 * n), line, fill="black", font=font)
    picture.save(tmp_path / "till.png")
    answer = empty.ask("Are exchanges allowed?", [tmp_path / "till.png"])
    assert answer.text == "till.png says: “Exchanges are allowed within 7 days.” [1]"
    assert answer.sources[0].evidence.box is not None
    for question in ("What would it cost without the soup?", "How much is a half of the soup with cake?"):
        told = empty.ask(question, [tmp_path / "till.png"])
        assert "says" not in told.text
    two = empty.ask("How many tomato soups were there and what did they cost?", [tmp_path / "till.png"])
    assert "Not answered" not in two.text


def test_cells_of_several_rows_are_no_quote(empty: Agent, tmp_path: Path) -> None:
    answer = empty.ask("Is yoga better than pottery for beginners?", [courses(tmp_path)])
    assert (answer.outcome, proved(answer)) == ("partial", [])
    assert "“Yoga; Day: Thursday; Begins: 07:15; Price: 60”" in answer.text  # each row for itself


def test_a_row_of_heads_is_no_quote() -> None:
    def place(x0: int, x1: int, y0: int) -> Evidence:
        return Evidence(asset="", path=None, sha256=None, how="read", box=Box(x0=x0, y0=y0, x1=x1, y1=y0 + 10))

    cells = [
        {"row": row, "box": [10 * column, 20 * row, 10 * column + 9, 20 * row + 10]}
        for row in range(3)
        for column in range(3)
    ]
    units = cells_of({"header_rows": 1, "cells": cells})
    assert mixes_cells([place(0, 30, 0)], units)
    assert not mixes_cells([place(0, 30, 20)], units)
    assert not mixes_cells([place(0, 20, 0)], units)  # "Name: Ann" may be taken for a head
    assert mixes_cells([place(0, 30, 0), place(0, 30, 20)], units)


REPORT = """# Report on the shop

## Summary

The shop was down for 47 minutes. 312 orders failed.

## Cause

A certificate expired.
"""


def test_why_is_answered_by_a_cause_and_a_count_of_a_text_is_found(tmp_path: Path) -> None:
    (tmp_path / "report.md").write_text(REPORT)
    with Library.open(tmp_path / "library") as library:
        library.add(tmp_path / "report.md")
        agent = Agent(library, model="offline")
        assert "under “Cause”: “A certificate expired.”" in agent.ask("Why was the shop down?").text
        assert "312 orders failed." in agent.ask("How many orders failed?").text
