"""How charts look that are drawn by hand, on squared paper or with effects; some looks are held out by name."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from random import Random
from typing import Any, Literal

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from mm_agents.evaluate.synthetic.render import BLACK, WHITE, Box, Canvas, Colour, mixed

Point = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What a look adds to a chart.

    Attributes:
        paper: what is printed on the paper.
        rough: how far strokes wander, in sizes of the font; rough strokes are drawn twice and may not meet.
        hatched: whether insides are filled with strokes.
        hollow: whether insides have the paper's colour.
        shadow: whether shapes throw a soft shadow.
        gradient: whether insides fade from white into their colour.
        curved: whether the bends of lines are round.
        dark: whether the paper is dark.
        plates: whether labels on lines have a ground of their own.
    """

    paper: Literal["plain", "squares", "dots", "rules"] = "plain"
    rough: float = 0.0
    hatched: bool = False
    hollow: bool = False
    shadow: bool = False
    gradient: bool = False
    curved: bool = False
    dark: bool = False
    plates: bool = False


LOOKS: dict[str, Look] = {
    "pencil": Look(rough=0.06, hollow=True),
    "crayon": Look(rough=0.08, hatched=True, plates=True),
    "whiteboard": Look(rough=0.1, hollow=True, curved=True, plates=True),
    "squared": Look(paper="squares", hollow=True),
    "squared-colours": Look(paper="squares", shadow=True, plates=True),
    "dotted": Look(paper="dots", curved=True, shadow=True),
    "plates": Look(curved=True, plates=True),
    "notebook": Look(paper="rules", rough=0.07, hollow=True),
    "squared-crayon": Look(paper="squares", rough=0.08, hatched=True),
    "dark-squared": Look(paper="squares", dark=True),
    "slides": Look(gradient=True, shadow=True, curved=True, plates=True),
}
HELD_OUT: tuple[str, ...] = ("notebook", "squared-crayon", "dark-squared", "slides")
"""Looks that no number of the readers was set on."""


def corners(shape: str, box: Box) -> list[Point]:
    """The outline of a shape in a box as points; round ones in short steps."""
    left, top, right, bottom = box
    x, y, high = (left + right) / 2, (top + bottom) / 2, bottom - top
    if shape == "diamond":
        return [(x, top), (right, y), (x, bottom), (left, y)]
    if shape == "parallelogram":
        lean = high * 0.4
        return [(left + lean, top), (right, top), (right - lean, bottom), (left, bottom)]
    if shape == "hexagon":
        inner, outer = left + high * 0.35, right - high * 0.35
        return [(inner, top), (outer, top), (right, y), (outer, bottom), (inner, bottom), (left, y)]
    if shape == "document":  # its lower edge is one wave
        depth, steps = high * 0.09, 24
        wave = [
            (right - (right - left) * n / steps, bottom - depth - depth * math.sin(2 * math.pi * n / steps))
            for n in range(steps + 1)
        ]
        return [(left, top), (right, top), *wave]
    radius = {"rectangle": 0.0, "rounded": max(6.0, high / 5)}.get(shape, high / 2)
    radii = ((right - left) / 2, high / 2) if shape in ("circle", "ellipse") else (radius, radius)
    return _round(box, radii) if radius else [(left, top), (right, top), (right, bottom), (left, bottom)]


def _round(box: Box, radii: Point) -> list[Point]:
    """A rectangle with round corners, from the upper left."""
    left, top, right, bottom = box
    across, down = radii
    middles = (
        (left + across, top + down),
        (right - across, top + down),
        (right - across, bottom - down),
        (left + across, bottom - down),
    )
    found: list[Point] = []
    for n, (x, y) in enumerate(middles):
        for step in range(7):
            turn = math.pi * (1 + n / 2 + step / 12)
            found.append((x + across * math.cos(turn), y + down * math.sin(turn)))
    return found


