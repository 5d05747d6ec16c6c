"""Reads what is said in a recording or clip: sentences with their seconds, as text and as subtitles."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mm_agents import _plugins, media
from mm_agents._text import clock
from mm_agents.documents import text_questions
from mm_agents.documents.summary import ShownReading
from mm_agents.documents.text import in_markdown
from mm_agents.documents.text_questions import TextLine
from mm_agents.errors import ConfigError
from mm_agents.media import MediaFile
from mm_agents.types import DocumentAnswer, Evidence, Mark, ReadingTable, Sentence

if TYPE_CHECKING:
    from mm_agents.chat import ChatModel
    from mm_agents.protocols import Ocr, SpeechRecognizer

Recording = MediaFile | Path | bytes
"""What can be listened to: a recording or clip as an inspected file, a path, or its content."""

RECOGNIZER = "speech"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Transcript(ShownReading):
    """What is said in a recording or clip.

    Attributes:
        sentences: in order; none where nobody speaks.
        sha256: of the file that was heard.
        name: of the file.
        heard_by: the name of the recogniser.
    """

    sentences: tuple[Sentence, ...]
    sha256: str
    name: str
    heard_by: str

    @property
    def text(self) -> str:
        """A line for each sentence."""
        return "\n".join(sentence.text for sentence in self.sentences)

    @property
    def languages(self) -> tuple[str, ...]:
        """The codes of the languages that are spoken, such as "en"."""
        return tuple(dict.fromkeys(one.language for one in self.sentences if one.language))

    def to_json(self) -> dict[str, Any]:
        """The document that ``read text --json`` prints of a recording or clip."""
        return {
            "text": self.text,
            "languages": list(self.languages),
            "heard_by": self.heard_by,
            "sentences": [asdict(sentence) for sentence in self.sentences],
        }

    def to_markdown(self) -> str:
        """A list of the sentences with the times at which they begin; "" where nobody speaks."""
        return "".join(f"- {clock(round(one.t0, 1))} {in_markdown(one.text)}\n" for one in self.sentences)

    def to_srt(self) -> str:
        """Subtitles in SubRip's form (.srt)."""
        cues = (
            f"{n}\n{_stamp(one.t0, ',')} --> {_stamp(one.t1, ',')}\n{_cue(one.text)}\n"
            for n, one in enumerate(self.sentences, start=1)
        )
        return "\n".join(cues)

    def to_vtt(self) -> str:
        """Subtitles in the form of web pages (WebVTT, .vtt)."""
        cues = (f"\n{_stamp(one.t0, '.')} --> {_stamp(one.t1, '.')}\n{_escaped(one.text)}\n" for one in self.sentences)
        return "WEBVTT\n" + "".join(cues)

    def tables(self) -> list[ReadingTable]:
        """One table: the sentences with their seconds; none where nobody speaks."""
        rows = tuple((f"{one.t0:.2f}", f"{one.t1:.2f}", one.language, one.text) for one in self.sentences)
        return [ReadingTable(name="sentences", header=("t0", "t1", "language", "text"), rows=rows)] if rows else []

    def evidence(self, sentence: Sentence) -> Evidence:
        """A sentence as the evidence of a claim, without the file's place."""
        return Evidence(
            asset=self.name,
            path=None,
            sha256=self.sha256,
            how=f"heard by {self.heard_by}",
            confidence=sentence.confidence,
            quote=sentence.text,
            t0=sentence.t0,
            t1=sentence.t1,
        )

    def ask(self, question: str, *, model: ChatModel | None = None) -> DocumentAnswer:
        """Answer a question by quoting sentences, as ``DocumentText.ask``."""
        lines = [TextLine(text=one.text, evidence=self.evidence(one)) for one in self.sentences]
        return text_questions.ask(lines, question, model=model)

    def marks(self) -> list[Mark]:
        """None: sound has no places on a page."""
        return []

    def between(self, t0: float, t1: float) -> tuple[Sentence, ...]:
        """The sentences of which something is said between two seconds."""
        return tuple(one for one in self.sentences if one.t0 < t1 and one.t1 > t0)


class TranscriptReader:
    """Listens to recordings and clips.

    Args:
        recognizer: the plugin that listens, such as "speech:small".
    """

    name = "transcript"

    def __init__(self, recognizer: str = RECOGNIZER) -> None:
        self._recognizer = recognizer

    def read(
        self,
        source: Recording,
        /,
        *,
        page: int | None = None,
        model: ChatModel | None = None,
        ocr: Ocr | None = None,
        start: float = 0.0,
        end: float | None = None,
    ) -> Transcript:
        """Recognise what is said, as ``DocumentReader.read``; ``model`` and ``ocr`` are not used.

        Args:
            source: a recording or clip: a path, its content, or a file that was inspected.
            page: None; sound has no pages.
            model: not used.
            ocr: not used.
            start: seconds from which on it is heard.
            end: seconds up to which it is heard; None: to the end.

        Raises:
            ConfigError: a page is named.
            MediaError: the file is not a recording or clip, has no sound, or is damaged or too large.
            MissingExtraError: the extra ``speech`` is not installed.
            WeightsError: the recogniser's model is out of reach, or not the one expected.
        """
        if page not in (None, 1):
            raise ConfigError(f"A recording has no page {page}; leave the page out.")
        engine: SpeechRecognizer = _plugins.build_named("recognizers", self._recognizer)
        file = source if isinstance(source, MediaFile) else media.inspect(source)
        stretches = media.sounds(file, start=start, end=end)
        said = tuple(sentence for stretch in stretches for sentence in engine.recognize(stretch))
        return Transcript(sentences=said, sha256=file.sha256, name=file.name, heard_by=engine.name)


def build(argument: str = "") -> TranscriptReader:
    """A reader; ``argument`` names the recogniser, by default "speech"."""
    return TranscriptReader(argument or RECOGNIZER)


def _stamp(seconds: float, mark: str) -> str:
    """Hours, minutes and seconds to the millisecond."""
    milliseconds = round(seconds * 1000)
    minutes, rest = divmod(milliseconds, 60_000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{rest // 1000:02d}{mark}{rest % 1000:03d}"


def _cue(text: str) -> str:
    """A text on one line, without the arrow that separates times."""
    return " ".join(text.replace("-->", "→").split())


def _escaped(text: str) -> str:
    return _cue(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
