"""Drawing of known pictures: fonts, measured text, and scan noise."""

from __future__ import annotations

import importlib.util
import math
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from mm_agents._text import read_data
from mm_agents.media import PRINT_DPI

Box = tuple[int, int, int, int]
Colour = tuple[int, int, int]
Font = ImageFont.FreeTypeFont

BLACK: Colour = (20, 20, 22)
WHITE: Colour = (255, 255, 255)

WORDS: dict[str, Any] = read_data("mm_agents.evaluate.synthetic", "words.toml")
"""What drawn pictures say, and the names of fonts."""

_MOST_FILES = 20_000  # font files that are looked at
ACCENTS = "äöüßéèàçñ"


@dataclass(frozen=True, slots=True)
class Face:
    """A font family: its two files; None for the font that Pillow brings along."""

    name: str
    regular: str | None = None
    bold: str | None = None

    def font(self, size: int, *, bold: bool = False) -> Font:
        """The font in a size in pixels."""
        return _font(self.bold if bold else self.regular, size)

    def covers(self, text: str) -> bool:
        """Whether the font has a glyph for every character."""
        return _covers(self.regular, text)


@lru_cache(maxsize=512)
def _font(path: str | None, size: int) -> Font:
    if path is not None:
        return ImageFont.truetype(path, size)
    font = ImageFont.load_default(size)
    if not isinstance(font, ImageFont.FreeTypeFont):
        raise OSError("Pillow was built without FreeType, so that no text can be drawn in a size.")
    return font


@lru_cache(maxsize=4096)
def _covers(path: str | None, text: str) -> bool:
    font = _font(path, 24)
    missing = _glyph(font, "\uffff")
    return all(character.isspace() or _glyph(font, character) != missing for character in text)


def _glyph(font: Font, character: str) -> bytes:
    patch = Image.new("L", (48, 48))
    ImageDraw.Draw(patch).text((8, 36), character, font=font, fill=255, anchor="ls")
    return patch.tobytes()


@lru_cache(maxsize=1)
def faces() -> tuple[Face, ...]:
    """Pillow's own font and the known families in the machine's usual folders, in a fixed order."""
    paths: dict[str, str] = {}
    for folder in _font_folders():
        for count, path in enumerate(sorted(folder.rglob("*.ttf"))):
            if count > _MOST_FILES:
                break
            paths.setdefault(path.name, str(path))
    found = [
        Face(name, paths[regular], paths[bold])
        for name, (regular, bold) in WORDS["fonts"].items()
        if regular in paths and bold in paths
    ]
    return (Face("Pillow's own"), *found)


def _font_folders() -> list[Path]:
    home = Path.home()
    folders = [Path("/usr/share/fonts"), Path("/usr/local/share/fonts"), home / ".fonts", home / ".local/share/fonts"]
    folders += [Path("/Library/Fonts"), Path("/System/Library/Fonts/Supplemental"), home / "Library/Fonts"]
    windows = os.environ.get("WINDIR")
    if windows:
        folders.append(Path(windows) / "Fonts")
    matplotlib = importlib.util.find_spec("matplotlib")
    if matplotlib and matplotlib.origin:
        folders.append(Path(matplotlib.origin).parent / "mpl-data" / "fonts" / "ttf")
    return [folder for folder in folders if folder.is_dir()]


def choose_face(rng: Random, needs: str = "") -> Face:
    """A font that has all characters that are needed; Pillow's own where no font has."""
    fitting = [face for face in faces() if face.covers(needs)]
    return rng.choice(fitting or list(faces()[:1]))


