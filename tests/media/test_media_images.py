from __future__ import annotations

import struct
import sys
import threading
import time
import warnings
import zlib
from io import BytesIO
from pathlib import Path

import numpy as np
import PIL
import PIL.Image
import pytest
from PIL import ImageCms
from PIL.Image import Transpose

from mm_agents import media
from mm_agents.errors import ConfigError, DamagedMediaError, MediaTooLargeError, MissingExtraError
from mm_agents.media import Limits
from mm_agents.media.decoder_processes import decoded_here

PILLOW = int(PIL.__version__.partition(".")[0])
STORED_AS = {
    1: None,
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_90,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_270,
}


def saved(picture: PIL.Image.Image, format: str, **options: object) -> bytes:
    file = BytesIO()
    picture.save(file, format, **options)
    return file.getvalue()


def noise(width: int = 30, height: int = 20, mode: str = "RGB") -> PIL.Image.Image:
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return PIL.Image.fromarray(pixels).convert(mode)


def colour(content: bytes, x: int = 0, y: int = 0) -> tuple[int, ...]:
    return tuple(int(v) for v in media.load_image(content).pixels[y, x])


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize(("format", "options"), [("PNG", {}), ("TIFF", {}), ("WEBP", {"lossless": True})])
def test_every_orientation_is_turned_upright(orientation: int, format: str, options: dict[str, object]) -> None:
    upright = noise()
    turn = STORED_AS[orientation]
    exif = PIL.Image.Exif()
    exif[0x0112] = orientation
    content = saved(upright.transpose(turn) if turn is not None else upright, format, exif=exif, **options)
    image = media.load_image(content)
    assert np.array_equal(image.pixels, np.asarray(upright))
    assert image.pixels.flags.writeable
    assert media.image_size(content) == (30, 20)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_as_stored_is_not_turned(orientation: int) -> None:
    """One that is mirrored comes upright all the same."""
    upright = noise()
    turn = STORED_AS[orientation]
    exif = PIL.Image.Exif()
    exif[0x0112] = orientation
    content = saved(upright.transpose(turn) if turn is not None else upright, "PNG", exif=exif)
    with PIL.Image.open(BytesIO(content)) as opened:
        stored = np.asarray(upright if orientation in (2, 4, 5, 7) else opened)
    assert np.array_equal(media.load_stored(content).pixels, stored)


@pytest.mark.parametrize("orientation", [1, 6])
def test_jpeg_and_avif_are_turned_upright(orientation: int) -> None:
    exif = PIL.Image.Exif()
    exif[0x0112] = orientation
    for format in ("JPEG", "AVIF"):
        content = saved(PIL.Image.new("RGB", (40, 24), "red"), format, exif=exif)
        assert media.load_image(content).pixels.shape == ((24, 40, 3) if orientation == 1 else (40, 24, 3))
        assert media.image_size(content) == ((40, 24) if orientation == 1 else (24, 40))


def test_a_broken_exif_block_is_passed_over() -> None:
    for exif in (
        b"Exif\0\0garbage",
        b"Exif\0\0II*\0\xff\xff\xff\xff",
        b"Exif\0\0MM\0*\0\0\0\x08\xff\xff" + b"\xff" * 40,
    ):
        assert media.load_image(saved(noise(), "JPEG", exif=exif)).pixels.shape == (20, 30, 3)
    png = saved(noise(), "PNG")
    for text in (b"not hexadecimal", b"\nexif\n4\n4949"):
        odd = png[:33] + chunk(b"tEXt", b"Raw profile type exif\0\n\n\n" + text) + png[33:]
        assert media.load_image(odd).pixels.shape == (20, 30, 3)


