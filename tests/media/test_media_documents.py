from __future__ import annotations

import gc
import threading
import time
import zlib
from contextlib import suppress
from hashlib import md5
from io import BytesIO
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from mm_agents import media
from mm_agents.errors import ConfigError, DamagedMediaError, MediaError, MediaTooLargeError, UnsupportedMediaError
from mm_agents.media import Limits


def pdf(*texts: str, size: str = "0 0 200 100", trailer: bytes = b"", extra: bytes = b"") -> bytes:
    """A small PDF with one line of text on each page; readers rebuild its missing table of objects."""
    kids = " ".join(f"{10 + 2 * n} 0 R" for n in range(len(texts)))
    parts = [
        b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n",
        f"2 0 obj<</Type/Pages/Kids[{kids}]/Count {len(texts)}>>endobj\n".encode(),
        b"3 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj\n",
    ]
    for n, text in enumerate(texts):
        stream = f"BT /F 18 Tf 20 40 Td ({text}) Tj ET".encode()
        parts.append(
            f"{10 + 2 * n} 0 obj<</Type/Page/Parent 2 0 R/MediaBox[{size}]/Contents {11 + 2 * n} 0 R"
            f"/Resources<</Font<</F 3 0 R>>>>>>endobj\n"
            f"{11 + 2 * n} 0 obj<</Length {len(stream)}>>stream\n".encode()
            + stream
            + b"\nendstream endobj\n"
        )
    return b"".join(parts) + extra + b"trailer<</Root 1 0 R" + trailer + b">>\n%%EOF\n"


def encrypted_pdf() -> bytes:
    """A PDF whose user password is not empty (PDF 32000-1, 7.6.3: revision 2 with a verifier that fits no password)."""
    owner = md5(b"owner").hexdigest() * 2
    user = md5(b"user").hexdigest() * 2
    extra = f"90 0 obj<</Filter/Standard/V 1/R 2/O<{owner}>/U<{user}>/P -4>>endobj\n".encode()
    return pdf("secret", extra=extra, trailer=b"/Encrypt 90 0 R/ID[<00><00>]")


def test_pages_have_text_and_a_picture() -> None:
    pages = list(media.pages(pdf("Hello there", "Second page"), max_side=400))
    assert [(page.number, page.text) for page in pages] == [(1, "Hello there"), (2, "Second page")]
    for page in pages:
        assert page.image.pixels.shape == (200, 400, 3)
        assert page.image.pixels.dtype == np.uint8
        assert page.image.pixels.min() < 60  # ink
        assert page.image.pixels[0, 0].tolist() == [255, 255, 255]  # on white paper


def scans(path: Path, *colours: str) -> Path:
    first, *others = [PIL.Image.new("RGB", (80, 160), colour) for colour in colours]
    first.save(path, save_all=True, append_images=others)
    return path


def test_a_tiff_of_several_pages_is_a_document(tmp_path: Path) -> None:
    file = media.inspect(scans(tmp_path / "fax.tif", "red", "lime", "blue"))
    assert (file.media_type, file.format, file.mime) == ("pdf", "tiff", "image/tiff")
    pages = list(media.pages(file, max_side=40))
    assert [(page.number, page.text, page.image.pixels.shape) for page in pages] == [
        (n, "", (40, 20, 3)) for n in (1, 2, 3)
    ]
    assert [page.image.pixels[20, 10].argmax() for page in pages] == [0, 1, 2]
    (printed,) = media.print_pages(file, numbers=[2])
    assert (printed.number, printed.words, printed.image.pixels.shape) == (2, (), (160, 80, 3))
    assert media.load_image(file).pixels[0, 0].argmax() == 0
    with pytest.raises(ConfigError, match="pages 1 to 3, and no page 4"):
        list(media.print_pages(file, numbers=[4]))
    with pytest.raises(MediaTooLargeError, match=r"Limits\.pages"):
        list(media.pages(file, limits=Limits(pages=2)))


