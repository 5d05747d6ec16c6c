"""Answers, hits and refusals as HTML for the page, and the files that they load."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from urllib.parse import quote

from markupsafe import Markup

from mm_agents import media
from mm_agents._html import macros
from mm_agents._text import moment
from mm_agents.agent.answer import Answer
from mm_agents.agent.answer_data import Source
from mm_agents.agent.report import Drawing, page, paragraphs
from mm_agents.agent.source_images import wave_of
from mm_agents.errors import MediaError
from mm_agents.media import MediaFile
from mm_agents.types import Hit

_PLAYED = {"mp4": "clip.mp4", "webm": "clip.webm"}
_HEARD = {
    **{name: f"sound.{name}" for name in ("wav", "mp3", "m4a", "flac", "ogg")},
    "weba": "sound.weba",
}
_SMALL = 480  # pixels of an attached picture's longer side
_LARGEST_CLIP = 512 * 1024**2
"""Bytes: a larger clip is shown by frames, because the page plays a copy."""


class FileCache:
    """Writes files into the server's folder of this run, each into a folder that cannot be guessed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._secret = secrets.token_bytes(32)
        self.written: set[str] = set()

    def put(self, content: bytes, name: str) -> Path:
        """Write a file; the same content under the same name is written once."""
        return self._at(hashlib.sha256(content).hexdigest(), name, lambda target: target.write_bytes(content))

    def copy(self, file: MediaFile, name: str) -> Path:
        """Copy an inspected file; ``name`` is that of the copy."""
        source = file.path
        if source is None:
            raise ValueError("only a file on disk can be copied")
        return self._at(file.sha256, name, lambda target: shutil.copyfile(source, target))

    def picture(self, jpeg: bytes) -> str:
        """Write a picture; returns its address."""
        return address(self.put(jpeg, "picture.jpg"))

    def _at(self, content: str, name: str, write: Callable[[Path], object]) -> Path:
        key = hmac.digest(self._secret, content.encode(), "sha256").hex()
        target = self._folder / key / name
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            part = target.with_name(f"{secrets.token_hex(8)}.part")
            write(part)
            part.replace(target)
        self.written.add(str(target))
        return target


def address(path: Path) -> str:
    """The address of a file, relative to the page."""
    return f"gradio_api/file={quote(str(path))}"


class AnswerRenderer:
    """Draws for one page, whose pictures and clips go to ``cache``."""

    def __init__(self, cache: FileCache) -> None:
        self._cache = cache
        self._drawing = Drawing(address=cache.picture, player=self._player)

    def text(self, answer: Answer, turn: str) -> str:
        """The answer's text with its citations as links to the sources of this turn, and which claims are verified."""
        cited = {source.number for source in answer.sources}
        return part("answer", answer, paragraphs(answer.text, cited, f"{turn}-"))

    def evidence(self, answer: Answer, turn: str) -> str:
        """Sources with their boxes, checks, cost, and the files to download."""
        document = json.dumps(answer.to_json(), ensure_ascii=False, indent=2)
        return part(
            "evidence",
            answer,
            self._drawing.evidence(answer.sources, f"{turn}-"),
            address(self._cache.put(page(answer).encode(), "answer.html")),
            address(self._cache.put(document.encode(), "answer.json")),
        )

    def attached(self, files: Sequence[MediaFile]) -> str:
        """The files that came with a question: pictures small, others by their name."""
        return part("attached", [(file, self._small(file)) for file in files])

    def _small(self, file: MediaFile) -> str | None:
        if file.media_type != "image":
            return None
        try:
            return self._cache.picture(media.encode_jpeg(media.load_image(file, max_side=_SMALL).pixels))
        except MediaError:
            return None

    def hit(self, hit: Hit, root: str | None) -> str:
        """A hit alone: the page, moment or passage that matched."""
        source = Source(number=1, evidence=hit.evidence, name=hit.name, media_type=hit.media_type, root=root)
        drawn = self._drawing.evidence([source])
        is_shown = any(
            f"<{tag}" in drawn for tag in ("img", "video", "audio")
        )  # not where the file is out of reach, or a film
        thumbnail = self._cache.picture(hit.thumbnail) if hit.thumbnail and not is_shown else None
        return part("hit", hit.name, thumbnail, drawn)

    def _player(self, source: Source, file: MediaFile) -> Markup | None:
        name = _PLAYED.get(file.format) or _HEARD.get(file.format)
        if name is None or file.path is None or file.size > _LARGEST_CLIP:
            return None
        clip = address(self._cache.copy(file, name))
        moment = source.evidence.t0, source.evidence.t1
        if file.format in _PLAYED:
            return Markup(part("clip", source.name, clip, *moment))
        return Markup(part("recording", source.name, clip, self._cache.picture(wave_of(source, file)), *moment))


def part(name: str, *values: object) -> str:
    """A part of the page, from the macro of that name in page.html; values are escaped."""
    return str(getattr(macros("web/page.html"), name)(*values)).strip()


def growing(text: str) -> str:
    """An answer's text while it is written."""
    return part("growing", paragraphs(text, ()))


def steps(title: str, lines: Sequence[str], *, running: bool) -> str:
    """The steps towards an answer."""
    return part("steps", title, lines, running)


def refusal(text: str) -> str:
    """A polite message of what could not be done."""
    return part("refusal", text)


def plain(text: str) -> str:
    """The text beside what is shown."""
    return part("plain", text)


def caption(hit: Hit) -> str:
    """The caption of a hit's picture: its name, how strong it is, and the moment or thing that was found."""
    where = moment(hit) or (hit.object.label if hit.object else "")
    return " · ".join(filter(None, (hit.name, hit.strength, where)))
