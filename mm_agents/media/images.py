"""Pictures: from any of the known formats to upright sRGB pixels on white."""

from __future__ import annotations

import importlib
import io
import re
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import numpy as np
import PIL.Image
from PIL import ImageCms, ImageFile

from mm_agents._optional import require
from mm_agents.errors import ConfigError, DamagedMediaError, MediaTooLargeError
from mm_agents.media.containers import DECODER_ERRORS, quiet, tiff_frames
from mm_agents.media.decoder_processes import allow_more, apart
from mm_agents.media.files import (
    DEFAULT_LIMITS,
    BinaryFile,
    Limits,
    MediaFile,
    Source,
    check_expansion,
    check_limit,
    expect,
)
from mm_agents.types import Box, Image

if TYPE_CHECKING:
    from mm_agents.types import ByteArray

F = TypeVar("F")

_ORIENTATION = 0x0112
_UPRIGHT = {
    2: PIL.Image.Transpose.FLIP_LEFT_RIGHT,
    3: PIL.Image.Transpose.ROTATE_180,
    4: PIL.Image.Transpose.FLIP_TOP_BOTTOM,
    5: PIL.Image.Transpose.TRANSPOSE,
    6: PIL.Image.Transpose.ROTATE_270,
    7: PIL.Image.Transpose.TRANSVERSE,
    8: PIL.Image.Transpose.ROTATE_90,
}
_TURNED = {3, 6, 8}  # and not mirrored
_SWAPS_SIDES = {5, 6, 7, 8}
_PEAK_BYTES = {"webp": 16, "avif": 16, "heic": 16}  # their decoders keep frames of their own
_USUAL_BYTES = 8
_CLEAR_BYTES = 12  # with an alpha channel
_DEEP_BYTES = 20  # scaled as floats
"""Memory that a pixel takes while a picture is decoded and brought to RGB, at its peak."""

_QUICKEST = Fraction(1, 100)
_USUAL_SHOWN = Fraction(1, 10)
"""Browsers show a frame that asks for 10 ms or less for 100 ms, and so do other players."""

_LARGEST_JPEG_SIDE = 65_500

_JPEG_SCAN, _JPEG_END = 0xDA, 0xD9
_BARE_MARKERS = {0x01, 0xD8}  # markers without a segment
_WHOLE_FRAMES = {0xC0, 0xC1}  # coded in sequence: a scan of all components is the only one
_FRAMES = {0xC0, 0xC1, 0xC2, 0xC9, 0xCA}
_MARKER = re.compile(rb"\xff([\x01-\xcf\xd8-\xfe])")  # in coded data, 0xff is followed by 0 or a restart
_BLOCK = 64 * 1024


@apart
def load_image(source: Source, *, max_side: int | None = None, limits: Limits = DEFAULT_LIMITS) -> Image:
    """Decode a picture; the first frame of an animation, the first page of a TIFF.

    Args:
        source: the picture.
        max_side: shrink it so that its longer side is at most this many pixels.
        limits: what is refused as too large, before decoding.

    Returns:
        Upright, sRGB, alpha flattened on white; 16-bit and float greys scaled to 8 bits.

    Raises:
        UnsupportedMediaError: not a picture of a known format.
        MediaTooLargeError: more pixels or bytes than the limits allow.
        DamagedMediaError: the picture is cut off or corrupt.
    """
    _check_side(max_side)
    with _header(expect(source, "image", limits), limits) as (picture, orientation):
        if max_side is not None:
            width, height = _fit(picture.size, max_side)
            picture.draft(None, (2 * width, 2 * height))
        _decode(picture)
        return Image(pixels=_normalised(picture, orientation, max_side))


@apart
def image_size(source: Source, *, limits: Limits = DEFAULT_LIMITS) -> tuple[int, int]:
    """A picture's width and height in pixels as it is displayed; nothing is decoded.

    Raises:
        MediaError: as ``load_image``.
    """
    with _header(expect(source, "image", limits), limits) as (picture, orientation):
        width, height = picture.size
        return (height, width) if orientation in _SWAPS_SIDES else (width, height)