def test_alpha_is_flattened_on_white() -> None:
    clear = PIL.Image.new("RGBA", (4, 4), (255, 0, 0, 0))
    half = PIL.Image.new("RGBA", (4, 4), (0, 0, 0, 128))
    assert colour(saved(clear, "PNG")) == (255, 255, 255)
    assert colour(saved(half, "PNG")) == (127, 127, 127)
    assert colour(saved(half.convert("LA"), "PNG")) == (127, 127, 127)
    palette = noise(mode="P")
    palette.putpixel((0, 0), 7)
    palette.putpixel((1, 0), 8)
    content = saved(palette, "PNG", transparency=7)
    assert colour(content) == (255, 255, 255)
    assert colour(content, 1) == palette.convert("RGB").getpixel((1, 0))
    assert colour(saved(PIL.Image.new("RGB", (2, 2), "blue"), "PNG", transparency=(0, 0, 255))) == (255, 255, 255)


@pytest.mark.parametrize(
    ("picture", "format"),
    [
        (PIL.Image.new("CMYK", (8, 8), (0, 255, 255, 0)), "JPEG"),
        (PIL.Image.new("CMYK", (8, 8), (0, 255, 255, 0)), "TIFF"),
        (PIL.Image.new("RGB", (8, 8), "red").convert("P"), "GIF"),
        (PIL.Image.new("RGB", (8, 8), "red").convert("P"), "BMP"),
        (PIL.Image.new("RGB", (8, 8), "red").convert("LAB"), "TIFF"),
        pytest.param(
            PIL.Image.new("RGB", (8, 8), "red").convert("YCbCr"),
            "TIFF",
            marks=pytest.mark.skipif(PILLOW < 13, reason="Pillow before 13 cannot read such a TIFF that it wrote"),
        ),
    ],
)
def test_other_colour_models_become_rgb(picture: PIL.Image.Image, format: str) -> None:
    red, green, blue = colour(saved(picture, format))
    assert red > 235
    assert green < 30
    assert blue < 40


def test_deep_and_shallow_greys_are_scaled() -> None:
    ramp = np.linspace(0, 65535, 64).astype(np.uint16).reshape(8, 8)
    expected = np.linspace(0, 255, 64).round().reshape(8, 8)
    for format in ("PNG", "TIFF"):
        grey = media.load_image(saved(PIL.Image.fromarray(ramp), format)).pixels[..., 0]
        assert np.abs(grey - expected).max() <= 1
    for floats in (ramp / 65535, ramp / 7 - 300):  # the second leaves 0 to 1, and is stretched
        grey = media.load_image(saved(PIL.Image.fromarray(floats.astype(np.float32)), "TIFF")).pixels[..., 1]
        assert np.abs(grey - expected).max() <= 1
    holed = np.array([[np.nan, np.inf, 0.5, 1]], np.float32)
    assert media.load_image(saved(PIL.Image.fromarray(holed), "TIFF")).pixels[0, :, 0].tolist() == [0, 0, 128, 255]
    flat = PIL.Image.fromarray(np.full((2, 2), -5, np.int32))
    assert colour(saved(flat, "TIFF")) == (0, 0, 0)
    assert colour(saved(PIL.Image.new("1", (4, 4), 1), "PNG")) == (255, 255, 255)


def test_animations_give_their_first_frame() -> None:
    frames = [PIL.Image.new("RGB", (8, 8), name) for name in ("red", "green", "blue")]
    for format in ("GIF", "WEBP", "PNG"):
        red, green, blue = colour(saved(frames[0], format, save_all=True, append_images=frames[1:]))
        assert red > 240
        assert max(green, blue) < 15


