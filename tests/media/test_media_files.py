from __future__ import annotations

import hashlib
import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import PIL.Image
import pytest

from mm_agents import media
from mm_agents.errors import ConfigError, DamagedMediaError, MediaError, MediaTooLargeError, UnsupportedMediaError
from mm_agents.media import Limits


def picture(format: str) -> bytes:
    file = BytesIO()
    PIL.Image.new("RGB", (8, 6), "orange").save(file, format)
    return file.getvalue()


PNG = picture("PNG")


def ftyp(major: bytes, *others: bytes) -> bytes:
    brands = b"".join(others)
    return (16 + len(brands)).to_bytes(4, "big") + b"ftyp" + major + b"\0\0\0\0" + brands + b"\0" * 64


@pytest.mark.parametrize(
    ("content", "format", "media_type", "mime"),
    [
        (picture("JPEG"), "jpeg", "image", "image/jpeg"),
        (PNG, "png", "image", "image/png"),
        (picture("WEBP"), "webp", "image", "image/webp"),
        (picture("GIF"), "gif", "image", "image/gif"),
        (picture("BMP"), "bmp", "image", "image/bmp"),
        (picture("TIFF"), "tiff", "image", "image/tiff"),
        (picture("AVIF"), "avif", "image", "image/avif"),
        (ftyp(b"isom", b"mp41"), "mp4", "video", "video/mp4"),
        (ftyp(b"qt  "), "mov", "video", "video/quicktime"),
        (b"\0\0\0\x08wide\0\0\0\0mdat" + b"\0" * 32, "mov", "video", "video/quicktime"),
        (ftyp(b"mif1", b"avif"), "avif", "image", "image/avif"),
        (b"\x1a\x45\xdf\xa3\x9f\x42\x82\x84webm", "webm", "video", "video/webm"),
        (b"\x1a\x45\xdf\xa3\xa3\x42\x82\x88matroska", "mkv", "video", "video/x-matroska"),
        (b"RIFF\x10\0\0\0AVI LIST", "avi", "video", "video/x-msvideo"),
        (b"%PDF-1.7\n", "pdf", "pdf", "application/pdf"),
        (b"\xef\xbb\xbf\n%PDF-1.7\n", "pdf", "pdf", "application/pdf"),
        (b"\x00\x01junk\n%PDF-1.7\n", "pdf", "pdf", "application/pdf"),
        (b"# Title\n\nHello.\n", "text", "text", "text/plain"),
        ("Grüße, 世界 🦦\r\n\fnext page".encode(), "text", "text", "text/plain"),
        ("\ufeffwith a mark".encode("utf-16-le"), "text", "text", "text/plain"),
        (b"BM is how a bitmap begins, and this is not one.", "text", "text", "text/plain"),
        (b"MZ and ID3 are text here", "text", "text", "text/plain"),
        (b"The free beer", "text", "text", "text/plain"),
        (b"<p align=center>Markdown may begin with a tag</p>\n\n# Title", "text", "text", "text/plain"),
    ],
)
def test_the_content_tells_the_format(content: bytes, format: str, media_type: str, mime: str) -> None:
    file = media.inspect(content)
    assert (file.format, file.media_type, file.mime) == (format, media_type, mime)
    assert file.sha256 == hashlib.sha256(content).hexdigest()
    assert file.size == len(content)
    assert file.data == content
    assert file.path is None


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"PK\x03\x04rest", "a ZIP archive"),
        (b"SQLite format 3\0rest", "an SQLite database"),
        (b"\x7fELF\x02\x01\x01\0", "a program"),
        (b"MZ\x90\0\x03", "a program"),
        (b"\x1f\x8b\x08\0", "a gzip archive"),
        (b"OggS\0\x02" + bytes(22) + b"\x80theora", "an Ogg video; convert it to MP4"),
        (ftyp(b"crx "), "raw camera picture"),
        (b"\x1a\x45\xdf\xa3\x9f\x42\x82\x84zork", "is not of a known kind"),
        (b"RIFF\x10\0\0\0RMIDdata", "is not of a known kind"),
        (b"\0" * 100, "is not of a known kind"),
        (os.urandom(70_000) + b"\0", "is"),
        (b'<?xml version="1.0"?>\n<!-- by hand -->\n<svg xmlns="http://www.w3.org/2000/svg"/>', "SVG drawing"),
        (b"<!-- made by a tool -->\n<svg/>", "an SVG drawing; export it as PNG"),
        (b"<?xml version='1.0'?><rss/>", "an XML file"),
        ("Grüße".encode("latin-1"), "not UTF-8 text .*Save it as UTF-8"),
        (b"\xff\xfea\xd8b", "not UTF-8 text"),
        (b"a" * 70_000 + b"\0", "character 70000 is the control character"),
        ("\ufeffnul \0".encode("utf-16-le"), "control character"),
    ],
)
def test_other_content_is_refused_in_words(content: bytes, reason: str) -> None:
    with pytest.raises(UnsupportedMediaError, match=reason):
        media.inspect(content, name="thing")


