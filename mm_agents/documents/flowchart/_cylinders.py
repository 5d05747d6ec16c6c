"""Cylinders: the lid of one is a region of its own over the hollow top of its body, and both are one shape."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from mm_agents.documents._opencv import opencv
from mm_agents.documents.flowchart._canvas import Canvas
from mm_agents.documents.flowchart._regions import Region

if TYPE_CHECKING:
    from numpy.typing import NDArray

_NARROWEST = 0.7  # of the body's width: a flat lid comes to thin tips, which the outline swallows
_LINE = 0.6  # text heights: how thick the line between lid and body is at most
_BULGE = 0.25  # of half the lid's height: how far the two ends of the body bulge down at least


def with_lids(regions: Sequence[Region], canvas: Canvas) -> list[Region]:
    """The regions with each lid and the body under it made one.

    Args:
        regions: of the canvas.
        canvas: the chart.
    """
    lids = [region for region in regions if _may_be_lid(region, canvas)]
    kept = list(regions)
    for lid in lids:
        fitting = (region for region in kept if region is not lid and _closes(lid, region, canvas))
        body = min(fitting, key=lambda region: region.filled, default=None)
        if body is not None:
            kept.remove(lid)
            kept[kept.index(body)] = _joined(lid, body)
    return kept


def _may_be_lid(region: Region, canvas: Canvas) -> bool:
    """Whether a region is flat, without words and without dents."""
    if region.width < max(1.5 * region.height, canvas.unit) or region.solidity < 0.7:
        return False
    return not any(region.holds(text.cx, text.cy) for text in canvas.texts)


def _closes(lid: Region, body: Region, canvas: Canvas) -> bool:
    """Whether a lid lies in the hollow top of a body as wide as it is, whose lower end bulges as the lid does."""
    reach = round(_LINE * canvas.unit) + 3
    if lid.x < body.x - 4 or lid.x + lid.width > body.x + body.width + 4 or lid.width < _NARROWEST * body.width:
        return False
    if not lid.y - 2 <= body.y < lid.y + lid.height + reach or body.y + body.height < lid.y + 1.3 * lid.height:
        return False
    xs = np.arange(round(0.1 * body.width), round(0.9 * body.width))
    top, bottom = _edges(lid, body, canvas)
    if _bulge(top[xs]) < 1 or _bulge(bottom[xs]) < _BULGE * lid.height / 2:
        return False
    near = opencv().dilate(lid.mask(reach), np.ones((2 * reach + 1,) * 2, np.uint8))
    ys, xs = top[xs] + body.y - lid.y + reach, xs + body.x - lid.x + reach
    under = (xs >= 0) & (xs < near.shape[1])
    ys, xs = ys[under], xs[under]
    return bool((ys < near.shape[0]).all() and near[ys, xs].mean() > 0.95)


def _edges(lid: Region, body: Region, canvas: Canvas) -> tuple[NDArray[Any], NDArray[Any]]:
    """The upper and lower edge of a body in each of its columns, without the notches of letters that touch the lid."""
    mask = body.mask() > 0
    for text in canvas.texts:
        if body.x < text.cx < body.x + body.width and body.y < text.cy < body.y + body.height:
            x0, y0 = max(0, int(text.x0) - body.x), max(0, int(text.y0) - body.y)
            mask[y0 : int(text.y1) - body.y, x0 : int(text.x1) - body.x] = True
    top, bottom = np.argmax(mask, axis=0), body.height - 1 - np.argmax(mask[::-1], axis=0)
    hull = replace(lid, contour=opencv().convexHull(lid.contour).astype(np.int32)).mask() > 0
    under = np.zeros(body.width, int)
    columns = np.arange(lid.width) + lid.x - body.x
    inside = (columns >= 0) & (columns < body.width)
    under[columns[inside]] = (lid.height - np.argmax(hull[::-1], axis=0) + lid.y - body.y)[inside]
    return np.maximum(top, under), bottom


def _bulge(edge: NDArray[Any]) -> float:
    """How much lower the middle of an edge lies than its ends."""
    fifth = len(edge) // 5
    return float(edge[2 * fifth : 3 * fifth].mean() - (edge[:3].mean() + edge[-3:].mean()) / 2)


def _joined(lid: Region, body: Region) -> Region:
    hull = opencv().convexHull(np.concatenate([lid.contour, body.contour])).astype(np.int32)
    x, y = (int(value) for value in hull[:, 0].min(axis=0))
    right, bottom = (int(value) for value in hull[:, 0].max(axis=0))
    return replace(
        body,
        x=x,
        y=y,
        width=right - x + 1,
        height=bottom - y + 1,
        area=lid.area + body.area,
        filled=float(opencv().contourArea(hull)),
        solidity=1.0,
        contour=hull,
        lidded=True,
    )
