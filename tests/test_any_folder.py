"""A folder as people have it: every file in it is in exactly one row of the report, with what became of it and why."""

from __future__ import annotations

import gzip
import io
import math
import os
import socket
import sqlite3
import struct
import wave
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from command_line import run
from PIL import features

from mm_agents import AddReport, Library
from mm_agents.testing import HashEmbedder

av = pytest.importorskip("av", reason="pip install 'mm-agents[local]'")
pytest.importorskip("markitdown", reason="pip install 'mm-agents[office]'")

EMOJI, NEWLINE, LONG = "🐈 on a 🛋.png", "two\nlines.png", "n" * 240 + ".png"
FAILED = {
    "empty.jpg": "DamagedMediaError",
    "nothing": "DamagedMediaError",
    "cut.jpg": "DamagedMediaError",
    "cut.mp4": "DamagedMediaError",
    "cut.docx": "DamagedMediaError",
    "cut.pdf": "DamagedMediaError",
    "says it is a picture.jpg": "UnsupportedMediaError",
    "old.txt": "UnsupportedMediaError",
    "packed.zip": "UnsupportedMediaError",
    "packed.gz": "UnsupportedMediaError",
    "drawing.svg": "UnsupportedMediaError",
    "list.xml": "UnsupportedMediaError",
    "data.sqlite": "UnsupportedMediaError",
    "program.exe": "UnsupportedMediaError",
    "old.doc": "UnsupportedMediaError",
    "layers.psd": "UnsupportedMediaError",
    "pipe": "UnsupportedMediaError",
    "socket": "UnsupportedMediaError",
    "loop": "MediaError",
    "nowhere.png": "MediaError",
    os.fsdecode(b"caf\xe9.png"): "UnsupportedMediaError",
}
SKIPPED = {
    ".DS_Store": "hidden",
    ".git": "hidden",
    "Thumbs.db": "made by a system or program",
    "desktop.ini": "made by a system or program",
    "~$letter.docx": "made by a system or program",
    "film.mp4.part": "made by a system or program",
    "@eaDir": "made by a system or program",
    "shelf": "a library",
    "up": "it is {folder!r}",
    "z link.png": "it is {folder_still!r}",
}
UNCHANGED = ("still copy.png", "still hard link.png")


def picture(seed: int, width: int = 64) -> PIL.Image.Image:
    return PIL.Image.fromarray(np.random.default_rng(seed).integers(0, 255, (48, width, 3), np.uint8))


def pictures(folder: Path) -> None:
    frames = [picture(seed) for seed in range(3)]
    moving = {"save_all": True, "append_images": frames[1:]}
    for n, name in enumerate("a.jpg B.JPG a.png a.webp a.gif a.bmp a.tif".split()):
        picture(10 + n).save(folder / name)
    if features.check("avif"):
        picture(20).save(folder / "a.avif")
    frames[0].save(folder / "moves.gif", **moving, duration=200)
    frames[0].save(folder / "moves.webp", **moving, duration=200)
    frames[0].save(folder / "moves.png", **moving, duration=200)
    frames[0].save(folder / "pages.tiff", **moving)
    picture(21).convert("CMYK").save(folder / "print.jpg")
    picture(22).quantize(16).save(folder / "few colours.png")
    PIL.Image.fromarray(np.arange(64 * 48, dtype=np.uint16).reshape(48, 64)).save(folder / "deep.png")
    for n, name in enumerate((EMOJI, NEWLINE, LONG, "-rf.png", "a [b] *?.png", "x.jpg", "no ending")):
        picture(30 + n).save(folder / name, "PNG")
    picture(40).save(folder / "still.png")
    (folder / "still copy.png").write_bytes((folder / "still.png").read_bytes())
    os.link(folder / "still.png", folder / "still hard link.png")
    picture(41, width=640).save(folder / "cut.jpg")
    content = (folder / "cut.jpg").read_bytes()
    (folder / "cut.jpg").write_bytes(content[:500])


