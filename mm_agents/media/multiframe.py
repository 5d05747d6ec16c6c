"""Whether a file of a picture's format holds several frames that are shown in turn, or several pages."""

from __future__ import annotations

import struct
import threading
import warnings
from collections.abc import Generator
from contextlib import contextmanager, suppress
from typing import Literal

from PIL import GifImagePlugin, Image, TiffImagePlugin

from mm_agents.media.containers import BinaryFile

_HEAD = 64 * 1024
_SUBFILE_TYPE = 254
_REDUCED, _MASK = 1, 4  # a smaller version of another page, and a page's mask (TIFF 6.0, section 8)
_MOST_PAGES = 100_000
DECODER_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    EOFError,
    ArithmeticError,
    RuntimeError,
    struct.error,
)
"""What Pillow's decoders are known to raise for damaged content."""

_warnings_lock = threading.Lock()


def animation_or_pages(file: BinaryFile, format: str) -> Literal["video", "pdf"] | None:
    """What a file of a picture's format is instead of one picture: "video" for an animation, "pdf" for pages.

    Args:
        file: the content, at its beginning.
        format: such as "gif".
    """
    match format:
        case "gif":
            return "video" if _gif_moves(file) else None
        case "webp":
            head = file.read(21)
            return "video" if head[12:16] == b"VP8X" and head[20] & 2 else None
        case "png":
            return "video" if _png_moves(file.read(_HEAD)) else None
        case "tiff":
            return "pdf" if len(tiff_pages(file)) > 1 else None
        case _:
            return None


def tiff_pages(file: BinaryFile) -> list[int]:
    """The frames of a TIFF that are pages of their own: not the smaller versions and masks of others."""
    found: list[int] = []
    with suppress(*DECODER_ERRORS, Image.DecompressionBombError), quiet():  # the end, or what decoding will name
        picture = TiffImagePlugin.TiffImageFile(file)
        for n in range(_MOST_PAGES):
            if not picture.tag_v2.get(_SUBFILE_TYPE, 0) & (_REDUCED | _MASK):
                found.append(n)
            picture.seek(n + 1)
    return found


@contextmanager
def quiet() -> Generator[None]:
    """Keep Pillow's warnings about odd metadata away from the user; a lock, as the filters belong to all threads."""
    with _warnings_lock, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _gif_moves(file: BinaryFile) -> bool:
    try:
        return bool(GifImagePlugin.GifImageFile(file).is_animated)
    except (*DECODER_ERRORS, Image.DecompressionBombError):
        return False  # decoding will name it


def _png_moves(head: bytes) -> bool:
    """Whether a PNG has an animation's control chunk, which comes before the pixels, with more than one frame."""
    at = head.find(b"acTL", 0, max(0, head.find(b"IDAT")))
    return at > 0 and int.from_bytes(head[at + 4 : at + 8], "big") > 1
