"""How well speech is found: spoken words to the clip and the second, word errors, what silence and music give, time.

    python examples/benchmarks/speech.py [--recognizer speech:small]

The speech is made with espeak-ng (apt-get install espeak-ng): 40 clips of three sentences each, 10 clean, 10 over
music, 10 over noise, 10 in other languages; every second one is a video. Needs: pip install 'mm-agents[speech,local]'.
Where moonshine-voice is installed, its recording of a person reading Dickens is heard too. Chinese is not among the
languages: espeak-ng as Debian has it spells it in English letters.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import tempfile
import wave
from collections import defaultdict
from dataclasses import dataclass
from fractions import Fraction
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter, process_time

import av
import numpy as np
from numpy.typing import NDArray

from mm_agents import Library, media, read_document
from mm_agents.types import SOUND_RATE, SPOKEN, Condition

Samples = NDArray[np.float32]

NEAR = 2.0  # seconds that a moment may be off
PAUSE = 0.9  # seconds between sentences
LOUD = {"music": 0.18, "noise": 0.03}  # of what lies under the speech, whose loudest sample is 0.8
ENGLISH = """
The museum opens at nine on Monday. The guide waits beside the marble stairs. Tickets are sold at the northern gate.
My grandmother planted apple trees behind the barn. We picked the fruit in October. She baked a large pie for us.
The ferry leaves from the old harbour. Passengers should bring warm clothes. The crossing takes about three hours.
Our teacher explained how volcanoes work. Hot lava flows slowly down the mountain. Nobody lives near the crater.
The bakery on the corner sells fresh bread. I like the dark loaf with seeds. They close early on Saturday.
A fox ran across the garden last night. The chickens were very frightened. My brother repaired the wooden fence.
The orchestra plays in the park tonight. The violins begin with a quiet song. Children may sit on the grass.
Please water the plants twice a week. The orchid needs very little light. The cactus stands near the window.
The train to the coast was delayed. A tree had fallen on the track. We drank coffee while we waited.
The doctor told him to sleep more. He should drink plenty of water. His next visit is in April.
She wrote a letter to the mayor. The street needs brighter lamps. Many people walk there after dark.
The library bought a hundred new books. Most of them are about history. You can borrow them for a month.
They climbed the tower before sunrise. The whole valley lay under thick fog. A lonely bell rang in the village.
The engine makes a strange noise. The mechanic will look at it tomorrow. We need the car for the holiday.
The farmer sells milk and cheese. His cows eat grass all summer. The dairy is open every morning.
A storm is coming from the west. Fishermen should stay in the harbour. The wind will be very strong.
The company moved to a bigger office. Every room has a round table. The kitchen is on the second floor.
My sister learns to play the piano. She practises for an hour each day. The concert is at the end of May.
The river floods the meadow in spring. Storks build their nests on the roofs. Frogs sing during the night.
We painted the bedroom light yellow. The curtains are made of linen. The old carpet went to the cellar.
The astronaut spoke about her journey. The earth looked small and blue. She missed the smell of rain.
The chef cuts the onions very thin. He adds butter and a little salt. The soup has to boil for an hour.
Our neighbours adopted a small dog. It barks whenever the postman comes. They walk it along the canal.
The factory makes bicycles for children. Each wheel is tested by hand. The red ones are the most popular.
The queen visited the hospital yesterday. She talked with nurses and patients. A band played in the courtyard.
The desert is cold during the night. Travellers sleep in heavy blankets. The camels rest beside the tents.
The judge listened to both sides. The witness remembered a silver van. The decision will follow next week.
We rented a cabin near the lake. The water was clear and cold. At night we counted the stars.
The carpenter built a chair of oak. He polished the legs with wax. His daughter chose the green cushion.
The airport was closed because of snow. Hundreds of people slept on the floor. The first plane left at noon.
"""
OTHERS = {
    "de": "Der Zug nach Hamburg hat Verspätung. Die Kinder spielen im Garten. Morgen kaufen wir ein neues Fahrrad.",
    "fr": "Le marché ouvre à huit heures. Ma sœur habite près de la rivière. Nous mangeons du pain avec du fromage.",
    "es": "La biblioteca está cerca de la plaza. Mi hermano compra manzanas rojas. Mañana viajamos a la montaña.",
    "it": "Il treno parte dalla stazione centrale. La nonna prepara una torta di mele. Domani andiamo al mare.",
    "pt": "A minha casa fica perto da praia. O professor explica a história. Amanhã vamos comprar um carro.",
    "nl": "De trein naar Utrecht is te laat. Mijn moeder bakt een grote taart. Morgen gaan we naar het strand.",
    "pl": "Pociąg do Krakowa jest opóźniony. Moja siostra kupiła nowy samochód. Jutro jedziemy w góry.",
    "ru": "Поезд в Москву опаздывает. Моя сестра живёт около реки. Завтра мы едем в горы.",
    "sv": "Tåget till Stockholm är försenat. Min syster bor nära floden. I morgon köper vi en ny cykel.",
    "tr": "Ankara treni bugün gecikti. Kız kardeşim nehrin yanında oturuyor. Yarın dağlara gidiyoruz.",
}
DICKENS = """
It was the best of times, it was the worst of times, it was the age of wisdom, it was the age of foolishness, it was the
epoch of belief, it was the epoch of incredulity, it was the season of light, it was the season of darkness, it was the
spring of hope, it was the winter of despair, we had everything before us, we had nothing before us, we were all going
direct to heaven, we were all going direct the other way in short the period was so far like the present period that
some of its noisiest authorities insisted on its being received for good or for evil in the superlative degree of
comparison only
"""


@dataclass(frozen=True, slots=True)
class Spoken:
    """A clip, its kind, its sentences and the second at which each begins."""

    path: Path
    kind: str
    sentences: tuple[str, ...]
    starts: tuple[float, ...]
    seconds: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recognizer", default="speech")
    recognizer: str = parser.parse_args().recognizer
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        clips = made(place)
        with Library.open(place / "library") as library:
            library.add(*(clip.path for clip in clips), words="none", speech="none")
            began, started = perf_counter(), process_time()
            report = library.add(*(clip.path for clip in clips), words="none", recognizer=recognizer)
            took, worked = perf_counter() - began, process_time() - started
            print_found(library, clips)
            said = {clip.path: transcript(library, clip.path.name) for clip in clips}
        seconds = sum(clip.seconds for clip in clips)
        times = f"{took / seconds:.2f} x its length, {worked / seconds:.2f} x in processor time"
        print(f"heard {report.heard} of {len(clips)} clips; {seconds:.0f} s of sound took {times}")
        errors(clips, said, recognizer)
        minute(place, recognizer)
        silence(place, recognizer)


def made(place: Path) -> list[Spoken]:
    """The forty clips, always the same."""
    chance = np.random.default_rng(7)
    texts = [re.findall(r"[^.]+\.", line) for line in ENGLISH.strip().splitlines()]
    clips: list[Spoken] = []
    for n, sentences in enumerate(texts):
        kind = ("clean", "music", "noise")[n % 3]
        clips.append(clip(place, n, kind, "en-us", sentences, chance))
    for n, (language, text) in enumerate(OTHERS.items(), start=len(clips)):
        clips.append(clip(place, n, "other languages", language, re.findall(r"[^.]+\.", text), chance))
    return clips


def clip(place: Path, n: int, kind: str, language: str, sentences: list[str], chance: np.random.Generator) -> Spoken:
    """A clip of some sentences; every second one is a video."""
    pieces: list[Samples] = [np.zeros(int(SOUND_RATE * (0.5 + 2 * chance.random())), np.float32)]
    starts: list[float] = []
    for sentence in sentences:
        starts.append(sum(map(len, pieces)) / SOUND_RATE)
        pieces += [spoken(place, sentence.strip(), language), np.zeros(int(SOUND_RATE * PAUSE), np.float32)]
    samples = np.concatenate(pieces)
    if kind == "music":
        samples = samples + LOUD["music"] * music(len(samples), chance)
    elif kind == "noise":
        samples = samples + (LOUD["noise"] * chance.standard_normal(len(samples))).astype(np.float32)
    path = place / f"clip{n:02d}.{'mp4' if n % 2 else 'wav'}"
    (write_video if n % 2 else write_wave)(path, samples.clip(-1, 1))
    told = tuple(sentence.strip() for sentence in sentences)
    return Spoken(path, kind, told, tuple(starts), len(samples) / SOUND_RATE)


def spoken(place: Path, sentence: str, language: str) -> Samples:
    """A sentence as espeak-ng says it."""
    target = place / "sentence.wav"
    speed = "150" if language.startswith("en") else "125"
    subprocess.run(["espeak-ng", "-v", language, "-s", speed, "-w", str(target), sentence], check=True)
    samples = np.concatenate([stretch.samples for stretch in media.sounds(target)])
    return (0.8 * samples / np.abs(samples).max()).astype(np.float32)


def music(length: int, chance: np.random.Generator) -> Samples:
    """Plucked chords with a drum on each beat; its loudest sample is 1."""
    sound = np.zeros(length + SOUND_RATE)
    beat = SOUND_RATE // 2
    fade = np.exp(-np.arange(beat * 2) / (0.35 * SOUND_RATE))
    time = np.arange(beat * 2) / SOUND_RATE
    for start in range(0, length, beat):
        root = chance.choice([130.8, 146.8, 164.8, 174.6, 196.0, 220.0])
        for interval in (1, 1.26, 1.5, 2):
            tone = sum(np.sin(2 * np.pi * root * interval * overtone * time) / overtone for overtone in (1, 2, 3, 4))
            sound[start : start + len(time)] += (fade * tone)[: len(sound) - start]
        drum = chance.standard_normal(600) * np.linspace(1, 0, 600)
        sound[start : start + 600] += 2 * drum
    cut = sound[:length]
    return (cut / np.abs(cut).max()).astype(np.float32)


def write_wave(path: Path, samples: Samples) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SOUND_RATE)
        file.writeframes((samples * 32767).astype("<i2").tobytes())


def write_video(path: Path, samples: Samples) -> None:
    """A grey picture with the sound under it."""
    with av.open(str(path), "w") as container:
        pictures = container.add_stream("libx264", rate=5)
        pictures.width, pictures.height, pictures.pix_fmt = 64, 48, "yuv420p"
        sound = container.add_stream("aac", rate=SOUND_RATE, layout="mono")
        grey = np.full((48, 64, 3), 128, np.uint8)
        for _ in range(int(5 * len(samples) / SOUND_RATE)):
            container.mux(pictures.encode(av.VideoFrame.from_ndarray(grey, format="rgb24")))
        container.mux(pictures.encode())
        frame = av.AudioFrame.from_ndarray(samples[None, :], format="fltp", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = SOUND_RATE, 0, Fraction(1, SOUND_RATE)
        container.mux(sound.encode(frame))
        container.mux(sound.encode())


# ---------------------------------------------------------------- measures


def print_found(library: Library, clips: list[Spoken]) -> None:
    """Every sentence is searched by its own words: is its clip first, and the second right?"""
    right: defaultdict[str, list[tuple[bool, bool]]] = defaultdict(list)
    for one in clips:
        for sentence, start in zip(one.sentences, one.starts, strict=True):
            hits = library.search(sentence, where=Condition(SPOKEN, "exists"), limit=1)
            first = bool(hits) and hits[0].name == one.path.name
            near = first and hits[0].t0 is not None and abs(hits[0].t0 - start) <= NEAR
            every = library.search(sentence, limit=1)
            right[one.kind].append((near, bool(every) and every[0].name == one.path.name))
    print(f"{'spoken words -> clip and second':<34}{'R@1':>6}   clip among all vectors")
    for kind, found in [*right.items(), ("all", [pair for pairs in right.values() for pair in pairs])]:
        print(f"  {kind:<32}{np.mean([near for near, _ in found]):>6.2f}{np.mean([any_ for _, any_ in found]):>10.2f}")


def transcript(library: Library, name: str) -> str:
    """The sentences that ``add`` heard in a clip."""
    return " ".join(part.text for part in library.parts(library.get(name).id) if SPOKEN in part.properties)


def errors(clips: list[Spoken], said: dict[Path, str], recognizer: str) -> None:
    """Word errors of English, by what lies under it, and of a person."""
    print("word errors")
    for kind in ("clean", "music", "noise"):
        wrong = total = 0
        for one in clips:
            if one.kind == kind:
                wanted = words(" ".join(one.sentences))
                wrong += distance(wanted, words(said[one.path]))
                total += len(wanted)
        print(f"  {kind:<32}{wrong / total:>6.3f}")
    if (found := find_spec("moonshine_voice")) is not None and found.origin is not None:
        wanted = words(DICKENS)
        read = words(heard(Path(found.origin).parent / "assets" / "two_cities.wav", recognizer))
        print(f"  {'a person reading':<32}{distance(wanted, read) / len(wanted):>6.3f}")


def minute(place: Path, recognizer: str) -> None:
    """How long a minute of clean speech takes, the model being loaded."""
    text = " ".join(ENGLISH.split("\n")[1:9])
    target = place / "minute.wav"
    write_wave(target, np.resize(spoken(place, text, "en-us"), 60 * SOUND_RATE))
    began, started = perf_counter(), process_time()
    heard(target, recognizer)
    took, worked = perf_counter() - began, process_time() - started
    print(f"a minute of speech took {took / 60:.2f} x its length, {worked / 60:.2f} x in processor time")


def silence(place: Path, recognizer: str) -> None:
    """What is heard where nobody speaks."""
    chance = np.random.default_rng(1)
    length = 30 * SOUND_RATE
    time = np.arange(length) / SOUND_RATE
    sounds: dict[str, NDArray[np.float64] | Samples] = {
        "silence": np.zeros(length),
        "white noise": 0.1 * chance.standard_normal(length),
        "faint noise": 0.002 * chance.standard_normal(length),
        "a tone": 0.3 * np.sin(2 * np.pi * 440 * time),
        "a siren": 0.3 * np.sin(2 * np.pi * (600 * time + 40 * np.sin(2 * np.pi * 0.8 * time))),
        "clicks": 0.8 * (chance.random(length) > 0.9995),
        "music": 0.7 * music(length, chance),
        "loud music": music(length, np.random.default_rng(2)),
    }
    print("sentences heard where nobody speaks")
    for name, samples in sounds.items():
        target = place / "nobody.wav"
        write_wave(target, samples.astype(np.float32))
        print(f"  {name:<32}{len(heard(target, recognizer).splitlines()):>6}")


def heard(path: Path, recognizer: str) -> str:
    """What is said, a line for each sentence."""
    found = read_document(f"transcript:{recognizer}", path)
    return "\n".join(row[-1] for table in found.tables() for row in table.rows)


def words(text: str) -> list[str]:
    """Small letters without signs."""
    return re.findall(r"\w+", text.lower())


def distance(wanted: list[str], said: list[str]) -> int:
    """How many words are wrong, missing or too many (Levenshtein)."""
    row = list(range(len(said) + 1))
    for n, word in enumerate(wanted, start=1):
        before, row[0] = row[0], n
        for place, other in enumerate(said, start=1):
            before, row[place] = row[place], min(row[place] + 1, row[place - 1] + 1, before + (word != other))
    return row[-1]


if __name__ == "__main__":
    main()
