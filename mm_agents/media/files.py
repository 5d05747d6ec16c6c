"""Opens, bounds, sniffs and hashes files: its first bytes say what a file is, never its name."""

from __future__ import annotations

import fnmatch
import hashlib
import io
import os
import re
import stat
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path, PurePath
from typing import Literal, NamedTuple
from uuid import UUID, uuid5

from PIL import features

from mm_agents._text import read_data
from mm_agents.errors import ConfigError, DamagedMediaError, MediaError, MediaTooLargeError, UnsupportedMediaError
from mm_agents.media.containers import BinaryFile, animation_or_pages, sound_alone

MediaType = Literal["image", "video", "audio", "text", "pdf"]


class Format(NamedTuple):
    """A kind of file that can be read; not every kind has bytes that all its files begin with."""

    name: str
    media_type: MediaType
    mime: str
    magic: tuple[bytes, ...] = ()


class Signatures(NamedTuple):
    """What ``formats.toml`` says: formats by name, refused kinds by their first bytes, claims by the name's ending."""

    formats: dict[str, Format]
    refused: dict[bytes, str]
    claims: dict[str, str]


_NAMESPACE = UUID("6f1b8c1e-7a52-5d0e-9f0e-3c6d3f5b7a10")

HEAD_BYTES = 64 * 1024
"""How much of a file ``sniff`` wants to see."""

READABLE = (
    "Known are pictures (JPEG, PNG, WebP, GIF, BMP, TIFF, AVIF, HEIC), videos (MP4, MOV, 3GP, WebM, MKV, AVI, MPEG, "
    "MPEG-TS, WMV, FLV), sound (WAV, MP3, M4A, FLAC, OGG, Opus), PDF, Word, PowerPoint and Excel files (DOCX, PPTX, "
    "XLSX), EPUB, HTML, EML and UTF-8 text."
)

_HEIC_BRANDS = {b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"}
_AVIF_BRANDS = {b"avif", b"avis"}
_BMP_HEADER_SIZES = {12, 16, 40, 52, 56, 64, 108, 124}

_OGG_SOUNDS = (b"OpusHead", b"\x01vorbis", b"\x7fFLAC", b"Speex   ")
_OGG_VIDEOS = (b"\x80theora", b"\x01video", b"BBCD\0")
_SOUND_OF = {"mp4": "m4a", "mov": "m4a", "webm": "weba", "mkv": "mka"}
"""What a container of videos is that holds sound alone."""

_M4A_BRANDS = {b"M4A ", b"M4B "}
_MPEG1_KILOBITS = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_MPEG2_KILOBITS = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f]")
_MAIL_HEAD = re.compile(r"[A-Za-z][A-Za-z-]*:")  # the first field of a message (RFC 5322, 2.2)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_PDF_START = re.compile(rb"(?:\xef\xbb\xbf)?\s*%PDF-\d")
_PDF_AFTER_JUNK = re.compile(rb"%PDF-\d")
_ZIP_MEMBER = re.compile(rb"PK\x03\x04.{26}(word|ppt|xl)/", re.DOTALL)
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")


@cache
def signatures() -> Signatures:
    """The table of ``formats.toml``, read once."""
    table = read_data("mm_agents.media", "formats.toml")
    return Signatures(
        formats={
            name: Format(name, entry["media_type"], entry["mime"], tuple(map(bytes.fromhex, entry.get("magic", ()))))
            for name, entry in table["formats"].items()
        },
        refused={bytes.fromhex(magic): kind for kind, magics in table["refused"].items() for magic in magics},
        claims={ending: claim for claim, endings in table["claims"].items() for ending in endings},
    )


