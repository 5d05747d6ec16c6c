"""Pictures of sources: the page with its box, the frame of a moment, the passage of a text."""

from __future__ import annotations

import io
import os
import textwrap
from pathlib import Path
from typing import Protocol

import PIL.Image
import PIL.ImageDraw
import PIL.ImageFont

from mm_agents import media
from mm_agents.errors import MediaError
from mm_agents.media import MediaFile
from mm_agents.toolbox.sources import stored_page
from mm_agents.types import SOUND_RATE, Box, Evidence, Image

_COLOUR = "#0969da"
_MARK = "#d1242f"
_TEXT_WIDTH = 560
_FRAMES = 3


class Placed(Protocol):
    """What a picture is drawn of: a place in a file. ``Source`` is one."""

    @property
    def evidence(self) -> Evidence:
        """The place."""
        ...

    @property
    def name(self) -> str:
        """The name of the file."""
        ...

    @property
    def media_type(self) -> str:
        """The kind of file."""
        ...

    @property
    def root(self) -> str | None:
        """The folder that a relative path starts from."""
        ...


def place_of(path: str, root: str | Path | None) -> Path:
    """Where a source's file lies.

    Args:
        path: as the evidence has it.
        root: the folder that a relative path starts from.

    Raises:
        MediaError: the path is relative without a root, or leads out of the root.
    """
    if Path(path).is_absolute():
        return Path(path)
    if root is None:
        raise MediaError(
            f"{path!r} belongs to a library that was not given. Pass it: '--library LIB' at the command line, "
            "library= or root= for verify, root= for Answer.load."
        )
    if os.path.normpath(path).split(os.sep)[0] == os.pardir:
        raise MediaError(f"{path!r} leads out of the library; the path of a file outside of it has to be absolute.")
    return Path(root) / path


def file_of(source: Placed) -> MediaFile:
    """A source's file, unchanged.

    Raises:
        MediaError: there is none, its library was not given, it is gone, or it has changed.
    """
    evidence = source.evidence
    if evidence.path is None or evidence.sha256 is None:
        raise MediaError(f"{source.name!r} has no file of its own.")
    file = media.inspect(place_of(evidence.path, source.root))
    if file.sha256 != evidence.sha256:
        raise MediaError(f"{source.name!r} was changed since it was looked at.")
    return file


def page_of(source: Placed, file: MediaFile) -> Image:
    """The page that a source lies on, as stored; of a clip the moment's middle frame, of a recording its wave form."""
    if file.media_type == "video":
        return frames_of(source, file, 1)[0][1]
    if file.media_type == "audio":
        return media.load_image(wave_of(source, file))
    return stored_page(file, source.evidence.page or 1)


def wave_of(source: Placed, file: MediaFile) -> bytes:
    """The wave form of a recording with the source's moment marked, as a JPEG."""
    stretches = list(media.sounds(file))
    seconds = max(sum(len(one.samples) for one in stretches) / SOUND_RATE, 0.01)
    picture = PIL.Image.open(io.BytesIO(media.wave_form(stretches))).convert("RGB")
    if source.evidence.t0 is not None:
        places = [
            time / seconds * picture.width for time in (source.evidence.t0, source.evidence.t1 or source.evidence.t0)
        ]
        left, right = max(0, int(places[0]) - 1), min(picture.width - 1, int(places[1]) + 1)
        PIL.ImageDraw.Draw(picture).rectangle((left, 1, right, picture.height - 2), outline=_MARK, width=2)
    drawn = io.BytesIO()
    picture.save(drawn, "JPEG", quality=90)
    return drawn.getvalue()


def frames_of(source: Placed, file: MediaFile, count: int = _FRAMES) -> list[tuple[float, Image]]:
    """Frames of a clip's moment, evenly over it, each with its second."""
    start = source.evidence.t0 or 0.0
    end = source.evidence.t1 if source.evidence.t1 is not None else start + 2.0
    found: list[tuple[float, Image]] = []
    for clip in media.segments(file):
        if clip.end <= start:
            continue
        if clip.start >= end:
            break
        found += [
            (time, Image(pixels=frame))
            for time, frame in zip(clip.times, clip.frames, strict=True)
            if start - 0.01 <= time <= end
        ]
    if not found:
        raise MediaError(f"{source.name!r} has no frame from {start:g} s to {end:g} s.")
    step = max(len(found) / count, 1.0)
    return [found[min(int((n + 0.5) * step), len(found) - 1)] for n in range(min(count, len(found)))]


def drawn(source: Placed) -> PIL.Image.Image:
    """The whole page or frame with the source's box drawn on it; a text's passage as a picture.

    Raises:
        MediaError: the file is gone or changed, or cannot be read.
    """
    if source.media_type == "text" or source.evidence.path is None:
        return passage(source.evidence.quote or source.name)
    image = page_of(source, file_of(source))
    picture = PIL.Image.fromarray(image.pixels).convert("RGB")
    box = source.evidence.box
    if box is not None:
        pen = PIL.ImageDraw.Draw(picture)
        width = max(2, max(picture.size) // 400)
        pen.rectangle((box.x0 - 3, box.y0 - 3, box.x1 + 2, box.y1 + 2), outline=_COLOUR, width=width)
    return picture


def cropped(source: Placed, margin: float = 1.5) -> PIL.Image.Image:
    """The place of a source alone, with some of the page around it; all of it where it has no box.

    Args:
        source: what to show.
        margin: how much around the box, in heights of the box.

    Raises:
        MediaError: as ``drawn``.
    """
    picture, box = drawn(source), source.evidence.box
    return picture if box is None else picture.crop(around(box, picture.size, margin))


def around(box: Box, size: tuple[int, int], margin: float) -> tuple[int, int, int, int]:
    """A box with a margin of so many of its heights, and at the sides so much that its line can be read."""
    edge = int(margin * (box.y1 - box.y0)) + 8
    side = max(edge, (size[0] // 2 - (box.x1 - box.x0)) // 2)
    left, top = max(box.x0 - side, 0), max(box.y0 - edge, 0)
    return left, top, min(box.x1 + side, size[0]), min(box.y1 + edge, size[1])


def passage(text: str) -> PIL.Image.Image:
    """A text as a picture."""
    font = PIL.ImageFont.load_default(16)
    lines = [line for block in text.splitlines() for line in textwrap.wrap(block, 64) or [""]][:40]
    picture = PIL.Image.new("RGB", (_TEXT_WIDTH, 28 + 24 * max(len(lines), 1)), "#fbfbf9")
    pen = PIL.ImageDraw.Draw(picture)
    pen.multiline_text((16, 12), "\n".join(lines), fill="#222", font=font, spacing=6)
    return picture