class Pen:
    """Draws shapes and lines in a look.

    Args:
        look: how they look.
        size: of the font, in pixels: what roughness is measured by.
        rng: makes strokes wander.
    """

    def __init__(self, look: Look, size: int, rng: Random) -> None:
        self.look: Look = look
        self._size, self._rng = size, rng

    def prepare(self, canvas: Canvas) -> None:
        """Print the paper."""
        wide, high = canvas.image.size
        step = max(8, round(self._size * self._rng.uniform(0.55, 1.2)))
        shades = [mixed(canvas.background, (128, 128, 128), share) for share in (0.1, 0.25)]
        ruled = self.look.paper
        if ruled == "dots":
            for x in range(step, wide, step):
                for y in range(step, high, step):
                    canvas.fill(x, y, x + 1, y + 1, shades[1])
        if ruled in ("squares", "rules"):
            for n, y in enumerate(range(step, high, step)):
                canvas.rule(0, y, wide, y, shades[n % 4 == 0])
        if ruled == "squares":
            for n, x in enumerate(range(step, wide, step)):
                canvas.rule(x, 0, x, high, shades[n % 4 == 0])

    def shape(self, canvas: Canvas, outline: Sequence[Point], fill: Colour, line: Colour, width: int) -> None:
        """Draw a shape."""
        if self.look.shadow:
            self._shadow(canvas, outline)
        mask = Image.new("L", canvas.image.size)
        ImageDraw.Draw(mask).polygon(list(outline), fill=255)
        inside = canvas.background if self.look.hollow or self.look.hatched else fill
        if not (self.look.hollow and self.look.paper != "plain"):  # else the paper shows through
            canvas.image.paste(Image.new("RGB", mask.size, inside), mask=mask)
        if self.look.gradient:
            canvas.image.paste(_fading(mask, fill), mask=mask)
        if self.look.hatched:
            hatching = Image.new("L", mask.size)
            self._hatch(ImageDraw.Draw(hatching), outline, width)
            shade = mixed(canvas.background, line, 0.35)
            canvas.image.paste(Image.new("RGB", mask.size, shade), mask=ImageChops.multiply(mask, hatching))
        self.line(canvas.draw, [*outline, outline[0]], line, width)

    def line(self, draw: ImageDraw.ImageDraw, points: Sequence[Point], colour: Colour, width: int) -> None:
        """Draw a line through points."""
        if not self.look.rough:
            draw.line(list(points), fill=colour, width=width, joint="curve")
            return
        for _ in range(2):
            for start, stop in pairwise(points):
                long = math.dist(start, stop)
                far = self.look.rough * self._size * min(1.0, long / (4 * self._size))
                bow = self._near(((start[0] + stop[0]) / 2, (start[1] + stop[1]) / 2), 1.5 * far)
                curve = bent([self._near(start, far), bow, self._near(stop, far)])
                draw.line(curve, fill=colour, width=max(1, width - 1), joint="curve")

    def _near(self, point: Point, far: float) -> Point:
        return point[0] + self._rng.uniform(-far, far), point[1] + self._rng.uniform(-far, far)

    def _shadow(self, canvas: Canvas, outline: Sequence[Point]) -> None:
        off = self._size * 0.2
        mask = Image.new("L", canvas.image.size)
        ImageDraw.Draw(mask).polygon([(x + off, y + off) for x, y in outline], fill=110)
        mask = mask.filter(ImageFilter.GaussianBlur(self._size * 0.15))
        canvas.image.paste(Image.new("RGB", mask.size, (0, 0, 0)), mask=mask)

    def _hatch(self, draw: ImageDraw.ImageDraw, outline: Sequence[Point], width: int) -> None:
        xs, ys = zip(*outline, strict=True)
        high, step = max(ys) - min(ys), self._size * self._rng.uniform(0.3, 0.5)
        for n in range(int((max(xs) - min(xs) + high) / step) + 1):
            x = min(xs) + n * step
            ends = self._near((x, min(ys)), 2), self._near((x - high, max(ys)), 2)
            draw.line(ends, fill=255, width=max(1, width - 1))


def _fading(mask: Image.Image, fill: Colour) -> Image.Image:
    """A picture that fades downwards from white to a colour over the box of a mask."""
    left, top, right, bottom = mask.getbbox() or (0, 0, 1, 1)
    fade = Image.linear_gradient("L").resize((right - left, bottom - top))
    picture = Image.new("RGB", mask.size)
    picture.paste(
        Image.composite(Image.new("RGB", fade.size, fill), Image.new("RGB", fade.size, "white"), fade), (left, top)
    )
    return picture


def bent(points: Sequence[Point]) -> list[Point]:
    """A line with its bends made round."""
    if len(points) < 3:
        return list(points)
    found: list[Point] = [points[0]]
    for n in range(1, len(points) - 1):
        start = points[0] if n == 1 else _middle(points[n - 1], points[n])
        stop = points[-1] if n == len(points) - 2 else _middle(points[n], points[n + 1])
        for step in range(1, 13):
            t = step / 12
            parts = [(1 - t) ** 2, 2 * t * (1 - t), t * t]
            at = [
                sum(part * p[axis] for part, p in zip(parts, (start, points[n], stop), strict=True)) for axis in (0, 1)
            ]
            found.append((at[0], at[1]))
    return found


def _middle(one: Point, two: Point) -> Point:
    return (one[0] + two[0]) / 2, (one[1] + two[1]) / 2


def themed(theme: Any, look: Look) -> Any:
    """A theme of ``flowcharts`` as a look needs it: a dark paper, or colours that are seen on a light one."""
    if look.dark:
        return replace(theme, background=(30, 30, 32), fill=(42, 63, 90), line=(200, 200, 204), text=(240, 240, 240))
    if sum(theme.background) > 600:
        return theme
    return replace(theme, background=WHITE, line=(30, 30, 34), fill=(218, 232, 252), text=BLACK)
