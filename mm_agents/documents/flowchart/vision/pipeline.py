"""From a page to the graph of its chart."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from mm_agents.documents.flowchart.data import Edge, Finding, FlowchartData, Lane, Node
from mm_agents.documents.flowchart.parameters import PARAMETERS
from mm_agents.documents.flowchart.vision.arrowheads import looks_like_head, spread, straighten, thickness_ratio
from mm_agents.documents.flowchart.vision.canvas import Canvas, Text, prepare, said
from mm_agents.documents.flowchart.vision.connector_mask import Ink, find_ink
from mm_agents.documents.flowchart.vision.labels import Label, group, look_again, name_symbols, share_labels, suspicious
from mm_agents.documents.flowchart.vision.lanes import Band, Lanes, find_lanes
from mm_agents.documents.flowchart.vision.layout import Block, Layout, borders, grow, paper_of, sort_regions, titles_of
from mm_agents.documents.flowchart.vision.open_outlines import with_open_shapes, with_symbols
from mm_agents.documents.flowchart.vision.regions import Region, find_regions
from mm_agents.documents.flowchart.vision.skeleton_graph import (
    End,
    Shapes,
    SkeletonGraph,
    build_skeleton,
    clean,
)
from mm_agents.documents.flowchart.vision.tracing import Route, Terminal, Walker, connect, dots
from mm_agents.documents.opencv import opencv
from mm_agents.documents.pages import Page
from mm_agents.errors import MediaTooLargeError
from mm_agents.types import Box

if TYPE_CHECKING:
    from mm_agents.protocols import Ocr


def without_merges(
    nodes: Sequence[Node], edges: Sequence[Edge], blank: Collection[str]
) -> tuple[list[Node], list[Edge]]:
    """Lead connectors through ``blank`` diamonds that have several ways in and one way out."""
    kept, links = list(nodes), list(edges)
    for node in nodes:
        if node.id not in blank or node.text:
            continue
        into = [edge for edge in links if edge.target == node.id]
        out = [edge for edge in links if edge.source == node.id]
        if len(into) < 2 or len(out) != 1 or out[0].target == node.id or any(e.source == node.id for e in into):
            continue
        if any(edge.heads != "target" for edge in (*into, *out)):
            continue
        links = [edge for edge in links if edge not in into and edge not in out]
        links += [_through(edge, out[0]) for edge in into]
        kept.remove(node)
    return kept, links


def _through(first: Edge, second: Edge) -> Edge:
    return replace(
        first,
        target=second.target,
        label=" ".join(label for label in (first.label, second.label) if label),
        path=first.path + second.path,
        dashed=first.dashed and second.dashed,
        confidence=min(first.confidence, second.confidence),
        unsure=first.unsure + second.unsure,
        label_box=first.label_box or second.label_box,
    )


def trace(page: Page, ocr: Ocr) -> FlowchartData:
    """Trace the chart on a page; ``ocr`` looks again where words may have been missed.

    Raises:
        MediaTooLargeError: there are more shapes than a chart may have.
    """
    sketch = _sketch(page)
    if sketch is None:
        return FlowchartData()
    if page.source == "ocr":
        spots = suspicious(sketch.canvas, sketch.blocks, sketch.ink, sketch.shapes, sketch.web, sketch.ties)
        words = look_again(page, sketch.canvas, spots, ocr)
        if words:
            page = replace(page, words=(*page.words, *words))
            sketch = _sketch(page) or sketch
    return _told(page, sketch)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Sketch:
    """What was found on the canvas."""

    canvas: Canvas
    layout: Layout
    lanes: Lanes
    blocks: list[Block]
    ink: Ink
    titles: dict[int, list[Text]]
    web: SkeletonGraph
    ties: dict[End, int]
    shapes: Shapes


def _sketch(page: Page) -> _Sketch | None:
    """Shapes, lanes and lines on the canvas; None where there are no shapes.

    Raises:
        MediaTooLargeError: there are more shapes than a chart may have.
    """
    canvas = prepare(page.straight, page.words)
    ground = find_regions(canvas)
    if ground is None or ground.flatness < PARAMETERS.drawing:
        return None
    ground = with_open_shapes(canvas, with_symbols(canvas, ground))
    layout = sort_regions(ground, canvas)
    if len(layout.shapes) > PARAMETERS.most_shapes:
        raise too_many(str(len(layout.shapes)))
    bare = paper_of(canvas, ground.paper, layout.frames)
    lanes = find_lanes(layout, canvas, bare)
    blocks = [grow(region, canvas, bare) for region in layout.shapes]
    if not blocks:
        return None
    ink = find_ink(canvas, bare, blocks, layout, lanes)
    around = [frame for frame in layout.frames if not lanes.same_as(frame, canvas.unit)]
    titles = titles_of(around, ink.free, canvas.unit)
    web, shapes = build_skeleton(ink.lines), Shapes(ink.owners, borders(canvas, around))
    straighten(web, ink.lines, shapes, canvas.unit)
    return _Sketch(
        canvas=canvas,
        layout=layout,
        lanes=lanes,
        blocks=blocks,
        ink=ink,
        titles=titles,
        web=web,
        ties=clean(web, shapes, ink.free, canvas.unit),
        shapes=shapes,
    )


def too_many(count: str) -> MediaTooLargeError:
    """What is raised for a chart with so many shapes."""
    return MediaTooLargeError(
        f"The chart has {count} shapes; at most {PARAMETERS.most_shapes} are read. Cut it into parts."
    )


def _connectors(sketch: _Sketch) -> tuple[list[Route], list[tuple[Region, int]]]:
    """The connectors, and the frames that others end at with the shapes that these come from or lead to."""
    lines, unit, web = sketch.ink.lines, sketch.canvas.unit, sketch.web
    depth = opencv().distanceTransform(lines, opencv().DIST_L2, 5)
    terminals: list[Terminal] = []
    for end, shape in sketch.ties.items():
        measured = spread(web, end, lines, sketch.shapes, unit), thickness_ratio(web, end, lines, depth, unit)
        terminals.append(Terminal(end=end, shape=shape, spread=max(measured), head=looks_like_head(*measured)))
    joined = dots(web, depth, unit)
    return connect(web, terminals, unit, joined), list(_at_frames(sketch, Walker(web, terminals, unit, set(joined))))


def _at_frames(sketch: _Sketch, walker: Walker) -> Iterator[tuple[Region, int]]:
    """The frames whose border a line ends at that comes from a shape or leads to it, each with that shape."""
    unit, shapes = sketch.canvas.unit, sketch.shapes
    away = opencv().distanceTransform(1 - shapes.borders, opencv().DIST_L2, 5)
    for node in sketch.web.loose():
        end = sketch.web.ends[node][0]
        y, x = (round(float(value)) for value in sketch.web.places[node])
        if end in sketch.ties or away[y, x] > PARAMETERS.at_border * unit:
            continue
        reach = 2 * PARAMETERS.at_border * unit
        near = [frame for frame in sketch.layout.frames if abs(frame.distance(x, y)) < reach]
        nearest = min(near, key=lambda frame: (frame.label not in sketch.titles, frame.filled), default=None)
        others = {terminal.shape for terminal in walker.beyond((end[0], end[1]))}
        if nearest is not None and len(others) == 1 and len(sketch.web.strokes[end[0]].points) > unit:
            yield nearest, others.pop()


# ---------------------------------------------------------------- told in pixels of the page


def _told(page: Page, sketch: _Sketch) -> FlowchartData:
    canvas, blocks, lanes = sketch.canvas, sketch.blocks, sketch.lanes
    unit = canvas.unit
    routes, at_frames = _connectors(sketch)
    taken = {id(text) for texts in sketch.titles.values() for text in texts}
    free = [text for text in sketch.ink.free if id(text) not in taken]
    unnamed = name_symbols(group(free, unit), routes, blocks, unit)
    labels, rest = share_labels(unnamed, routes, sketch.web, blocks, unit)
    place = _Places(page, canvas)
    order = sorted(
        range(len(blocks)),
        key=lambda n: (round(blocks[n].region.cy / (PARAMETERS.told_row * unit)), blocks[n].region.cx),
    )
    ids = {n: f"n{number}" for number, n in enumerate(order, 1)}
    nodes = [_node(page, place, blocks[n], ids[n], sketch) for n in order]
    edges: list[Edge] = []
    for number, route in enumerate(routes):
        edge = _edge(place, route, labels.get(number), ids, sketch.ink, unit)
        edges.append(edge)
        if edge.heads == "both":
            edges.append(replace(edge, source=edge.target, target=edge.source, path=edge.path[::-1]))
    connected = {node for edge in edges for node in (edge.source, edge.target)}
    blank = {ids[n] for n in order if blocks[n].region.symbol == "diamond" and not blocks[n].region.marked}
    nodes, edges = without_merges([node for node in nodes if node.text or node.id in connected], edges, blank)
    edges.sort(key=lambda edge: (int(edge.source[1:]), int(edge.target[1:])))
    return FlowchartData(
        nodes=tuple(nodes),
        edges=tuple(edges),
        lanes=tuple(_lane(place, band, lanes, canvas) for band in lanes.bands),
        frames=tuple(Lane(name=title, box=place.box(*frame.box)) for frame, title in _titled(sketch)),
        notes=tuple(label.text for label in rest),
        doubts=tuple(
            _at_frame(sketch, frame, next(node for node in nodes if node.id == ids[shape - 1]))
            for frame, shape in at_frames
        ),
    )


def _at_frame(sketch: _Sketch, frame: Region, node: Node) -> Finding:
    title = next((f" {title!r}" for titled, title in _titled(sketch) if titled is frame), "")
    message = f"A connector of {node.name!r} ends at the frame{title}: which shape in it is meant is not certain."
    return Finding(kind="uncertain", severity="warning", message=message, nodes=(node.id,))


def _titled(sketch: _Sketch) -> list[tuple[Region, str]]:
    """Frames with their titles, the smallest first."""
    frames = [frame for frame in sketch.layout.frames if frame.label in sketch.titles]
    return [
        (frame, said(sketch.titles[frame.label], sketch.canvas.unit))
        for frame in sorted(frames, key=lambda frame: frame.filled)
    ]


class _Places:
    """From the canvas to the page as stored."""

    def __init__(self, page: Page, canvas: Canvas) -> None:
        self._frame, self._canvas = page.frame, canvas

    def box(self, x0: float, y0: float, x1: float, y1: float) -> Box:
        left, top = self._canvas.to_page(x0, y0)
        right, bottom = self._canvas.to_page(x1, y1)
        straight = Box(
            x0=round(left), y0=round(top), x1=max(round(left) + 1, round(right)), y1=max(round(top) + 1, round(bottom))
        )
        return self._frame.to_stored(straight)

    def point(self, x: float, y: float) -> tuple[int, int]:
        box = self.box(x, y, x + 1, y + 1)
        return box.x0, box.y0


def _node(page: Page, place: _Places, block: Block, name: str, sketch: _Sketch) -> Node:
    lanes, unit, region = sketch.lanes, sketch.canvas.unit, block.region
    words = [word for text in block.region.texts for word in text.words]
    box = place.box(*block.box)
    lane = lanes.of(block.box)
    unsure: list[str] = []
    if lanes.bands and lane is None:
        unsure.append("it reaches into two lanes")
    read = min((word.confidence for word in words), default=1.0)
    if read < PARAMETERS.confident:
        unsure.append("its text was hard to read")
    if block.shape == "other" or block.fit < PARAMETERS.well_fitting:
        unsure.append("its shape fits none well")
    text = " ".join(said(block.region.texts, unit).split())
    confidence = round(min(read, block.fit), 3)
    evidence = page.evidence(words, how="shape", confidence=confidence) if words else None
    if evidence is not None:
        evidence = replace(evidence, box=box, quote=text)
    return Node(
        id=name,
        text=text,
        shape=block.shape,
        lane=lane,
        box=box,
        confidence=confidence,
        frame=next((title for frame, title in _titled(sketch) if frame.holds(region.cx, region.cy)), None),
        unsure=tuple(unsure),
        evidence=evidence,
    )


def _edge(place: _Places, route: Route, label: Label | None, ids: dict[int, str], ink: Ink, unit: float) -> Edge:
    points = route.points
    corners = opencv().approxPolyDP(points[:, ::-1].astype(np.int32)[:, None], PARAMETERS.bend * unit, False)
    path = tuple(dict.fromkeys(place.point(float(x), float(y)) for x, y in corners[:, 0]))
    dashed = bool(ink.dashed[points[:, 0], points[:, 1]].mean() > PARAMETERS.dashed)
    unsure = list(route.unsure)
    if route.heads == "target" and route.stop.spread < PARAMETERS.surely_head:
        unsure.append("its head is hard to make out")
    return Edge(
        source=ids[route.start.shape - 1],
        target=ids[route.stop.shape - 1],
        label=label.text if label else "",
        path=path,
        heads=route.heads,  # type: ignore[arg-type]
        dashed=dashed,
        confidence=0.5 if unsure else 1.0,
        unsure=tuple(unsure),
        label_box=place.box(*label.box) if label else None,
    )


def _lane(place: _Places, band: Band, lanes: Lanes, canvas: Canvas) -> Lane:
    height, width = canvas.size
    box = (0, band.start, width, band.end) if lanes.direction == "across" else (band.start, 0, band.end, height)
    return Lane(name=band.name, box=place.box(*box))