def test_a_smaller_version_of_a_page_is_no_page(tmp_path: Path) -> None:
    small = PIL.Image.new("RGB", (8, 16), "red")
    small.encoderinfo = {"tiffinfo": {254: 1}}
    PIL.Image.new("RGB", (80, 160), "red").save(tmp_path / "a.tif", save_all=True, append_images=[small])
    assert media.inspect(tmp_path / "a.tif").media_type == "image"


def test_a_tiff_that_is_cut_off_never_leaks_another_error(tmp_path: Path) -> None:
    content = scans(tmp_path / "fax.tif", "red", "lime", "blue").read_bytes()
    for end in range(8, len(content), 911):
        with suppress(MediaError):
            list(media.pages(content[:end]))


def test_a_scan_has_no_text_but_its_colours(tmp_path: Path) -> None:
    path = tmp_path / "scan 📄.pdf"
    red, blue = PIL.Image.new("RGB", (80, 160), "red"), PIL.Image.new("RGB", (80, 160), "blue")
    red.save(path, save_all=True, append_images=[blue])
    first, second = media.pages(media.inspect(path))
    assert (first.text, second.text) == ("", "")
    assert first.image.pixels.shape == (1024, 512, 3)
    assert first.image.pixels[500, 250, 0] > 245
    assert first.image.pixels[500, 250, 2] < 10
    assert second.image.pixels[500, 250, 2] > 245


def test_an_encrypted_pdf_is_refused() -> None:
    with pytest.raises(UnsupportedMediaError, match=r"'secret.pdf' is encrypted; save it without a password"):
        next(media.pages(media.inspect(encrypted_pdf(), name="secret.pdf")))


@pytest.mark.parametrize("content", [b"%PDF-1.7\nnothing of the kind\n", pdf("x")[:60], pdf()])
def test_a_broken_pdf_is_damaged(content: bytes) -> None:
    with pytest.raises(DamagedMediaError, match=r"'bad.pdf'"):
        list(media.pages(media.inspect(content, name="bad.pdf")))


def test_a_page_that_is_not_there_is_named() -> None:
    content = pdf("first", "second").replace(b"12 0 obj", b"99 0 obj")
    pages = media.pages(content)
    assert next(pages).text == "first"
    with pytest.raises(DamagedMediaError, match="Page 2 of 'untitled'"):
        next(pages)


def test_odd_page_sizes_stay_bounded() -> None:
    for size in ("0 0 100000000 1", "0 0 0.001 0.001", "0 0 0 0", "5 5 -5 -5"):
        for page in media.pages(pdf("x", size=size), max_side=64):
            assert max(page.image.pixels.shape[:2]) <= 65


def test_pages_are_bounded() -> None:
    with pytest.raises(MediaTooLargeError, match=r"has 3 pages; the limit is 2 \(Limits.pages\)"):
        next(media.pages(pdf("a", "b", "c"), limits=Limits(pages=2)))
    with pytest.raises(ConfigError, match="max_side has to be at least 1 pixel, not 0"):
        media.pages(pdf("a"), max_side=0)


def pdf_of(content: bytes, *streams: bytes, filters: str = "") -> bytes:
    """A PDF of one page with this content, in which /Xn is the form of the nth stream, nested into one another."""

    def stream(data: bytes, entries: str) -> bytes:
        return f"<</Length {len(data)}{entries}>>stream\n".encode() + data + b"\nendstream "

    def form(n: int) -> str:
        return f"/Resources<</Font<</F 3 0 R>>/XObject<</X{n} {20 + n} 0 R>>>>"

    page = f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 500 500]/Contents 11 0 R{form(0)}>>".encode()
    objects = {10: page, 11: stream(content, filters)}
    for n, data in enumerate(streams):
        objects[20 + n] = stream(data, f"/Type/XObject/Subtype/Form/BBox[0 0 500 500]{form(n + 1)}")
    extra = b"".join(b"%d 0 obj" % number + value + b"endobj\n" for number, value in objects.items())
    return pdf(extra=extra).replace(b"/Kids[]/Count 0", b"/Kids[10 0 R]/Count 1")


