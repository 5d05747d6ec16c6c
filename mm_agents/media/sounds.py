"""Sound: recordings and the sound tracks of videos, decoded into stretches of samples, and drawn as a wave form."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from mm_agents.errors import DamagedMediaError, UnsupportedMediaError
from mm_agents.media.containers import DEMUXERS
from mm_agents.media.decoder_processes import allow_more, apart
from mm_agents.media.files import DEFAULT_LIMITS, Limits, MediaFile, Source, check_limit, inspect
from mm_agents.media.images import encode_jpeg
from mm_agents.media.videos import load_av, opened_container
from mm_agents.types import SOUND_RATE, Sound

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import InputContainer

    from mm_agents.types import ByteArray, FloatArray

_COUNTED = ("wav", "flac", "m4a")
"""The formats of sound whose headers count the samples; others tell a length that is estimated or that of the video."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SoundParameters:
    """The numbers that decide how sound is cut and drawn.

    Attributes:
        stretch: seconds that are in memory at once, some 20 MB; a recogniser hears up to half a minute at a time.
        cut_within: the share at a stretch's end in which it is cut where it is quietest: in a pause, not in a word.
        cut_seconds: how long that quiet place is; pauses between words of fluent speech are shorter.
        gap: seconds without samples from which silence is put in, so that times stay those of the file; less is the
            rounding of time stamps.
        slack: seconds that may be missing from what the header tells; encoders pad by some hundredths.
        columns: of a wave form.
        rows: of a wave form.
        level_seconds: what one level of loudness is measured over.
    """

    stretch: float = 300.0
    cut_within: float = 0.2
    cut_seconds: float = 0.3
    gap: float = 0.1
    slack: float = 1.0
    columns: int = 256
    rows: int = 96
    level_seconds: float = 0.05


PARAMETERS = SoundParameters()
_READING = "Reading sound"
_BACKGROUND, _INK = (250, 250, 248), (9, 105, 218)


@apart
def has_sound(source: Source, *, limits: Limits = DEFAULT_LIMITS) -> bool:
    """Whether a video or recording has a track of sound.

    Raises:
        MediaError: the file is neither, or cannot be opened.
    """
    media = _sounding(source, limits)
    if media.mime.startswith("image/"):
        return False
    with _opened(media, limits) as (_, stream):
        return stream is not None


@apart
def sound_seconds(source: Source, *, limits: Limits = DEFAULT_LIMITS) -> float:
    """How long the sound of a recording or video is: by its header, else by decoding it.

    Raises:
        MediaError: as ``sounds``.
    """
    media = _sounding(source, limits)
    with _opened(media, limits) as (container, stream):
        if announced := _announced(container, _present(stream, media.name)):
            return announced
    end = 0.0
    for stretch in sounds(media, limits=limits):
        end = stretch.start + len(stretch.samples) / SOUND_RATE
        allow_more()
    return end


@apart
def sounds(
    source: Source, *, start: float = 0.0, end: float | None = None, limits: Limits = DEFAULT_LIMITS
) -> Iterator[Sound]:
    """Decode the sound of a recording or video into stretches of some minutes, each cut in a pause.

    Args:
        source: the file.
        start: seconds from which on it is wanted.
        end: seconds up to which it is wanted; None: to the end.
        limits: what is refused as too large.

    Yields:
        Stretches one after the other, without gaps. Times of a video count from its first frame.

    Raises:
        UnsupportedMediaError: not a recording or video, one without sound, or an unknown codec.
        MediaTooLargeError: longer than the limits allow.
        DamagedMediaError: the file is cut off or corrupt, or holds no sound.
    """
    yield from _stretches(_blocks(_sounding(source, limits), limits), start, end)


def wave_form(stretches: Iterable[Sound]) -> bytes:
    """Draw how loud sound is over its time, as a small JPEG; scaled so that the loudest place is the highest.

    Args:
        stretches: all of it, in order.
    """
    size = int(PARAMETERS.level_seconds * SOUND_RATE)
    levels = [_levels(one.samples, size) for one in stretches]
    loud = np.concatenate(levels) if levels else np.zeros(1, np.float32)
    edges = np.linspace(0, len(loud), PARAMETERS.columns + 1).astype(int)
    columns = np.array([loud[a : max(a + 1, b)].max() for a, b in pairwise(edges)])
    heights = np.maximum(1, np.round(columns / max(float(columns.max()), 1e-3) * (PARAMETERS.rows / 2 - 4)))
    away = np.abs(np.arange(PARAMETERS.rows) - (PARAMETERS.rows - 1) / 2)
    drawn = away[:, None] <= heights[None, :]
    picture: ByteArray = np.where(drawn[..., None], np.array(_INK), np.array(_BACKGROUND)).astype(np.uint8)
    return encode_jpeg(picture, max_side=PARAMETERS.columns)


# ---------------------------------------------------------------- opening


def _sounding(source: Source, limits: Limits) -> MediaFile:
    media = source if isinstance(source, MediaFile) else inspect(source, limits=limits)
    if media.media_type not in ("audio", "video"):
        raise UnsupportedMediaError(f"{media.name!r} is {media.format} ({media.mime}), which has no sound.")
    return media