@apart
def picture_count(source: Source, *, limits: Limits = DEFAULT_LIMITS) -> int:
    """How many pictures or frames a picture's file holds, as a burst of HEIC does; ``load_image`` decodes the main one.

    Raises:
        MediaError: as ``load_image``.
    """
    with _header(expect(source, "image", limits), limits) as (picture, _):
        return getattr(picture, "n_frames", 1)


def exif_of(source: Source, blocks: Sequence[int], *, limits: Limits = DEFAULT_LIMITS) -> dict[int, dict[int, Any]]:
    """Blocks of a picture's EXIF data by their tags, each with its values by tag; nothing is decoded.

    A block that is missing or broken is empty.

    Raises:
        MediaError: as ``load_image``.
    """
    found: dict[int, dict[int, Any]] = {block: {} for block in blocks}
    with _header(expect(source, "image", limits), limits) as (picture, _), suppress(*DECODER_ERRORS):
        exif = PIL.Image.Image.getexif(picture)
        for block in blocks:
            found[block] = dict(exif.get_ifd(block))
    return found


@apart
def load_stored(source: Source, *, max_side: int | None = None, limits: Limits = DEFAULT_LIMITS) -> Image:
    """Decode a picture as it is stored, not turned as EXIF says: the pixels that boxes of evidence are counted in.

    A mirrored one comes as it is shown. With ``max_side`` it is shrunk to that many pixels a side.

    Raises:
        MediaError: as ``load_image``.
    """
    with _header(expect(source, "image", limits), limits) as (picture, orientation):
        _decode(picture)
        return Image(pixels=_normalised(picture, 1 if orientation in _TURNED else orientation, max_side))


@apart
def stored_size(source: Source) -> tuple[int, int]:
    """The width and height in pixels that ``load_stored`` decodes; nothing is decoded.

    Raises:
        MediaError: as ``load_image``.
    """
    with _header(expect(source, "image", DEFAULT_LIMITS), DEFAULT_LIMITS) as (picture, orientation):
        width, height = picture.size
        return (height, width) if orientation in _SWAPS_SIDES - _TURNED else (width, height)


@dataclass(frozen=True, slots=True, eq=False)
class Shown(Generic[F]):
    """A frame, such as its pixels, and from when until when it is on show, in seconds from the first one."""

    frame: F
    time: Fraction
    end: Fraction


def animation_frames(source: Source, *, max_side: int, limits: Limits = DEFAULT_LIMITS) -> Iterator[Shown[ByteArray]]:
    """Draw the frames of an animated GIF, WebP or PNG in order; one frame is in memory at a time.

    Raises:
        MediaTooLargeError: the frames together have more pixels than the limits allow, or last longer.
    """
    media = expect(source, "image", limits)
    with _header(media, limits) as (picture, orientation):
        for time, end in _times(picture, media, limits):
            yield Shown(_normalised(picture.copy(), orientation, max_side), time, end)


def animation_ends(source: Source, *, limits: Limits = DEFAULT_LIMITS) -> list[Fraction]:
    """Until when each frame of an animation is shown, in seconds; the frames are read and not scaled or kept.

    Raises:
        MediaError: as ``animation_frames``.
    """
    media = expect(source, "image", limits)
    ends: list[Fraction] = []
    with _header(media, limits) as (picture, _):
        for _, end in _times(picture, media, limits):
            ends.append(end)
            allow_more()
    return ends


def _times(picture: ImageFile.ImageFile, media: MediaFile, limits: Limits) -> Iterator[tuple[Fraction, Fraction]]:
    """From when until when each frame is shown; the picture is at that frame."""
    time, drawn = Fraction(0), 0
    check_expansion(getattr(picture, "n_frames", 1) * picture.width * picture.height, media, limits, "pixels")
    for number in range(getattr(picture, "n_frames", 1)):
        drawn += picture.width * picture.height
        check_limit(drawn, limits, "animation_pixels", media.name)
        picture.seek(number)
        picture.load()
        shown = Fraction(round(float(picture.info.get("duration") or 0))) / 1000
        end = time + (shown if shown > _QUICKEST else _USUAL_SHOWN)
        check_limit(float(end), limits, "seconds", media.name)
        yield time, end
        time = end