@pytest.mark.parametrize(
    ("name", "claim"), [("holiday.jpg", "JPEG"), ("CLIP.MP4", "MP4"), ("a.webm", "WEBM"), ("scan.pdf", "PDF")]
)
@pytest.mark.parametrize("content", [b"hello", b"#EXTM3U\nhttp://127.0.0.1/x.ts\n", b"ffconcat version 1.0\nfile x\n"])
def test_text_under_the_name_of_a_picture_or_video_is_refused(name: str, claim: str, content: bytes) -> None:
    with pytest.raises(UnsupportedMediaError, match=f"the name claims {claim}, but the content is text"):
        media.inspect(content, name=name)


def test_a_picture_may_have_any_name(tmp_path: Path) -> None:
    for name in ("note.txt", "picture.jpg", "with space.png", "🦦.png", "two\nlines.png", "no suffix", "-rf"):
        (tmp_path / name).write_bytes(PNG)
        file = media.inspect(tmp_path / name)
        assert (file.name, file.format, file.data) == (name, "png", None)
        assert media.load_image(file).pixels.shape == (6, 8, 3)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux file names may hold any bytes")
def test_a_name_that_is_not_unicode_is_made_printable(tmp_path: Path) -> None:
    path = Path(os.fsdecode(bytes(tmp_path) + b"/bad\xff.png"))
    path.write_bytes(PNG)
    assert media.inspect(path).name == "bad?.png"


def test_sizes_are_bounded() -> None:
    with pytest.raises(MediaTooLargeError, match=r"has 11 bytes; the limit is 10 \(Limits.bytes\)"):
        media.inspect(b"hello world", limits=Limits(bytes=10))
    with pytest.raises(MediaTooLargeError, match="text_bytes"):
        media.inspect(b"hello world", limits=Limits(text_bytes=10))
    assert media.inspect(PNG, limits=Limits(text_bytes=10)).format == "png"


def test_an_empty_file_is_damaged(tmp_path: Path) -> None:
    (tmp_path / "none.png").touch()
    with pytest.raises(DamagedMediaError, match=r"'none.png' is empty \(0 bytes\)"):
        media.inspect(tmp_path / "none.png")


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="needs the special files of Unix")
def test_special_files_are_refused_without_opening_them(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mp4")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s"))
        for path, kind in {
            tmp_path: "a folder",
            tmp_path / "pipe.mp4": "a pipe",
            tmp_path / "s": "a socket",
            Path("/dev/zero"): "a device",
        }.items():
            with pytest.raises(UnsupportedMediaError, match=f"is {kind}, not a file"):
                media.inspect(path)


def test_what_cannot_be_opened_says_why(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match=r"'gone.png' cannot be read: No such file"):
        media.inspect(tmp_path / "gone.png")
    with pytest.raises(MediaError, match="null"):
        media.inspect(Path("a\0b"))


def test_a_file_that_vanishes_or_becomes_a_folder_after_it_was_inspected(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(PNG)
    file = media.inspect(path)
    path.unlink()
    with pytest.raises(MediaError, match="No such file"):
        media.load_image(file)
    path.mkdir()
    with pytest.raises(UnsupportedMediaError, match="is a folder"):
        media.load_image(file)


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="everything is readable for this user")
def test_a_file_without_permission(tmp_path: Path) -> None:
    path = tmp_path / "secret.png"
    path.write_bytes(PNG)
    path.chmod(0)
    with pytest.raises(MediaError, match="Permission denied"):
        media.inspect(path)


def test_readers_refuse_another_type() -> None:
    with pytest.raises(UnsupportedMediaError, match=r"is not a picture, but text \(text/plain\)"):
        media.load_image(b"hello")
    with pytest.raises(UnsupportedMediaError, match="is not a video, but png"):
        media.segments(PNG)
    with pytest.raises(UnsupportedMediaError, match="is not text, but png"):
        media.load_text(PNG)
    with pytest.raises(UnsupportedMediaError, match="is not a PDF, but png"):
        media.pages(PNG)