def sniff(head: bytes, name: str) -> Format | None:
    """The format that the first bytes of a file announce; None when they could be text.

    Args:
        head: the first ``HEAD_BYTES`` of the file.
        name: the file's name, for messages only.

    Raises:
        UnsupportedMediaError: the bytes are of a kind that cannot be read.
    """
    formats = signatures().formats
    format = next((format.name for format in formats.values() if head.startswith(format.magic)), None)
    by_structure = (_riff, _ebml, _bmp, _ogg, _transport, _mpeg_audio, _zip)
    format = format or _iso(head, name) or next((found for known in by_structure if (found := known(head))), None)
    if format is None and _PDF_START.match(head):
        format = "pdf"
    if format:
        return formats[format]
    if _looks_like_text(head):
        return None
    for magic, kind in signatures().refused.items():
        if head.startswith(magic):
            raise UnsupportedMediaError(f"{name!r} is {kind}. {READABLE}")
    if _PDF_AFTER_JUNK.search(head, 0, 1024):
        return formats["pdf"]
    raise UnsupportedMediaError(f"{name!r} is not of a known kind: it begins with {head[:8]!r}. {READABLE}")


def decode_text(data: bytes, name: str) -> str:
    """Decode UTF-8, or UTF-16 with a byte order mark, into text with the line ends of Unix.

    Raises:
        UnsupportedMediaError: the bytes are not such text, or hold control characters.
    """
    encoding = "utf-16" if data.startswith(_UTF16_MARKS) else "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise UnsupportedMediaError(
            f"{name!r} is not UTF-8 text (byte {error.start} is {data[error.start]:#04x}). Save it as UTF-8. {READABLE}"
        ) from error
    if control := _CONTROL.search(text):
        raise UnsupportedMediaError(
            f"{name!r} is not text: character {control.start()} is the control character {control[0]!r}. {READABLE}"
        )
    return text.replace("\r\n", "\n").replace("\r", "\n")


def text_format(text: str, name: str) -> Literal["text", "html", "eml"]:
    """Whether text is to be read as it is, as a web page or as an e-mail.

    Raises:
        UnsupportedMediaError: an SVG drawing or XML, or a name of another kind such as "holiday.jpg".
    """
    if claim := signatures().claims.get(PurePath(name).suffix.lower()):
        raise UnsupportedMediaError(f"{name!r}: the name claims {claim}, but the content is text. {READABLE}")
    start = _COMMENT.sub("", text[:4096]).lstrip().lower()
    if start.startswith("<svg") or (start.startswith(("<?xml", "<!doctype svg")) and "<svg" in start):
        raise UnsupportedMediaError(f"{name!r} is an SVG drawing; export it as PNG.")
    is_xhtml = start.startswith("<?xml") and "<html" in start
    if is_xhtml or start.startswith(("<!doctype html", "<html")):
        return "html"
    if start.startswith("<?xml"):
        raise UnsupportedMediaError(f"{name!r} is an XML file; save what it says as text.")
    return "eml" if PurePath(name).suffix.lower() == ".eml" and _MAIL_HEAD.match(text) else "text"


def _looks_like_text(head: bytes) -> bool:
    return head.startswith(_UTF16_MARKS) or not _CONTROL.search(head.decode("latin-1"))


def _riff(head: bytes) -> str | None:
    kinds = {b"WEBP": "webp", b"AVI ": "avi", b"WAVE": "wav"}
    return kinds.get(head[8:12]) if head.startswith(b"RIFF") else None


def _ogg(head: bytes) -> str | None:
    """Ogg with a codec of sound in its first pages (RFC 3533); one that also holds a video is not known."""
    sounds = any(codec in head[:4096] for codec in _OGG_SOUNDS)
    return "ogg" if head.startswith(b"OggS") and sounds and not any(codec in head for codec in _OGG_VIDEOS) else None


def _mpeg_audio(head: bytes) -> str | None:
    """MP3 without tags: a frame's header where the one before it says (ISO/IEC 11172-3, 2.4.2.3)."""
    length = _mpeg_frame(head[:4])
    return "mp3" if length and _mpeg_frame(head[length : length + 4]) else None


def _mpeg_frame(header: bytes) -> int:
    """The bytes of the frame of layer III that begins so; 0 where none does."""
    if len(header) < 4 or header[0] != 0xFF or header[1] & 0xE6 != 0xE2 or (version := header[1] >> 3 & 3) == 1:
        return 0
    rate, frequency = header[2] >> 4, header[2] >> 2 & 3
    if rate in (0, 15) or frequency == 3:
        return 0
    first = version == 3
    kilobits = (_MPEG1_KILOBITS if first else _MPEG2_KILOBITS)[rate]
    hertz = (44100, 48000, 32000)[frequency] >> {3: 0, 2: 1, 0: 2}[version]
    return (144_000 if first else 72_000) * kilobits // hertz + (header[2] >> 1 & 1)