@apart
def tiff_pages(
    source: Source, *, numbers: Sequence[int] | None, max_side: int | None = None, limits: Limits
) -> Iterator[tuple[int, Image]]:
    """Number and picture of the pages of a TIFF, as they are stored; two pages at most are in memory at a time.

    Raises:
        ConfigError: the TIFF has no page of a number.
        MediaTooLargeError: more pages than the limits allow.
    """
    media = expect(source, "pdf", limits)
    with media.open() as file:
        frames = tiff_frames(file)
    check_limit(len(frames), limits, "pages", media.name)
    wanted = range(1, len(frames) + 1) if numbers is None else numbers
    for number in wanted:
        if not 1 <= number <= len(frames):
            raise ConfigError(f"{media.name!r} has the pages 1 to {len(frames)}, and no page {number!r}.")
    with _header(media, limits) as (picture, _):
        for number in wanted:
            with quiet():
                picture.seek(frames[number - 1])
            _bound(picture, media, limits)
            _decode(picture)
            yield number, Image(pixels=_normalised(picture, 1, max_side))


@apart
def stored_box(source: Source, box: Box, shown: tuple[int, int]) -> Box:
    """A box in a picture as it is shown, perhaps smaller, as a box in pixels of the picture as stored.

    Args:
        source: the picture; ``load_stored`` decodes it as it is stored.
        box: in pixels of what was looked at.
        shown: the width and height of what was looked at.

    Raises:
        MediaError: as ``load_image``.
    """
    with _header(expect(source, "image", DEFAULT_LIMITS), DEFAULT_LIMITS) as (picture, orientation):
        width, height = picture.size
    turned = orientation if orientation in _TURNED else 1
    if orientation in _SWAPS_SIDES and turned == 1:
        width, height = height, width  # a mirrored picture is decoded as it is shown
    if turned in _SWAPS_SIDES:
        x, y = height / shown[0], width / shown[1]
    else:
        x, y = width / shown[0], height / shown[1]
    x0, y0, x1, y1 = round(box.x0 * x), round(box.y0 * y), round(box.x1 * x), round(box.y1 * y)
    match turned:
        case 3:
            x0, y0, x1, y1 = width - x1, height - y1, width - x0, height - y0
        case 6:  # shown turned by a quarter clockwise
            x0, y0, x1, y1 = y0, height - x1, y1, height - x0
        case 8:
            x0, y0, x1, y1 = width - y1, x0, width - y0, x1
        case _:
            pass
    return Box(x0=max(x0, 0), y0=max(y0, 0), x1=min(max(x1, x0 + 1), width), y1=min(max(y1, y0 + 1), height))


def from_pil(picture: PIL.Image.Image) -> Image:
    """Turn a Pillow picture of any mode into an Image, as ``load_image`` does.

    Raises:
        DamagedMediaError: the picture was opened from a file that is cut off or corrupt.
    """
    with _typed("the picture"):
        picture.load()
        return Image(pixels=_normalised(picture, _orientation(picture), None))


def shrink(image: Image, max_side: int) -> Image:
    """The picture in the same proportions with at most this many pixels a side; itself when it has no more."""
    _check_side(max_side)
    if max(image.pixels.shape[:2]) <= max_side:
        return image
    return Image(pixels=np.asarray(_shrunk(PIL.Image.fromarray(image.pixels), max_side)))


