"""Small files that are large or long when they are read: each is read or refused in bounded time and memory."""

from __future__ import annotations

import http.client
import io
import json
import os
import struct
import subprocess
import sys
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from threading import Event, Thread
from urllib.parse import urlsplit

import numpy as np
import PIL.Image

from mm_agents import Library

from .load import page
from .media_files import sound_files
from .tally import ROOT, Budget, Tally, megabytes, paint

CPU_SECONDS = 10
MEGABYTES = 1024
"""What a process with all that it starts may take to add one file; its start and the embedder count too."""

_WALL_SECONDS = 200
_ANSWERS = (200, 400, 404, 413, 422)
_ADD = """
import sys
from mm_agents import Library
from mm_agents.testing import HashEmbedder
with Library.open(sys.argv[2], embedder=HashEmbedder(width=16)) as library:
    report = library.add(sys.argv[1], words="none", speech="none")
print("added" if report.added else "refused", [f"{one.error}: {one.reason}" for one in report.failed], library)
"""


def attack(budget: Budget) -> Tally:
    """Add each file in a process of its own."""
    tally = Tally("bombs")
    names = list(BOMBS)
    for number, _ in budget.numbered():
        if number >= len(names):
            break
        name = names[number]
        path = budget.place / name
        path.parent.mkdir(exist_ok=True, parents=True)
        BOMBS[name](path)
        tally.tries += 1
        code, cpu, peak, output = measured([sys.executable, "-c", _ADD, str(path), str(budget.place / "library")])
        tally.notes["most CPU s"] = max(cpu, tally.notes.get("most CPU s", 0.0))
        tally.notes["most MB"] = max(peak, tally.notes.get("most MB", 0.0))
        if code != 0:
            tally.failed(f"{name}: ended with {code}: {output[-300:]}")
        if cpu > CPU_SECONDS or peak > MEGABYTES:
            tally.failed(f"{name}: took {cpu:.1f} s and {peak:.0f} MB: {output[-200:]}")
        path.unlink()
    return tally


def uploads(budget: Budget) -> Tally:
    """Send each file to a page and look at it there."""
    tally = Tally("bombs on the page")
    with Library.open(budget.place / "library") as library:
        library.add(*paint(budget.place / "pictures", 3), words="none")
    with page(budget.place / "library") as (url, pid):
        for (number, _), (name, make) in zip(budget.numbered(), BOMBS.items(), strict=False):
            path = budget.place / name
            make(path)
            tally.tries += 1
            before, most, done = _cpu_seconds(pid), [0.0], Event()
            watching = Thread(target=_watch, args=(pid, most, done))
            watching.start()
            try:
                _sent(url, path)
            except Exception as error:  # noqa: BLE001 - a page that does not answer is the fault that is looked for
                tally.failed(f"{name} ({number}): {type(error).__name__}: {error}")
            done.set()
            watching.join()
            took = _cpu_seconds(pid) - before
            tally.notes["most CPU s"] = max(took, tally.notes.get("most CPU s", 0.0))
            tally.notes["most MB more"] = max(most[0], tally.notes.get("most MB more", 0.0))
            if took > CPU_SECONDS or most[0] > MEGABYTES:
                tally.failed(f"{name}: took {took:.1f} s and {most[0]:.0f} MB")
            path.unlink()
    return tally


def _sent(url: str, path: Path) -> None:
    """Upload a file and ask for all that the page shows of it; each is answered, or refused for a reason."""
    address = urlsplit(url)
    with closing(http.client.HTTPConnection(address.hostname or "", address.port, timeout=_WALL_SECONDS)) as connection:

        def ask(method: str, place: str, body: bytes | None = None) -> tuple[int, bytes]:
            connection.request(method, place, body)
            response = connection.getresponse()
            return response.status, response.read()

        status, answer = ask("POST", f"/api/uploads?name={path.name}", path.read_bytes())
        statuses = [status]
        if status == 200:
            id = json.loads(answer)["id"]
            statuses += [ask("GET", f"/api/uploads/{id}{part}")[0] for part in ("", "/thumbnail", "/page?n=1", "/wave")]
        if unexpected := [one for one in statuses if one not in _ANSWERS]:
            raise ValueError(f"answered {unexpected}")