@contextmanager
def _opened(media: MediaFile, limits: Limits) -> Generator[tuple[InputContainer, AudioStream | None]]:
    """The container and its track of sound; of a clip that is cut off, unlike a recording, what is there is heard."""
    if media.format not in DEMUXERS:  # an animation
        raise UnsupportedMediaError(f"{media.name!r} has no sound.")
    with opened_container(media, _READING) as (container, missing):
        if missing and media.media_type == "audio":
            raise DamagedMediaError(f"{media.name!r} is cut off: at least {missing:,} bytes are missing.")
        stream = next(iter(container.streams.audio), None)
        if stream is not None and (seconds := _announced(container, stream)):
            check_limit(seconds, limits, "seconds", media.name)
        yield container, stream


def _present(stream: AudioStream | None, name: str) -> AudioStream:
    if stream is None:
        raise UnsupportedMediaError(f"{name!r} has no sound.")
    if stream.codec_context is None:  # pyright: ignore[reportUnnecessaryComparison] - its type is wrong
        raise UnsupportedMediaError(
            f"The sound of {name!r} is coded in a way that this FFmpeg cannot decode; convert it to AAC, MP3 or WAV."
        )
    return stream


def _announced(container: InputContainer, stream: AudioStream) -> float:
    """How long the sound is by its header; 0 when that does not say."""
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    return container.duration / 1_000_000 if container.duration else 0.0


def _origin(container: InputContainer, stream: AudioStream) -> float:
    """What counts as second 0: the first frame of a video, else the first sample."""
    first = next((one for one in container.streams.video if one.start_time is not None), stream)
    return float(first.start_time * first.time_base) if first.start_time is not None and first.time_base else 0.0


# ---------------------------------------------------------------- decoding


def _blocks(media: MediaFile, limits: Limits) -> Iterator[FloatArray]:
    """All samples from second 0 on; silence where the file has none."""
    av = load_av(_READING)
    with _opened(media, limits) as (container, found):
        stream = _present(found, media.name)
        announced = _announced(container, stream) if media.format in _COUNTED else 0.0
        origin = _origin(container, stream)
        resampler = av.AudioResampler(format="flt", layout="mono", rate=SOUND_RATE)
        done = 0
        for frame in _frames(container, stream):
            time = None if frame.pts is None or frame.time_base is None else float(frame.pts * frame.time_base) - origin
            check_limit(max(time or 0.0, done / SOUND_RATE), limits, "seconds", media.name)
            if time is not None and time - done / SOUND_RATE > PARAMETERS.gap:
                silence = np.zeros(int(time * SOUND_RATE) - done, np.float32)
                done += len(silence)
                yield silence
            frame.pts = None  # the resampler then takes the samples as they come
            for made in resampler.resample(frame):
                block: FloatArray = made.to_ndarray().reshape(-1)
                done += len(block)
                yield block
        if done == 0 or done / SOUND_RATE < announced - PARAMETERS.slack:
            raise DamagedMediaError(
                f"{media.name!r} is cut off or corrupt: {done / SOUND_RATE:.1f} of {announced:.1f} seconds of sound "
                "can be decoded."
            )


def _frames(container: InputContainer, stream: AudioStream) -> Iterator[Any]:
    """Decode every frame; a packet that cannot be decoded is passed over, as players do."""
    av = load_av(_READING)
    for packet in container.demux(stream):
        try:
            yield from packet.decode()
        except av.error.InvalidDataError:
            continue


def _stretches(blocks: Iterable[FloatArray], start: float, end: float | None) -> Iterator[Sound]:
    first, last = int(start * SOUND_RATE), None if end is None else int(end * SOUND_RATE)
    most = int(PARAMETERS.stretch * SOUND_RATE)
    held: list[FloatArray] = []
    length, at, begun = 0, 0, first  # samples held, the place of the next block, the place of what is held
    for block in blocks:
        wanted = block[max(0, first - at) : None if last is None else max(0, last - at)]
        at += len(block)
        if len(wanted):
            held.append(wanted)
            length += len(wanted)
        else:
            allow_more()  # it is still on its way to what is wanted
        if length >= most:
            samples = np.concatenate(held)
            cut = _quietest(samples)
            yield Sound(samples=samples[:cut], start=begun / SOUND_RATE)
            held, length, begun = [samples[cut:]], length - cut, begun + cut
        if last is not None and at >= last:
            break
    if length:
        yield Sound(samples=np.concatenate(held), start=begun / SOUND_RATE)


def _quietest(samples: FloatArray) -> int:
    """The middle of the quietest place near the end."""
    size = int(PARAMETERS.cut_seconds * SOUND_RATE)
    first = int(len(samples) * (1 - PARAMETERS.cut_within))
    return first + int(np.argmin(_levels(samples[first:], size))) * size + size // 2


def _levels(samples: FloatArray, size: int) -> FloatArray:
    """The loudness (root mean square) of pieces of this many samples; what remains at the end is a piece too."""
    whole = len(samples) // size * size
    pieces = [np.sqrt(np.square(samples[:whole].reshape(-1, size)).mean(axis=1))] if whole else []
    rest = [np.sqrt(np.square(samples[whole:]).mean(keepdims=True))] if whole < len(samples) else []
    return np.concatenate([*pieces, *rest]).astype(np.float32) if pieces or rest else np.zeros(1, np.float32)