def encode_jpeg(pixels: ByteArray, *, max_side: int | None = None, quality: int = 85) -> bytes:
    """Encode pixels as a JPEG.

    Args:
        pixels: uint8, shape (height, width, 3), sRGB.
        max_side: shrink it so that its longer side is at most this many pixels.
        quality: 1 to 95, higher is better and larger.

    Raises:
        ConfigError: the pixels have another type or shape, or more than 65,500 on a side.
    """
    _check_side(max_side)
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3 or 0 in pixels.shape:
        raise ConfigError(
            f"Pixels have to be uint8 of shape (height, width, 3), not {pixels.dtype} of shape {pixels.shape}."
        )
    picture = PIL.Image.fromarray(pixels)
    if max_side is not None:
        picture = _shrunk(picture, max_side)
    if max(picture.size) > _LARGEST_JPEG_SIDE:
        raise ConfigError(f"A JPEG's side has at most {_LARGEST_JPEG_SIDE:,} pixels, not {max(picture.size):,}.")
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=quality)
    return file.getvalue()


# ---------------------------------------------------------------- opening


@contextmanager
def _header(media: MediaFile, limits: Limits) -> Generator[tuple[ImageFile.ImageFile, int]]:
    """The picture, its header read and its size checked but nothing decoded, and its EXIF orientation.

    The plugin of the sniffed format is called directly: no other decoder is reached, and the pixel limit is the
    caller's and not the one that ``PIL.Image.open`` keeps for the whole process.
    """
    opener = _opener(media.format)
    with media.open() as file, _typed(repr(media.name)):
        if media.format == "jpeg":
            _check_jpeg(file, media.name, limits)
        with quiet():
            picture: ImageFile.ImageFile = opener(file)
            _bound(picture, media, limits)
            orientation = _orientation(picture)
        yield picture, orientation


def _opener(format: str) -> Callable[[BinaryFile], ImageFile.ImageFile]:
    if format == "heic":
        return require("pillow_heif", extra="heic", feature="Reading HEIC pictures").HeifImageFile
    plugin = "WebP" if format == "webp" else format.capitalize()
    return getattr(importlib.import_module(f"PIL.{plugin}ImagePlugin"), f"{plugin}ImageFile")


def _bound(picture: PIL.Image.Image, media: MediaFile, limits: Limits) -> None:
    width, height = picture.size
    deep = picture.mode == "F" or picture.mode.startswith("I")
    usual = _CLEAR_BYTES if picture.has_transparency_data else _USUAL_BYTES
    memory = width * height * (_DEEP_BYTES if deep else _PEAK_BYTES.get(media.format, usual))
    for setting, value, limit in (
        ("pixels", width * height, limits.pixels),
        ("side", max(width, height), limits.side),
        ("decoded_bytes", memory, limits.decoded_bytes),
    ):
        if value > limit:
            takes = f", which take {value:,} bytes to decode" if setting == "decoded_bytes" else ""
            raise MediaTooLargeError(
                f"{media.name!r} has {width:,} x {height:,} pixels{takes}; the limit is {limit:,} (Limits.{setting})."
            )


def _decode(picture: PIL.Image.Image) -> None:
    with quiet() if picture.format == "TIFF" else nullcontext():  # it reads more metadata while it decodes
        picture.load()


def _orientation(picture: PIL.Image.Image) -> int:
    """The EXIF orientation, 1 to 8, that is still to be applied."""
    if picture.format == "TIFF":
        return 1  # Pillow applies it itself
    try:
        # The base class's method, since the one of PNG decodes the picture to look for EXIF behind its pixels.
        value = PIL.Image.Image.getexif(picture).get(_ORIENTATION)
    except DECODER_ERRORS:
        return 1  # the picture is fine without its broken EXIF block
    return value if isinstance(value, int) else 1


@contextmanager
def _typed(name: str) -> Generator[None]:
    """Turn what Pillow raises into an error of ours."""
    try:
        yield
    except MediaTooLargeError:
        raise
    except PIL.Image.DecompressionBombError as error:
        raise MediaTooLargeError(f"{name} is too large: {error}") from error
    except DECODER_ERRORS as error:
        raise DamagedMediaError(f"{name} is cut off or corrupt: {error}") from error


# ---------------------------------------------------------------- the structure of a JPEG