def nested_forms() -> bytes:
    """Twelve forms, each of which draws the next ten times."""
    forms = [f"/X{n + 1} Do ".encode() * 10 for n in range(11)]
    return pdf_of(b"/X0 Do", *forms, b"0 0 1 1 re f")


def test_a_page_that_takes_too_much_memory_is_refused() -> None:
    operators = zlib.compress(b"0 0 1 1 re f\n" * 1_000_000)
    zeros = zlib.compress(zlib.compress(bytes(300_000_000)))
    limits = Limits(page_bytes=64 * 1024**2)
    for content in (
        nested_forms(),
        pdf_of(operators, filters="/Filter/FlateDecode"),
        pdf_of(zeros, filters="/Filter[/FlateDecode/FlateDecode]"),
    ):
        with pytest.raises(MediaTooLargeError, match=r"'untitled' takes more than 67,108,864 bytes of memory"):
            list(media.pages(content, limits=limits))
        with pytest.raises(MediaTooLargeError, match=r"\(Limits.page_bytes\)"):
            list(media.print_pages(content, limits=limits))
    assert next(media.pages(pdf_of(b"BT /F 18 Tf 20 40 Td (fine) Tj ET"), limits=limits)).text == "fine"


def test_a_page_that_takes_too_long_is_refused() -> None:
    start = time.monotonic()
    with pytest.raises(MediaTooLargeError, match=r"takes more than 1 seconds to read \(Limits.page_seconds\)"):
        list(media.pages(nested_forms(), limits=Limits(page_seconds=1, page_bytes=16 * 1024**3)))
    assert time.monotonic() - start < 30
    with pytest.raises(
        MediaTooLargeError, match=r"Page 1 .* more than 0 seconds of processor time \(Limits.pdf_seconds\)"
    ):
        list(media.pages(pdf("x"), limits=Limits(pdf_seconds=0)))


def test_the_characters_of_a_page_are_bounded() -> None:
    assert len(list(media.pages(pdf("twelve chars"), limits=Limits(page_characters=12)))) == 1
    pages = media.pages(pdf("short", "twelve chars"), limits=Limits(page_characters=11))
    assert next(pages).text == "short"
    with pytest.raises(MediaTooLargeError, match=r"Page 2 .* more than 11 characters \(Limits.page_characters\)"):
        next(pages)


