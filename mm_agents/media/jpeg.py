"""The structure of a JPEG, looked at before it is decoded."""

from __future__ import annotations

import re

from mm_agents.errors import MediaTooLargeError
from mm_agents.media.files import BinaryFile, Limits

_SCAN, _END = 0xDA, 0xD9
_ALONE = {0x01, 0xD8}  # markers without a segment
_WHOLE_FRAMES = {0xC0, 0xC1}  # coded in sequence: a scan of all components is the only one
_FRAMES = {0xC0, 0xC1, 0xC2, 0xC9, 0xCA}
_MARKER = re.compile(rb"\xff([\x01-\xcf\xd8-\xfe])")  # in coded data, 0xff is followed by 0 or a restart
_BLOCK = 64 * 1024


def check_jpeg(file: BinaryFile, name: str, limits: Limits) -> None:
    """Count the segments and scans of a JPEG; the file is at its beginning again afterwards.

    Each scan of a progressive picture costs a pass over all its pixels, however few bytes it has, and metadata is put
    together from any number of segments.

    Raises:
        MediaTooLargeError: more segments or scans than the limits allow.
    """
    segments = scans = components = frame = 0
    at = 0
    while (found := _next_marker(file, at)) and found[0] != _END:
        marker, at = found
        if marker in _ALONE:
            continue
        file.seek(at)
        head = file.read(8)
        at += int.from_bytes(head[:2], "big")
        if marker != _SCAN:
            segments += 1
            if marker in _FRAMES and len(head) == 8:
                frame, components = marker, head[7]
        else:
            scans += 1
            if frame in _WHOLE_FRAMES and len(head) > 2 and head[2] == components:
                break
        for value, limit, what in ((segments, limits.segments, "segments"), (scans, limits.scans, "scans")):
            if value > limit:
                raise MediaTooLargeError(
                    f"{name!r} has more than {limit:,} {what} (Limits.{what}). Open it elsewhere and save it anew."
                )
    file.seek(0)


def _next_marker(file: BinaryFile, at: int) -> tuple[int, int] | None:
    """The next marker at or after a place, and the place behind it."""
    while True:
        file.seek(at)
        block = file.read(_BLOCK)
        if found := _MARKER.search(block):
            return found[1][0], at + found.end()
        if len(block) < _BLOCK:
            return None
        at += len(block) - 1