def _iso(head: bytes, name: str) -> str | None:
    """Tell MP4, MOV, AVIF and HEIC apart: they share the box structure of ISO/IEC 14496-12."""
    size = int.from_bytes(head[:4], "big")
    if head[4:8] in (b"moov", b"mdat", b"wide", b"free", b"skip") and head[0] < 0x20:
        return "mov"  # QuickTime files from before the file type box
    if head[4:8] != b"ftyp" or not 16 <= size <= 4096:
        return None
    major = head[8:12]
    brands = {major} | {head[at : at + 4] for at in range(16, size, 4)}
    if major in _AVIF_BRANDS or (major in _HEIC_BRANDS and brands & _AVIF_BRANDS):
        if "avif" in features.modules and features.check("avif"):
            return "avif"
        raise UnsupportedMediaError(f"{name!r} is an AVIF picture, which this Pillow cannot read; export it as JPEG.")
    if major in _HEIC_BRANDS:
        return "heic"
    if major == b"crx ":
        raise UnsupportedMediaError(f"{name!r} is a raw camera picture; export it as JPEG. {READABLE}")
    if major in _M4A_BRANDS:
        return "m4a"
    return "mov" if major == b"qt  " else "mp4"


def _ebml(head: bytes) -> str | None:
    if not head.startswith(b"\x1a\x45\xdf\xa3"):
        return None
    header = head[:128]
    return "webm" if b"webm" in header else "mkv" if b"matroska" in header else None


def _bmp(head: bytes) -> str | None:
    is_bmp = head.startswith(b"BM") and int.from_bytes(head[14:18], "little") in _BMP_HEADER_SIZES
    return "bmp" if is_bmp else None


def _transport(head: bytes) -> str | None:
    """MPEG-TS: packets of 188 bytes that begin with 0x47, on Blu-ray and in cameras behind four bytes of time."""
    for offset, packet in ((0, 188), (4, 192)):
        starts = head[offset : offset + 5 * packet : packet]
        if len(starts) == 5 and set(starts) == {0x47}:
            return "ts"
    return None


def _zip(head: bytes) -> str | None:
    """Office Open XML and EPUB: ZIP archives, known by the names of their first members."""
    if head[30:58] == b"mimetypeapplication/epub+zip":
        return "epub"
    folder = _ZIP_MEMBER.search(head) if head.startswith(b"PK\x03\x04") else None
    return {b"word": "docx", b"ppt": "pptx", b"xl": "xlsx"}[folder[1]] if folder else None


