"""A table read by a chat model too: what it says is looked for on the page, and what it reads otherwise is told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from pydantic import BaseModel, Field

from mm_agents.documents.locate import locate, normalised
from mm_agents.documents.table.data import Cell, quantity_of, without_marks
from mm_agents.documents.table.result import Table

if TYPE_CHECKING:
    from mm_agents.chat import ChatModel
    from mm_agents.documents.pages import Page

_PROMPT = (
    "Read the table in the picture, row by row, its head first. Write down what each cell says exactly as it is "
    'printed, with its signs, and "" for an empty one. Every row has the same number of cells; of a cell that spans '
    "several, write the text in the first. No rows if the picture has no table."
)
_MOST_CELLS = 20_000
_MOST_NOTES = 20


class Said(BaseModel):
    """A table as a model reads it."""

    header_rows: int = Field(default=0, ge=0, description="how many of the rows, from the top, are the head")
    rows: list[list[str]] = Field(default_factory=list[list[str]])


def read_too(table: Table, page: Page, model: ChatModel) -> Table:
    """A table by the rules, and what a model says of it.

    The rules' cells stay as they are; one that the model reads otherwise is doubtful. Where the rules found no table,
    the model's rows make one, and a cell whose text is not on the page has no place and is not verified.
    """
    said = model.structure(Said, _PROMPT, pictures=[page.image]).value
    if sum(len(row) for row in said.rows) > _MOST_CELLS:
        return _with_notes(table, ["The model's table is too large to be compared."])
    if not any(text.strip() for row in said.rows for text in row):
        return _with_notes(table, ["The model sees no table."] if table.cells else [])
    return _compared(table, said) if table.cells else _made(table, said, page)


def _compared(table: Table, said: Said) -> Table:
    height, width = table.shape
    shape = len(said.rows), max(len(row) for row in said.rows)
    if shape != (height, width):
        note = f"The model reads {shape[0]} rows and {shape[1]} columns, not {height} and {width}."
        return _with_notes(table, [note])
    notes: list[str] = []
    doubts: dict[tuple[int, int], str] = {}
    for row, column, text in _texts(said):
        cell = table.at(row, column)
        if cell is None:
            if text:
                notes.append(f"The model reads {text!r} in row {row}, column {column}, where nothing was found.")
        elif (cell.row, cell.column) == (row, column) and normalised(text) != normalised(table.printed(cell)):
            doubts[row, column] = f"the model reads {text!r}"
    cells = [replace(cell, doubt=doubts.get((cell.row, cell.column), cell.doubt)) for cell in table.cells]
    return _with_notes(replace(table, cells=tuple(cells)), notes)


def _made(table: Table, said: Said, page: Page) -> Table:
    cells: list[Cell] = []
    for row, column, text in _texts(said):
        if not text:
            continue
        evidence = locate(text, page)
        cells.append(
            Cell(
                row=row,
                column=column,
                text=text,
                footnotes=without_marks(text)[1],
                quantity=quantity_of(text),
                evidence=(evidence,) if evidence else (),
                doubt=None if evidence else "not found on the page",
            )
        )
    made = replace(table, cells=tuple(cells), header_rows=min(said.header_rows, max(len(said.rows) - 1, 0)))
    return _with_notes(made, ["Its rows and columns were read by a model alone."])


def _texts(said: Said) -> Iterator[tuple[int, int, str]]:
    for row, texts in enumerate(said.rows):
        for column, text in enumerate(texts):
            yield row, column, " ".join(text.split())


def _with_notes(table: Table, notes: list[str]) -> Table:
    left_out = len(notes) - _MOST_NOTES
    more = [f"… and {left_out} more."] if left_out > 0 else []
    return replace(table, notes=(*table.notes, *notes[:_MOST_NOTES], *more))