def test_a_pdf_unpacks_in_proportion_to_its_size() -> None:
    file = pdf("one", "two", "three")
    limits = Limits(free_pages=1, least_page=len(file) // 2)
    assert len(list(media.pages(file, limits=limits))) == 3
    with pytest.raises(MediaTooLargeError, match=r"unpacks to 3 pages, too many .* the limit is 2 \(Limits.free_pages"):
        next(media.pages(file, limits=Limits(free_pages=1, least_page=len(file))))
    pages = media.pages(file, limits=Limits(free_characters=6, expansion=0))
    assert [next(pages).text, next(pages).text] == ["one", "two"]
    with pytest.raises(MediaTooLargeError, match=r"unpacks to 11 characters, too many"):
        next(pages)


def test_pdfs_are_read_from_many_threads_and_abandoned_midway() -> None:
    content = pdf(*(f"page {n}" for n in range(30)))
    found: list[list[str]] = []

    def read() -> None:
        half = media.pages(content, max_side=64)
        next(half)
        found.append([page.text for page in media.pages(content, max_side=64)])
        del half

    threads = [threading.Thread(target=read) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    gc.collect()
    assert found == [[f"page {n}" for n in range(30)]] * 6


def test_load_text_reads_the_usual_encodings(tmp_path: Path) -> None:
    text = "Grüße, 世界\n\n🦦 end\n"
    for encoding in ("utf-8", "utf-8-sig", "utf-16"):
        path = tmp_path / f"{encoding}.md"
        path.write_bytes(text.replace("\n", "\r\n").encode(encoding))
        assert media.load_text(path) == text
    assert media.load_text(("\ufeff" + text).encode("utf-16-be")) == text
    assert media.load_text(b"old\rMac\r") == "old\nMac\n"


def test_load_text_checks_a_file_that_changed(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("hello")
    file = media.inspect(path)
    path.write_bytes(b"nul \0")
    with pytest.raises(UnsupportedMediaError, match="control character"):
        media.load_text(file)
    path.write_text("hello, hello")
    with pytest.raises(MediaTooLargeError, match="text_bytes"):
        media.load_text(file, limits=Limits(text_bytes=5))


def test_characters_of_a_text_are_bounded() -> None:
    assert len(media.load_text("äöü".encode(), limits=Limits(characters=3))) == 3
    with pytest.raises(MediaTooLargeError, match=r"has 4 characters; the limit is 3 \(Limits.characters\). Split"):
        media.load_text("äöüß".encode(), limits=Limits(characters=3))


def test_a_pdf_made_in_memory_is_not_confused_with_a_picture() -> None:
    file = BytesIO()
    PIL.Image.new("RGB", (10, 10)).save(file, "PDF")
    assert media.inspect(file.getvalue(), name="a.png").media_type == "pdf"


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
@pytest.mark.parametrize("box", ["", "/CropBox[15 20 185 90]"])
def test_words_stand_where_they_are_seen_on_pages_that_are_cut_and_turned(turn: int, box: str) -> None:
    # the letters are turned in the file, so that they are upright on the page as it is shown
    matrix = {0: "1 0 0 1 60 40", 90: "0 1 -1 0 60 40", 180: "-1 0 0 -1 140 60", 270: "0 -1 1 0 60 80"}[turn]
    old, new = b"BT /F 18 Tf 20 40 Td (x) Tj ET", f"BT /F 12 Tf {matrix} Tm (Hello) Tj ET".encode()
    content = pdf("x").replace(old, new).replace(b"/Length %d>>" % len(old), b"/Length %d>>" % len(new))
    content = content.replace(b"/Contents", f"{box}/Rotate {turn}/Contents".encode())
    (page,) = media.print_pages(content)
    (word,) = page.words
    assert word.text == "Hello"
    dark = (page.image.pixels < 128).any(axis=2)
    rows, columns = np.flatnonzero(dark.any(axis=1)), np.flatnonzero(dark.any(axis=0))
    seen = (columns[0], rows[0], columns[-1] + 1, rows[-1] + 1)
    assert (word.box.x0, word.box.y0, word.box.x1, word.box.y1) == pytest.approx(seen, abs=3)


def test_words_stand_where_they_are_seen_on_a_page_whose_box_begins_elsewhere() -> None:
    (usual,) = next(media.print_pages(pdf("Hello"))).words
    (moved,) = next(media.print_pages(pdf("Hello", size="-30 20 170 120"))).words
    scale = media.PRINT_DPI / 72
    assert moved.box.x0 - usual.box.x0 == pytest.approx(30 * scale, abs=1)
    assert moved.box.y1 - usual.box.y1 == pytest.approx(20 * scale, abs=1)


def test_single_characters_below_each_other_stay_apart() -> None:
    (page,) = media.print_pages(
        pdf_of(b"BT /F 12 Tf 12 TL 20 440 Td (Amber) Tj T* (A) Tj T* (B) Tj T* (7) Tj T* (8) Tj ET")
    )
    assert [word.text for word in page.words] == ["Amber", "A", "B", "7", "8"]


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_text_that_does_not_run_to_the_right_is_left_to_be_read_in_the_picture(turn: int) -> None:
    content = pdf("Hello").replace(b"/Contents", f"/Rotate {turn}/Contents".encode())
    (page,) = media.print_pages(content)
    assert page.words == ()
