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
from mm_agents._text import read_data
from mm_agents.agent import Agent, Answer
from mm_agents.ingest.ocr_pass import can_read
from mm_agents.ingest.pipeline import AddReport
from mm_agents.library import Library
from mm_agents.types import Hit

_DATA = read_data("mm_agents", "demo.toml")
CLIPS: dict[str, list[str]] = _DATA["clips"]
"""The demo's clips: some seconds of each of these pictures, moving slowly across it."""

SCAN = "scan.png"
"""The demo's scan: an invoice."""

ASKED = "How much would six brass hinges and 3 hours of labour cost?"
"""What the demo asks its agent; nothing says where the answer stands."""

_CLIP_SIDE, _CLIP_FPS, _SCENE_SECONDS = 320, 10, 4


def invoice() -> bytes:
    """A PNG of an invoice over 108.00 euros: three items, 20 % tax."""
    drawn = _DATA["invoice"]
    picture = PIL.Image.new("RGB", tuple(drawn["size"]), "white")
    pen = PIL.ImageDraw.Draw(picture)
    for name, anchor, size in (
        *(("left", "la", 20), ("right", "ra", 20)),
        *(("left_titles", "la", 34), ("right_titles", "ra", 34)),
    ):
        for x, y, text in drawn[name]:
            pen.text((x, y), text, fill="#202020", font=PIL.ImageFont.load_default(size), anchor=anchor)
    for y in drawn["rules"]:
        pen.line((80, y, 820, y), fill="#909090", width=2)
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


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
        page: the hits and the answer as a page.
        picture: the same as a picture.
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
    contents = {name: (samples / source).read_bytes() for name, source in _DATA["pictures"].items()}
    for name, scenes in CLIPS.items():
        frames = np.concatenate([_scene(media.load_image(samples / source).pixels) for source in scenes])
        contents[name] = media.encode_clip(frames, fps=_CLIP_FPS)
    contents |= {name: text.encode() for name, text in _DATA["notes"].items()}
    for name, content in (contents | {SCAN: invoice()}).items():
        (folder / name).write_bytes(content)
    return [folder / name for name in (*contents, SCAN)]


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
        *(Question(**asked) for asked in _DATA["questions"]),
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
        answers = [
            (asked, library.search(asked.text, image=asked.image, video=asked.video, kind=asked.kind, limit=3))
            for asked in questions(folder)
        ]
        panels = [
            contact_sheet.Panel(title=question.title, hits=hits, query=_shown(question)) for question, hits in answers
        ]
        answer = None
        if can_read():
            answer = Agent(library, model="offline").ask(ASKED)
            answer.report(folder / "answer.html")
            panels.append(contact_sheet.Panel(title=ASKED, answer=answer.text, cited=_cited(answer)))
        page, picture = folder / "results.html", folder / "results.png"
        page.write_text(contact_sheet.page("What the demo found", panels, library.path), encoding="utf-8")
        contact_sheet.picture(panels, library.path).save(picture)
    return Outcome(report=report, answers=answers, answer=answer, page=page, picture=picture)


def _samples() -> Path:
    return Path(str(require("skimage", extra="demo", feature="The demo").__file__)).parent / "data"


def _shown(question: Question) -> bytes | None:
    if question.image is not None:
        return media.encode_jpeg(media.load_image(question.image).pixels, max_side=320)
    if question.video is not None:
        first = next(media.segments(media.inspect(question.video)))
        return media.encode_jpeg(first.frames[0], max_side=320)
    return None


_MARGIN = 6  # heights of a cited value around it, so that the rows beside it are seen


def _cited(answer: Answer) -> list[contact_sheet.Cited]:
    """The places that an answer cites."""
    return [
        contact_sheet.Cited(
            title=f"[{source.number}] {source.name}: {source.evidence.quote}",
            picture=media.encode_jpeg(np.asarray(source.crop(margin=_MARGIN))),
        )
        for source in answer.sources
    ]


def _scene(pixels: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """Some seconds of a camera that moves across a picture: uint8, shape (n, side, side, 3)."""
    picture = PIL.Image.fromarray(pixels)
    side = min(picture.size) * 0.9
    steps = np.linspace(0.0, 1.0, _CLIP_FPS * _SCENE_SECONDS)
    corners = [(t * (picture.width - side), t * (picture.height - side)) for t in 0.25 + 0.5 * steps]
    views = [picture.resize((_CLIP_SIDE, _CLIP_SIDE), box=(x, y, x + side, y + side)) for x, y in corners]
    return np.stack([np.asarray(view) for view in views])
