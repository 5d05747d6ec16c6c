"""The third pass of ``add``: recordings and clips are listened to, so that they are found by what is said.

What is said becomes parts of the asset, a sentence each with its seconds; the asset itself stays as it was. A pass that
was interrupted resumes with the file at which it stopped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID, uuid5

from mm_agents import _plugins, media
from mm_agents._progress import ProgressCallback
from mm_agents.errors import MediaError, MissingExtraError, SpeechError
from mm_agents.ingest.files import file_of
from mm_agents.ingest.pipeline import FailedFile, failure, with_text_vectors
from mm_agents.ingest.presets import extend_for_speech
from mm_agents.types import SPOKEN, And, Condition, Record, Sentence, Speech

if TYPE_CHECKING:
    from mm_agents.media import MediaFile
    from mm_agents.protocols import SpeechRecognizer, Store
    from mm_agents.search.embedder_map import EmbedderMap

RECOGNIZER = "speech"
"""The plugin that listens by default."""

_NAMESPACE = UUID("0c0e6c0a-6d3b-5f64-9d0c-51f7ab3f7a4d")


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechReport:
    """What a pass heard.

    Attributes:
        heard: in how many recordings and clips somebody speaks.
        without: how many were listened to and have no speech.
        failed: the files that could not be listened to.
    """

    heard: int
    without: int
    failed: tuple[FailedFile, ...]


def hear(
    store: Store,
    embedders: EmbedderMap,
    path_of: Callable[[Record], Path | None],
    speech: Speech = "auto",
    *,
    recognizer: SpeechRecognizer | str | None = None,
    report: ProgressCallback = lambda done, total, name: None,
) -> SpeechReport:
    """Recognise what is said in every recording and clip with sound that has not been heard yet, as parts of it.

    Args:
        store: where they are.
        embedders: which embedder fills each vector.
        path_of: ``Library.path``.
        speech: "auto" leaves what any recogniser has heard; "all" also hears again what another one has.
        recognizer: what listens, or its name such as "speech:small"; the plugin "speech" by default.
        report: called with how many assets are done, how many there are, and the name at hand.

    Raises:
        MissingExtraError: the extra ``speech`` is not installed, and there is something to hear.
        WeightsError: the recogniser's model is out of reach, or not the one expected.
        UnknownPluginError: no recogniser has that name.
        StoreError: the store cannot be written.
    """
    if speech == "none":
        return SpeechReport(heard=0, without=0, failed=())
    engine = _built(recognizer or RECOGNIZER)
    todo = list(_unheard(store, by=None if speech == "auto" else lambda: engine.name))
    heard = without = 0
    failed: list[FailedFile] = []
    if todo:
        extend_for_speech(store, embedders)
    for done, asset in enumerate(todo, start=1):
        try:
            file = file_of(asset, path_of(asset))
            said = _said(engine, file)
        except (MediaError, SpeechError) as error:
            failed.append(failure(path_of(asset) or asset.name, error))
            continue
        if said is not None:
            _keep(store, embedders, asset, said, engine.name)
            heard += bool(said)
            without += not said
        report(done, len(todo), asset.name)
    return SpeechReport(heard=heard, without=without, failed=tuple(failed))


def unheard(store: Store, path_of: Callable[[Record], Path | None]) -> int:
    """How many recordings and clips have sound that nobody has listened to; of files that can be reached."""
    count = 0
    for asset in _unheard(store, by=None):
        try:
            count += asset.properties.get("sound") is True or media.has_sound(file_of(asset, path_of(asset)))
        except (MediaError, MissingExtraError):
            continue
    return count


def is_waiting(store: Store) -> bool:
    """Whether there may be something to hear."""
    return next(_unheard(store, by=None), None) is not None


def can_hear(recognizer: SpeechRecognizer | str | None = None) -> bool:
    """Whether what the recogniser needs is installed."""
    try:
        return bool(_built(recognizer or RECOGNIZER).name)
    except MissingExtraError:
        return False


def _built(recognizer: SpeechRecognizer | str) -> SpeechRecognizer:
    return _plugins.build_named("recognizers", recognizer) if isinstance(recognizer, str) else recognizer


def _unheard(store: Store, *, by: Callable[[], str] | None) -> Iterator[Record]:
    """Recordings, and clips that may have sound, that nobody has heard; or that the recogniser of a name has not."""
    assets = [
        asset
        for asset in store.iterate(where=Condition("media_type", "in", ("audio", "video")))
        if asset.properties.get("sound") is not False and "sha256" in asset.properties
    ]
    if not assets:
        return
    heard = {
        part.asset
        for part in store.iterate(where=Condition(SPOKEN, "exists"), parts=True)
        if by is None or part.properties[SPOKEN] == by()
    }
    yield from (asset for asset in assets if asset.id not in heard)


def _said(engine: SpeechRecognizer, file: MediaFile) -> list[Sentence] | None:
    """The sentences of a file, in order; None where it has no sound at all."""
    if file.media_type == "video" and not media.has_sound(file):
        return None
    return [sentence for stretch in media.sounds(file) for sentence in engine.recognize(stretch)]


def _keep(store: Store, embedders: EmbedderMap, asset: Record, said: Sequence[Sentence], engine: str) -> None:
    """Write an asset's sentences; one part without words says that there are none."""
    own = {name: value for name, value in asset.properties.items() if name not in ("segments", "sound")}
    sentences = said or [Sentence(text="", t0=0.0, t1=0.0)]
    parts = [
        Record(
            id=str(uuid5(_NAMESPACE, f"{asset.id}/speech/{n}")),
            parent=asset.id,
            properties=own
            | {SPOKEN: engine, "t0": one.t0, "t1": one.t1}
            | ({"language": one.language} if one.language else {}),
            text=one.text,
        )
        for n, one in enumerate(sentences)
    ]
    store.upsert(with_text_vectors(parts, "speech", store.spec.vectors_with_role("speech"), embedders))
    now = {part.id for part in parts}
    before = And((Condition("parent", "eq", asset.id), Condition(SPOKEN, "exists")))
    if old := [part.id for part in store.iterate(where=before, parts=True) if part.id not in now]:
        store.delete(old)
