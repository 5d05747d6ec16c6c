"""When and where a picture or clip was taken, as its file says; nothing is decoded."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal

from mm_agents.errors import MediaError
from mm_agents.media.decoder_processes import apart
from mm_agents.media.files import DEFAULT_LIMITS, Limits, MediaFile
from mm_agents.media.images import exif_of
from mm_agents.media.videos import creation_time

if TYPE_CHECKING:
    from pathlib import Path

_EXIF, _GPS = 0x8769, 0x8825
_TAKEN, _OFFSET = 0x9003, 0x9011
_DATE = re.compile(r"(\d{4})[:-](\d\d)[:-](\d\d)[ T](\d\d):(\d\d):(\d\d)")
_ZONE = re.compile(r"[+-]\d\d:\d\d")


@dataclass(frozen=True, slots=True, kw_only=True)
class Capture:
    """When and where a picture or clip was taken.

    Attributes:
        taken: the moment in ISO form, with its offset from UTC where the file says it; None where nothing says when.
        taken_from: what says so: the camera's "EXIF", the clip's "container", or the "file" as it was last changed.
        latitude: in degrees, north positive; None where the file does not say where.
        longitude: in degrees, east positive.
    """

    taken: str | None = None
    taken_from: Literal["EXIF", "container", "file"] | None = None
    latitude: float | None = None
    longitude: float | None = None


@apart
def capture_of(
    media: MediaFile, path: Path | None = None, *, location: bool = True, limits: Limits = DEFAULT_LIMITS
) -> Capture:
    """When and where a picture or clip was taken.

    Args:
        media: a picture or clip; of anything else nothing is known.
        path: its file, whose last change counts where nothing in it says when.
        location: say where, too.
        limits: what is refused as too large.
    """
    taken: str | None = None
    source: Literal["EXIF", "container", "file"] | None = None
    place: tuple[float, float] | None = None
    try:
        if media.media_type == "image":
            exif = exif_of(media, (_EXIF, _GPS), limits=limits)
            taken, source = _moment(exif[_EXIF].get(_TAKEN), exif[_EXIF].get(_OFFSET)), "EXIF"
            place = _place(exif[_GPS]) if location else None
        elif media.media_type == "video":
            taken, source = _moment(creation_time(media, limits=limits), None, zone="+00:00"), "container"
    except MediaError:
        taken = None  # it cannot be read: decoding it says so
    if taken is None and path is not None and media.media_type in ("image", "video"):
        changed = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        taken, source = changed.isoformat(timespec="seconds"), "file"
    return Capture(
        taken=taken,
        taken_from=source if taken else None,
        latitude=place[0] if place else None,
        longitude=place[1] if place else None,
    )


def _moment(written: Any, offset: Any, *, zone: str = "") -> str | None:
    """A date and time in ISO form; None where it is none, such as all zeros."""
    found = _DATE.match(written.strip()) if isinstance(written, str) else None
    if found is None:
        return None
    try:
        year, month, day, *clock = found.groups()
        moment = datetime.fromisoformat(f"{year}-{month}-{day}T{':'.join(clock)}")
    except ValueError:
        return None
    said = offset.strip() if isinstance(offset, str) else ""
    return moment.isoformat() + (said if _ZONE.fullmatch(said) else zone)


def _place(gps: dict[int, Any]) -> tuple[float, float] | None:
    """Latitude and longitude from EXIF's GPS tags."""
    latitude, longitude = _degrees(gps.get(2), gps.get(1), "S"), _degrees(gps.get(4), gps.get(3), "W")
    if latitude is None or longitude is None or abs(latitude) > 90 or abs(longitude) > 180:
        return None
    return round(latitude, 6), round(longitude, 6)


def _degrees(parts: Any, side: Any, negative: str) -> float | None:
    try:
        degrees, minutes, seconds = (float(Fraction(part)) for part in parts)
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    value = degrees + minutes / 60 + seconds / 3600
    if not math.isfinite(value):
        return None
    return -value if str(side).strip("\0 ").upper() == negative else value