def clip(path: Path, codec: str, format: str, *, count: int = 30, seed: int = 0) -> bytes:
    """A clip of noise, which does not compress well."""
    with av.open(str(path), "w", format=format) as container:
        stream = container.add_stream(codec, rate=25)
        stream.width, stream.height, stream.pix_fmt = 176, 144, "yuv420p"
        rng = np.random.default_rng(seed)
        for _ in range(count):
            frame = av.VideoFrame.from_ndarray(rng.integers(0, 255, (144, 176, 3), np.uint8), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path.read_bytes()


def clips(folder: Path) -> None:
    made = {
        "a.mp4": ("libx264", "mp4"),
        "a.mov": ("libx264", "mov"),
        "a.webm": ("libvpx", "webm"),
        "a.mkv": ("libx264", "matroska"),
        "a.avi": ("mpeg4", "avi"),
        "a.ts": ("mpeg2video", "mpegts"),
        "a.mpg": ("mpeg1video", "mpeg"),
        "a.wmv": ("wmv2", "asf"),
        "a.flv": ("flv1", "flv"),
        "a.3gp": ("mpeg4", "3gp"),
    }
    for seed, (name, (codec, format)) in enumerate(made.items()):
        clip(folder / name, codec, format, seed=seed)
    late = clip(folder / "cut.mp4", "libx264", "mp4", seed=20)
    (folder / "cut.mp4").write_bytes(late[: len(late) // 2])  # what says where its frames are is at its end
    early = clip(folder / "cut.avi", "mpeg4", "avi", count=80, seed=21)
    (folder / "cut.avi").write_bytes(early[: len(early) // 2])


def sounds(folder: Path) -> None:
    tone = [int(8000 * math.sin(n / 10)) for n in range(16000)]
    with wave.open(str(folder / "a.wav"), "wb") as file:
        file.setparams((1, 2, 16000, 0, "NONE", ""))
        file.writeframes(struct.pack(f"<{len(tone)}h", *tone))
    codecs = {"a.mp3": "mp3", "a.m4a": "aac", "a.flac": "flac", "a.ogg": "libopus", "a.opus": "libopus"}
    for name, codec in codecs.items():
        with av.open(str(folder / "a.wav")) as source, av.open(str(folder / name), "w") as target:
            stream = target.add_stream(codec, rate=48000)
            for frame in source.decode(audio=0):
                target.mux(stream.encode(frame))
            target.mux(stream.encode())


def archive(**members: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        for name, content in members.items():
            made.writestr(name, content)
    return file.getvalue()


def texts(folder: Path) -> None:
    import openpyxl
    from pptx import Presentation

    words = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    kind = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
    container = "<container xmlns='urn:oasis:names:tc:opendocument:xmlns:container'><rootfiles>"
    letter = archive(
        **{
            "word/document.xml": f'<w:document xmlns:w="{words}"><w:body><w:p><w:r><w:t>Rent</w:t></w:r></w:p></w:body>'
            "</w:document>",
            "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
            '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            f'<Override PartName="/word/document.xml" ContentType="{kind}"/></Types>',
            "_rels/.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
            '<Relationship Id="r1" Target="word/document.xml" Type="http://schemas.openxmlformats.org/officeDocument'
            '/2006/relationships/officeDocument"/></Relationships>',
        }
    )
    book = archive(
        **{
            "mimetype": "application/epub+zip",
            "META-INF/container.xml": f"{container}<rootfile full-path='b.opf' "
            "media-type='application/oebps-package+xml'/></rootfiles></container>",
            "b.opf": "<package xmlns='http://www.idpf.org/2007/opf'><manifest><item id='c' href='c.xhtml' "
            "media-type='application/xhtml+xml'/></manifest><spine><itemref idref='c'/></spine></package>",
            "c.xhtml": "<html><body><p>It begins.</p></body></html>",
        }
    )
    contents: dict[str, str | bytes] = {
        "a.txt": "Water the ferns on Tuesday.",
        "a.md": "# Ferns\n\nThey like shade.",
        "a.csv": "plant,water\nfern,2\n",
        "a.json": '{"plant": "moss"}',
        "a.html": "<!DOCTYPE html><html><body><p>Moss</p></body></html>",
        "wide.txt": "Ümläute".encode("utf-16"),
        "a.docx": letter,
        "cut.docx": letter[: len(letter) - 60],
        "a.epub": book,
        "empty.jpg": b"",
        "nothing": b"",
        "says it is a picture.jpg": "It is not.",
        "old.txt": "Straße".encode("latin-1"),
        "packed.zip": archive(**{"a.txt": "a"}),
        "packed.gz": gzip.compress(b"a"),
        "drawing.svg": "<svg xmlns='http://www.w3.org/2000/svg'/>",
        "list.xml": "<?xml version='1.0'?><list/>",
        "program.exe": b"MZ\x90\x00\x03",
        "old.doc": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
        "layers.psd": b"8BPS\x00\x01" + bytes(600),
        "cut.pdf": b"%PDF-1.4\n1 0 obj\n",
    }
    for name, content in contents.items():
        (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    picture(50).save(folder / "a.pdf")
    shown = Presentation()
    shown.slides.add_slide(shown.slide_layouts[5]).shapes.title.text = "Whales sing"
    shown.save(str(folder / "a.pptx"))
    costs = openpyxl.Workbook()
    costs.active.append(["Lamp", 12.5])
    costs.save(folder / "a.xlsx")
    with sqlite3.connect(folder / "data.sqlite") as database:
        database.execute("create table t (x)")


def oddities(folder: Path) -> None:
    for name in (".DS_Store", "Thumbs.db", "desktop.ini", "~$letter.docx", "film.mp4.part"):
        (folder / name).write_bytes(b"\x00\x01")
    for name in (
        ".git/config",
        "@eaDir/a.jpg/SYNO.jpg",
        "shelf/mm_agents.json",
        "shelf/inside.png",
        "deep/er/note.txt",
    ):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"This is {name}.")
    (folder / "z link.png").symlink_to(folder / "still.png")
    (folder / "up").symlink_to(folder, target_is_directory=True)
    (folder / "loop").symlink_to(folder / "loop")
    (folder / "nowhere.png").symlink_to(folder / "gone.png")
    picture(60).save(folder / os.fsdecode(b"caf\xe9.png"))
    os.mkfifo(folder / "pipe")
    before = Path.cwd()
    os.chdir(folder)  # the path of a socket is short
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket")
    os.chdir(before)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("things")
    for fill in (pictures, clips, sounds, texts, oddities):
        fill(folder)
    return folder


@pytest.fixture(scope="module")
def first_and_second(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[AddReport, AddReport]:
    place = tmp_path_factory.mktemp("place") / "library"
    with Library.open(place, embedder=HashEmbedder(width=16)) as library:
        first, second = (library.add(folder, words="none", speech="none", progress=False) for _ in range(2))
    return first, second


def found(folder: Path) -> Iterator[Path]:
    """All that is no folder, and links to folders."""
    for entry in os.scandir(folder):
        if entry.is_dir(follow_symlinks=False):
            yield from found(Path(entry.path))
        else:
            yield Path(entry.path)


def test_every_file_is_in_one_row(folder: Path, first_and_second: tuple[AddReport, AddReport]) -> None:
    files = list(found(folder))
    assert len(files) >= 80
    for report in first_and_second:
        rows = Counter(Path(file.path) for file in report.files)
        for path in files:
            assert rows[path] + sum(rows[parent] for parent in path.parents) == 1, path
        assert {row for row in rows if not row.is_dir()} <= set(files)


def test_each_row_says_what_became_of_the_file(folder: Path, first_and_second: tuple[AddReport, AddReport]) -> None:
    rows = {os.path.relpath(file.path, folder): file for file in first_and_second[0].files}
    failed = {name: file.error for name, file in rows.items() if file.outcome == "failed"}
    assert failed == FAILED
    assert all(file.reason for file in rows.values() if file.outcome in ("failed", "skipped", "in part"))
    places = {"folder": str(folder), "folder_still": str(folder / "still.png")}
    assert {name: file.reason for name, file in rows.items() if file.outcome == "skipped"} == {
        name: reason.format(**places) for name, reason in SKIPPED.items()
    }
    in_part = {name: file.reason for name, file in rows.items() if file.outcome == "in part"}
    assert list(in_part) == ["cut.avi"]
    assert "cut off" in in_part["cut.avi"]
    same = {"still.png", *UNCHANGED}
    assert Counter(rows[name].outcome for name in same) == {"added": 1, "unchanged": 2}
    others = {file.outcome for name, file in rows.items() if name not in {*FAILED, *SKIPPED, *in_part, *same}}
    assert others == {"added"}


def test_a_second_run_says_that_nothing_changed(first_and_second: tuple[AddReport, AddReport]) -> None:
    first, second = first_and_second
    assert (second.added, second.removed) == (0, 0)
    assert second.unchanged == first.added + first.unchanged
    assert {(file.path, file.error) for file in second.failed} == {(file.path, file.error) for file in first.failed}
    assert second.skipped() == first.skipped()


def test_the_command_line_counts_and_names_what_it_skips(tmp_path: Path) -> None:
    (tmp_path / "in" / ".git").mkdir(parents=True)
    picture(1).save(tmp_path / "in" / "a.png")
    for name in ("Thumbs.db", "b.txt"):
        (tmp_path / "in" / name).write_text("b")
    done = run("add", "in", "--exclude", "*.txt", "--words", "none", cwd=tmp_path)
    assert done.stdout.startswith("1 added, 0 unchanged, 3 skipped, 0 failed")
    assert "1 hidden (.git); 1 made by a system or program (Thumbs.db); 1 excluded (b.txt)" in done.stderr
