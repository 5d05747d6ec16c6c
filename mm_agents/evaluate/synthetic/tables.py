"""Tables whose every cell and place is known: ruled, banded or bare, with spans, sections and numbers of all kinds."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from random import Random
from typing import Any, Literal

from mm_agents.evaluate.synthetic.render import (
    ACCENTS,
    BLACK,
    WHITE,
    WORDS,
    Box,
    Canvas,
    Colour,
    Face,
    choose_face,
    mixed,
    union,
    width_of,
    wrapped,
)

Style = Literal["ruled", "lines", "booktabs", "banded", "plain"]
_STYLES: tuple[Style, ...] = ("ruled", "lines", "booktabs", "banded", "plain")
_PLAIN_TOPICS = 4  # this many, from the first, need no accents
_SAID = WORDS["table"]
_NIGHTS: tuple[Colour, ...] = ((24, 26, 32), (13, 27, 42), (40, 42, 54))
_TINTS: tuple[Colour, ...] = ((40, 90, 150), (60, 120, 90), (150, 90, 40), (90, 90, 100), (120, 70, 130))


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What a look changes in a table.

    Attributes:
        style: its rules.
        dashed: whether the rules are dashed.
        white: whether the rules are white, between cells of a colour.
        dark: whether the paper is dark.
        marks: whether a column holds check marks and crosses, drawn without a font.
        noted: whether numbers have marks of footnotes.
        deep: whether one more head is above all heads.
        upright: whether the heads of numbers run upwards.
        mirrored: whether the columns run from right to left.
    """

    style: Style
    dashed: bool = False
    white: bool = False
    dark: bool = False
    marks: bool = False
    noted: bool = False
    deep: bool = False
    upright: bool = False
    mirrored: bool = False


LOOKS: dict[str, Look] = {
    "dashed": Look(style="ruled", dashed=True),
    "dark": Look(style="lines", dark=True),
    "marks": Look(style="lines", marks=True),
    "deep-heads": Look(style="ruled", deep=True),
    "white-rules": Look(style="ruled", white=True),
    "upright-heads": Look(style="ruled", upright=True),
    "footnotes": Look(style="booktabs", noted=True),
    "right-to-left": Look(style="lines", mirrored=True),
    "dark-dashed": Look(style="ruled", dark=True, dashed=True),
}
HELD_OUT: tuple[str, ...] = ("white-rules", "upright-heads", "footnotes", "right-to-left", "dark-dashed")
"""Looks that no number of the readers was set on."""
_PLAIN = Look(style="plain")
_MARKS = ("✓", "✗")


@dataclass(slots=True, kw_only=True)
class _Cell:
    """A cell before and after it is drawn."""

    row: int
    column: int
    row_span: int = 1
    column_span: int = 1
    text: str
    boxes: list[Box] = field(default_factory=list[Box])


@dataclass(slots=True, kw_only=True)
class _Look:
    """How a table is drawn, and where its columns and rows begin."""

    canvas: Canvas
    face: Face
    size: int
    look: Look
    tint: Colour
    ink: Colour
    names: int  # the column of names
    align: str
    bold_head: bool
    head_rows: int
    pad: float
    xs: list[float]
    ys: list[float]


def draw(rng: Random, look: str | None = None) -> tuple[Canvas, dict[str, Any]]:
    """A table and its truth: ``cells`` with the boxes of their ink on the picture as drawn.

    Args:
        rng: what is drawn comes from it.
        look: one of ``LOOKS``; the truth's ``set`` is then called so.
    """
    face = choose_face(rng)
    topics = list(_SAID["topics"].items())
    topics = topics if face.covers(ACCENTS) else topics[:_PLAIN_TOPICS]
    cells, head_rows = _content(rng, *rng.choice(topics))
    chosen = LOOKS[look] if look else replace(_PLAIN, style=rng.choice(_STYLES))
    head_rows += _changed(rng, chosen, cells, head_rows)
    drawn = _look(rng, face, cells, head_rows, chosen)
    _ground(drawn, cells)
    for cell in cells:
        _write(drawn, cell)
    _rules(drawn, cells)
    listed = [asdict(cell) | {"box": union(cell.boxes) if cell.boxes else None} for cell in cells]
    for cell in listed:
        del cell["boxes"]
    layout = "ruled" if chosen.style == "ruled" else "unruled"
    named = {"set": look} if look else {}
    return drawn.canvas, {"kind": "table", "layout": layout, "header_rows": head_rows, "cells": listed} | named


def _changed(rng: Random, look: Look, cells: list[_Cell], head_rows: int) -> int:
    """Change what the cells say and where they are, as a look has it; how many rows of heads are added."""
    width = max(cell.column + cell.column_span for cell in cells)
    marked = width - 1 if look.marks else None
    for cell in cells:
        if cell.row >= head_rows and cell.column == marked:
            cell.text = rng.choice(_MARKS)
        elif look.noted and cell.row >= head_rows and cell.column and rng.random() < 0.3:
            cell.text += rng.choice(("*", " (a)", " 1)"))
        if look.deep and cell.row == cell.column == 0:
            cell.row_span += 1
        elif look.deep:
            cell.row += 1
        if look.mirrored:
            cell.column = width - cell.column - cell.column_span
    if look.deep:
        cells.append(_Cell(row=0, column=1, column_span=width - 1, text=rng.choice(_SAID["groups"])))
    return int(look.deep)


