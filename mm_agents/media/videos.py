"""Videos and animations: decoded once, front to back, into segments of sampled frames with their real times."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from itertools import chain, pairwise
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from mm_agents._optional import require
from mm_agents.errors import ConfigError, DamagedMediaError, UnsupportedMediaError
from mm_agents.media.containers import DEMUXERS, missing_bytes
from mm_agents.media.decoder_processes import apart
from mm_agents.media.files import DEFAULT_LIMITS, Limits, MediaFile, Source, check_limit, expect
from mm_agents.media.images import Shown, animation_ends, animation_frames, image_size
from mm_agents.types import Clip

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

    from mm_agents.types import ByteArray

_BROADCAST = {"ts", "mpg", "flv"}
"""Made to be cut and joined anywhere: the packet at a cut is damaged, and the others are sound."""
_FROM_ZERO = {"matroska", "asf"}
"""Of these FFmpeg gives the time of the end as duration, also where the first frame comes late."""
_THREADS = 2
_USUAL_RATE = Fraction(25)
_READING = "Reading videos"
F = TypeVar("F")


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoInfo:
    """What a video's header says.

    Attributes:
        seconds: how long it is.
        width: in pixels, as displayed.
        height: in pixels, as displayed.
        fps: frames per second on average.
        missing_bytes: how many bytes are missing at least, of a file that is cut off; 0 as far as can be known.
    """

    seconds: float
    width: int
    height: int
    fps: float
    missing_bytes: int = 0


@apart
def video_info(source: Source, *, limits: Limits = DEFAULT_LIMITS) -> VideoInfo:
    """A video's length, size and frame rate; decodes one frame, which alone tells how a phone was held.

    Raises:
        MediaError: as ``segments``.
    """
    media = expect(source, "video", limits)
    if media.mime.startswith("image/"):
        return _animation_info(media, limits)
    with _opened(media, limits) as (container, stream, missing):
        first = _first(_frames(container, stream, media, limits, cut=bool(missing)), media.name)
        width, height = _display_size(first.frame, stream)
        announced = 0.0 if missing else _announced_seconds(container, stream)
        return VideoInfo(
            seconds=announced or _scanned_seconds(container, stream),
            width=width,
            height=height,
            fps=float(_rate(stream)),
            missing_bytes=missing,
        )


def creation_time(source: Source, *, limits: Limits = DEFAULT_LIMITS) -> str | None:
    """When a clip was made, as its container says it; None where it does not.

    Raises:
        MediaError: as ``segments``.
    """
    media = expect(source, "video", limits)
    if media.mime.startswith("image/"):
        return None
    with _opened(media, limits) as (container, _, _):
        said = container.metadata.get("creation_time")
    return said if isinstance(said, str) else None


def segments(
    source: Source, *, fps: float = 2.0, seconds: float = 2.0, max_side: int = 512, limits: Limits = DEFAULT_LIMITS
) -> Iterator[Clip]:
    """Cut a video into segments of sampled frames; one segment is in memory at a time.

    Segments begin at multiples of ``seconds``, and each ends where the next begins, the last one where the video ends.
    Each is sampled at its start and then every ``1 / fps`` seconds, and a sample is the frame on show at that time; a
    frame that stays on show is taken once per segment. So every segment has a frame, also in a video without motion.
    A frame that stays on show for more than ``Limits.still_seconds`` makes one segment of those that show nothing else.
    A remainder shorter than ``1 / fps`` in which no new frame begins belongs to the segment before it. Of a file that
    is cut off at its end, the part that is there is cut into segments; ``video_info`` says that some is missing.

    Args:
        source: the video.
        fps: samples per second.
        seconds: the length of a segment.
        max_side: the longer side of the frames is at most this many pixels; sides are even numbers.
        limits: what is refused as too large, before decoding where the header tells and else while decoding.

    Yields:
        Clips with upright frames. ``times`` count from the video's first frame; a frame that was on show already when
        the segment began has the segment's start as its time.

    Raises:
        ConfigError: an argument is out of range.
        UnsupportedMediaError: not a video, no pictures in it, or an unknown codec.
        MediaTooLargeError: longer, larger or more frames than the limits allow.
        DamagedMediaError: the file is corrupt, or cut off so that it holds no frame.
    """
    for name, value in (("fps", fps), ("seconds", seconds)):
        if not (math.isfinite(value) and value > 0):
            raise ConfigError(f"{name} has to be a positive number, not {value!r}.")
    if max_side < 2:
        raise ConfigError(f"max_side has to be at least 2 pixels, not {max_side!r}.")
    return _segments(expect(source, "video", limits), Fraction(fps), Fraction(seconds), max_side, limits)


def encode_clip(frames: ByteArray, *, fps: float) -> bytes:
    """Encode frames as an MP4 (H.264, yuv420p); an odd side is made even by repeating its last row or column.

    Args:
        frames: uint8, shape (n, height, width, 3), sRGB, at least one frame.
        fps: frames per second.

    Raises:
        ConfigError: the frames have another type or shape, or fps is not positive.
        MissingExtraError: PyAV is not installed.
    """
    if frames.dtype != np.uint8 or frames.ndim != 4 or frames.shape[3] != 3 or 0 in frames.shape:
        raise ConfigError(
            f"Frames have to be uint8 of shape (n, height, width, 3), not {frames.dtype} of shape {frames.shape}."
        )
    if not (math.isfinite(fps) and fps > 0):
        raise ConfigError(f"fps has to be a positive number, not {fps!r}.")
    av = load_av("Writing videos")
    even = np.pad(frames, ((0, 0), (0, frames.shape[1] % 2), (0, frames.shape[2] % 2), (0, 0)), mode="edge")
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=Fraction(fps).limit_denominator(1001))
        stream.height, stream.width = even.shape[1:3]
        stream.pix_fmt = "yuv420p"
        stream.thread_count = _THREADS
        for frame in even:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")))
        container.mux(stream.encode())
    return file.getvalue()


def _animation_info(media: MediaFile, limits: Limits) -> VideoInfo:
    width, height = image_size(media, limits=limits)
    ends = animation_ends(media, limits=limits)
    return VideoInfo(seconds=float(ends[-1]), width=width, height=height, fps=len(ends) / float(ends[-1]))


# ---------------------------------------------------------------- opening


def load_av(feature: str) -> Any:
    """PyAV, which the feature needs."""
    return require("av", extra="local", feature=feature)


@contextmanager
def _opened(media: MediaFile, limits: Limits) -> Generator[tuple[InputContainer, VideoStream, int]]:
    """The container and its video stream, their announced sizes checked, and how many bytes are missing at the end."""
    with opened_container(media, _READING) as (container, missing):
        stream = _video_stream(container, media.name)
        if seconds := _announced_seconds(container, stream):
            check_limit(seconds, limits, "seconds", media.name)
        check_limit(stream.width * stream.height, limits, "pixels", media.name)
        yield container, stream, missing


@contextmanager
def opened_container(media: MediaFile, feature: str) -> Generator[tuple[InputContainer, int]]:
    """The container of a clip or recording, and how many bytes are missing at its end; damage is an error of ours.

    FFmpeg is handed an open file and the sniffed format, never a name: it cannot be led to another file, to a
    playlist or to the network.
    """
    av = load_av(feature)
    with media.open() as file:
        missing = missing_bytes(file, media.format)
        try:
            with av.open(file, format=DEMUXERS[media.format], metadata_errors="replace") as container:
                yield container, missing
        except av.error.FFmpegError as error:
            if isinstance(error, MemoryError):
                raise
            how = (
                f"cut off: at least {missing:,} bytes are missing"
                if missing
                else f"cut off or corrupt: {error.strerror}"
            )
            raise DamagedMediaError(f"{media.name!r} is {how}.") from error


def _video_stream(container: InputContainer, name: str) -> VideoStream:
    covers = load_av(_READING).stream.Disposition.attached_pic
    stream = next((stream for stream in container.streams.video if not stream.disposition & covers), None)
    if stream is None:
        raise UnsupportedMediaError(f"{name!r} has no video stream; it may be a sound recording.")
    if (decoder := stream.codec_context) is None:  # pyright: ignore[reportUnnecessaryComparison] - its type is wrong
        raise UnsupportedMediaError(f"{name!r} is coded in a way that this FFmpeg cannot decode; convert it to H.264.")
    decoder.thread_type = "AUTO"
    decoder.thread_count = _THREADS
    return stream


def _rate(stream: VideoStream) -> Fraction:
    return stream.average_rate or stream.guessed_rate or _USUAL_RATE


def _announced_seconds(container: InputContainer, stream: VideoStream) -> float:
    """How long the video is by its header; 0 when that does not say."""
    if track := _track_seconds(container, stream):
        return float(track)
    late = container.start_time or 0 if container.format.name.partition(",")[0] in _FROM_ZERO else 0
    return max(0, container.duration - late) / 1_000_000 if container.duration else 0.0


def _track_seconds(container: InputContainer, stream: VideoStream) -> Fraction:
    """How long the track is by its own header, from its first frame; 0 when that does not say."""
    if not (stream.duration and stream.time_base):
        return Fraction(0)
    late = stream.start_time or 0 if container.format.name.partition(",")[0] in _FROM_ZERO else 0
    return max(0, stream.duration - late) * stream.time_base


def _scanned_seconds(container: InputContainer, stream: VideoStream) -> float:
    """How long the video is by its packets, for a recording whose header was never completed."""
    container.seek(0)
    times = [(p.pts * p.time_base, p.duration or 0) for p in container.demux(stream) if p.pts is not None]
    if not times:
        return 0.0
    last, ticks = max(times)
    length = ticks * stream.time_base if ticks and stream.time_base else 1 / _rate(stream)
    return float(last + length - min(times)[0])


# ---------------------------------------------------------------- decoding


def _frames(
    container: InputContainer, stream: VideoStream, media: MediaFile, limits: Limits, *, cut: bool
) -> Iterator[Shown[VideoFrame]]:
    """Decode every frame, with times that rise from 0 whatever the file says; of a cut file those that are there.

    A frame is on show until the next one, and the last one until the track's announced end: the durations of single
    frames follow the order of decoding, and are wrong where that is another. A frame without a time comes one
    frame's length after the one before it. Times that jump back continue from where they were. Of two frames at the
    same time, the first is kept.
    """
    usual = 1 / _rate(stream)
    announced = Fraction(0) if cut else _track_seconds(container, stream)
    origin: Fraction | None = None
    last: Fraction | None = None
    expected = Fraction(0)
    for frame in _decoded(container, stream, media, cut=cut):
        tick = frame.time_base or stream.time_base or usual
        stamp = None if frame.pts is None else frame.pts * tick
        if stamp is not None and (origin is None or (last is not None and stamp - origin < last)):
            origin = stamp - expected
        time = expected if stamp is None or origin is None else stamp - origin
        if time == last:
            continue
        last = time
        end = announced if announced > time else time + (frame.duration * tick if frame.duration else usual)
        expected = time + usual
        check_limit(float(end), limits, "seconds", media.name)
        check_limit(frame.width * frame.height, limits, "pixels", media.name)
        yield Shown(frame, time, end)


def _decoded(container: InputContainer, stream: VideoStream, media: MediaFile, *, cut: bool) -> Iterator[VideoFrame]:
    """The frames of the stream; damage in any stream ends a file that is cut off, and is an error in any other."""
    count = 0
    try:
        for packet in container.demux():
            if packet.is_corrupt and not (cut or media.format in _BROADCAST):
                after = float(count / _rate(stream))
                raise DamagedMediaError(f"{media.name!r} is cut off or corrupt after {after:.1f} seconds.")
            if packet.is_corrupt and cut:
                return
            for frame in stream.decode(packet) if packet.stream is stream else ():
                count += 1
                yield frame
    except load_av(_READING).error.FFmpegError as error:
        if not cut or isinstance(error, MemoryError):
            raise


def _first(frames: Iterator[Shown[VideoFrame]], name: str) -> Shown[VideoFrame]:
    if (first := next(frames, None)) is None:
        raise DamagedMediaError(f"{name!r} holds no frame that can be decoded.")
    return first


@apart
def _segments(media: MediaFile, fps: Fraction, seconds: Fraction, max_side: int, limits: Limits) -> Iterator[Clip]:
    cut = partial(_cut, fps=fps, seconds=seconds, still_seconds=limits.still_seconds)
    if media.mime.startswith("image/"):
        frames = animation_frames(media, max_side=max_side, limits=limits)
        yield from _counted(cut(frames, convert=_even), media, limits)
        return
    with _opened(media, limits) as (container, stream, missing):
        announced = _announced_seconds(container, stream)
        check_limit(announced * float(min(fps, _rate(stream))), limits, "frames", media.name)
        frames = _frames(container, stream, media, limits, cut=bool(missing))
        first = _first(frames, media.name)
        convert = _converter(first.frame, stream, max_side)
        yield from _counted(cut(chain([first], frames), convert=convert), media, limits)


def _counted(clips: Iterator[Clip], media: MediaFile, limits: Limits) -> Iterator[Clip]:
    taken = 0
    for clip in clips:
        taken += len(clip.times)
        check_limit(taken, limits, "frames", media.name)
        yield clip


def _cut(
    frames: Iterable[Shown[F]],
    *,
    fps: Fraction,
    seconds: Fraction,
    still_seconds: float,
    convert: Callable[[Shown[F]], ByteArray],
) -> Iterator[Clip]:
    """Sample frames and put them together to segments."""
    samples_per_segment = math.ceil(seconds * fps)
    segment, sample = 0, 0
    taken: Shown[F] | None = None
    pictures: list[ByteArray] = []
    times: list[float] = []
    start = end = Fraction(0)
    for shown, following in pairwise(chain(frames, [None])):
        if shown is None:
            break
        end = following.time if following else shown.end
        while (at := segment * seconds + sample / fps) < end:
            if sample == 0 and pictures:
                still = taken is shown and len(pictures) == 1 and end - shown.time > still_seconds
                if still and at + seconds <= end:
                    segment += 1
                    continue
                if following is None and at > shown.time and end - at < 1 / fps:
                    break
                yield _clip(pictures, times, start, at)
                pictures, times, taken = [], [], None
            if not pictures:
                start = at
            if taken is not shown:
                pictures.append(convert(shown))
                times.append(float(max(shown.time, segment * seconds)))
                taken = shown
            segment, sample = (segment, sample + 1) if sample + 1 < samples_per_segment else (segment + 1, 0)
    yield _clip(pictures, times, start, end)


def _clip(pictures: list[ByteArray], times: list[float], start: Fraction, end: Fraction) -> Clip:
    return Clip(frames=np.stack(pictures), times=tuple(times), start=float(start), end=float(end))


def _even(shown: Shown[ByteArray]) -> ByteArray:
    """The frame's pixels with even sides, as those of a video have."""
    height, width = shown.frame.shape[:2]
    return np.pad(shown.frame, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")


def _converter(first: VideoFrame, stream: VideoStream, max_side: int) -> Callable[[Shown[VideoFrame]], ByteArray]:
    """A function from decoded frames to upright RGB pixels, all of the first frame's size made to fit."""
    turns = _quarter_turns(first)
    width, height = _display_size(first, stream)
    longest = max(width, height, max_side)
    width, height = (max(2, side * max_side // longest // 2 * 2) for side in (width, height))
    if turns % 2:
        width, height = height, width
    reformatter = load_av(_READING).video.reformatter.VideoReformatter()

    def convert(shown: Shown[VideoFrame]) -> ByteArray:
        scaled = reformatter.reformat(shown.frame, width, height, "rgb24", threads=1)
        return np.rot90(scaled.to_ndarray(), turns)

    return convert


def _display_size(frame: VideoFrame, stream: VideoStream) -> tuple[int, int]:
    """Width and height as displayed: with square pixels, and upright."""
    width = max(1, round(frame.width * (stream.sample_aspect_ratio or 1)))
    return (frame.height, width) if _quarter_turns(frame) % 2 else (width, frame.height)


def _quarter_turns(frame: VideoFrame) -> int:
    """How many quarter turns, counter-clockwise, make the frame upright."""
    return round(frame.rotation / 90) % 4