def _watch(pid: int, most: list[float], done: Event) -> None:
    """Note the most memory that a process and all that it starts have beyond what they have now, in MB."""
    start = {one: megabytes("VmRSS", one) for one in _family(pid)}
    for one in start.keys() - {pid}:  # warm decoders have peaks of files before this one
        Path(f"/proc/{one}/clear_refs").write_text("5")
    while not done.wait(0.02):
        own = megabytes("VmRSS", pid)
        most[0] = max(most[0], own + sum(map(_most_megabytes, _children(pid))) - sum(start.values()))


def _children(pid: int) -> list[int]:
    return [one for one in _family(pid) if one != pid]


def _cpu_seconds(pid: int) -> float:
    """Of a process and of all that it started."""
    ticks = 0
    for one in _family(pid):
        with suppress(OSError):  # it has ended, and counts as its parent's
            fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
            ticks += sum(map(int, fields[11:15]))
    return ticks / os.sysconf("SC_CLK_TCK")


def measured(command: list[str]) -> tuple[int, float, float, str]:
    """A command's exit code, processor seconds and most memory in MB with all it starts, and what it printed."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([os.environ.get("PYTHONPATH", ""), str(ROOT)])}
    peak, end = 0.0, time.monotonic() + _WALL_SECONDS
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as running:
        while True:
            pid, status, used = os.wait4(running.pid, os.WNOHANG)
            if pid:
                break
            peak = max(peak, sum(_most_megabytes(one) for one in _family(running.pid)))
            if time.monotonic() > end:
                running.kill()
            time.sleep(0.02)
        running.returncode = os.waitstatus_to_exitcode(status)
        assert running.stdout
        output = running.stdout.read().decode(errors="replace")
    return running.returncode, used.ru_utime + used.ru_stime, peak, output


def _family(pid: int) -> Iterator[int]:
    yield pid
    try:
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                yield from _family(int(child))
    except OSError:  # it has ended
        return


def _most_megabytes(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")), 0.0)


# ---------------------------------------------------------------- pictures


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _png(
    width: int, height: int, *, color: int = 0, rows: int | None = None, depth: int = 8, extra: bytes = b""
) -> bytes:
    line = bytes(1 + (width * depth * {2: 3, 6: 4}.get(color, 1) + 7) // 8)
    left = len(line) * (height if rows is None else rows)
    packer, packed, block = zlib.compressobj(9), list[bytes](), line * max(1, (1 << 20) // len(line))
    while left > 0:
        packed.append(packer.compress(block[:left]))
        left -= len(block)
    head = _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, 0))
    body = _chunk(b"IDAT", b"".join([*packed, packer.flush()]))
    return b"\x89PNG\r\n\x1a\n" + head + extra + body + _chunk(b"IEND", b"")


def _moving_png(frames: int, side: int) -> bytes:
    """An APNG whose frames are all of its size, and each of a few bytes."""
    line = zlib.compress(bytes(side * (side + 1)), 9)
    parts = [b"\x89PNG\r\n\x1a\n", _chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0))]
    parts.append(_chunk(b"acTL", struct.pack(">II", frames, 0)))
    number = 0
    for frame in range(frames):
        control = struct.pack(">IIIIIHHBB", number, side, side, 0, 0, 1, 25, 0, 0)
        parts.append(_chunk(b"fcTL", control))
        number += 1
        if frame == 0:
            parts.append(_chunk(b"IDAT", line))
        else:
            parts.append(_chunk(b"fdAT", struct.pack(">I", number) + line))
            number += 1
    return b"".join([*parts, _chunk(b"IEND", b"")])


def _inflated(megabytes: int) -> bytes:
    return zlib.compress(b"A" * (megabytes << 20), 9)


def _gif(frames: int, screen: int) -> bytes:
    """A GIF whose frames are one pixel on a large screen."""
    frame = b"\x21\xf9\x04\x04\x0a\0\0\0\x2c" + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\x02\x02\x44\x01\0"
    head = b"GIF89a" + struct.pack("<HHBBB", screen, screen, 0x80, 0, 0) + bytes((0, 0, 0, 255, 255, 255))
    return head + frame * frames + b"\x3b"


def _saved(kind: str, size: tuple[int, int], mode: str = "RGB", **options: object) -> bytes:
    stream = io.BytesIO()
    PIL.Image.new(mode, size, 0).save(stream, kind, **options)
    return stream.getvalue()


def _jpeg_with(segment: bytes, count: int) -> bytes:
    whole = _saved("JPEG", (100, 100))
    return whole[:2] + segment * count + whole[2:]


def _lying_jpeg() -> bytes:
    data = bytearray(_saved("JPEG", (100, 100)))
    place = data.index(b"\xff\xc0")
    data[place + 5 : place + 9] = struct.pack(">HH", 65500, 65500)
    return bytes(data)


def _scans(mode: str, side: int, count: int) -> bytes:
    """A progressive JPEG whose last scan is there many times."""
    data = _saved("JPEG", (side, side), mode, progressive=True)
    place = data.rindex(b"\xff\xda")
    return data[:-2] + data[place:-2] * count + data[-2:]


def _tiff(entries: dict[int, tuple[int, int, int]], data: bytes) -> bytes:
    out = b"II*\0" + struct.pack("<I", 8 + len(data)) + data + struct.pack("<H", len(entries))
    out += b"".join(struct.pack("<HHII", tag, *entry) for tag, entry in sorted(entries.items()))
    return out + struct.pack("<I", 0)


def _plain_tiff(side: int, data: bytes, **other: tuple[int, int, int]) -> bytes:
    entries = {256: (4, 1, side), 257: (4, 1, side), 258: (3, 1, 8), 259: (3, 1, 1), 262: (3, 1, 1), 273: (4, 1, 8)}
    entries |= {277: (3, 1, 1), 278: (4, 1, side), 279: (4, 1, len(data))}
    return _tiff(entries | {int(tag[1:]): entry for tag, entry in other.items()}, data)


def _pages_tiff(count: int) -> bytes:
    """A TIFF whose directories name each other in a long chain, and the last the first."""
    entry = struct.pack("<H", 1) + struct.pack("<HHII", 256, 4, 1, 9)
    size = len(entry) + 4
    return (
        b"II*\0"
        + struct.pack("<I", 8)
        + b"".join(entry + struct.pack("<I", 8 + (n + 1) % count * size) for n in range(count))
    )


def _bmp(width: int, height: int, *, bits: int = 24, packed: int = 0, data: bytes = b"") -> bytes:
    head = struct.pack("<IHHI", 100, 0, 0, 54)
    return b"BM" + head + struct.pack("<IiiHHIIiiII", 40, width, height, 1, bits, packed, 0, 0, 0, 0, 0) + data


PICTURES: dict[str, Callable[[], bytes]] = {
    "bomb50k.png": lambda: _png(50_000, 50_000, rows=2000),
    "under_100MP_rgb.png": lambda: _png(9_999, 10_000, color=2),
    "under_100MP_rgba.png": lambda: _png(9_999, 10_000, color=6),
    "under_100MP_16bit.png": lambda: _png(9_999, 10_000, depth=16),
    "wide.png": lambda: _png(100_000, 999),
    "wide2.png": lambda: _png(65_000, 1_500, color=2),
    "tall1px.png": lambda: _png(1, 90_000_000, depth=1),
    "ztxt400MB.png": lambda: _png(50, 50, extra=_chunk(b"zTXt", b"Comment\0\0" + _inflated(400))),
    "iccp400MB.png": lambda: _png(50, 50, extra=_chunk(b"iCCP", b"x\0\0" + _inflated(400))),
    "itxt.png": lambda: _png(50, 50, extra=_chunk(b"iTXt", b"c\0\1\0\0\0" + _inflated(400)) * 3),
    "many_text.png": lambda: _png(
        50, 50, extra=b"".join(_chunk(b"tEXt", b"k%d\0" % n + b"v" * 1000) for n in range(60_000))
    ),
    "moving4000.png": lambda: _moving_png(4_000, 1_000),
    "moving9000.png": lambda: _moving_png(3, 9_000),
    "10k.gif": lambda: _gif(10_000, 170),
    "hugescreen.gif": lambda: _gif(2, 65_535),
    "screen9900.gif": lambda: _gif(40, 9_900),
    "app100MB.jpg": lambda: _jpeg_with(b"\xff\xe9\xff\xff" + bytes(65_533), 1_600),
    "exifapp.jpg": lambda: _jpeg_with(b"\xff\xe1\xff\xffExif\0\0" + bytes(65_527), 1_600),
    "iccapp.jpg": lambda: b"".join(
        [
            (whole := _saved("JPEG", (100, 100)))[:2],
            *(b"\xff\xe2\xff\xffICC_PROFILE\0" + bytes([n % 255 + 1, 255]) + bytes(65_519) for n in range(1_500)),
            whole[2:],
        ]
    ),
    "comments.jpg": lambda: _jpeg_with(b"\xff\xfe\0\x02", 3_000_000),
    "lie65k.jpg": _lying_jpeg,
    "scans200.jpg": lambda: _scans("RGB", 9_000, 200),
    "scans3000.jpg": lambda: _scans("L", 9_500, 3_000),
    "scans40.jpg": lambda: _scans("RGB", 9_000, 30),
    "under_100MP.jpg": lambda: _saved("JPEG", (9_999, 10_000), "CMYK"),
    "deflate90MB.tif": lambda: _plain_tiff(9_400, zlib.compress(bytes(90_000_000), 9), t259=(3, 1, 8)),
    "deflate_small.tif": lambda: _plain_tiff(100, zlib.compress(bytes(1_500_000_000), 9), t259=(3, 1, 8)),
    "floats64.tif": lambda: _plain_tiff(9_400, bytes(100), t258=(3, 1, 64), t339=(3, 1, 3)),
    "countlie.tif": lambda: _plain_tiff(50, bytes(100), t273=(4, 400_000_000, 8), t279=(4, 400_000_000, 8)),
    "tiles1px.tif": lambda: _plain_tiff(
        9_400, bytes(100), t322=(4, 1, 1), t323=(4, 1, 1), t324=(4, 1, 8), t325=(4, 1, 1)
    ),
    "chain.tif": lambda: _pages_tiff(4_900),
    "chain1M.tif": lambda: _pages_tiff(1_000_000),
    "svg.png": lambda: b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>',
    "nested.svg": lambda: b'<svg xmlns="http://www.w3.org/2000/svg">' + b"<g>" * 500_000,
    "html.jpg": lambda: b"<html><script>alert(1)</script>",
    "huge.bmp": lambda: _bmp(2_147_483_647, -2_147_483_648),
    "rle.bmp": lambda: _bmp(9_999, 9_999, bits=8, packed=1, data=b"\xff\0" * 4000),
    "16383.webp": lambda: _saved("WEBP", (16_383, 6_000), lossless=True, quality=0),
    "moving.webp": lambda: _moving_webp(300, 3_000),
}


def _moving_webp(frames: int, side: int) -> bytes:
    stream = io.BytesIO()
    pictures = [PIL.Image.new("RGB", (side, side), (n, 0, 0)) for n in (0, 255)]
    pictures[0].save(stream, "WEBP", save_all=True, append_images=pictures[1:], quality=0, method=0)
    data = stream.getvalue()
    place = data.index(b"ANMF", data.index(b"ANMF") + 4)
    body = data[12:] + data[place:] * (frames - 2)
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


# ---------------------------------------------------------------- texts and Office files


def _zipped(parts: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, content in parts.items():
            archive.writestr(name, content, zipfile.ZIP_STORED if name == "mimetype" else None)
    return stream.getvalue()


def _docx(body: bytes, head: bytes = b"") -> bytes:
    parts = dict[str, bytes]()
    with zipfile.ZipFile(io.BytesIO(sound_files()["a.docx"])) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    space = b"http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    parts["word/document.xml"] = head + b'<w:document xmlns:w="%s"><w:body>%s</w:body></w:document>' % (space, body)
    return _zipped(parts)


def _xlsx(sheet: bytes) -> bytes:
    import openpyxl

    stream = io.BytesIO()
    openpyxl.Workbook().save(stream)
    with zipfile.ZipFile(stream) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    space = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    parts["xl/worksheets/sheet1.xml"] = b'<worksheet xmlns="%s"><sheetData>%s</sheetData></worksheet>' % (space, sheet)
    return _zipped(parts)


def _epub(chapter: bytes) -> bytes:
    container = (
        b'<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container" version="1.0"><rootfiles>'
        b'<rootfile full-path="c.opf" media-type="application/oebps-package+xml"/></rootfiles></container>'
    )
    package = (
        b'<package xmlns="http://www.idpf.org/2007/opf" version="3.0"><metadata/><manifest>'
        b'<item id="a" href="a.xhtml" media-type="application/xhtml+xml"/></manifest>'
        b'<spine><itemref idref="a"/></spine></package>'
    )
    return _zipped(
        {"mimetype": b"application/epub+zip", "META-INF/container.xml": container, "c.opf": package, "a.xhtml": chapter}
    )


_ENTITIES = (
    b'<!DOCTYPE w [<!ENTITY a "boats boats boats boats">'
    + b"".join(b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9))
    + b"]>"
)
_PARAGRAPH = b"<w:p><w:r><w:t>boats</w:t></w:r></w:p>"

TEXTS: dict[str, Callable[[], bytes]] = {
    "64MB.txt": lambda: b"a b\n\n" * (12 << 20),
    "longline.txt": lambda: b"x" * (30 << 20),
    "100MB.txt": lambda: b"x" * (100 << 20),
    "9Mword.txt": lambda: b"x" * 9_900_000,
    "9Mletters.txt": lambda: "犬".encode() * 9_900_000,
    "9Mcombining.txt": lambda: ("e" + "\u0301" * 9_900_000).encode(),
    "9Mspaces.txt": lambda: b"a" + b" " * 9_900_000 + b"b",
    "9Mlines.txt": lambda: b"\n" * 9_900_000,
    "9Mdigits.txt": lambda: b"1" * 9_900_000,
    "dates.txt": lambda: b"1/2/3/4/5/6-7-8 " * 600_000,
    "numbers.txt": lambda: b"1.2,3.4,5'6 7 8 9" * 500_000,
    "mail.txt": lambda: b"a@" * 4_900_000,
    "brackets.txt": lambda: b"[" * 4_900_000 + b"](" * 2_000_000,
    "words.txt": lambda: b"word " * (6 << 20),
    "subtitle.srt": lambda: b"".join(b"%d\n00:00:00,000 --> 05:00:00,000\nboats\n\n" % n for n in range(200_000)),
    "deep.json": lambda: b"[" * 5_000_000,
    "deeper.json": lambda: b'{"a":' * 900_000 + b"1" + b"}" * 900_000,
    "comments.txt": lambda: b"<!--" * 200 + b"x" * 4_000,
    "deep.html": lambda: b"<html><body>" + b"<div>" * 1_000_000,
    "million.html": lambda: b"<html><body>" + b"<p>boats</p>" * 1_000_000,
    "attributes.html": lambda: b"<html><body><p " + b"".join(b"a%d=1 " % n for n in range(500_000)) + b">x</p>",
    "table.html": lambda: b"<html><body><table>" + (b"<tr>" + b"<td>1" * 2_000) * 500,
    "spans.html": lambda: b'<html><body><table><tr><td colspan="100000000" rowspan="100000000">1</table>',
    "comment.html": lambda: b"<html><body>" + b"<!--" * 2_000_000,
    "entities.html": lambda: b"<html><body>" + b"&amp" * 2_000_000,
    "bomb.docx": lambda: _docx(b" " * 500_000_000),
    "over.docx": lambda: _docx(b" " * 600_000_000),
    "paragraphs.docx": lambda: _docx(_PARAGRAPH * 1_000_000),
    "deep.docx": lambda: _docx(b"<w:p>" * 200_000),
    "laughs.docx": lambda: _docx(b"<w:p><w:r><w:t>&j;</w:t></w:r></w:p>", _ENTITIES),
    "far.xlsx": lambda: _xlsx(b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'),
    "cells.xlsx": lambda: _xlsx(b"<row><c><v>1</v></c></row>" * 1_000_000),
    "bomb.xlsx": lambda: _xlsx(b" " * 500_000_000),
    "bomb.epub": lambda: _epub(b"<html><body>" + b" " * 400_000_000 + b"</body></html>"),
    "tags.epub": lambda: _epub(b"<html><body>" + b"<p>boats</p>" * 1_000_000 + b"</body></html>"),
    "pictures.docx": lambda: _pictures_docx(),
}


def _pictures_docx() -> bytes:
    """A document with many pictures, each of which is large when it is decoded."""
    picture = _png(9_000, 9_000, depth=1)
    with zipfile.ZipFile(io.BytesIO(_docx(_PARAGRAPH))) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    return _zipped(parts | {f"word/media/image{n}.png": picture for n in range(400)})


# ---------------------------------------------------------------- PDFs


def _pdf(objects: list[bytes], trailer: bytes = b"") -> bytes:
    out, places = b"%PDF-1.7\n", list[int]()
    for number, content in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    return out + b"xref\n0 %d\n0000000000 65535 f \n%strailer<</Size %d/Root 1 0 R %s>>\nstartxref\n%d\n%%%%EOF" % (
        len(objects) + 1,
        table,
        len(objects) + 1,
        trailer,
        len(out),
    )


_CATALOG = b"<</Type/Catalog/Pages 2 0 R>>"
_FONT = b"/Resources<</Font<</F1<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>"


def _stream(data: bytes, more: bytes = b"") -> bytes:
    return b"<</Length %d%s>>stream\n%s\nendstream" % (len(data), more, data)


def _packed(data: bytes, times: int = 1) -> bytes:
    for _ in range(times):
        data = zlib.compress(data, 9)
    return _stream(data, b"/Filter[" + b"/FlateDecode" * times + b"]")


def _page(box: bytes, more: bytes = b"") -> bytes:
    return b"<</Type/Page/Parent 2 0 R/MediaBox[%s]%s>>" % (box, more)


def _one_page(box: bytes, *others: bytes, more: bytes = b"", catalog: bytes = _CATALOG) -> bytes:
    contents = b"/Contents 4 0 R" if others else b""
    return _pdf([catalog, b"<</Type/Pages/Count 1/Kids[3 0 R]>>", _page(box, contents + more), *others])


def _pages_pdf(count: int, more: bytes = b"") -> bytes:
    return _pdf(
        [_CATALOG, b"<</Type/Pages/Count %d/Kids[%s]>>" % (count, b"3 0 R " * count), _page(b"0 0 595 842", more)]
    )


def _laughs() -> bytes:
    """Forms that hold each other ten times, twelve deep."""
    forms = [
        _stream(
            b"/X%d Do " % (n + 1) * 10 if n < 11 else b"0 0 1 1 re f",
            b"/Type/XObject/Subtype/Form/BBox[0 0 500 500]/Resources<</XObject<</X%d %d 0 R>>>>" % (n + 1, 6 + n),
        )
        for n in range(12)
    ]
    return _one_page(b"0 0 500 500", _stream(b"/X0 Do"), *forms, more=b"/Resources<</XObject<</X0 5 0 R>>>>")


def _huge_image(side: int) -> bytes:
    size = b"/Type/XObject/Subtype/Image/Width %d/Height %d/ColorSpace/DeviceRGB/BitsPerComponent 8/Filter/FlateDecode"
    return _one_page(
        b"0 0 500 500",
        _stream(b"500 0 0 500 0 0 cm /I Do"),
        _stream(zlib.compress(bytes(1000)), size % (side, side)),
        more=b"/Resources<</XObject<</I 5 0 R>>>>",
    )


def _deep_tree(depth: int) -> bytes:
    nodes = [b"<</Type/Pages/Count 1/Kids[%d 0 R]/Parent %d 0 R>>" % (n + 3, max(2, n + 1)) for n in range(depth)]
    return _pdf([_CATALOG, *nodes, _page(b"0 0 100 100")])


def _nested_pdf(depth: int) -> bytes:
    inner = _one_page(b"0 0 100 100")
    for _ in range(depth):
        files = b"<</Type/Catalog/Pages 2 0 R/Names<</EmbeddedFiles<</Names[(a.pdf) 5 0 R]>>>>>>"
        inner = _one_page(
            b"0 0 100 100",
            _stream(b" "),
            b"<</Type/Filespec/F(a.pdf)/EF<</F 6 0 R>>>>",
            _packed(inner),
            catalog=files,
        )
    return inner


_SCRIPT = b"<</Type/Catalog/Pages 2 0 R/OpenAction<</S/JavaScript/JS(app.alert\\(1\\);while\\(1\\){})>>>>"

PDFS: dict[str, Callable[[], bytes]] = {
    "100kpages.pdf": lambda: _pages_pdf(100_000),
    "4900pages.pdf": lambda: _pages_pdf(4_900),
    "hugebox.pdf": lambda: _one_page(b"0 0 14400000 14400000"),
    "infbox.pdf": lambda: _one_page(b"0 0 1e30 1e30"),
    "zerobox.pdf": lambda: _one_page(b"0 0 0 0"),
    "thinbox.pdf": lambda: _one_page(b"0 0 14400 1"),
    "userunit.pdf": lambda: _one_page(b"0 0 595 842", more=b"/UserUnit 75000"),
    "deeptree.pdf": lambda: _deep_tree(20_000),
    "selfkids.pdf": lambda: _pdf([_CATALOG, b"<</Type/Pages/Count 1/Kids[2 0 R]>>"]),
    "script.pdf": lambda: _one_page(b"0 0 100 100", catalog=_SCRIPT),
    "ops6M.pdf": lambda: _one_page(b"0 0 500 500", _packed(b"0 0 1 1 re f\n" * 6_000_000)),
    "flatebomb.pdf": lambda: _one_page(b"0 0 500 500", _packed(bytes(1_900_000_000), 2)),
    "laughs.pdf": _laughs,
    "hugeimage.pdf": lambda: _huge_image(60_000),
    "image9900.pdf": lambda: _huge_image(9_900),
    "text17M.pdf": lambda: _one_page(
        b"0 0 500 500", _packed(b"BT /F1 1 Tf 0 0 Td " + b"(%s) Tj\n" % (b"A" * 42) * 400_000 + b"ET"), more=_FONT
    ),
    "text99k.pdf": lambda: _pdf(
        [
            _CATALOG,
            b"<</Type/Pages/Count 200/Kids[%s]>>" % (b"3 0 R " * 200),
            _page(b"0 0 500 500", b"/Contents 4 0 R" + _FONT),
            _packed(b"BT /F1 1 Tf 0 0 Td " + b"(%s) Tj\n" % (b"boat " * 9) * 2_000 + b"ET"),
        ]
    ),
    "deeparray.pdf": lambda: (
        b"%PDF-1.7\n1 0 obj\n" + b"[" * 500_000 + b"]" * 500_000 + b"\nendobj\ntrailer<</Root 1 0 R>>\n%%EOF"
    ),
    "nested.pdf": lambda: _nested_pdf(30),
    "encrypted.pdf": lambda: _pdf(
        [_CATALOG, b"<</Type/Pages/Count 1/Kids[3 0 R]>>", _page(b"0 0 100 100")],
        b"/Encrypt<</Filter/Standard/V 1/R 2/O(%s)/U(%s)/P -4>>/ID[(1)(1)]" % (b"a" * 32, b"b" * 32),
    ),
}


# ---------------------------------------------------------------- clips and sound


def _patched(box: bytes, place: int, number: int) -> bytes:
    data = bytearray(sound_files()["a.mp4"])
    at = data.index(box) + place
    data[at : at + 4] = struct.pack(">I", number)
    return bytes(data)


def _avi() -> bytes:
    """A clip of half a second that says it has a billion frames."""
    import av

    stream = io.BytesIO()
    with av.open(stream, "w", format="avi") as container:
        track = container.add_stream("mpeg4", rate=10)
        track.width = track.height = 64
        for n in range(5):
            frame = av.VideoFrame.from_ndarray(np.full((64, 64, 3), n * 40, np.uint8), format="rgb24")
            container.mux(track.encode(frame))
        container.mux(track.encode())
    data = bytearray(stream.getvalue())
    head, track_head = data.index(b"avih"), data.index(b"strh")
    data[head + 24 : head + 28] = struct.pack("<I", 1_000_000_000)
    data[head + 8 : head + 12] = struct.pack("<I", 1)
    data[track_head + 40 : track_head + 44] = struct.pack("<I", 0x7FFFFFFF)
    return bytes(data)


def _sparse(frames: int, gap: int) -> bytes:
    """A clip whose few frames are shown for long."""
    from fractions import Fraction

    import av

    stream = io.BytesIO()
    with av.open(stream, "w", format="mp4") as container:
        track = container.add_stream("libx264", rate=10)
        track.width = track.height = 64
        track.pix_fmt = "yuv420p"
        track.codec_context.time_base = Fraction(1, 10)
        for n in range(frames):
            frame = av.VideoFrame.from_ndarray(np.full((64, 64, 3), n * 37 % 255, np.uint8), format="rgb24")
            frame.pts, frame.time_base = n * gap * 10, Fraction(1, 10)
            container.mux(track.encode(frame))
        container.mux(track.encode())
    return stream.getvalue()


def _wave(**lies: int) -> bytes:
    """A sound whose header lies about its rate, channels or length."""
    rate, channels, length = lies.get("rate", 8000), lies.get("channels", 1), lies.get("length", 8000)
    body = b"fmt " + struct.pack("<IHHIIHH", 16, 1, channels, rate, rate * 2 & 0xFFFFFFFF, 2, 16)
    return b"RIFF" + struct.pack("<I", 0xFFFFFFF0) + b"WAVE" + body + b"data" + struct.pack("<I", length) + bytes(8000)


CLIPS: dict[str, Callable[[], bytes]] = {
    "stts1e9.mp4": lambda: _patched(b"stts", 12, 1_000_000_000),
    "stsz1e9.mp4": lambda: _patched(b"stsz", 12, 1_000_000_000),
    "delta.mp4": lambda: _patched(b"stts", 16, 0x7FFFFFFF),
    "size.mp4": lambda: _patched(b"avc1", 28, 0xFFFFFFFF),
    "scale.mp4": lambda: _patched(b"mdhd", 16, 1),
    "frames.avi": _avi,
    "sparse6h.mp4": lambda: _sparse(2, 21_000),
    "sparse_many.mp4": lambda: _sparse(400, 40),
    "rate.wav": lambda: _wave(rate=1, length=0xFFFFFFFF),
    "channels.wav": lambda: _wave(channels=65_535),
    "fast.wav": lambda: _wave(rate=0x7FFFFFFF),
    "mkv.mkv": lambda: b"\x1a\x45\xdf\xa3" + b"\x01" + b"\xff" * 7 + b"\xff" * 1_000_000,
}


def _writer(make: Callable[[], bytes]) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(make())


BOMBS: dict[str, Callable[[Path], object]] = {
    name: _writer(make) for name, make in (PICTURES | TEXTS | PDFS | CLIPS).items()
}
