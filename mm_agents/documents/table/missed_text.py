"""Cells that OCR left empty though there is ink in them: dashes are told by their shape, the rest is read enlarged."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from mm_agents.documents.opencv import opencv
from mm_agents.documents.pages import Page, default_ocr
from mm_agents.documents.table.grid import Draft
from mm_agents.documents.table.lines import Measures, around
from mm_agents.documents.table.parameters import PARAMETERS
from mm_agents.types import Box, Image, Word

if TYPE_CHECKING:
    from mm_agents.protocols import Ocr
    from mm_agents.types import ByteArray


def fill_overlooked(page: Page, cells: Sequence[Draft], measures: Measures, ocr: Ocr | None) -> list[Draft]:
    """The cells, and those that are found in places that were left empty.

    Args:
        page: that they were found on.
        cells: of the table.
        measures: of its print.
        ocr: what reads pictures.
    """
    if page.source != "ocr":
        return list(cells)
    inked = [
        (row, column, place)
        for row, column, room in _empty_places(cells, measures)
        for place in [_ink_in(page.straight, room, measures)]
        if place is not None
    ]
    if not 0 < len(inked) <= PARAMETERS.most_overlooked:
        return list(cells)
    told: list[tuple[tuple[int, int, Box], tuple[str, float] | None]] = []
    unread: list[tuple[int, int, Box]] = []
    for one in inked:
        dash = _dash(one[2], measures)
        if dash:
            told.append((one, (dash, PARAMETERS.sure)))
        else:
            unread.append(one)
    told += zip(unread, _read_again(page.straight, [place for _, _, place in unread], measures, ocr), strict=True)
    line = max((word.line for word in page.words), default=0)
    found: list[Draft] = []
    for (row, column, place), read in told:
        if read is not None:
            line += 1
            word = Word(text=read[0], box=page.frame.to_stored(place), place=place, confidence=read[1], line=line)
            found.append(Draft(row=row, column=column, lines=((word,),)))
    return [*cells, *found]


def _empty_places(cells: Sequence[Draft], measures: Measures) -> list[tuple[int, int, Box]]:
    """Places of the grid without words, and the room that their row and column leave them."""
    taken = {
        (cell.row + r, cell.column + c) for cell in cells for r in range(cell.row_span) for c in range(cell.column_span)
    }
    rows: dict[int, list[Box]] = {}
    columns: dict[int, list[Box]] = {}
    for cell in cells:
        if cell.row_span == 1:
            rows.setdefault(cell.row, []).append(around(cell.words))
        if cell.column_span == 1:
            columns.setdefault(cell.column, []).append(around(cell.words))
    slack = round(PARAMETERS.slack * measures.height)
    return [
        (
            row,
            column,
            Box(
                x0=max(min(box.x0 for box in across) - slack, 0),
                y0=max(min(box.y0 for box in along) - slack, 0),
                x1=max(box.x1 for box in across) + slack,
                y1=max(box.y1 for box in along) + slack,
            ),
        )
        for row, along in rows.items()
        for column, across in columns.items()
        if (row, column) not in taken
    ]


def _ink_in(pixels: ByteArray, room: Box, measures: Measures) -> Box | None:
    """Where there is ink in a room, ruling lines and what reaches in from outside left out."""
    cv2 = opencv()
    part = pixels[room.y0 : room.y1, room.x0 : room.x1]
    if part.size == 0:
        return None
    ground = np.median(part.reshape(-1, 3), axis=0)
    mask = (np.abs(part.astype(np.int16) - ground).max(axis=2) > PARAMETERS.ink).astype(np.uint8)
    number, _, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    high, wide = mask.shape
    kept: list[tuple[int, int, int, int]] = []
    for x, y, w, h, area in stats[1:number].tolist():
        outside = x == 0 or y == 0 or x + w == wide or y + h == high
        if not outside and area >= 3:
            kept.append((x, y, x + w, y + h))
    if not kept:
        return None
    return Box(
        x0=room.x0 + min(box[0] for box in kept),
        y0=room.y0 + min(box[1] for box in kept),
        x1=room.x0 + max(box[2] for box in kept),
        y1=room.y0 + max(box[3] for box in kept),
    )


def _dash(place: Box, measures: Measures) -> str | None:
    """The dash that ink is by its shape: a hyphen where it is shorter than letters are high."""
    wide, high = place.x1 - place.x0, place.y1 - place.y0
    if high > PARAMETERS.dash_height * measures.height or wide < 2 * high:
        return None
    return "-" if wide < PARAMETERS.hyphen * measures.height else "–"


def _read_again(
    pixels: ByteArray, places: Sequence[Box], measures: Measures, ocr: Ocr | None
) -> list[tuple[str, float] | None]:
    """What places say when they are enlarged, one below the other in one picture, and how sure that is."""
    if not places:
        return []
    cv2 = opencv()
    scale = max(PARAMETERS.letters / measures.height, 1.0)
    margin = round(PARAMETERS.slack * measures.height)
    strips: list[ByteArray] = []
    for place in places:
        part = pixels[max(place.y0 - margin, 0) : place.y1 + margin, max(place.x0 - margin, 0) : place.x1 + margin]
        large = cv2.resize(part, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
        ground = [int(value) for value in np.median(large.reshape(-1, 3), axis=0)]
        strips.append(
            cv2.copyMakeBorder(
                large, *2 * (PARAMETERS.letters,), *2 * (PARAMETERS.letters,), cv2.BORDER_CONSTANT, value=ground
            )
        )
    width = max(strip.shape[1] for strip in strips)
    padded = [cv2.copyMakeBorder(strip, 0, 0, 0, width - strip.shape[1], cv2.BORDER_REPLICATE) for strip in strips]
    ends = np.cumsum([strip.shape[0] for strip in padded])
    scan = (ocr or default_ocr()).read(Image(pixels=np.ascontiguousarray(np.concatenate(padded))))
    if scan.quarter or scan.skew:
        return [None] * len(places)
    read: list[list[Word]] = [[] for _ in places]
    for word in scan.words:
        n = int(np.searchsorted(ends, (word.box.y0 + word.box.y1) / 2))
        if n < len(read) and word.confidence >= PARAMETERS.sure:
            read[n].append(word)
    return [
        (" ".join(word.text for word in words), round(min(word.confidence for word in words), 4)) if words else None
        for words in read
    ]
