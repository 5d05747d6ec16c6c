"""Conditions in questions that search films: which words are one, and what is left of the question."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from mm_agents import Agent, Library
from mm_agents.agent.conditions import film_conditions, in_words
from mm_agents.agent.verify import verify
from mm_agents.ingest.presets import movies_spec
from mm_agents.testing import HashEmbedder
from mm_agents.toolbox import toolbox
from mm_agents.tools import Tool, by_name
from mm_agents.types import Record


@pytest.mark.parametrize(
    ("question", "where", "left"),
    [
        (
            "Which films have a poster like this and are rated above 6?",
            "vote_average > 6",
            "Which films have a poster like this?",
        ),
        ("find posters that look sad, only those over 7.5", "vote_average > 7.5", "find posters that look sad"),
        (
            "films like Alien from the 80s with more than 900 votes",
            'vote_count > 900 and release_date >= "1980-01-01" and release_date <= "1989-12-31"',
            "films like Alien",
        ),
        (
            "50s films about ants",
            'release_date >= "1950-01-01" and release_date <= "1959-12-31"',
            "films about ants",
        ),
        ("movies since 2010 about robots", 'release_date >= "2010-01-01"', "movies about robots"),
    ],
)
def test_conditions_are_taken_out_of_a_question(question: str, where: str, left: str) -> None:
    found = film_conditions(question)
    assert (found.where, found.text) == (where, left)


@pytest.mark.parametrize(
    "question",
    [
        *("films set in the 1960s", "films about the summer of 1969", "films about life before 1950"),
        *("films about a boy under 10", "films about a man over 9 feet", "films about 12 angry men"),
        *("photos of dogs above 7", "clips longer than 60s", "the best film about ghosts"),
    ],
)
def test_what_a_film_is_about_is_no_condition(question: str) -> None:
    found = film_conditions(question)
    assert (found.where, found.text) == ("", question)


def test_a_filter_in_words() -> None:
    assert in_words('vote_average > 7 and release_date <= "1999-12-31"') == "rating > 7 and release date <= 1999-12-31"


# ---------------------------------------------------------------- over a library

FILMS = (("Red Sea", 8.1, "1991-05-01"), ("Red Hill", 6.2, "1994-05-01"), ("Red Moon", 7.4, "2012-05-01"))


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    place = tmp_path_factory.mktemp("films")
    embedder = HashEmbedder(width=64)
    with Library.open(place / "library", embedder=embedder, preset=movies_spec) as opened:
        for n, (title, rating, day) in enumerate(FILMS):
            poster = place / f"{n}.png"
            PIL.Image.new("RGB", (60, 90), (200, 30 * n, 30)).save(poster)
            opened.store.upsert([_film(opened, n, title, rating, day, poster)])
        yield opened


def _film(library: Library, n: int, title: str, rating: float, day: str, poster: Path) -> Record:
    rows = np.random.default_rng(n).standard_normal((2, 64)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    vectors = {spec.name: row for spec, row in zip(library.store.spec.vectors, rows, strict=False)}
    properties = {"name": title, "media_type": "film", "vote_average": rating, "release_date": day, "path": str(poster)}
    return Record(id=f"00000000-0000-0000-0000-00000000000{n}", properties=properties, text=title, vectors=vectors)


@pytest.fixture
def tools(library: Library) -> dict[str, Tool]:
    return dict(by_name(toolbox(library)))


@pytest.mark.parametrize("name", ["search_posters", "search_text"])
def test_searches_look_only_at_films_that_fit(tools: dict[str, Tool], name: str) -> None:
    def names(where: str | None) -> set[str]:
        hits = tools[name].run(query="a red film", where=where).payload["hits"]
        return {hit["name"] for hit in hits}

    assert names(None) == {"Red Sea", "Red Hill", "Red Moon"}
    assert names("vote_average > 7") == {"Red Sea", "Red Moon"}
    assert names('vote_average > 7 and release_date < "2000-01-01"') == {"Red Sea"}


def test_recommendations_fit_too(tools: dict[str, Tool]) -> None:
    hits = tools["recommend"].run(like=["Red Sea"], where="vote_average > 7").payload["hits"]
    assert [hit["name"] for hit in hits] == ["Red Moon"]


def test_an_answer_says_which_films_were_looked_at(library: Library) -> None:
    pytest.importorskip("onnxruntime", reason="the planner embeds questions: pip install 'mm-agents[local]'")
    answer = Agent(library, model="offline").ask("recommend films like Red Sea, only those rated above 7")
    assert [step.tool for step in answer.route] == ["recommend"]
    assert answer.text.startswith("Only films with rating > 7 are looked at.")
    assert [claim.text.partition(" (")[0] for claim in answer.claims] == ["Red Moon"]
    assert verify(answer, library=library).ok


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("how many films are rated above 7?", "There are 2 films with rating > 7."),
        (
            "how many films from the 90s are rated above 7",
            "There is 1 film with rating > 7 and release date >= 1990-01-01 and release date <= 1999-12-31.",
        ),
    ],
)
def test_a_count_is_proved_by_the_values_that_meet_its_condition(library: Library, question: str, said: str) -> None:
    pytest.importorskip("onnxruntime", reason="the planner embeds questions: pip install 'mm-agents[local]'")
    answer = Agent(library, model="offline").ask(question)
    (claim,) = answer.claims
    assert (claim.text, claim.kind) == (said, "counted")
    assert verify(answer, library=library).ok


def test_what_pictures_show_is_not_counted_silently(library: Library) -> None:
    pytest.importorskip("onnxruntime", reason="the planner embeds questions: pip install 'mm-agents[local]'")
    answer = Agent(library, model="offline").ask("how many posters of dogs are there?")
    assert "Not answered: “how many posters”" in answer.text
    assert answer.outcome in ("partial", "not_found")
