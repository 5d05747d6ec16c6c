"""The main job in one go, on media that come inside installed packages or are rendered here."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import PIL.Image
import PIL.ImageDraw
import PIL.ImageFont

from mm_agents import contact_sheet, media
from mm_agents._optional import require
from mm_agents.agent import Agent, Answer
from mm_agents.ingest.ocr_pass import can_read
from mm_agents.library import AddReport, Library
from mm_agents.types import Hit

ITEMS = (
    ("4", "Brass hinge", "4.50", "18.00"),
    ("1", "Garden lantern", "32.00", "32.00"),
    ("2", "Labour, hours", "20.00", "40.00"),
)
_COLUMNS = (90, 190, 560, 720)
_INK, _RULE = "#202020", "#909090"


def invoice() -> bytes:
    """A PNG of an invoice over 108.00 euros: three items, 20 % tax."""
    picture = PIL.Image.new("RGB", (900, 780), "white")
    pen = PIL.ImageDraw.Draw(picture)
    small, large = PIL.ImageFont.load_default(20), PIL.ImageFont.load_default(34)

    def write(
        x: int,
        y: int,
        text: str,
        font: PIL.ImageFont.ImageFont | PIL.ImageFont.FreeTypeFont = small,
        anchor: str = "la",
    ) -> None:
        pen.text((x, y), text, fill=_INK, font=font, anchor=anchor)

    write(90, 60, "Harbour Parts Ltd", large)
    write(810, 60, "INVOICE", large, "ra")
    write(90, 110, "12 Quay Street, Port Ellen PA42 7DH")
    write(90, 180, "Bill to")
    write(90, 210, "Lighthouse Museum")
    write(90, 238, "1 Rocky Point, Port Ellen PA42 7AB")
    for n, (label, value) in enumerate(
        (("Invoice no.", "HP-2041"), ("Date", "3 May 2026"), ("Due date", "2 June 2026"))
    ):
        write(590, 180 + 29 * n, label)
        write(810, 180 + 29 * n, value, anchor="ra")
    rows = [("Qty", "Description", "Unit price", "Amount"), *ITEMS]
    for n, (quantity, what, price, amount) in enumerate(rows):
        y = 330 + 50 * n
        write(_COLUMNS[0], y, quantity)
        write(_COLUMNS[1], y, what)
        write(670, y, price, anchor="ra")
        write(810, y, amount, anchor="ra")
        pen.line((80, y + 35, 820, y + 35), fill=_RULE, width=2)
    for n, (label, value) in enumerate((("Subtotal", "90.00"), ("VAT 20 %", "18.00"), ("Total EUR", "108.00"))):
        write(_COLUMNS[2], 560 + 40 * n, label)
        write(810, 560 + 40 * n, value, anchor="ra")
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


PICTURES = {
    "astronaut.png": "astronaut.png",
    "cat.png": "chelsea.png",
    "coffee.png": "coffee.png",
    "coins.png": "coins.png",
    "moon.png": "moon.png",
    "motorcycle.png": "motorcycle_left.png",
    "rocket.jpg": "rocket.jpg",
}
"""The demo's pictures, by the name they get, from scikit-image's wheel."""

CLIPS = {"morning.mp4": ("chelsea.png", "coffee.png"), "launch-day.mp4": ("moon.png", "rocket.jpg")}
"""The demo's clips: some seconds of each of these pictures, moving slowly across it."""

NOTES = {
    "packing.md": "# Packing for the mountains\n\nTake a warm sleeping bag, two pairs of wool socks, a head torch and "
    "enough water for a day. Check the weather on the evening before and leave word where you will be.\n",
    "recipe.md": "# Lemon cake\n\nBeat four eggs with the sugar until pale. Fold in flour, melted butter and the zest "
    "of two lemons. Bake for forty minutes and pour the warm syrup over the cake while it cools.\n",
}
"""The demo's texts."""

SCAN = "scan.png"
"""The demo's scan: an invoice."""

ASKED = "How much would six brass hinges and 3 hours of labour cost?"
"""What the demo asks its agent; nothing says where the answer stands."""

_CLIP_SIDE, _CLIP_FPS, _SCENE_SECONDS = 320, 10, 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One thing that the demo asks, in words or with a file."""

    title: str
    text: str | None = None
    image: Path | None = None
    video: Path | None = None
    kind: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What the demo did.

    Attributes:
        report: of adding.
        answers: each question with its hits.
        answer: what the agent says to ``ASKED``; None where the extra ``documents`` is missing.
        page: the hits as a page.
        picture: the hits as a picture.
    """

    report: AddReport
    answers: list[tuple[Question, list[Hit]]]
    answer: Answer | None
    page: Path
    picture: Path