def test_the_repr_of_a_file_does_not_hold_its_content() -> None:
    assert len(repr(media.inspect(b"word " * 100_000))) < 500


# ---------------------------------------------------------------- walking


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in ("b.png", "a/2.png", "a/1.png", ".hidden/x.png", "a/.DS_Store", "lib/mm_agents.json", "lib/in.png"):
        path = tmp_path / "tree" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(PNG)
    return tmp_path / "tree"


def walked(*paths: Path) -> tuple[list[Path], dict[Path, str]]:
    failed: dict[Path, str] = {}
    found = list(media.walk(paths, failed=lambda path, error: failed.update({path: str(error)})))
    return found, failed


def test_walk_is_sorted_and_skips_hidden_files_and_libraries(tree: Path) -> None:
    assert walked(tree) == ([tree / "a/1.png", tree / "a/2.png", tree / "b.png"], {})


def test_walk_leaves_out_what_systems_make_and_what_is_excluded(tmp_path: Path) -> None:
    for name in ("a.jpg", "b.txt", "Thumbs.db", "desktop.ini", "~$a.docx", "@eaDir/a.jpg", "old/c.jpg", "new/d.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()

    def found(**patterns: Sequence[str]) -> list[str]:
        paths = media.walk([tmp_path], failed=lambda path, error: pytest.fail(str(error)), **patterns)
        return [path.relative_to(tmp_path).as_posix() for path in paths]

    assert found() == ["a.jpg", "b.txt", "new/d.jpg", "old/c.jpg"]
    assert found(include=["*.jpg"]) == ["a.jpg", "new/d.jpg", "old/c.jpg"]
    assert found(exclude=["old", "*.txt"]) == ["a.jpg", "new/d.jpg"]
    assert found(include=["new/*.jpg"], exclude=["a.*"]) == ["new/d.jpg"]
    assert list(media.walk([tmp_path / "Thumbs.db"], failed=lambda path, error: None)) == [tmp_path / "Thumbs.db"]


def test_walk_takes_what_is_given_by_name(tree: Path) -> None:
    hidden = tree / ".hidden/x.png"
    assert walked(hidden, tree / "lib/in.png") == ([hidden, tree / "lib/in.png"], {})
    found, failed = walked(tree / "lib")
    assert found == []
    assert "is a library" in failed[tree / "lib"]


def test_walk_yields_each_real_file_once(tree: Path) -> None:
    (tree / "a/again").symlink_to(tree, target_is_directory=True)
    (tree / "a/link.png").symlink_to(tree / "b.png")
    (tree / "self").symlink_to(tree / "self")
    found, failed = walked(tree / "b.png", tree, tree)
    assert found == [tree / "b.png", tree / "a/1.png", tree / "a/2.png"]
    assert list(failed) == [tree / "self"]


def test_walk_reports_what_is_not_there(tree: Path) -> None:
    (tree / "dangling.png").symlink_to(tree / "nowhere")
    found, failed = walked(tree / "gone", Path("a\0b"), tree / "a", tree / "dangling.png")
    assert found == [tree / "a/1.png", tree / "a/2.png"]
    assert "No such file" in failed[tree / "gone"]
    assert set(failed) == {tree / "gone", Path("a\0b"), tree / "dangling.png"}


def test_importing_media_loads_no_optional_package() -> None:
    code = "import sys, mm_agents.media; print([n for n in ('av', 'pypdfium2', 'onnxruntime') if n in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "[]"


def test_text_is_a_path_and_never_content_or_a_url(tmp_path: Path) -> None:
    (tmp_path / "orange.png").write_bytes(PNG)
    given, known = (media.inspect(make(tmp_path / "orange.png")) for make in (str, Path))
    assert given == known
    assert media.load_image(str(tmp_path / "orange.png")).pixels.shape == (6, 8, 3)
    with pytest.raises(MediaError, match="No such file"):
        media.inspect("https://example.com/orange.png")
    with pytest.raises(MediaError, match="No such file"):
        media.load_text("Water the ferns on Tuesday.")
    with pytest.raises(ConfigError, match="as a path or as bytes, not as int"):
        media.inspect(7)  # type: ignore[arg-type]