LIBRARY_FILE = "mm_agents.json"
"""A folder that holds this file is a library, and not media."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What is refused as too large, so that one hostile or mistaken file cannot exhaust the machine.

    Attributes:
        bytes: the size of any file.
        text_bytes: the size of a text file, which is read whole.
        characters: the characters of a text file, some three long novels; each passage of them is embedded.
        records: what one file becomes in a library: passages, segments or pages. Six hours of video make 10,800
            segments of two seconds, and 5,000 full pages some 20,000 passages.
        pixels: width times height of a picture or of a video's frames.
        side: the longer side of a picture in pixels; each row costs memory of its own. JPEG ends at 65,535.
        decoded_bytes: the memory that decoding one picture takes, estimated from its header; what a decoder takes
            then is bounded too.
        decode_seconds: the processor time that decoding a picture may take, or of a clip or recording what is given of
            it at once, as a segment. Usual ones take some 0.05 seconds, and two seconds of 8K some 10.
        wall_seconds: the time by the clock that may pass until a process that reads a file gives what it gives at once:
            a picture, segment or page. It bounds what hangs, and leaves a busy machine its time.
        scans: the passes in which a JPEG is coded. Progressive ones have some 10; each costs a pass over all pixels.
        segments: the segments of a JPEG's metadata and tables. A long colour profile has 255 at most.
        seconds: the length of a video or recording.
        still_seconds: how long one frame is on show before the segments that show it alone become one: no slide or
            pause of a usual video is lost, and two frames six hours apart do not fill a library.
        frames: how many frames are sampled from one video.
        animation_pixels: the pixels of all frames of an animation together; each frame is drawn whole. A minute of
            full HD at 25 frames a second has three times as many as a long GIF of today.
        pages: the pages of a PDF or TIFF.
        page_characters: the characters of a PDF's page. A page of a dense newspaper has some 30,000.
        page_seconds: the processor time that one page of a PDF may take. Usual pages take some 0.05 seconds.
        pdf_seconds: the processor time that all pages of a PDF may take.
        least_page: bytes of a file for each page beyond ``free_pages``; a page of text takes some 1,000.
        free_pages: the pages that a PDF of any size may have; drawing them takes some five seconds.
        free_characters: the characters that a PDF or Office file of any size may hold, a long novel.
        free_pixels: the pixels that the frames of an animation, or the pictures inside a file, may have together
            whatever its size; drawing them takes up to eight seconds.
        expansion: the pixels and characters that a file may unpack to for each of its bytes, beyond the free ones.
            Recordings of a screen have some 150 pixels a byte, and text some 10 characters.
        office_seconds: the processor time that an Office file, EPUB or web page may take. Usual ones take some 1.5.
        office_bytes: the size of its content when it is unpacked.
        office_pictures: how many pictures inside it are read.
        page_bytes: the memory that reading a PDF takes beside the program. A scan of 70 megapixels takes 300 MB.
        fetch_bytes: the size of what a URL answers.
        fetch_seconds: the time that fetching a URL may take, redirects included.
    """

    bytes: int = 4 * 1024**3
    text_bytes: int = 64 * 1024**2
    characters: int = 10_000_000
    records: int = 20_000
    pixels: int = 100_000_000
    side: int = 100_000
    decoded_bytes: int = 1024**3
    decode_seconds: int = 20
    wall_seconds: int = 150
    scans: int = 50
    segments: int = 500
    seconds: float = 6 * 3600
    still_seconds: float = 10
    frames: int = 100_000
    animation_pixels: int = 4_000_000_000
    pages: int = 5000
    page_characters: int = 100_000
    page_seconds: int = 5
    pdf_seconds: int = 600
    least_page: int = 100
    free_pages: int = 500
    free_characters: int = 1_000_000
    free_pixels: int = 300_000_000
    expansion: int = 200
    office_seconds: int = 8
    office_bytes: int = 512 * 1024**2
    office_pictures: int = 500
    page_bytes: int = 768 * 1024**2
    fetch_bytes: int = 64 * 1024**2
    fetch_seconds: float = 20


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaFile:
    """A file that was looked at, but not decoded.

    Attributes:
        name: the file's name without folders; always encodes as UTF-8.
        media_type: what the content is, whatever the name says. A GIF, WebP or PNG that moves is a "video", and a
            TIFF of several pages a "pdf".
        format: such as "jpeg" or "mp4".
        mime: such as "image/jpeg".
        sha256: of the content, in hexadecimal.
        size: in bytes.
        path: of the file; None when ``data`` is given.
        data: the content; None when ``path`` is given.
    """

    name: str
    media_type: MediaType
    format: str
    mime: str
    sha256: str
    size: int
    path: Path | None
    data: bytes | None = field(repr=False)

    @contextmanager
    def open(self) -> Generator[BinaryFile]:
        """The content as a file, at its beginning.

        Raises:
            MediaError: the file has vanished or cannot be read.
        """
        with _opened(self.data if self.path is None else self.path, self.name) as file:
            yield file


Source = MediaFile | Path | str | bytes
"""What can be read: a file that was inspected, a path (text is always one), or the content itself."""