def make_media(folder: Path) -> list[Path]:
    """Write the demo's pictures, clips, texts and scan into a folder.

    Raises:
        MissingExtraError: scikit-image or PyAV is not installed.
    """
    samples = _samples()
    written: list[Path] = []
    for name, source in PICTURES.items():
        written.append(folder / name)
        written[-1].write_bytes((samples / source).read_bytes())
    for name, scenes in CLIPS.items():
        frames = np.concatenate([_scene(media.load_image(samples / source).pixels) for source in scenes])
        written.append(folder / name)
        written[-1].write_bytes(media.encode_clip(frames, fps=_CLIP_FPS))
    for name, text in NOTES.items():
        written.append(folder / name)
        written[-1].write_text(text, encoding="utf-8")
    written.append(folder / SCAN)
    written[-1].write_bytes(invoice())
    return written


def questions(folder: Path) -> list[Question]:
    """What the demo asks: words for pictures, for a moment and for a text, then a picture, then a clip.

    Args:
        folder: where the picture and the clip that are asked with are written; they are not in the library.
    """
    samples = _samples()
    picture, clip = folder / "another-view.png", folder / "another-launch.mp4"
    picture.write_bytes((samples / "motorcycle_right.png").read_bytes())
    backwards = _scene(media.load_image(samples / "rocket.jpg").pixels)[::-1]
    clip.write_bytes(media.encode_clip(backwards, fps=_CLIP_FPS))
    return [
        Question(title="Which picture shows “a pet resting”?", text="a pet resting", kind="image"),
        Question(title="When does a clip show “a cup of coffee”?", text="a cup of coffee", kind="video"),
        Question(
            title="Which text answers “what should I bring on a hike?”",
            text="what should I bring on a hike?",
            kind="text",
        ),
        Question(title="What is like this picture?", image=picture),
        Question(title="What is like this clip?", video=clip),
    ]


def run(folder: Path, *, progress: bool | Callable[[int, int, str], None] | None = None) -> Outcome:
    """Make the media, build a library of them, ask, and write ``results.html``, ``results.png`` and ``answer.html``.

    Args:
        folder: an empty folder; media go into its ``media``, the library into its ``library``.
        progress: as for ``Library.add``.
    """
    source = folder / "media"
    source.mkdir(parents=True, exist_ok=True)
    make_media(source)
    with Library.open(folder / "library") as library:
        report = library.add(source, progress=progress)
        answers = [(question, _ask(library, question)) for question in questions(folder)]
        panels = [
            contact_sheet.Panel(title=question.title, hits=hits, query=_shown(question)) for question, hits in answers
        ]
        page, picture = folder / "results.html", folder / "results.png"
        page.write_text(contact_sheet.page("What the demo found", panels, library.path), encoding="utf-8")
        contact_sheet.picture(panels).save(picture)
        answer = None
        if can_read():
            answer = Agent(library, model="offline").ask(ASKED)
            answer.report(folder / "answer.html")
    return Outcome(report=report, answers=answers, answer=answer, page=page, picture=picture)


def _ask(library: Library, question: Question) -> list[Hit]:
    return library.search(question.text, image=question.image, video=question.video, kind=question.kind, limit=3)


def _samples() -> Path:
    return Path(str(require("skimage", extra="demo", feature="The demo").__file__)).parent / "data"


def _shown(question: Question) -> bytes | None:
    if question.image is not None:
        return media.encode_jpeg(media.load_image(question.image).pixels, max_side=320)
    if question.video is not None:
        first = next(media.segments(media.inspect(question.video)))
        return media.encode_jpeg(first.frames[0], max_side=320)
    return None


def _scene(pixels: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """Some seconds of a camera that moves across a picture: uint8, shape (n, side, side, 3)."""
    from PIL import Image

    picture = Image.fromarray(pixels)
    side = min(picture.size) * 0.9
    steps = np.linspace(0.0, 1.0, _CLIP_FPS * _SCENE_SECONDS)
    views = [
        picture.resize(
            (_CLIP_SIDE, _CLIP_SIDE),
            box=(
                t * (picture.width - side),
                t * (picture.height - side),
                t * (picture.width - side) + side,
                t * (picture.height - side) + side,
            ),
        )
        for t in 0.25 + 0.5 * steps
    ]
    return np.stack([np.asarray(view) for view in views])
