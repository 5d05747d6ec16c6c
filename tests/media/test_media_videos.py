from __future__ import annotations

import gc
from collections.abc import Sequence
from contextlib import suppress
from fractions import Fraction
from io import BytesIO
from pathlib import Path

import av
import numpy as np
import PIL.Image
import pytest

from mm_agents import media
from mm_agents.errors import ConfigError, DamagedMediaError, MediaError, MediaTooLargeError, UnsupportedMediaError
from mm_agents.media import Limits
from mm_agents.types import Clip

WIDTH, HEIGHT = 96, 64


def scene(index: int, width: int = WIDTH, height: int = HEIGHT) -> np.ndarray:
    """A red square at the top left, and a brightness that tells the frame's number."""
    pixels = np.full((height, width, 3), 20 + 4 * (index % 50), np.uint8)
    pixels[: height // 2, : width // 3] = (220, 20, 20)
    return pixels


def video(
    path: Path,
    codec: str,
    *,
    count: int = 50,
    milliseconds: Sequence[int] | None = None,
    rotation: int = 0,
    options: dict[str, str] | None = None,
    size: tuple[int, int] = (WIDTH, HEIGHT),
    format: str | None = None,
    aspect: Fraction | None = None,
) -> Path:
    """Write a clip of 10 frames a second, or of frames at the given times."""
    with av.open(str(path), "w", format=format, options=options or {}) as container:
        stream = container.add_stream(codec, rate=10)
        stream.width, stream.height = size
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        if aspect:
            stream.codec_context.sample_aspect_ratio = aspect
        if milliseconds:
            stream.time_base = stream.codec_context.time_base = Fraction(1, 1000)
            count = len(milliseconds)
        if rotation:
            stream.set_display_rotation(rotation)
        for index in range(count):
            frame = av.VideoFrame.from_ndarray(scene(index, *size), format="rgb24")
            if milliseconds:
                frame.pts, frame.time_base = milliseconds[index], Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def is_red(pixel: np.ndarray) -> bool:
    return bool(pixel[0] > 150 and pixel[1] < 90 and pixel[2] < 90)


def number(clip: Clip, index: int) -> int:
    """The number of the frame that was sampled, told by its brightness."""
    return round((float(clip.frames[index, -8:, -8:].mean()) - 20) / 4)


def damaged(content: bytes) -> None:
    with pytest.raises(DamagedMediaError, match=r"cut off|holds no frame"):
        list(media.segments(content))


@pytest.mark.parametrize(
    ("name", "codec", "format"),
    [
        ("a.mp4", "libx264", "mp4"),
        ("a.mp4", "mpeg4", "mp4"),
        ("a.mov", "libx264", "mov"),
        ("a.webm", "libvpx", "webm"),
        ("a.webm", "libvpx-vp9", "webm"),
        ("a.mkv", "libx264", "mkv"),
        ("a.avi", "mpeg4", "avi"),
        ("a.avi", "mjpeg", "avi"),
        ("video named.txt", "libx264", "mp4"),
    ],
)
def test_every_container_is_cut_into_segments(tmp_path: Path, name: str, codec: str, format: str) -> None:
    path = video(tmp_path / name, codec, format={"mkv": "matroska"}.get(format, format))
    file = media.inspect(path)
    assert (file.media_type, file.format) == ("video", format)
    info = media.video_info(file)
    assert (info.width, info.height, info.fps) == (WIDTH, HEIGHT, 10)
    assert info.seconds == pytest.approx(5.0, abs=0.01)
    for source in (file, path, path.read_bytes()):
        clips = list(media.segments(source))
        assert [(clip.start, clip.end) for clip in clips] == [(0, 2), (2, 4), (4, pytest.approx(5.0))]
        assert [clip.times for clip in clips] == [(0.0, 0.5, 1.0, 1.5), (2.0, 2.5, 3.0, 3.5), (4.0, 4.5)]
        assert all(clip.frames.shape == (len(clip.times), HEIGHT, WIDTH, 3) for clip in clips)
        assert all(is_red(clip.frames[0, 10, 10]) and not is_red(clip.frames[0, 50, 80]) for clip in clips)
        numbers = [number(clip, i) for clip in clips for i in range(len(clip.times))]
        assert numbers == pytest.approx(list(range(0, 50, 5)), abs=1)  # lossy codecs blur the brightness a little


def test_sampling_and_size_are_the_callers(tmp_path: Path) -> None:
    path = video(tmp_path / "a.mp4", "libx264", count=25)
    clips = list(media.segments(path, fps=4, seconds=1, max_side=49))
    assert [len(clip.times) for clip in clips] == [4, 4, 2]
    assert clips[0].times == (0.0, 0.2, 0.5, 0.7)  # the frame on show at 0.25 began at 0.2
    assert clips[0].frames.shape[1:] == (32, 48, 3)  # even sides, at most 49
    slow = list(media.segments(path, fps=0.1, seconds=1))
    assert [clip.times for clip in slow] == [(0.0,), (1.0,), (2.0,)]
    whole = list(media.segments(path, fps=100, seconds=60))
    assert len(whole) == 1
    assert len(whole[0].times) == 25  # no frame is taken twice


@pytest.mark.parametrize(("name", "codec"), [("a.mp4", "libx264"), ("a.mkv", "libx264"), ("a.webm", "libvpx")])
def test_a_variable_frame_rate_keeps_its_times(tmp_path: Path, name: str, codec: str) -> None:
    path = video(tmp_path / name, codec, milliseconds=[500, 600, 1250, 1300, 2490, 2510, 3000, 9500, 9600, 9700])
    clips = list(media.segments(path))
    expected = [(0.0, 0.1, 0.8), (2.0, 2.5), (4.0,), (6.0,), (8.0, 9.0)]  # counted from the first frame
    assert [clip.times for clip in clips] == [pytest.approx(times) for times in expected]
    assert [clip.start for clip in clips] == [0, 2, 4, 6, 8]
    assert clips[-1].end == pytest.approx(9.3, abs=0.01)
    assert [number(clip, 0) for clip in clips] == pytest.approx([0, 4, 6, 6, 6], abs=1)  # what stands still is in each


def test_a_frame_that_stays_for_long_is_one_segment(tmp_path: Path) -> None:
    path = video(tmp_path / "a.mkv", "libx264", milliseconds=[0, 1_000, 6_000_000, 6_001_000])
    clips = list(media.segments(path))
    assert [(clip.start, len(clip.times)) for clip in clips] == [(0, 2), (2, 1), (6000, 2)]
    assert [clip.end for clip in clips[:2]] == [2, 6000]
    assert len(list(media.segments(path, limits=Limits(still_seconds=7200)))) == 3001


def test_times_that_jump_back_go_on(tmp_path: Path) -> None:
    """As in two recordings that were put one behind the other."""
    content = video(tmp_path / "a.webm", "libvpx", options={"cluster_time_limit": "1000"}).read_bytes()
    expected = [clip.times for clip in media.segments(content)]
    for before, after in ((2200, 0), (3300, 1100), (4400, 2200)):  # the times of the last three clusters
        mark = b"\xe7\x82" + before.to_bytes(2, "big")
        assert mark in content
        content = content.replace(mark, b"\xe7\x82" + after.to_bytes(2, "big"))
    assert [clip.times for clip in media.segments(content)] == expected


def test_a_short_remainder_belongs_to_the_segment_before(tmp_path: Path) -> None:
    path = video(tmp_path / "a.mkv", "libx264", milliseconds=[*range(0, 1900, 100), 1950])
    (clip,) = media.segments(path)
    assert clip.start == 0
    assert clip.end == pytest.approx(2.05, abs=0.01)
    assert len(list(media.segments(video(tmp_path / "b.mkv", "libx264", count=21)))) == 2


def test_one_frame_is_a_clip(tmp_path: Path) -> None:
    (clip,) = media.segments(video(tmp_path / "a.mp4", "libx264", count=1))
    assert (clip.times, clip.start, clip.end) == ((0.0,), 0.0, 0.1)
    assert media.video_info(tmp_path / "a.mp4").seconds == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("rotation", "corner", "shape"),
    [(90, (-10, 10), (WIDTH, HEIGHT)), (180, (-10, -10), (HEIGHT, WIDTH)), (-90, (10, -10), (WIDTH, HEIGHT))],
)
def test_a_phone_held_sideways(tmp_path: Path, rotation: int, corner: tuple[int, int], shape: tuple[int, int]) -> None:
    path = video(tmp_path / "a.mp4", "libx264", count=10, rotation=rotation)
    (clip,) = media.segments(path)
    assert clip.frames.shape[1:3] == shape
    assert is_red(clip.frames[0][corner])
    info = media.video_info(path)
    assert (info.height, info.width) == shape
    (small,) = media.segments(path, max_side=48)
    assert max(small.frames.shape[1:3]) == 48
    assert is_red(small.frames[0][corner[0] // 2, corner[1] // 2])


def test_pixels_that_are_not_square_are_stretched(tmp_path: Path) -> None:
    path = video(tmp_path / "a.mkv", "libx264", count=5, aspect=Fraction(4, 3))
    assert media.video_info(path).width == 128
    (clip,) = media.segments(path)
    assert clip.frames.shape[1:] == (64, 128, 3)


@pytest.mark.parametrize(
    ("name", "codec", "options"),
    [
        ("index_first.mp4", "libx264", {"movflags": "faststart"}),
        ("a.webm", "libvpx", {}),
        ("a.mkv", "libx264", {}),
        ("a.avi", "mpeg4", {}),
    ],
)
def test_of_a_cut_off_video_the_part_that_is_there_is_read(
    tmp_path: Path, name: str, codec: str, options: dict[str, str]
) -> None:
    content = video(tmp_path / name, codec, options=options).read_bytes()
    assert media.video_info(content).missing_bytes == 0
    whole = list(media.segments(content))
    cut = content[: int(len(content) * 0.8)]
    assert media.video_info(cut).missing_bytes >= len(content) - len(cut) - 8
    there = list(media.segments(cut))
    assert 0 < there[-1].end < whole[-1].end
    assert [clip.start for clip in there] == [clip.start for clip in whole[: len(there)]]
    assert [number(there[0], n) for n in range(4)] == [number(whole[0], n) for n in range(4)]


@pytest.mark.parametrize(("name", "codec"), [("a.ts", "libx264"), ("a.mpg", "mpeg2video"), ("a.flv", "flv1")])
def test_a_broadcast_that_ends_anywhere_is_read_to_its_end(tmp_path: Path, name: str, codec: str) -> None:
    content = broadcast(tmp_path / name, codec).read_bytes()
    there = list(media.segments(content[: int(len(content) * 0.7)]))
    assert 0 < there[-1].end < list(media.segments(content))[-1].end


def test_a_video_without_its_index_is_damaged(tmp_path: Path) -> None:
    content = video(tmp_path / "a.mp4", "libx264").read_bytes()
    damaged(content[: content.index(b"moov") - 4])
    with pytest.raises(DamagedMediaError, match=r"'half.mp4' is cut off: at least \d+ bytes are missing"):
        media.video_info(media.inspect(content[:-200], name="half.mp4"))
    damaged(content.replace(b"stco", b"skip"))


def broadcast(path: Path, codec: str, *, late: int = 0) -> Path:
    """A clip of 5 seconds of 25 frames a second, as MPEG wants them, whose first frame comes late."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=25)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for index in range(125):
            frame = av.VideoFrame.from_ndarray(scene(index // 3, WIDTH, HEIGHT), format="rgb24")
            frame.pts, frame.time_base = index + late * 25, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


@pytest.mark.parametrize("late", [0, 7])
@pytest.mark.parametrize(
    ("name", "codec", "format"),
    [
        ("a.mp4", "libx264", "mp4"),
        ("a.3gp", "libx264", "mp4"),
        ("a.mkv", "libx264", "mkv"),
        ("a.webm", "libvpx", "webm"),
        ("a.ts", "libx264", "ts"),
        ("a.wmv", "wmv2", "wmv"),
        ("a.flv", "flv1", "flv"),
    ],
)
def test_a_clip_is_as_long_as_it_shows_something(tmp_path: Path, name: str, codec: str, format: str, late: int) -> None:
    file = media.inspect(broadcast(tmp_path / name, codec, late=late))
    assert (file.format, file.media_type) == (format, "video")
    assert media.video_info(file).seconds == pytest.approx(5.0, abs=0.15)
    clips = list(media.segments(file))
    assert [clip.start for clip in clips] == [0, 2, 4]
    assert clips[-1].end == pytest.approx(5.0, abs=0.15)


def test_a_camera_adds_a_time_to_each_packet_of_a_stream(tmp_path: Path) -> None:
    content = broadcast(tmp_path / "a.ts", "libx264").read_bytes()
    timed = b"".join(b"\0\0\0\0" + content[at : at + 188] for at in range(0, len(content), 188))
    assert media.inspect(timed).format == "ts"
    assert [clip.start for clip in media.segments(timed)] == [0, 2, 4]


# ---------------------------------------------------------------- animations


def animation(path: Path, milliseconds: Sequence[int], **options: object) -> Path:
    colours = ("red", "lime", "blue", "white")
    first, *others = [PIL.Image.new("RGB", (61, 47), colour) for colour in colours[: len(milliseconds)]]
    first.save(path, save_all=True, append_images=others, duration=list(milliseconds), **options)
    return path


@pytest.mark.parametrize("name", ["a.gif", "a.webp", "a.png"])
def test_a_picture_that_moves_is_a_clip(tmp_path: Path, name: str) -> None:
    file = media.inspect(animation(tmp_path / name, [1000, 1500, 2000]))
    assert (file.media_type, file.format) == ("video", name[2:])
    info = media.video_info(file)
    assert (info.seconds, info.width, info.height) == (4.5, 61, 47)
    clips = list(media.segments(file))
    assert [(clip.start, clip.end) for clip in clips] == [(0, 2), (2, 4), (4, 4.5)]
    assert clips[0].times == (0, 1)
    assert clips[0].frames.shape[1:] == (48, 62, 3)
    assert [clip.frames[-1, 20, 20].argmax() for clip in clips] == [1, 2, 2]
    assert is_red(media.load_image(file).pixels[20, 20])


@pytest.mark.parametrize("name", ["a.gif", "a.webp", "a.png"])
def test_a_picture_that_stands_still_is_a_picture(tmp_path: Path, name: str) -> None:
    assert media.inspect(animation(tmp_path / name, [1000])).media_type == "image"


def test_frames_without_a_time_are_shown_as_browsers_do(tmp_path: Path) -> None:
    assert media.video_info(animation(tmp_path / "a.gif", [0, 0, 0])).seconds == pytest.approx(0.3)


def test_an_animation_that_would_take_hours_is_refused(tmp_path: Path) -> None:
    path = animation(tmp_path / "a.gif", [100, 100, 100, 100])
    limits = media.Limits(animation_pixels=3 * 61 * 47)
    with pytest.raises(MediaTooLargeError, match="animation_pixels"):
        list(media.segments(path, limits=limits))


@pytest.mark.parametrize("name", ["a.gif", "a.webp", "a.png"])
def test_an_animation_has_no_sound(tmp_path: Path, name: str) -> None:
    with pytest.raises(MediaError, match="has no sound"):
        list(media.sounds(animation(tmp_path / name, [100, 200])))


def test_a_small_animation_of_many_pixels_is_refused(tmp_path: Path) -> None:
    path = animation(tmp_path / "a.gif", [100, 100, 100, 100])
    pixels = 4 * 61 * 47
    assert list(media.segments(path, limits=media.Limits(free_pixels=pixels, expansion=0)))
    assert list(media.segments(path, limits=media.Limits(free_pixels=0, expansion=pixels // path.stat().st_size + 1)))
    with pytest.raises(MediaTooLargeError, match=f"unpacks to {pixels:,} pixels, too many"):
        list(media.segments(path, limits=media.Limits(free_pixels=pixels - 1, expansion=0)))


@pytest.mark.parametrize("name", ["a.gif", "a.webp", "a.png"])
def test_an_animation_that_is_cut_off_never_leaks_another_error(tmp_path: Path, name: str) -> None:
    content = animation(tmp_path / name, [1000, 1500, 2000]).read_bytes()
    for end in range(30, len(content), 7):
        with suppress(MediaError):
            list(media.segments(content[:end]))


def test_damage_in_the_middle_never_leaks_another_error(tmp_path: Path) -> None:
    content = bytearray(video(tmp_path / "a.webm", "libvpx").read_bytes())
    random = np.random.default_rng(0)
    for _ in range(60):
        broken = content.copy()
        for place in random.integers(0, len(content), 8):
            broken[place] = int(random.integers(256))
        try:
            clips = list(media.segments(bytes(broken)))
        except MediaError:
            continue
        assert all(len(clip.times) == len(clip.frames) > 0 for clip in clips)


def test_a_recording_that_was_never_finished_has_a_length(tmp_path: Path) -> None:
    path = video(tmp_path / "live.webm", "libvpx", options={"live": "1"})
    assert media.video_info(path).seconds == pytest.approx(5.0, abs=0.11)
    assert [clip.start for clip in media.segments(path)] == [0, 2, 4]


def sound(cover: bytes | None = None) -> bytes:
    file = BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream("aac", rate=48_000)
        stream.layout = "mono"
        picture = None
        if cover:
            picture = container.add_stream("mjpeg")
            picture.width, picture.height, picture.pix_fmt = 16, 16, "yuvj420p"
            picture.disposition = av.stream.Disposition.attached_pic
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.int16), format="s16", layout="mono")
        frame.rate = 48_000
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
        if cover and picture:
            packet = av.Packet(cover)
            packet.stream, packet.pts, packet.dts = picture, 0, 0
            container.mux(packet)
    return file.getvalue()


def test_sound_alone_is_no_video() -> None:
    thumbnail = BytesIO()
    PIL.Image.new("RGB", (16, 16), "red").save(thumbnail, "JPEG")
    for content in (sound(), sound(cover=thumbnail.getvalue())):
        assert (media.inspect(content).media_type, media.inspect(content).mime) == ("audio", "audio/mp4")
        for read in (media.video_info, lambda content: next(media.segments(content))):
            with pytest.raises(UnsupportedMediaError, match="is not a video, but m4a"):
                read(content)


def test_an_unknown_codec_is_refused(tmp_path: Path) -> None:
    content = video(tmp_path / "a.mkv", "libx264").read_bytes()
    with pytest.raises(UnsupportedMediaError, match=r"cannot decode; convert it to H.264"):
        media.video_info(content.replace(b"V_MPEG4/ISO/AVC", b"V_MPEG4/ISO/XYZ"))


def test_limits(tmp_path: Path) -> None:
    path = video(tmp_path / "a.mp4", "libx264")
    for limits, reason in (
        (Limits(seconds=4), "5 seconds; the limit is 4"),
        (Limits(pixels=1000), "6,144 pixels; the limit is 1,000"),
        (Limits(frames=9), "10 frames; the limit is 9"),
    ):
        with pytest.raises(MediaTooLargeError, match=reason):
            next(media.segments(path, limits=limits))
    with pytest.raises(MediaTooLargeError, match="seconds"):
        media.video_info(path, limits=Limits(seconds=4))
    live = video(tmp_path / "live.webm", "libvpx", options={"live": "1"})  # its header does not say how long it is
    clips = media.segments(live, limits=Limits(seconds=4.05))
    assert next(clips).end == 2
    with pytest.raises(MediaTooLargeError, match=r"4.1 seconds; the limit is 4.05 \(Limits.seconds\)"):
        list(clips)
    with pytest.raises(MediaTooLargeError, match=r"6 frames; the limit is 5"):
        list(media.segments(live, limits=Limits(frames=5), seconds=1.5))


@pytest.mark.parametrize("arguments", [{"fps": 0}, {"fps": float("nan")}, {"seconds": -1}, {"max_side": 1}])
def test_arguments_are_checked_at_once(tmp_path: Path, arguments: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match=next(iter(arguments))):
        media.segments(tmp_path / "a.mp4", **arguments)  # type: ignore[arg-type]


def test_an_abandoned_generator_closes_its_file(tmp_path: Path) -> None:
    clips = media.segments(video(tmp_path / "a.mp4", "libx264"))
    next(clips)
    del clips
    gc.collect()  # an open file would be a ResourceWarning, and so an error


def test_encode_clip_makes_a_video_that_can_be_read() -> None:
    frames = np.stack([scene(index, 33, 21) for index in range(12)])
    content = media.encode_clip(frames, fps=6)
    info = media.video_info(content)
    assert (info.seconds, info.width, info.height, info.fps) == (2.0, 34, 22, 6.0)
    (clip,) = media.segments(content)
    assert np.abs(clip.frames[0, :21, :33].astype(int) - frames[0]).mean() < 12
    for wrong in (frames[0], frames.astype(np.float32), frames[:0], frames[..., :2]):
        with pytest.raises(ConfigError, match="uint8 of shape"):
            media.encode_clip(wrong, fps=6)
    with pytest.raises(ConfigError, match="fps has to be a positive number, not 0"):
        media.encode_clip(frames, fps=0)


def test_real_clips(data: Path) -> None:
    paths = sorted((data / "animals/video").glob("*.mp4"))
    assert len(paths) == 6
    for path in paths:
        info = media.video_info(path)
        assert (info.seconds, info.width, info.height) == (6.0, 853, 480)
        clips = list(media.segments(path))
        assert [(clip.start, clip.end, len(clip.times)) for clip in clips] == [(0, 2, 4), (2, 4, 4), (4, 6, 4)]
        assert all(clip.frames.shape[1:] == (288, 512, 3) and clip.frames.std() > 20 for clip in clips)
