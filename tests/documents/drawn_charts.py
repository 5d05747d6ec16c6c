"""Flowcharts that the tests draw, and what was read of them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import PIL.Image
import PIL.ImageDraw
import PIL.ImageFont

from mm_agents import media
from mm_agents.documents.flowchart import Flowchart, build

Point = tuple[float, float]
Colour = str | tuple[int, int, int]


class Sheet:
    """Something to draw a chart on.

    Args:
        size: width and height in pixels.
        ground: colour of the paper.
        ink: colour of lines and words.
        fill: colour of shapes; that of the paper by default.
        width: of lines in pixels.
    """

    def __init__(
        self,
        size: tuple[int, int],
        *,
        ground: Colour = "white",
        ink: Colour = "black",
        fill: Colour | None = None,
        width: int = 2,
    ) -> None:
        self.picture = PIL.Image.new("RGB", size, ground)
        self.pen = PIL.ImageDraw.Draw(self.picture)
        self.ground, self.ink, self.fill, self.width = ground, ink, fill or ground, width
        self.font = PIL.ImageFont.load_default(20)

    def text(self, x: float, y: float, text: str, *, ground: Colour | None = None) -> None:
        """A text with its middle at a place, on a plate of its own colour if one is named."""
        if ground is not None:
            x0, y0, x1, y1 = self.pen.textbbox((x, y), text, font=self.font, anchor="mm")
            self.pen.rectangle((x0 - 3, y0 - 3, x1 + 3, y1 + 3), fill=ground)
        self.pen.text((x, y), text, fill=self.ink, font=self.font, anchor="mm")

    def shape(
        self, x: float, y: float, text: str, *, shape: str = "rectangle", wide: float = 150, high: float = 52
    ) -> None:
        """A shape with its text, its middle at a place."""
        box = (x - wide / 2, y - high / 2, x + wide / 2, y + high / 2)
        if shape == "diamond":
            corners = [(x, box[1]), (box[2], y), (x, box[3]), (box[0], y)]
            self.pen.polygon(corners, fill=self.fill, outline=self.ink, width=self.width)
        elif shape == "hexagon":
            lean = 0.3 * high
            upper = [(box[0] + lean, box[1]), (box[2] - lean, box[1]), (box[2], y)]
            lower = [(box[2] - lean, box[3]), (box[0] + lean, box[3]), (box[0], y)]
            self.pen.polygon([*upper, *lower], fill=self.fill, outline=self.ink, width=self.width)
        elif shape == "ellipse":
            self.pen.ellipse(box, fill=self.fill, outline=self.ink, width=self.width)
        elif shape == "cylinder":
            self._cylinder(box)
        else:
            radius = {"rounded": 14, "stadium": high / 2}.get(shape, 0)
            self.pen.rounded_rectangle(box, radius, fill=self.fill, outline=self.ink, width=self.width)
        self.text(x, y + (0.08 * wide if shape == "cylinder" else 0), text)

    def _cylinder(self, box: tuple[float, float, float, float]) -> None:
        x0, y0, x1, y1 = box
        lid = (x1 - x0) * 0.18
        self.pen.ellipse((x0, y1 - lid, x1, y1), fill=self.fill, outline=self.ink, width=self.width)
        self.pen.rectangle((x0, y0 + lid / 2, x1, y1 - lid / 2), fill=self.fill)
        self.pen.ellipse((x0, y0, x1, y0 + lid), fill=self.fill, outline=self.ink, width=self.width)
        for x in (x0, x1 - self.width + 1):
            self.pen.line((x, y0 + lid / 2, x, y1 - lid / 2), fill=self.ink, width=self.width)

    def frame(
        self,
        box: tuple[float, float, float, float],
        title: str = "",
        *,
        fill: Colour | None = None,
        outline: Colour | None = None,
        radius: float = 0,
        left: bool = False,
    ) -> None:
        """A frame with its title just under its upper border."""
        self.pen.rounded_rectangle(box, radius, fill=fill, outline=outline or self.ink, width=1)
        if title:
            middle = (box[0] + box[2]) / 2
            self.text(box[0] + 12 + self.font.getlength(title) / 2 if left else middle, box[1] + 18, title)

    def line(self, *points: Point, head: str = "full", dash: int = 0) -> None:
        """A line through points, with a head at its end: "full", "open" or "none"."""
        for one, two in itertools.pairwise(points):
            steps = max(1, int(math.dist(one, two) / dash)) if dash else 1
            for n in range(0, steps, 2):
                parts = [
                    (one[0] + (two[0] - one[0]) * at / steps, one[1] + (two[1] - one[1]) * at / steps)
                    for at in (n, min(steps, n + 1))
                ]
                self.pen.line(parts, fill=self.ink, width=self.width)
        if head != "none":
            self._head(points[-2], points[-1], head)

    def _head(self, before: Point, tip: Point, head: str) -> None:
        angle = math.atan2(tip[1] - before[1], tip[0] - before[0])
        barbs = [(tip[0] - 14 * math.cos(angle + turn), tip[1] - 14 * math.sin(angle + turn)) for turn in (-0.42, 0.42)]
        if head == "full":
            self.pen.polygon([tip, *barbs], fill=self.ink)
        else:
            for barb in barbs:
                self.pen.line([barb, tip], fill=self.ink, width=self.width)

    def read(self) -> Flowchart:
        """What the reader makes of it."""
        return build().read(media.from_pil(self.picture))


def texts(chart: Flowchart) -> list[str]:
    """Of the nodes, in order."""
    return sorted(node.text for node in chart.nodes)


def links(chart: Flowchart) -> list[tuple[str, str, str]]:
    """Source, target and label of each connector, in order."""
    names = {node.id: node.text for node in chart.nodes}
    return sorted((names[edge.source], names[edge.target], edge.label) for edge in chart.edges)


def joined(pairs: Sequence[tuple[str, str] | tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    """The same of what was drawn; a connector that is given without a label has none."""
    return sorted((pair[0], pair[1], pair[2] if len(pair) == 3 else "") for pair in pairs)
