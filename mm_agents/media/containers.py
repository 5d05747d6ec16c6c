"""The structure of files: whether they are whole, and whether they hold sound alone, an animation, or several pages."""

from __future__ import annotations

import io
import os
import re
import struct
import threading
import warnings
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from typing import Literal

from PIL import GifImagePlugin, Image, TiffImagePlugin

BinaryFile = io.BufferedReader | io.BytesIO

_MEDIA_BOXES = {b"mdat", b"moov", b"moof"}
_EBML_ID = b"\x1a\x45\xdf\xa3"
_SEGMENT_ID = b"\x18\x53\x80\x67"
_HANDLER = re.compile(rb"hdlr.{8}(vide|soun)", re.DOTALL)
"""Where a track says what it holds (ISO/IEC 14496-12, 8.4.3)."""

_CODEC = re.compile(rb"\x86[\x81-\xff]([VA])_")
"""Where a Matroska track names its codec."""

DEMUXERS = {
    **{name: name for name in ("wav", "mp3", "flac", "ogg", "avi", "flv")},
    **dict.fromkeys(("mp4", "mov", "m4a"), "mov"),
    **dict.fromkeys(("webm", "mkv", "weba", "mka"), "matroska"),
    "ts": "mpegts",
    "mpg": "mpeg",
    "wmv": "asf",
}
"""What FFmpeg calls the containers of videos and sound."""

_XING_WITHIN = 64  # a frame's head and side information, and the header of its encoder
_TRACKS_WITHIN = 1024**2
_LARGEST_INDEX = 64 * 1024**2
_UNKNOWN_LENGTH = 0xFFFFFFFF
_LONGEST_PAGE = 27 + 255 + 255 * 255


def missing_bytes(file: BinaryFile, format: str) -> int:
    """How many bytes the container announces beyond the end of the file; 0 when it is whole or does not say.

    Args:
        file: the content; left at its beginning.
        format: "mp4", "mov", "m4a", "webm", "mkv", "weba", "mka", "wav", "avi", "ogg", "mp3" or another, of which
            nothing is known.
    """
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    if format in ("mp4", "mov", "m4a"):
        end = _end_of_boxes(file, size)
    elif format in ("webm", "mkv", "weba", "mka"):
        end = _end_of_segment(file)
    elif format == "wav":
        end = _end_of_wave(file)
    elif format == "avi":
        end = 8 + int.from_bytes(file.read(8)[4:], "little")
    elif format == "ogg":
        end = _end_of_page(file, size)
    elif format == "mp3":
        end = _end_of_mpeg_audio(file)
    else:
        end = size
    file.seek(0)
    return max(0, end - size)


def sound_alone(file: BinaryFile, format: str) -> bool:
    """Whether a container of videos holds sound and no video, as a recording of a phone may.

    Args:
        file: the content; left at its beginning.
        format: of its first bytes; any that is not such a container gives False.
    """
    if format in ("mp4", "mov"):
        kinds = set(_HANDLER.findall(_index_of_boxes(file)))
        found = b"soun" in kinds and b"vide" not in kinds
    elif format in ("webm", "mkv"):
        file.seek(0)
        kinds = set(_CODEC.findall(file.read(_TRACKS_WITHIN)))
        found = kinds == {b"A"}
    else:
        return False
    file.seek(0)
    return found


def _boxes(file: BinaryFile) -> Iterator[tuple[bytes, int, int]]:
    """The kind of each top-level box, where it begins, and where it says that it ends (ISO/IEC 14496-12, 4.2)."""
    size = file.seek(0, os.SEEK_END)
    at = 0
    while at + 8 <= size:
        file.seek(at)
        header = file.read(16)
        length, kind = int.from_bytes(header[:4], "big"), header[4:8]
        if length == 1:
            length = int.from_bytes(header[8:16], "big")
        elif length == 0:
            length = size - at  # to the end of the file
        if length < 8:  # not a box
            return
        yield kind, at, at + length
        at += length


def _index_of_boxes(file: BinaryFile) -> bytes:
    """The box that describes the tracks (``moov``); b"" where there is none, or a very large one."""
    for kind, start, end in _boxes(file):
        if kind == b"moov" and end - start <= _LARGEST_INDEX:
            file.seek(start)
            return file.read(end - start)
    return b""


def _end_of_page(file: BinaryFile, size: int) -> int:
    """Where the last page of an Ogg file says that it ends (RFC 3533, 6)."""
    file.seek(max(0, size - _LONGEST_PAGE))
    tail = file.read()
    page = tail.rfind(b"OggS")
    segments = tail[page + 26] if page >= 0 and page + 26 < len(tail) else 0
    return size - len(tail) + page + 27 + segments + sum(tail[page + 27 : page + 27 + segments]) if segments else 0


def _end_of_mpeg_audio(file: BinaryFile) -> int:
    """Where an MP3 file ends by the header of its encoder ("Xing" or "Info") in its first frame; 0 without one."""
    head = file.read(10)
    start = 0
    if head[:3] == b"ID3":  # a tag before it, its length in seven bits a byte (ID3v2.4, 3.1)
        start = 10 + sum((byte & 0x7F) << shift for byte, shift in zip(head[6:], (21, 14, 7, 0), strict=False))
    file.seek(start)
    frame = file.read(_XING_WITHIN)
    at = max(frame.find(b"Xing"), frame.find(b"Info"))
    flags = int.from_bytes(frame[at + 4 : at + 8], "big") if at > 0 else 0
    if not flags & 2:
        return 0
    place = at + 8 + 4 * (flags & 1)
    return start + int.from_bytes(frame[place : place + 4], "big")


def _end_of_wave(file: BinaryFile) -> int:
    """Where the RIFF chunk ends; 0 when its writer did not know."""
    length = int.from_bytes(file.read(8)[4:], "little")
    return 0 if length in (0, _UNKNOWN_LENGTH) else length + 8 - length % 2


def _end_of_boxes(file: BinaryFile, size: int) -> int:
    """Where the last box ends that holds media or their index; the file's size where that is whole."""
    for kind, _, end in _boxes(file):
        if end > size:
            return end if kind in _MEDIA_BOXES else size
    return size


def _end_of_segment(file: BinaryFile) -> int:
    """Where the Matroska segment ends; 0 when it does not say, as in a live recording (RFC 8794, 4 to 6)."""
    if file.read(4) != _EBML_ID:
        return 0
    header = _element_size(file)
    if header is None:
        return 0
    file.seek(header, os.SEEK_CUR)
    if file.read(4) != _SEGMENT_ID:
        return 0
    length = _element_size(file)
    return 0 if length is None else file.tell() + length


def _element_size(file: BinaryFile) -> int | None:
    """Read a variable-size integer; None when all its bits are set, which means unknown."""
    first = file.read(1)
    if not first or not first[0]:
        return None
    width = 9 - first[0].bit_length()
    value = int.from_bytes(first + file.read(width - 1), "big") & ((1 << 7 * width) - 1)
    return None if value == (1 << 7 * width) - 1 else value


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
            return "pdf" if len(tiff_frames(file)) > 1 else None
        case _:
            return None


def tiff_frames(file: BinaryFile) -> list[int]:
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