def _check_jpeg(file: BinaryFile, name: str, limits: Limits) -> None:
    """Count the segments and scans of a JPEG; the file is at its beginning again afterwards.

    Each scan of a progressive picture costs a pass over all its pixels, however few bytes it has, and metadata is put
    together from any number of segments.

    Raises:
        MediaTooLargeError: more segments or scans than the limits allow.
    """
    segments = scans = components = frame = 0
    at = 0
    while (marked := _next_marker(file, at)) and marked[0] != _JPEG_END:
        marker, at = marked
        if marker in _BARE_MARKERS:
            continue
        file.seek(at)
        head = file.read(8)
        at += int.from_bytes(head[:2], "big")
        if marker != _JPEG_SCAN:
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
        if marker := _MARKER.search(block):
            return marker[1][0], at + marker.end()
        if len(block) < _BLOCK:
            return None
        at += len(block) - 1


# ---------------------------------------------------------------- normalising


def _normalised(picture: PIL.Image.Image, orientation: int, max_side: int | None) -> ByteArray:
    """Upright sRGB pixels on white. Shrinks first, so that the rest is done to few pixels."""
    profile = picture.info.get("icc_profile")
    picture = _plain(picture)
    if max_side is not None:
        picture = _shrunk(picture, max_side)
    alpha = picture.getchannel("A") if picture.mode == "RGBA" else None
    picture = _to_srgb(picture.convert("RGB") if alpha else picture, profile)
    if alpha:
        white = PIL.Image.new("RGB", picture.size, "white")
        white.paste(picture, mask=alpha)
        picture = white
    if orientation in _UPRIGHT:
        picture = picture.transpose(_UPRIGHT[orientation])
    return np.array(picture)


def _plain(picture: PIL.Image.Image) -> PIL.Image.Image:
    """The picture in a mode that can be shrunk and colour-managed: L, RGB, CMYK or RGBA."""
    mode = picture.mode
    if mode == "F" or mode.startswith("I"):
        return _grey(picture)
    if mode == "La":
        picture = picture.convert("LA")
    if picture.has_transparency_data:
        return picture.convert("RGBA")
    if mode in ("L", "RGB", "CMYK"):
        return picture
    return picture.convert("L" if mode == "1" else "RGB")


def _grey(picture: PIL.Image.Image) -> PIL.Image.Image:
    """Scale 16-bit and 32-bit integers and floats to 8 bits.

    Integers are taken to run from 0 to 65535 and floats from 0 to 1; where they leave that range, the least value
    becomes black and the greatest white.
    """
    values = np.nan_to_num(np.asarray(picture, dtype=np.float32), nan=0.0, posinf=0.0, neginf=0.0)
    low, high = float(values.min()), float(values.max())
    full = 1.0 if picture.mode == "F" else 65535.0
    if low >= 0 and high <= full:
        low, high = 0.0, full
    scale = 255 / (high - low) if high > low else 0.0
    return PIL.Image.fromarray((values * scale - low * scale + 0.5).clip(0, 255).astype(np.uint8))


def _to_srgb(picture: PIL.Image.Image, profile: object) -> PIL.Image.Image:
    """Convert to sRGB by the embedded profile; a broken or mismatched one is passed over."""
    if isinstance(profile, bytes) and profile:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            if "sRGB" not in ImageCms.getProfileDescription(source):
                target = ImageCms.createProfile("sRGB")
                converted = ImageCms.profileToProfile(picture, source, target, outputMode="RGB")
                return converted or picture
        except (OSError, ImageCms.PyCMSError):
            pass
    return picture.convert("RGB")


def _shrunk(picture: PIL.Image.Image, max_side: int) -> PIL.Image.Image:
    size = _fit(picture.size, max_side)
    if size == picture.size:
        return picture
    return picture.resize(size, PIL.Image.Resampling.LANCZOS, reducing_gap=2.0)


def _fit(size: tuple[int, int], max_side: int) -> tuple[int, int]:
    """The size in the same proportions whose longer side is at most that; never larger."""
    scale = min(1.0, max_side / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _check_side(max_side: int | None) -> None:
    if max_side is not None and max_side < 1:
        raise ConfigError(f"max_side has to be at least 1 pixel, not {max_side!r}.")