def inspect(source: Path | str | bytes, *, name: str | None = None, limits: Limits = DEFAULT_LIMITS) -> MediaFile:
    """Find out what a file is by its content, bound its size and hash it.

    Args:
        source: a path, or the content itself; text is always a path, never content or a URL.
        name: what to call it; the path's last part when not given.
        limits: what is refused as too large.

    Raises:
        UnsupportedMediaError: not a regular file, or of a kind that cannot be read.
        DamagedMediaError: the file is empty.
        MediaTooLargeError: more bytes than the limits allow.
        MediaError: the file does not exist or cannot be read.
    """
    source = Path(source) if isinstance(source, str) else source
    path = source if isinstance(source, Path) else None
    name = _encodable(name or (path.name if path else "untitled"))
    with _opened(source, name) as file:
        size = file.seek(0, os.SEEK_END)
        if size == 0:
            raise DamagedMediaError(f"{name!r} is empty (0 bytes).")
        check_limit(size, limits, "bytes", name)
        file.seek(0)
        format = sniff(file.read(HEAD_BYTES), name)
        file.seek(0)
        if format is None:
            check_limit(size, limits, "text_bytes", name, unit="bytes")
            format = signatures().formats[text_format(decode_text(file.read(), name), name)]
            file.seek(0)
        if sound_alone(file, format.name):
            format = signatures().formats[_SOUND_OF[format.name]]
        media_type = animation_or_pages(file, format.name) or format.media_type
        file.seek(0)
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return MediaFile(
        name=name,
        media_type=media_type,
        format=format.name,
        mime=format.mime,
        sha256=sha256,
        size=size,
        path=path,
        data=None if isinstance(source, Path) else source,
    )


def expect(source: Source, media_type: MediaType, limits: Limits) -> MediaFile:
    """The inspected source, which has to be of that type; an animation, or a TIFF of several pages, is a picture too.

    Raises:
        MediaError: as ``inspect``; UnsupportedMediaError when it is of another type.
    """
    media = source if isinstance(source, MediaFile) else inspect(source, limits=limits)
    if media_type not in (media.media_type, signatures().formats[media.format].media_type):
        wanted = {"image": "a picture", "video": "a video", "audio": "sound", "text": "text", "pdf": "a PDF"}[
            media_type
        ]
        raise UnsupportedMediaError(f"{media.name!r} is not {wanted}, but {media.format} ({media.mime}).")
    return media


BY_PRODUCTS = (
    *("Thumbs.db", "ehthumbs.db", "desktop.ini", "Icon\r", "Picasa.ini", "~$*", "*.crdownload", "*.part"),
    *("@eaDir", "#recycle", "@Recycle", "__MACOSX", "$RECYCLE.BIN", "System Volume Information", "lost+found"),
)
"""Names of files and folders that systems and programs make for themselves, in any case."""

_BY_PRODUCT = re.compile("|".join(map(fnmatch.translate, BY_PRODUCTS)), re.IGNORECASE)


class _Place(NamedTuple):
    """Where ``walk`` looks; ``real`` is the path without links where that is known."""

    path: Path
    real: str | None = None
    is_folder: bool = False


def walk(
    paths: Iterable[Path],
    *,
    failed: Callable[[Path, MediaError], None],
    skipped: Callable[[Path, str], None] = lambda path, reason: None,
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
) -> Iterator[Path]:
    """The files below some files and folders, sorted within each folder, each real file once.

    Hidden files and folders and ``BY_PRODUCTS`` are skipped unless given by name, and so are folders that hold a
    library. Symbolic links are followed; one that leads back is harmless.

    Args:
        paths: files and folders.
        failed: called with each path that does not exist or cannot be listed, and of a library that was given by name.
        skipped: called with each other file that is not given, and why; with a folder instead of all that is in it.
        include: patterns such as "*.jpg" or "2024/*.jpg", matched from the right; only files that match one are given.
        exclude: patterns of files and folders that are left out, with all below them.
    """
    given = list(paths)
    waiting = [_Place(path) for path in reversed(given)]
    seen: dict[str, Path] = {}
    while waiting:
        path, real, is_folder = waiting.pop()
        try:
            if real is None:
                real = os.path.realpath(path, strict=True)
                is_folder = stat.S_ISDIR(os.stat(real).st_mode)
            if (first := seen.setdefault(real, path)) is not path:
                if first != path:
                    skipped(path, f"it is {str(first)!r}")
                continue
            if is_folder and os.path.exists(os.path.join(real, LIBRARY_FILE)):
                if path in given:
                    failed(path, MediaError(f"{str(path)!r} is a library, not media. Give the folder of the files."))
                else:
                    skipped(path, "a library")
            elif is_folder:
                waiting += _inside(path, real, exclude, skipped)
        except (OSError, ValueError) as error:
            failed(path, MediaError(f"{str(path)!r} cannot be read: {_reason(error)}."))
            continue
        if not is_folder and include and not any(map(path.match, include)):
            skipped(path, "not included")
        elif not is_folder:
            yield path