class Canvas:
    """A picture of a size in pixels that remembers every text drawn on it and the box of its ink."""

    def __init__(self, width: int, height: int, background: Colour = WHITE) -> None:
        self.image: Image.Image = Image.new("RGB", (width, height), background)
        self.draw: ImageDraw.ImageDraw = ImageDraw.Draw(self.image)
        self.background = background
        self.lines: list[tuple[str, Box]] = []

    def text(self, x: float, y: float, text: str, font: Font, fill: Colour = BLACK, align: str = "left") -> Box:
        """Draw a line of text with its baseline at y; returns the box of its ink.

        It begins at x, ends there, or has its middle there, by ``align``: "left", "right" or "centre".
        """
        anchor = {"left": "ls", "right": "rs", "centre": "ms"}[align]
        at = (round(x), round(y))
        self.draw.text(at, text, font=font, fill=fill, anchor=anchor)
        mask, offset = font.getmask2(text, mode="L", anchor=anchor)
        ink = mask.getbbox() or (0, 0, 1, 1)
        left, top = at[0] + round(offset[0]), at[1] + round(offset[1])
        box = (left + ink[0], top + ink[1], left + ink[2], top + ink[3])
        if text.strip():
            self.lines.append((text, box))
        return box

    def join(self, count: int) -> None:
        """Make the last texts, of this number, one line of the picture: its pieces were drawn one by one."""
        pieces = self.lines[-count:]
        self.lines[-count:] = [(" ".join(text for text, _ in pieces), union([box for _, box in pieces]))]

    def rule(self, x0: float, y0: float, x1: float, y1: float, fill: Colour = BLACK, width: int = 1) -> None:
        """Draw a straight line."""
        self.draw.line((round(x0), round(y0), round(x1), round(y1)), fill=fill, width=width)

    def dashes(self, x0: float, y0: float, x1: float, y1: float, fill: Colour, dash: int = 6) -> None:
        """Draw a level or upright line of dashes, at the same places wherever it begins."""
        level = y0 == y1
        for at in range(round(x0 if level else y0), round(x1 if level else y1)):
            if at % (2 * dash) < dash:
                self.draw.point((at, round(y0)) if level else (round(x0), at), fill=fill)

    def upright(self, x: int, y: int, text: str, font: Font) -> Box:
        """Draw a line of text that runs upwards from y, its middle at x; returns the box of its ink."""
        high, wide = width_of(text, font), round(font.size * 1.4)
        strip = Image.new("L", (high + 4, wide))
        ImageDraw.Draw(strip).text((2, wide // 2), text, font=font, fill=255, anchor="lm")
        mask = strip.rotate(90, expand=True)
        at = (x - wide // 2, y - high - 2)
        self.image.paste(BLACK, at, mask)
        ink = mask.getbbox() or (0, 0, 1, 1)
        box = (at[0] + ink[0], at[1] + ink[1], at[0] + ink[2], at[1] + ink[3])
        self.lines.append((text, box))
        return box

    def fill(self, x0: float, y0: float, x1: float, y1: float, colour: Colour) -> None:
        """Fill a rectangle."""
        self.draw.rectangle((round(x0), round(y0), round(x1), round(y1)), fill=colour)


def width_of(text: str, font: Font) -> int:
    """How far a line of text advances, in pixels."""
    return round(font.getlength(text))


def wrapped(text: str, font: Font, width: float) -> list[str]:
    """A text in lines no wider than this many pixels, broken at spaces; a longer word has a line to itself."""
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and width_of(longer, font) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def union(boxes: Sequence[Box]) -> Box:
    """The smallest box around all."""
    x0, y0, x1, y1 = zip(*boxes, strict=True)
    return min(x0), min(y0), max(x1), max(y1)


def mixed(one: Colour, other: Colour, share: float) -> Colour:
    """A colour between two: ``share`` of the other."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


Move = Callable[[Box], Box]
"""The place of a drawn picture's box on the picture as written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Noise:
    """What is done to a picture.

    Attributes:
        angle: degrees counter-clockwise.
        blur: radius of a Gaussian blur, in pixels.
        grain: standard deviation of Gaussian noise, in grey levels.
        contrast: what is left of it, 0 to 1.
        quality: of the JPEG; None writes a PNG.
        seed: of the grain.
    """

    angle: float = 0.0
    blur: float = 0.0
    grain: float = 0.0
    contrast: float = 1.0
    quality: int | None = None
    seed: int = 0


def some(rng: Random, *, most_degrees: float = 3.0) -> Noise:
    """A third of the pictures stay as drawn; the others suffer in one way or several."""
    if rng.random() < 0.34:
        return Noise(quality=rng.choice((None, None, 92)))
    return Noise(
        angle=round(rng.uniform(-most_degrees, most_degrees), 2) if rng.random() < 0.5 else 0.0,
        blur=round(rng.uniform(0.3, 0.9), 2) if rng.random() < 0.5 else 0.0,
        grain=round(rng.uniform(2.0, 12.0), 1) if rng.random() < 0.5 else 0.0,
        contrast=round(rng.uniform(0.65, 0.95), 2) if rng.random() < 0.4 else 1.0,
        quality=rng.choice((None, 40, 60, 75, 85)),
        seed=rng.randrange(2**31),
    )


def applied(image: Image.Image, noise: Noise, background: Colour) -> tuple[Image.Image, Move]:
    """The picture with the noise on it, and where boxes went."""
    size = image.size
    if noise.angle:
        image = image.rotate(noise.angle, Image.Resampling.BICUBIC, expand=True, fillcolor=background)
    move = rotated(noise.angle, size, image.size)
    if noise.blur:
        image = image.filter(ImageFilter.GaussianBlur(noise.blur))
    if noise.contrast == 1.0 and not noise.grain:
        return image, move
    pixels = np.asarray(image, dtype=np.float32)
    pixels = 127.5 + (pixels - 127.5) * noise.contrast
    if noise.grain:
        grain = np.random.default_rng(noise.seed).normal(0.0, noise.grain, pixels.shape[:2])
        pixels = pixels + grain[:, :, None].astype(np.float32)
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)), move


def rotated(angle: float, before: tuple[int, int], after: tuple[int, int]) -> Move:
    """How boxes move when a picture is rotated about its middle: each to the box around its rotated corners.

    The angle is in degrees counter-clockwise; the sizes are widths and heights in pixels.
    """
    if not angle:
        return lambda box: box
    sine, cosine = math.sin(math.radians(angle)), math.cos(math.radians(angle))

    def point(x: float, y: float) -> tuple[float, float]:
        dx, dy = x - before[0] / 2, y - before[1] / 2
        return after[0] / 2 + cosine * dx + sine * dy, after[1] / 2 - sine * dx + cosine * dy

    def move(box: Box) -> Box:
        corners = [point(x, y) for x in (box[0], box[2]) for y in (box[1], box[3])]
        return (
            math.floor(min(x for x, _ in corners)),
            math.floor(min(y for _, y in corners)),
            math.ceil(max(x for x, _ in corners)),
            math.ceil(max(y for _, y in corners)),
        )

    return move


def moved(value: Any, move: Move) -> Any:
    """A truth with every box where it has moved: under "box", or listed under "boxes"."""
    if isinstance(value, list):
        return [moved(part, move) for part in value]
    if not isinstance(value, dict):
        return value
    found: dict[str, Any] = {}
    for key, part in value.items():
        if key == "box":
            found[key] = list(move(part)) if part else None
        elif key == "boxes":
            found[key] = [list(move(box)) for box in part]
        else:
            found[key] = moved(part, move)
    return found


def written(images: Sequence[Image.Image], noise: Noise, stem: Path) -> Path:
    """Write a picture beside its name: a JPEG where the noise has a quality, else a PNG; several as pages of a PDF."""
    if len(images) > 1:
        path = stem.with_suffix(".pdf")
        images[0].save(
            path,
            save_all=True,
            append_images=images[1:],
            resolution=PRINT_DPI,
            quality=noise.quality or 90,
            **dict.fromkeys(("title", "creationDate", "modDate")),  # which would differ from file to file
        )
        return path
    path = stem.with_suffix(".png" if noise.quality is None else ".jpg")
    images[0].save(path, quality=noise.quality)  # a PNG has none
    return path


# ---------------------------------------------------------------- photographs, faxes, stamps


def photographed(image: Image.Image, rng: Random) -> tuple[Image.Image, Move]:
    """A page on a table, seen from somewhere above it, under a lamp that leaves a part of it in shadow."""
    width, height = image.size
    edge = round(0.07 * width)
    size = (width + 2 * edge, height + 2 * edge)
    table = mixed(rng.choice(((90, 66, 48), (60, 62, 70), (112, 108, 100))), BLACK, rng.uniform(0.0, 0.4))
    ends = [
        (edge + x * width + rng.uniform(-0.6, 0.6) * edge, edge + y * height + rng.uniform(-0.6, 0.6) * edge)
        for x, y in ((0, 0), (1, 0), (1, 1), (0, 1))
    ]
    there = _homography([(0, 0), (width, 0), (width, height), (0, height)], ends)
    back = np.linalg.inv(there)
    back = (back / back[2, 2]).ravel()[:8].tolist()
    sheet = image.convert("RGB").transform(size, Image.Transform.PERSPECTIVE, back, Image.Resampling.BICUBIC)
    cut = Image.new("L", image.size, 255).transform(size, Image.Transform.PERSPECTIVE, back)
    seen = np.asarray(Image.composite(sheet, Image.new("RGB", size, table), cut), dtype=np.float32)
    angle, middle = rng.uniform(0, 2 * math.pi), rng.uniform(0.35, 0.65)
    down, across = np.mgrid[0 : size[1], 0 : size[0]].astype(np.float32)
    along = math.cos(angle) * (across / size[0] - middle) + math.sin(angle) * (down / size[1] - middle)
    light = 1.0 - rng.uniform(0.2, 0.45) / (1.0 + np.exp(-along * rng.uniform(8, 30)))
    shaded = Image.fromarray(np.clip(seen * light[:, :, None], 0, 255).astype(np.uint8))
    return shaded, lambda box: _through(there, box)


def _homography(places: Sequence[tuple[float, float]], ends: Sequence[tuple[float, float]]) -> Any:
    """The 3 x 3 matrix that takes four points to four others."""
    rows: list[list[float]] = []
    for (x, y), (u, v) in zip(places, ends, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
    return np.append(np.linalg.solve(np.array(rows), np.array(ends).ravel()), 1.0).reshape(3, 3)


def _through(matrix: Any, box: Box) -> Box:
    """The box around the corners of a box, moved by a 3 x 3 matrix."""
    corners = np.array([(x, y, 1) for x in (box[0], box[2]) for y in (box[1], box[3])]) @ matrix.T
    points = corners[:, :2] / corners[:, 2:]
    (x0, y0), (x1, y1) = np.floor(points.min(axis=0)), np.ceil(points.max(axis=0))
    return int(x0), int(y0), int(x1), int(y1)


def faxed(image: Image.Image, rng: Random) -> Image.Image:
    """Black and white in coarse dots, with specks and a line or two that the machine drew."""
    width, height = image.size
    grey = image.convert("L").resize((round(width * 0.8), round(height * 0.8)), Image.Resampling.BILINEAR)
    dots = np.asarray(grey, dtype=np.float32)
    noise = np.random.default_rng(rng.randrange(2**31))
    dots = np.where(dots + noise.normal(0, 14, dots.shape) < rng.uniform(140, 185), 0, 255).astype(np.uint8)
    specks = noise.random(dots.shape)
    dots[specks < 0.0006] = 0
    for _ in range(rng.randint(0, 2)):
        x = rng.randrange(dots.shape[1])
        dots[:, x : x + 1] = 0
    return Image.fromarray(dots).resize((width, height), Image.Resampling.BILINEAR).convert("RGB")


def stamped(image: Image.Image, text: str, at: Box, rng: Random) -> None:
    """Print a stamp, a framed word in a colour that lets the print below show, with its middle in a box."""
    font = faces()[0].font(round(image.width * 0.035), bold=True)
    width, height = width_of(text, font) + 40, round(font.size * 1.8)
    colour = rng.choice(((190, 30, 40), (40, 60, 160), (30, 120, 60)))
    ink = Image.new("L", (width, height), 0)
    pen = ImageDraw.Draw(ink)
    pen.rectangle((3, 3, width - 4, height - 4), outline=150, width=4)
    pen.text((width / 2, height / 2), text, font=font, fill=150, anchor="mm")
    ink = ink.rotate(rng.uniform(-14, 14), Image.Resampling.BICUBIC, expand=True)
    corner = ((at[0] + at[2] - ink.width) // 2, (at[1] + at[3] - ink.height) // 2)
    image.paste(Image.new("RGB", ink.size, colour), corner, ink)


def turned(image: Image.Image, degrees: int) -> tuple[Image.Image, Move]:
    """The picture turned counter-clockwise by a multiple of 90 degrees."""
    after = image.rotate(degrees, expand=True)
    width, height = image.size

    def move(box: Box) -> Box:
        x0, y0, x1, y1 = box
        places: dict[int, Box] = {
            90: (y0, width - x1, y1, width - x0),
            180: (width - x1, height - y1, width - x0, height - y0),
            270: (height - y1, x0, height - y0, x1),
        }
        return places.get(degrees % 360, box)

    return after, move
