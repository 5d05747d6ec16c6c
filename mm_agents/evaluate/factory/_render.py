"""Drawing of known pictures: fonts that the machine has, and texts whose ink is measured as they are drawn."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from random import Random

from PIL import Image, ImageDraw, ImageFont

Box = tuple[int, int, int, int]
Colour = tuple[int, int, int]
Font = ImageFont.FreeTypeFont

BLACK: Colour = (20, 20, 22)
WHITE: Colour = (255, 255, 255)

_FAMILIES: dict[str, tuple[str, str]] = {
    "DejaVu Sans": ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf"),
    "DejaVu Sans Condensed": ("DejaVuSansCondensed.ttf", "DejaVuSansCondensed-Bold.ttf"),
    "DejaVu Serif": ("DejaVuSerif.ttf", "DejaVuSerif-Bold.ttf"),
    "DejaVu Serif Condensed": ("DejaVuSerifCondensed.ttf", "DejaVuSerifCondensed-Bold.ttf"),
    "DejaVu Sans Mono": ("DejaVuSansMono.ttf", "DejaVuSansMono-Bold.ttf"),
    "Liberation Sans": ("LiberationSans-Regular.ttf", "LiberationSans-Bold.ttf"),
    "Liberation Serif": ("LiberationSerif-Regular.ttf", "LiberationSerif-Bold.ttf"),
    "Noto Sans": ("NotoSans-Regular.ttf", "NotoSans-Bold.ttf"),
    "Noto Serif": ("NotoSerif-Regular.ttf", "NotoSerif-Bold.ttf"),
    "Open Sans": ("OpenSans-Regular.ttf", "OpenSans-Bold.ttf"),
    "Carlito": ("Carlito-Regular.ttf", "Carlito-Bold.ttf"),
    "Arial": ("Arial.ttf", "Arial Bold.ttf"),
    "Arial (Windows)": ("arial.ttf", "arialbd.ttf"),
    "Times New Roman": ("Times New Roman.ttf", "Times New Roman Bold.ttf"),
    "Times New Roman (Windows)": ("times.ttf", "timesbd.ttf"),
    "Georgia": ("Georgia.ttf", "Georgia Bold.ttf"),
    "Verdana (Windows)": ("verdana.ttf", "verdanab.ttf"),
}
_MOST_FILES = 20_000  # font files that are looked at
ACCENTS = "äöüßéèàçñ"


@dataclass(frozen=True, slots=True)
class Face:
    """A font family: its two files; None for the font that Pillow brings along."""

    name: str
    regular: str | None = None
    bold: str | None = None

    def font(self, size: int, *, bold: bool = False) -> Font:
        """The font in a size of so many pixels."""
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
    files: dict[str, str] = {}
    for folder in _font_folders():
        for count, path in enumerate(sorted(folder.rglob("*.ttf"))):
            if count > _MOST_FILES:
                break
            files.setdefault(path.name, str(path))
    found = [
        Face(name, files[regular], files[bold])
        for name, (regular, bold) in _FAMILIES.items()
        if regular in files and bold in files
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
    """A picture that remembers every text drawn on it and where its ink lies.

    Args:
        width: in pixels.
        height: in pixels.
        background: its colour.
    """

    def __init__(self, width: int, height: int, background: Colour = WHITE) -> None:
        self.image = Image.new("RGB", (width, height), background)
        self.draw = ImageDraw.Draw(self.image)
        self.background = background
        self.lines: list[tuple[str, Box]] = []

    def text(self, x: float, y: float, text: str, font: Font, fill: Colour = BLACK, align: str = "left") -> Box:
        """Draw a line of text with its baseline at y.

        Args:
            x: where it begins, ends or has its middle, in pixels, by ``align``.
            y: the baseline, in pixels.
            text: one line; nothing is drawn for "".
            font: as `Face.font` gives it.
            fill: its colour.
            align: "left", "right" or "centre".

        Returns:
            The box of its ink.
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
        """Make the last so many texts one line of the picture: its pieces were drawn by themselves."""
        pieces = self.lines[-count:]
        self.lines[-count:] = [(" ".join(text for text, _ in pieces), union([box for _, box in pieces]))]

    def rule(self, x0: float, y0: float, x1: float, y1: float, fill: Colour = BLACK, width: int = 1) -> None:
        """Draw a straight line."""
        self.draw.line((round(x0), round(y0), round(x1), round(y1)), fill=fill, width=width)

    def fill(self, x0: float, y0: float, x1: float, y1: float, colour: Colour) -> None:
        """Fill a rectangle."""
        self.draw.rectangle((round(x0), round(y0), round(x1), round(y1)), fill=colour)


def width_of(text: str, font: Font) -> int:
    """How far a line of text advances, in pixels."""
    return round(font.getlength(text))


def wrapped(text: str, font: Font, width: float) -> list[str]:
    """A text in lines no wider than so many pixels, broken at spaces; a longer word stands alone."""
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
    return (
        min(box[0] for box in boxes),
        min(box[1] for box in boxes),
        max(box[2] for box in boxes),
        max(box[3] for box in boxes),
    )


def mixed(one: Colour, other: Colour, share: float) -> Colour:
    """A colour between two: ``share`` of the other."""
    return (
        round(one[0] + (other[0] - one[0]) * share),
        round(one[1] + (other[1] - one[1]) * share),
        round(one[2] + (other[2] - one[2]) * share),
    )