def _inside(folder: Path, real: str, exclude: Sequence[str], skipped: Callable[[Path, str], None]) -> list[_Place]:
    """What is in a folder and not left out, the last first."""
    found: list[_Place] = []
    with os.scandir(real) as entries:
        listed = sorted(entries, key=lambda entry: entry.name)
    for entry in listed:
        path = folder / entry.name
        if entry.name.startswith("."):
            skipped(path, "hidden")
        elif _BY_PRODUCT.match(entry.name):
            skipped(path, "made by a system or program")
        elif any(map(path.match, exclude)):
            skipped(path, "excluded")
        elif entry.is_symlink():
            found.append(_Place(path))
        else:
            found.append(_Place(path, entry.path, entry.is_dir(follow_symlinks=False)))
    return found[::-1]


@contextmanager
def _opened(source: Path | bytes | None, name: str) -> Generator[BinaryFile]:
    try:
        match source:
            case Path():
                _check_regular(source, name)  # before opening it: opening a pipe would wait for a writer
                with source.open("rb") as file:
                    yield file
            case bytes():
                yield io.BytesIO(source)
            case _:
                raise ConfigError(f"Media are given as a path or as bytes, not as {type(source).__name__}: {source!r}.")
    except OSError as error:
        raise MediaError(f"{name!r} cannot be read: {_reason(error)}.") from error


def _check_regular(path: Path, name: str) -> None:
    try:
        mode = path.stat().st_mode
    except ValueError as error:  # a NUL in the path
        raise MediaError(f"{name!r} cannot be read: {error}.") from error
    if stat.S_ISREG(mode):
        return
    tests = {"a folder": stat.S_ISDIR, "a pipe": stat.S_ISFIFO, "a socket": stat.S_ISSOCK}
    kind = next((kind for kind, test in tests.items() if test(mode)), "a device")
    raise UnsupportedMediaError(f"{name!r} is {kind}, not a file.")


def check_limit(value: float, limits: Limits, setting: str, name: str, *, unit: str = "", advice: str = "") -> None:
    """Refuse a value of a file that is past the limit of this name; ``unit`` is the limit's name by default.

    Raises:
        MediaTooLargeError: the message ends with the advice.
    """
    limit: float = getattr(limits, setting)
    if value > limit:
        have, most = (f"{number:,}" if isinstance(number, int) else f"{number:,.10g}" for number in (value, limit))
        raise MediaTooLargeError(
            f"{name!r} has {have} {unit or setting}; the limit is {most} (Limits.{setting}). {advice}".rstrip()
        )


def check_expansion(
    value: int, media: MediaFile, limits: Limits, unit: Literal["pages", "pixels", "characters"]
) -> None:
    """Refuse what a small file unpacks to where it is out of all proportion to its size.

    Raises:
        MediaTooLargeError: there are more pages, pixels or characters than are free and than its bytes allow.
    """
    free: int = getattr(limits, f"free_{unit}")
    most = free + (media.size // limits.least_page if unit == "pages" else media.size * limits.expansion)
    if value > most:
        setting = "least_page" if unit == "pages" else "expansion"
        raise MediaTooLargeError(
            f"{media.name!r} unpacks to {value:,} {unit}, too many for {media.size:,} bytes; the limit is {most:,} "
            f"(Limits.free_{unit}, Limits.{setting})."
        )


def _encodable(name: str) -> str:
    """The name with what is not Unicode (undecodable bytes of a file's name) replaced."""
    return name.encode("utf-8", "replace").decode("utf-8")


def _reason(error: OSError | ValueError) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def asset_id(sha256: str) -> str:
    """The id of the asset that has this content."""
    return str(uuid5(_NAMESPACE, f"sha256:{sha256}"))


def part_id(asset: str, index: int) -> str:
    """The id of an asset's part, counted from 0."""
    return str(uuid5(_NAMESPACE, f"{asset}/part/{index}"))
