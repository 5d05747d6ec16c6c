"""Whether a video's file is whole: what its container announces is compared with what is there.

FFmpeg plays a cut-off Matroska or fragmented MP4 up to the cut and reports no error.
"""

from __future__ import annotations

import os

from mm_agents.media.files import BinaryFile

_MEDIA_BOXES = {b"mdat", b"moov", b"moof"}
_EBML_ID = b"\x1a\x45\xdf\xa3"
_SEGMENT_ID = b"\x18\x53\x80\x67"


def missing_bytes(file: BinaryFile, format: str) -> int:
    """How many bytes the container announces beyond the end of the file; 0 when it is whole or does not say.

    Args:
        file: the content; left at its beginning.
        format: "mp4", "mov", "webm", "mkv" or another, of which nothing is known.
    """
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    if format in ("mp4", "mov"):
        end = _end_of_boxes(file, size)
    elif format in ("webm", "mkv"):
        end = _end_of_segment(file)
    else:
        end = size
    file.seek(0)
    return max(0, end - size)


def _end_of_boxes(file: BinaryFile, size: int) -> int:
    """Where the last top-level box ends that holds media or their index (ISO/IEC 14496-12, 4.2)."""
    at = 0
    while at + 8 <= size:
        file.seek(at)
        header = file.read(16)
        length, kind = int.from_bytes(header[:4], "big"), header[4:8]
        if length == 1:
            length = int.from_bytes(header[8:16], "big")
        if length < 8:  # 0 reaches to the end of the file; anything else is not a box
            return size
        if at + length > size:
            return at + length if kind in _MEDIA_BOXES else size
        at += length
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
