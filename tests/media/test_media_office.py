"""Office files, EPUBs and web pages are texts, with their slides, sheets and pictures."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import Any

import PIL.Image
import pytest

from mm_agents import Library, media, read_document
from mm_agents.errors import DamagedMediaError, MediaError, MediaTooLargeError, MissingExtraError, UnsupportedMediaError
from mm_agents.ingest.files import pieces
from mm_agents.media import Limits
from mm_agents.media.decoder_processes import decoded_here
from mm_agents.testing import HashEmbedder

pytest.importorskip("markitdown", reason="needs the extra office")

WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
DOCUMENT_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"


def jpeg(colour: str) -> bytes:
    file = BytesIO()
    PIL.Image.new("RGB", (64, 48), colour).save(file, "JPEG")
    return file.getvalue()


def archive(**members: bytes | str) -> bytes:
    file = BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in members.items():
            made.writestr(name, content, zipfile.ZIP_STORED if name == "mimetype" else None)
    return file.getvalue()


def docx(*paragraphs: str, **more: bytes | str) -> bytes:
    said = "".join(f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>" for text in paragraphs)
    return archive(
        **{
            "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
            '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            f'<Override PartName="/word/document.xml" ContentType="{DOCUMENT_TYPE}"/></Types>',
            "_rels/.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
            '<Relationship Id="r1" Target="word/document.xml" Type="http://schemas.openxmlformats.org/officeDocument'
            '/2006/relationships/officeDocument"/></Relationships>',
            "word/document.xml": f'<w:document xmlns:w="{WORD}"><w:body>{said}</w:body></w:document>',
        },
        **more,
    )


def docx_of(document: str) -> bytes:
    file = BytesIO(docx("x"))
    with zipfile.ZipFile(file) as made:
        members = {name: made.read(name) for name in made.namelist()}
    return archive(**(members | {"word/document.xml": document}))


def epub(*chapters: str) -> bytes:
    listed = "".join(
        f"<item id='c{n}' href='{n}.xhtml' media-type='application/xhtml+xml'/>" for n in range(len(chapters))
    )
    order = "".join(f"<itemref idref='c{n}'/>" for n in range(len(chapters)))
    return archive(
        **{
            "mimetype": "application/epub+zip",
            "META-INF/container.xml": "<container xmlns='urn:oasis:names:tc:opendocument:xmlns:container'><rootfiles>"
            "<rootfile full-path='book.opf' media-type='application/oebps-package+xml'/></rootfiles></container>",
            "book.opf": f"<package xmlns='http://www.idpf.org/2007/opf'><manifest>{listed}</manifest>"
            f"<spine>{order}</spine></package>",
        },
        **{f"{n}.xhtml": f"<html><body><p>{text}</p></body></html>" for n, text in enumerate(chapters)},
    )


def slides(path: Path, *titles: str, picture: bytes | None = None) -> Path:
    from pptx import Presentation

    shown = Presentation()
    for title in titles:
        slide = shown.slides.add_slide(shown.slide_layouts[5])
        slide.shapes.title.text = title
    if picture:
        shown.slides[0].shapes.add_picture(BytesIO(picture), 0, 0)
    shown.save(str(path))
    return path


def workbook(path: Path) -> Path:
    import openpyxl

    book = openpyxl.Workbook()
    book.active.title = "Costs"
    for row in (("Item", "Price"), ("Lamp", 12.5)):
        book.active.append(row)
    trips = book.create_sheet("Trips")
    for row in (("To", "km"), ("Ulm", 120)):
        trips.append(row)
    book.save(path)
    return path


def test_a_word_file_is_text_without_its_markup() -> None:
    file = media.inspect(docx("The rent is 900 EUR.", "It is due on Mondays."), name="lease.docx")
    assert (file.media_type, file.format) == ("text", "docx")
    text = media.load_text(file)
    assert [line for line in text.splitlines() if line] == ["The rent is 900 EUR.", "It is due on Mondays."]
    assert [(section.page, section.sheet) for section in media.sections(file, text)] == [(None, None)]


def test_slides_and_sheets_are_sections(tmp_path: Path) -> None:
    shown = slides(tmp_path / "talk.pptx", "Whales sing", "Bears sleep")
    assert media.inspect(shown).format == "pptx"
    cut = media.sections(shown, media.load_text(shown))
    assert [(section.page, section.text.split()) for section in cut] == [
        (1, ["#", "Whales", "sing"]),
        (2, ["#", "Bears", "sleep"]),
    ]
    book = workbook(tmp_path / "book.xlsx")
    assert media.inspect(book).format == "xlsx"
    costs, trips = media.sections(book, media.load_text(book))
    assert (costs.sheet, trips.sheet) == ("Costs", "Trips")
    assert "| Lamp | 12.5 |" in costs.text
    assert "| Ulm | 120 |" in trips.text


def test_books_and_web_pages_are_texts() -> None:
    book = media.inspect(epub("It begins.", "It ends."))
    assert (book.media_type, book.format) == ("text", "epub")
    assert media.load_text(book).split("\n\n")[-2:] == ["It begins.", "It ends."]
    page = media.inspect(
        b"<!DOCTYPE html><html><head><script>alert(1)</script></head><body><h1>Hi</h1><p>Some <b>bold</b> words "
        b"<img src='http://127.0.0.1:9/x.png' alt='a cat'></p></body></html>"
    )
    assert (page.media_type, page.format, page.mime) == ("text", "html", "text/html")
    assert media.load_text(page).split() == ["#", "Hi", "Some", "**bold**", "words", "a", "cat"]


def test_what_is_on_a_slide_is_found_with_its_number(tmp_path: Path) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    slides(folder / "talk.pptx", "Whales sing", "Bears sleep", picture=jpeg("red"))
    workbook(folder / "book.xlsx")
    (folder / "lease.docx").write_bytes(docx("The rent is 900 EUR.", **{"word/media/image1.jpeg": jpeg("blue")}))
    with Library.open(tmp_path / "library", embedder=HashEmbedder(width=64)) as library:
        report = library.add(folder, words="none")
        assert (report.added, report.failed) == (3, ())
        hit = library.search("bears sleep")[0]
        assert (hit.name, hit.page) == ("talk.pptx", 2)
        hit = library.search("Ulm")[0]
        assert hit.part
        assert (hit.name, hit.part.properties["sheet"]) == ("book.xlsx", "Trips")
        picture = PIL.Image.new("RGB", (64, 48), "blue")
        assert library.search(image=picture)[0].name == "lease.docx"
        assert library.add(folder).unchanged == 3


def test_one_process_reads_the_text_and_the_pictures(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "lease.docx").write_bytes(docx("The rent is 900 EUR.", **{"word/media/image1.jpeg": jpeg("blue")}))
    started = 0

    class Counted(subprocess.Popen[bytes]):
        def __init__(self, command: list[str], **options: Any) -> None:
            nonlocal started
            started += 1
            super().__init__(command, **options)

    monkeypatch.setattr(subprocess, "Popen", Counted)
    found = list(pieces(media.inspect(tmp_path / "lease.docx")))
    assert [(piece.text, piece.thumbnail is not None) for piece in found] == [
        ("The rent is 900 EUR.", False),
        ("", True),
    ]
    assert started <= 2  # one reads the file, and another decodes the picture; they may be there already


def test_a_picture_that_cannot_be_decoded_is_passed_over() -> None:
    file = media.inspect(
        docx("Words.", **{"word/media/image1.png": b"no picture", "word/media/image2.jpeg": jpeg("red")})
    )
    text, pictures = media.load_text_and_pictures(file, max_side=32)
    (only,) = pictures
    assert text == "Words."
    assert only.pixels.shape == (24, 32, 3)


def test_the_pictures_inside_are_drawn_in_proportion_to_the_file() -> None:
    file = docx("Words.", **{f"word/media/image{n}.jpeg": jpeg("red") for n in range(4)})
    width, height = PIL.Image.open(BytesIO(jpeg("red"))).size
    limits = Limits(free_pixels=2 * width * height, expansion=0)
    assert len(list(media.load_text_and_pictures(file, max_side=32, limits=limits)[1])) == 2
    assert len(list(media.load_text_and_pictures(file, max_side=32)[1])) == 4


def test_files_that_would_exhaust_the_machine_are_refused() -> None:
    bomb = docx("Words.", **{"word/media/image1.png": bytes(3_000_000)})
    assert len(bomb) < 20_000
    with pytest.raises(MediaTooLargeError, match=r"Limits\.office_bytes.*Split the file"):
        media.load_text(bomb, limits=Limits(office_bytes=2_000_000))
    with pytest.raises(MediaTooLargeError, match=r"characters"):
        media.load_text(docx("Words. " * 1000), limits=Limits(characters=2000))
    with pytest.raises(MediaTooLargeError, match="unpacks to 6,999 characters, too many"):
        media.load_text(docx("Words. " * 1000), limits=Limits(free_characters=2000, expansion=0))
    with pytest.raises(MediaTooLargeError, match=r"bytes of memory to read \(Limits\.page_bytes\)"):
        media.load_text(docx(" " * 200_000_000), limits=Limits(page_bytes=256 * 1024**2))
    laughs = "".join(f'<!ENTITY l{n + 1} "{f"&l{n};" * 10}">' for n in range(9))
    billion = f'<?xml version="1.0"?><!DOCTYPE d [<!ENTITY l0 "ha">{laughs}]><d xmlns:w="{WORD}">&l9;</d>'
    with pytest.raises(MediaError):
        media.load_text(docx_of(billion))


def test_damaged_files_have_a_typed_error() -> None:
    content = docx("The rent is 900 EUR.")
    with pytest.raises(DamagedMediaError, match=r"'lease.docx' is cut off or corrupt"):
        media.load_text(media.inspect(content[:-40], name="lease.docx"))
    with suppress(MediaError):
        media.load_text(docx_of("<w:document"))
    with pytest.raises(UnsupportedMediaError, match="ZIP archive or an OpenDocument file"):
        media.inspect(archive(**{"content.xml": "<x/>"}))


def test_the_extra_is_named_where_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "markitdown", None)
    with decoded_here(), pytest.raises(MissingExtraError, match=r"mm-agents\[office\]"):
        media.load_text(docx("Words."))


def test_the_first_row_of_a_table_in_a_docx_is_its_head(tmp_path: Path) -> None:
    def row(*texts: str) -> str:
        return "<w:tr>" + "".join(f"<w:tc><w:p><w:r><w:t>{text}</w:t></w:r></w:p></w:tc>" for text in texts) + "</w:tr>"

    rows = row("Subject", "Mark") + row("Biology", "1") + row("French", "4")
    path = tmp_path / "report.docx"
    path.write_bytes(docx_of(f'<w:document xmlns:w="{WORD}"><w:body><w:tbl>{rows}</w:tbl></w:body></w:document>'))
    text = media.load_text(media.inspect(path))
    assert [line.strip() for line in text.strip().splitlines()] == [
        "| Subject | Mark |",
        "| --- | --- |",
        "| Biology | 1 |",
        "| French | 4 |",
    ]
    assert read_document("table", path).ask("What mark does French have?").answer == "French, Mark: 4."