def profile_with_red_and_green_swapped() -> bytes:
    """Pillow's sRGB profile with two entries of its tag table exchanged, under another name."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    profile = profile.replace("sRGB".encode("utf-16-be"), "mine".encode("utf-16-be"))
    return profile.replace(b"rXYZ", b"----", 1).replace(b"gXYZ", b"rXYZ", 1).replace(b"----", b"gXYZ", 1)


def test_an_embedded_profile_is_applied() -> None:
    red = PIL.Image.new("RGB", (8, 8), "red")
    swapped = profile_with_red_and_green_swapped()
    for format in ("JPEG", "PNG", "TIFF", "WEBP"):
        r, g, b = colour(saved(red, format, icc_profile=swapped))
        assert g > 250
        assert max(r, b) < 10
    see_through = red.convert("RGBA")
    see_through.putalpha(0)
    assert colour(saved(see_through, "PNG", icc_profile=swapped)) == (255, 255, 255)


def test_a_broken_or_mismatched_profile_is_passed_over() -> None:
    red = PIL.Image.new("RGB", (8, 8), "red")
    assert colour(saved(red, "PNG", icc_profile=b"no profile")) == (255, 0, 0)
    grey = PIL.Image.new("L", (8, 8), 100)
    assert colour(saved(grey, "PNG", icc_profile=profile_with_red_and_green_swapped())) == (100, 100, 100)
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert colour(saved(red, "PNG", icc_profile=srgb)) == (255, 0, 0)


def test_max_side_shrinks_and_never_enlarges() -> None:
    big = noise(1200, 800)
    for format in ("JPEG", "PNG"):
        content = saved(big, format)
        assert media.load_image(content, max_side=300).pixels.shape == (200, 300, 3)
        assert media.load_image(content, max_side=5000).pixels.shape == (800, 1200, 3)
    assert media.load_image(saved(noise(1000, 2), "PNG"), max_side=10).pixels.shape == (1, 10, 3)
    with pytest.raises(ConfigError, match="max_side has to be at least 1 pixel, not 0"):
        media.load_image(saved(big, "PNG"), max_side=0)


def test_a_shrunk_jpeg_looks_like_the_whole_one() -> None:
    x, y = np.meshgrid(np.linspace(0, 255, 1600), np.linspace(0, 255, 1200))
    content = saved(PIL.Image.fromarray(np.stack([x, y, 255 - x], -1).astype(np.uint8)), "JPEG", quality=95)
    small = media.load_image(content, max_side=200).pixels.astype(int)
    whole = PIL.Image.open(BytesIO(content)).resize((200, 150), PIL.Image.Resampling.LANCZOS)
    assert np.abs(small - np.asarray(whole)).mean() < 1.5


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF"])
def test_cut_off_pictures_are_damaged(format: str) -> None:
    content = saved(noise(64, 64), format)
    for end in (len(content) // 2, 40):
        with pytest.raises(DamagedMediaError, match=r"cut.png"):
            media.load_image(media.inspect(content[:end], name="cut.png"))


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def test_a_decompression_bomb_is_refused_by_its_header() -> None:
    header = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0)
    png = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 9)) + chunk(b"IEND", b"")
    vp8x = b"VP8X" + struct.pack("<II", 10, 0) + (16_383).to_bytes(3, "little") * 2
    webp = b"RIFF" + struct.pack("<I", 4 + len(vp8x)) + b"WEBP" + vp8x
    begin = time.perf_counter()
    # Pillow before 13 opens no WebP that is all header, and so does not come to ask for its size.
    header_alone = (MediaTooLargeError, DamagedMediaError) if PILLOW < 13 else MediaTooLargeError
    for content, refusal in ((png, MediaTooLargeError), (webp, header_alone)):
        with pytest.raises(refusal):
            media.load_image(content)
        with pytest.raises(refusal):
            media.image_size(content)
    assert time.perf_counter() - begin < 1
    with pytest.raises(MediaTooLargeError, match=r"50,000 x 50,000 pixels; the limit is 100,000,000 \(Limits.pixels\)"):
        media.load_image(png)


def test_the_pixel_limit_is_the_callers() -> None:
    content = saved(noise(30, 20), "PNG")
    with pytest.raises(MediaTooLargeError, match="30 x 20"):
        media.load_image(content, limits=Limits(pixels=599))
    before = PIL.Image.MAX_IMAGE_PIXELS
    large = saved(PIL.Image.new("1", (15_000, 15_000)), "PNG")  # past Pillow's own limit
    assert media.load_image(
        large, max_side=10, limits=Limits(pixels=15_000**2, decoded_bytes=2 * 1024**3)
    ).pixels.shape == (10, 10, 3)
    assert before == PIL.Image.MAX_IMAGE_PIXELS


def test_odd_metadata_warns_nobody_and_leaves_the_filters_alone() -> None:
    png = saved(noise(), "PNG")
    odd = png[:33] + chunk(b"acTL", b"\0" * 8) + png[33:]  # an animation of no frames: Pillow warns
    filters = list(warnings.filters)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        expected = list(warnings.filters)
        threads = [threading.Thread(target=media.load_image, args=(odd,)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert warnings.filters == expected
    assert caught == []
    assert warnings.filters == filters


@pytest.mark.parametrize(
    "mode", ["1", "L", "P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr", "LAB", "HSV", "I", "F", "LA", "La"]
)
def test_from_pil_takes_every_mode(mode: str) -> None:
    image = media.from_pil(PIL.Image.new(mode, (5, 4)))
    assert image.pixels.shape == (4, 5, 3)
    assert image.pixels.dtype == np.uint8


@pytest.mark.parametrize("mode", ["I;16", "I;16L", "I;16B"])
def test_from_pil_takes_16_bit_modes(mode: str) -> None:
    assert media.from_pil(PIL.Image.new(mode, (5, 4), 65535)).pixels.min() == 255


def test_from_pil_is_like_load_image() -> None:
    for format in ("PNG", "TIFF"):
        exif = PIL.Image.Exif()
        exif[0x0112] = 6
        content = saved(noise(), format, exif=exif)
        with PIL.Image.open(BytesIO(content)) as picture:
            assert np.array_equal(media.from_pil(picture).pixels, media.load_image(content).pixels)
    content = saved(noise(64, 64), "JPEG")
    with PIL.Image.open(BytesIO(content[:-500])) as picture, pytest.raises(DamagedMediaError):
        media.from_pil(picture)


def test_encode_jpeg_makes_small_thumbnails() -> None:
    pixels = np.asarray(noise(400, 200))
    thumbnail = media.encode_jpeg(pixels, max_side=100)
    assert media.image_size(thumbnail) == (100, 50)
    assert len(media.encode_jpeg(pixels, quality=30)) < len(media.encode_jpeg(pixels, quality=90))
    for wrong in (pixels.astype(np.float32), pixels[..., 0], pixels[:0], np.zeros((2, 2, 4), np.uint8)):
        with pytest.raises(ConfigError, match="uint8 of shape"):
            media.encode_jpeg(wrong)
    with pytest.raises(ConfigError, match="65,500"):
        media.encode_jpeg(np.zeros((1, 65_501, 3), np.uint8))


def test_real_photos(data: Path) -> None:
    photos = sorted((data / "animals/image").glob("*.jpg"))
    assert len(photos) == 9
    for photo in photos:
        width, height = media.image_size(photo)
        pixels = media.load_image(photo, max_side=768).pixels
        assert max(pixels.shape[:2]) == 768
        assert abs(pixels.shape[1] / pixels.shape[0] - width / height) < 0.01
        assert pixels.std() > 20


def many_scans(scans: int) -> bytes:
    """A progressive JPEG whose last scan comes again and again."""
    content = saved(noise(), "JPEG", progressive=True)
    last = content.rindex(b"\xff\xda")
    return content[:-2] + content[last:-2] * (scans - content.count(b"\xff\xda")) + content[-2:]


def test_scans_of_a_jpeg_are_bounded() -> None:
    assert media.load_image(many_scans(50)).pixels.shape == (20, 30, 3)
    for reader in (media.load_image, media.image_size):
        with pytest.raises(MediaTooLargeError, match=r"'untitled' has more than 50 scans \(Limits.scans\)"):
            reader(many_scans(51))
    with pytest.raises(MediaTooLargeError, match="more than 4 scans"):
        media.load_image(saved(noise(), "JPEG", progressive=True), limits=Limits(scans=4))
    trailing = saved(noise(), "JPEG", progressive=True) + b"\xff\xda\0\2" * 1000  # such as the film of a live photo
    assert media.image_size(trailing) == (30, 20)


def test_segments_of_a_jpeg_are_bounded() -> None:
    content = saved(noise(), "JPEG")
    extra = b"\xff\xe1\0\x0aExif\0\0\xff\xda"  # what looks like a scan within a segment is none
    assert media.image_size(content[:2] + extra * 400 + content[2:]) == (30, 20)
    with pytest.raises(MediaTooLargeError, match=r"more than 500 segments \(Limits.segments\)"):
        media.image_size(content[:2] + extra * 600 + content[2:])


def test_memory_and_sides_are_bounded_before_decoding() -> None:
    tall = saved(PIL.Image.new("1", (1, 100_001)), "PNG")
    with pytest.raises(MediaTooLargeError, match=r"1 x 100,001 pixels; the limit is 100,000 \(Limits.side\)"):
        media.load_image(tall)
    for format, mode, bytes_a_pixel in (("WEBP", "RGB", 16), ("PNG", "RGBA", 12), ("PNG", "I;16", 20)):
        content = saved(PIL.Image.new(mode, (30, 20)), format)
        assert media.load_image(content, limits=Limits(decoded_bytes=600 * bytes_a_pixel)).pixels.shape == (20, 30, 3)
        with pytest.raises(MediaTooLargeError, match=r"bytes to decode; the limit is .* \(Limits.decoded_bytes\)"):
            media.load_image(content, limits=Limits(decoded_bytes=600 * bytes_a_pixel - 1))


def test_a_phone_s_picture_is_read(tmp_path: Path) -> None:
    pillow_heif = pytest.importorskip("pillow_heif")
    heif = pillow_heif.from_pillow(PIL.Image.new("RGB", (64, 48), "red"))
    heif.save(tmp_path / "a.heic")
    file = media.inspect(tmp_path / "a.heic")
    assert (file.media_type, file.format, file.mime) == ("image", "heic", "image/heic")
    assert media.image_size(file) == (64, 48)
    assert colour(file) == pytest.approx((255, 0, 0), abs=3)
    assert media.picture_count(file) == 1
    heif.add_from_pillow(PIL.Image.new("RGB", (64, 48), "blue"))
    heif.save(tmp_path / "burst.heic")
    assert media.picture_count(tmp_path / "burst.heic") == 2
    with pytest.raises(DamagedMediaError):
        media.load_image((tmp_path / "a.heic").read_bytes()[:200])


def test_a_phone_s_picture_names_the_extra_that_reads_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with decoded_here(), pytest.raises(MissingExtraError, match=r"mm-agents\[heic\]"):
        media.load_image(b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + bytes(100))


def test_a_gif_that_says_it_is_huge_is_too_large() -> None:
    content = bytearray(saved(noise(), "GIF"))
    place = content.index(b",\x00\x00\x00\x00")  # a frame, at the left and top
    content[place + 5 : place + 9] = b"\xff\xff\xff\xff"  # the frame's own size
    with pytest.raises(MediaTooLargeError, match="too large"):
        media.load_image(media.inspect(bytes(content), name="a.gif"))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_size_as_stored_is_that_of_the_stored_pixels(orientation: int) -> None:
    exif = PIL.Image.Exif()
    exif[0x0112] = orientation
    content = saved(PIL.Image.new("RGB", (60, 40)), "JPEG", exif=exif)
    height, width = media.load_stored(content).pixels.shape[:2]
    assert media.stored_size(content) == (width, height)
    small = media.load_stored(content, max_side=30).pixels
    assert small.shape[:2] == (height // 2, width // 2)
