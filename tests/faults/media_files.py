"""Files that are broken in many ways: each is read, or refused by an error of ours, in bounded time and memory."""

from __future__ import annotations

import io
import resource
import wave
import zipfile
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from multiprocessing import get_context

import numpy as np
import PIL.Image

from mm_agents import media
from mm_agents.errors import MMAgentsError

from .tally import Budget, Tally, megabytes, mutated

SECONDS = 20
MEGABYTES = 1024
"""What reading one small file may take at most."""

_ADDRESS_SPACE = 6 * 1024**3


def attack(budget: Budget) -> Tally:
    """Read mutated files in a process that may crash."""
    tally, seeds = Tally("mutated files"), sound_files()
    names = sorted(seeds)
    pool = reading_process()
    for number, dice in budget.numbered():
        name = names[number % len(names)]
        data = mutated(seeds[name], dice)
        tally.tries += 1
        try:
            fault, peak = pool.submit(read, data, name).result(timeout=SECONDS)
        except BrokenProcessPool:
            fault, peak = "ended the process", 0.0
        except TimeoutError:
            fault, peak = f"took over {SECONDS} s", 0.0
        tally.notes["MB"] = max(peak, tally.notes.get("MB", 0.0))
        if fault is not None:
            (budget.place / f"{number}-{name}").write_bytes(data)
            tally.failed(f"{number}-{name}: {fault}")
            end(pool)
            pool = reading_process()
    end(pool)
    return tally


def read(data: bytes, name: str) -> tuple[str | None, float]:
    """What is wrong with how a file is read, and the most memory of this process so far, in MB."""
    fault = None
    try:
        file = media.inspect(data, name=name)
        for _ in islice(READERS[file.media_type](file), 4):
            pass
    except MMAgentsError:
        pass
    except BaseException as error:  # noqa: BLE001 - every other one is a fault
        fault = f"{type(error).__name__}: {error}"
    peak = megabytes("VmHWM")
    return fault or (f"took {peak:.0f} MB" if peak > MEGABYTES else None), peak


def _picture(file: media.MediaFile) -> list[object]:
    return [media.capture_of(file), media.load_image(file)]


READERS: dict[str, Callable[[media.MediaFile], object]] = {
    "image": _picture,
    "video": lambda file: media.segments(file),
    "audio": lambda file: media.sounds(file),
    "pdf": lambda file: media.pages(file, max_side=400),
    "text": lambda file: [media.load_text(file)],
}


def sound_files() -> dict[str, bytes]:
    """A small file of each kind, made here; of those that need a package only where it is there."""
    frames = np.random.default_rng(0).integers(0, 255, (12, 48, 64, 3), np.uint8)
    pictures = [PIL.Image.fromarray(frame) for frame in frames[:4]]
    files = {f"a.{kind}": _saved(pictures[:1], kind) for kind in ("png", "jpeg", "bmp", "webp", "tiff", "pdf", "gif")}
    files |= {"moving.gif": _saved(pictures, "gif"), "pages.tiff": _saved(pictures, "tiff")}
    files |= {"moving.webp": _saved(pictures, "webp"), "moving.png": _saved(pictures, "png")}
    files["a.mp4"] = media.encode_clip(frames, fps=4)
    files["a.wav"] = _wave()
    files["a.txt"] = "A note about the harbour, 12 boats and 3 €.\n".encode() * 20
    files["a.html"] = b"<html><head><title>Boats</title></head><body><h1>Harbour</h1><p>Twelve boats.</p></body></html>"
    files["words.pdf"] = _printed()
    files["a.docx"] = _document()
    return files


def _saved(pictures: list[PIL.Image.Image], kind: str) -> bytes:
    stream = io.BytesIO()
    others = {"save_all": True, "append_images": pictures[1:]} if len(pictures) > 1 else {}
    pictures[0].save(stream, kind.upper(), **others)
    return stream.getvalue()


def _wave() -> bytes:
    stream = io.BytesIO()
    with wave.open(stream, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes((np.sin(np.arange(8000) / 9) * 9000).astype("<i2").tobytes())
    return stream.getvalue()


def _printed() -> bytes:
    """A PDF of one page with words that can be copied out of it."""
    stream = b"BT /F1 12 Tf 20 60 Td (Total due 12.50 EUR) Tj ET"
    parts = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 100]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(stream), stream),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    body, places = b"%PDF-1.4\n", list[int]()
    for number, part in enumerate(parts, 1):
        places.append(len(body))
        body += b"%d 0 obj%s endobj\n" % (number, part)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    return body + b"xref\n0 6\n0000000000 65535 f \n%strailer<</Root 1 0 R/Size 6>>\nstartxref\n%d\n%%%%EOF" % (
        table,
        len(body),
    )


def _document() -> bytes:
    """A Word file of one paragraph."""
    space = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    kinds = "http://schemas.openxmlformats.org/package/2006/content-types"
    links = "http://schemas.openxmlformats.org/package/2006/relationships"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"
    word = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{kinds}"><Default Extension="rels" ContentType='
        f'"application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/word/document.xml" '
        f'ContentType="{word}"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{links}"><Relationship Id="r1" Type="{office}" '
        f'Target="word/document.xml"/></Relationships>',
        "word/document.xml": f'<w:document xmlns:w="{space}"><w:body><w:p><w:r><w:t>Twelve boats.</w:t></w:r></w:p>'
        f"</w:body></w:document>",
    }
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return stream.getvalue()


def reading_process() -> ProcessPoolExecutor:
    """One process with a bound on its memory, started anew: what this one has used does not count."""
    return ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=_limited)


def _limited() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (_ADDRESS_SPACE, _ADDRESS_SPACE))


def end(pool: ProcessPoolExecutor) -> None:
    for process in list((pool._processes or {}).values()):  # its own shutdown waits for what hangs
        process.kill()
    pool.shutdown(wait=True, cancel_futures=True)