# ---------------------------------------------------------------- what it says


def _content(rng: Random, corner: str, names: list[str]) -> tuple[list[_Cell], int]:
    """The cells: one or two rows of heads, rows of a name and numbers, sometimes sections and a sum."""
    width = rng.randint(2, 6)
    cells = _heads(rng, corner, width)
    head_rows = max(cell.row + cell.row_span for cell in cells)
    row = head_rows
    kinds = [rng.choice(("whole", "money", "per cent", "signed")) for _ in range(width)]
    chosen = rng.sample(names, min(rng.randint(2, 9), len(names)))
    if rng.random() < 0.25:
        chosen[rng.randrange(len(chosen))] = rng.choice(_SAID["long"])
    sections = rng.sample(_SAID["sections"], 2) if len(chosen) > 3 and rng.random() < 0.25 else []
    for n, name in enumerate(chosen):
        if sections and n in (0, len(chosen) // 2):
            cells.append(_Cell(row=row, column=0, text=sections[n > 0], column_span=width + 1))
            row += 1
        cells.append(_Cell(row=row, column=0, text=name))
        for column, kind in enumerate(kinds, 1):
            cells.append(_Cell(row=row, column=column, text=_number(rng, kind)))
        row += 1
    return cells, head_rows


def _heads(rng: Random, corner: str, width: int) -> list[_Cell]:
    heads: list[str] = rng.sample(_SAID["years" if rng.random() < 0.4 else "heads"], width)
    if rng.random() < 0.4:
        heads.sort()
    if width < 4 or width % 2 or rng.random() < 0.4:
        return [_Cell(row=0, column=c, text=text) for c, text in enumerate((corner, *heads))]
    groups = rng.sample(_SAID["groups"], 2)
    half = width // 2
    cells = [_Cell(row=0, column=0, text=corner, row_span=2)]
    cells += [_Cell(row=0, column=1 + n * half, text=group, column_span=half) for n, group in enumerate(groups)]
    return cells + [_Cell(row=1, column=c, text=text) for c, text in enumerate(heads, 1)]


def _number(rng: Random, kind: str) -> str:
    if rng.random() < 0.04:
        return "n/a"
    value = rng.choice((rng.uniform(1, 10), rng.uniform(10, 1000), rng.uniform(1000, 90_000)))
    if kind == "whole":
        return f"{value:,.0f}"
    if kind == "money":
        return f"{value:,.2f}"
    if kind == "per cent":
        return f"{value % 100:.1f}%"
    return f"({value:,.1f})" if rng.random() < 0.3 else f"{value:,.1f}"


# ---------------------------------------------------------------- how it looks


def _look(rng: Random, face: Face, cells: list[_Cell], head_rows: int, look: Look) -> _Look:
    size = rng.randint(17, 28)
    font, bold = face.font(size), face.font(size, bold=True)
    columns = max(cell.column + cell.column_span for cell in cells)
    rows = max(cell.row + cell.row_span for cell in cells)
    pad = size * rng.uniform(0.5, 0.9)
    names = columns - 1 if look.mirrored else 0
    widths = [size * 1.6] * columns
    for cell in cells:
        if cell.column_span == 1 and not (look.upright and cell.row < head_rows and cell.column != names):
            limit = size * 14 if cell.column == names else size * 30
            lines = wrapped(cell.text, bold, limit)
            widths[cell.column] = max(widths[cell.column], *(width_of(line, bold) for line in lines))
    wide = [width + 2 * pad + (size * rng.uniform(0, 2) if n != names else 0) for n, width in enumerate(widths)]
    for cell in cells:  # a head over several columns must fit above them
        if cell.column_span > 1 and cell.row < head_rows:
            lack = width_of(cell.text, bold) + 2 * pad - sum(wide[cell.column : cell.column + cell.column_span])
            wide[cell.column + cell.column_span - 1] += max(0.0, lack)
    heights = [size * rng.uniform(1.7, 2.3)] * rows
    for cell in cells:
        extra = len(wrapped(cell.text, font, size * 14)) - 1 if cell.column == names and cell.column_span == 1 else 0
        heights[cell.row] += extra * size * 1.3
        if look.upright and cell.row == head_rows - 1 and cell.column != names:
            heights[cell.row] = max(heights[cell.row], width_of(cell.text, bold) + 2 * pad)
    margin = size * rng.uniform(0.8, 2.5)
    xs = [margin + sum(wide[:n]) for n in range(columns + 1)]
    ys = [margin + sum(heights[:n]) for n in range(rows + 1)]
    background = WHITE if rng.random() < 0.85 else (248, 247, 242)
    background = rng.choice(_NIGHTS) if look.dark else background
    return _Look(
        canvas=Canvas(round(xs[-1] + margin), round(ys[-1] + margin), background),
        face=face,
        size=size,
        look=look,
        tint=rng.choice(_TINTS),
        ink=(228, 230, 235) if look.dark else BLACK,
        names=names,
        align=rng.choice(("right", "right", "centre")),
        bold_head=rng.random() < 0.7,
        head_rows=head_rows,
        pad=pad,
        xs=xs,
        ys=ys,
    )


def _ground(look: _Look, cells: list[_Cell]) -> None:
    """The bands behind the rows."""
    if look.look.white:
        for n in range(len(look.ys) - 1):
            shade = mixed(look.tint, WHITE, 0.55 if n < look.head_rows else 0.8)
            look.canvas.fill(look.xs[0], look.ys[n], look.xs[-1], look.ys[n + 1], shade)
        return
    if look.look.dark:
        return
    if look.look.style == "banded":
        for row in range(look.head_rows, len(look.ys) - 1, 2):
            shade = mixed(look.tint, WHITE, 0.88)
            look.canvas.fill(look.xs[0], look.ys[row], look.xs[-1], look.ys[row + 1], shade)
    if look.look.style == "banded" or (look.look.style == "ruled" and look.bold_head):
        shade = mixed(look.tint, WHITE, 0.7)
        look.canvas.fill(look.xs[0], look.ys[0], look.xs[-1], look.ys[look.head_rows], shade)


def _write(look: _Look, cell: _Cell) -> None:
    """A cell's text, in lines where it is long; numbers and their heads aligned alike."""
    head = cell.row < look.head_rows
    section = cell.column_span == len(look.xs) - 1
    font = look.face.font(look.size, bold=(head and look.bold_head) or section)
    left, right = look.xs[cell.column], look.xs[cell.column + cell.column_span]
    top, bottom = look.ys[cell.row], look.ys[cell.row + cell.row_span]
    align = "left" if cell.column == look.names else ("centre" if cell.column_span > 1 else look.align)
    align = "right" if look.look.mirrored and cell.column == look.names else align
    if cell.text in _MARKS:
        cell.boxes.append(_mark(look, cell.text, (left + right) / 2, (top + bottom) / 2))
        return
    if look.look.upright and cell.row == look.head_rows - 1 and cell.column != look.names:
        cell.boxes.append(look.canvas.upright(round(left + right) // 2, round(bottom - look.pad), cell.text, font))
        return
    x = {"left": left + look.pad, "right": right - look.pad, "centre": (left + right) / 2}[align]
    lines = (
        wrapped(cell.text, font, right - left - look.pad) if cell.column == look.names and not section else [cell.text]
    )
    step = look.size * 1.3
    y = (top + bottom) / 2 + look.size * 0.36 - step * (len(lines) - 1) / 2
    for line in lines:
        cell.boxes.append(look.canvas.text(x, y, line, font, look.ink, align))
        y += step


def _mark(look: _Look, mark: str, x: float, y: float) -> Box:
    """A check mark or a cross, and its box."""
    r, width = look.size * 0.35, max(2, look.size // 9)
    tick = ((x - r, y), (x - r / 4, y + r * 0.8), (x + r, y - r * 0.8))
    crossed = (((x - r, y - r), (x + r, y + r)), ((x - r, y + r), (x + r, y - r)))
    colour = (30, 140, 60) if mark == _MARKS[0] else (190, 40, 40)
    for stroke in (tick,) if mark == _MARKS[0] else crossed:
        look.canvas.draw.line(stroke, fill=colour, width=width)
    return round(x - r), round(y - r), round(x + r) + 1, round(y + r) + 1


def _rules(look: _Look, cells: list[_Cell]) -> None:
    grey = mixed(look.tint, WHITE, 0.3) if look.look.style != "booktabs" else BLACK
    canvas, xs, ys = look.canvas, look.xs, look.ys
    grey = WHITE if look.look.white else mixed(canvas.background, look.ink, 0.4) if look.look.dark else grey
    if look.look.dashed:
        for cell in cells:
            x0, y0, x1, y1 = (
                xs[cell.column],
                ys[cell.row],
                xs[cell.column + cell.column_span],
                ys[cell.row + cell.row_span],
            )
            for a in ((x0, y0, x1, y0), (x0, y1, x1, y1), (x0, y0, x0, y1), (x1, y0, x1, y1)):
                canvas.dashes(*a, grey)
        return
    if look.look.style == "ruled":
        for cell in cells:
            corners = (xs[cell.column], ys[cell.row], xs[cell.column + cell.column_span], ys[cell.row + cell.row_span])
            canvas.draw.rectangle([round(at) for at in corners], outline=grey, width=2)
    elif look.look.style == "lines":
        for y in ys[look.head_rows :]:
            canvas.rule(xs[0], y, xs[-1], y, grey)
    elif look.look.style == "booktabs":
        for y, width in ((ys[0], 3), (ys[look.head_rows], 2), (ys[-1], 3)):
            canvas.rule(xs[0], y, xs[-1], y, grey, width)
        for cell in cells:
            if cell.row == 0 and look.head_rows == 2 and cell.column_span > 1:
                y = ys[1] - 2
                canvas.rule(xs[cell.column] + look.pad, y, xs[cell.column + cell.column_span] - look.pad, y, grey)
