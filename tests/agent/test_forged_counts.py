"""Answers over several files, of searches and with several parts: altered ones are caught, the others stand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from forging import (
    Forgery,
    Saved,
    by_a_model,
    claim,
    everywhere,
    renamed,
    rewritten,
    said,
    source,
    step,
    swapped,
    verified,
    words,
)
from papers import chart, invoice, plain, planned, table

from mm_agents import Agent, Answer, Library, media
from mm_agents.agent.verify import verify
from mm_agents.ingest.movies import add_movies
from mm_agents.testing import HashEmbedder

pytest.importorskip("rapidocr", reason="pip install 'mm-agents[documents]'")

FILMS = (("The Lighthouse", 7.4, "navy"), ("Storm", 6.1, "green"), ("Garden Party", 8.2, "pink"))


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    place = tmp_path_factory.mktemp("counts")
    files = place / "library" / "media"
    files.mkdir(parents=True)
    invoice(files / "northwind.png", currency="GBP ", due="9 June 2026")
    items = [("1", "Solar panel", "120.00", "120.00")]
    invoice(files / "solar.png", seller="Solar Roof Ltd", items=items, currency="GBP ", due="2 June 2026")
    chart(files / "orders.png")
    table(files / "regions.png")
    plain(files / "red.png", "red")
    for name, level in (("dusk", 40), ("noon", 200)):
        frames = np.full((8, 48, 64, 3), level, np.uint8)
        (files / f"{name}.mp4").write_bytes(media.encode_clip(frames, fps=2.0))
    (place / "posters").mkdir()
    told = []
    for n, (title, rating, colour) in enumerate(FILMS, start=1):
        PIL.Image.new("RGB", (60, 90), colour).save(place / "posters" / f"{n}_poster.jpg")
        overview = f"A story of a {title.lower()}, two keepers and a sea."
        told.append({"id": n, "title": title, "overview": overview, "vote_average": rating})
    (place / "films.json").write_text(json.dumps(told))
    with Library.open(place / "library", embedder=HashEmbedder(width=64)) as opened:
        opened.add(files, progress=False)
        add_movies(opened, place / "films.json", place / "posters")
        yield opened


QUESTIONS: dict[str, tuple[tuple[str, ...], str, tuple[str, ...]]] = {
    "clips": ((), "How many clips do I have?", ()),
    "kinds": ((), "How many pictures, clips and films do I have?", ()),
    "best": ((), "Which film has the highest rating?", ()),
    "above": ((), "Films with a rating above 7", ()),
    "sum": ((), "What is the total of all my invoices?", ()),
    "second": ((), "Which film has the second highest rating?", ()),
    "cheapest": ((), "The two cheapest invoices", ()),
    "mean": ((), "What is the average total of my invoices?", ()),
    "due": ((), "Which of my invoices is due first?", ()),
    "over": ((), "List my invoices over 100", ()),
    "two": ((), "Compare these two", ("northwind.png", "solar.png")),
    "parts": (("read_invoice",), "What is the total and when is it due?", ("northwind.png",)),
    "partial": (("read_invoice",), "What is the total and what is the IBAN?", ("northwind.png",)),
    "table": (("read_table",), "Which region has the largest sales?", ("regions.png",)),
    "film": (("search_text",), "films about keepers and a storm", ()),
    "alike": (("recommend",), "Recommend films like Storm", ()),
    "pictures": (("search_images",), "Find the pictures that are red", ()),
}


@pytest.fixture(scope="module")
def honest(library: Library, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Saved]:
    """Answers of each kind; files are attached from outside of the library."""
    outside = tmp_path_factory.mktemp("outside")
    answers: dict[str, Saved] = {}
    for name, (tools, question, attached) in QUESTIONS.items():
        for file in attached:
            (outside / file).write_bytes((Path(str(library.root)) / "media" / file).read_bytes())
        agent = planned(Agent(library, model="offline"), *tools)
        answer = agent.ask(question, [outside / file for file in attached])
        answers[name] = json.loads(json.dumps(answer.to_json()))
    return answers


@pytest.mark.parametrize("name", QUESTIONS)
def test_what_nobody_has_altered_stands(name: str, honest: dict[str, Saved], library: Library, tmp_path: Path) -> None:
    assert honest[name]["claims"]
    assert verified(honest[name], library, tmp_path / "a.json")


def without(place: int) -> Forgery:
    """Without a claim, in the text and in the list."""

    def forge(saved: Saved) -> None:
        gone = saved["claims"].pop(place)
        marks = "".join(f"[{number}]" for number in gone["sources"])
        kept = [line for line in saved["text"].splitlines() if marks not in line]
        assert len(kept) < len(saved["text"].splitlines())
        saved["text"] = "\n".join(kept)

    return forge


def turned(saved: Saved) -> None:
    """The claims and their lines the other way round."""
    saved["claims"].reverse()
    head, *lines = [line for line in saved["text"].splitlines() if line]
    saved["text"] = "\n\n".join([head, "\n".join(reversed(lines))])


def twice(saved: Saved) -> None:
    """The first claim once more, in the text too."""
    first = saved["claims"][0]
    saved["claims"].append(dict(first))
    saved["text"] += f"\n\n{first['text']} {''.join(f'[{number}]' for number in first['sources'])}"


def answered_whole(saved: Saved) -> None:
    """As if every part had been answered."""
    text = saved["text"].partition("\n\nNot answered")[0]
    saved.update(outcome="answered", unanswered=[], text=text)


def cites(*numbers: int) -> Forgery:
    """The first claim with other sources, in the text too."""

    def forge(saved: Saved) -> None:
        first = saved["claims"][0]
        before = "".join(f"[{number}]" for number in first["sources"])
        assert before in saved["text"]
        saved["text"] = saved["text"].replace(before, "".join(f"[{number}]" for number in numbers), 1)
        first["sources"] = list(numbers)

    return forge


def also(text: str) -> Forgery:
    """With more text."""
    return lambda saved: saved.update(text=saved["text"] + text)


FORGERIES: dict[str, tuple[str, Forgery]] = {
    # counts
    "a count in the text and the payload": ("clips", everywhere("There are 2", "There are 12", '"2"', '"12"')),
    "a count of one source": ("clips", said("There is 1 clip.", sources=[1])),
    "a count in words": ("clips", words("2 clips", "two hundred clips")),
    "a count of another kind": ("clips", words("clips", "pictures")),
    "a count of another question": ("clips", rewritten(question="How many pictures do I have?")),
    "a count with another filter": ("clips", step(where='media_type = "image"')),
    "a count without a filter": ("clips", step(where=None)),
    "a count with a condition": ("clips", words("2 clips", "2 clips with a dog")),
    "a count that cites one clip twice": ("clips", cites(1, 1)),
    "a count as read": ("clips", claim(kind="read")),
    "a count as computed": ("clips", claim(kind="computed", computed="1 + 1 = 2")),
    "a count as a match": ("clips", claim(kind="match")),
    "two counts swapped": ("kinds", everywhere("5 pictures", "3 pictures", "3 films", "5 films")),
    "one count left out": ("kinds", without(1)),
    "a count twice": ("clips", twice),
    "another best film": ("best", renamed("Garden Party", "Storm")),
    "another rating": ("best", everywhere("8.2", "9.2")),
    "the lowest as the highest": ("best", words("highest", "lowest")),
    "a question about the lowest": ("best", rewritten(question="Which film has the lowest rating?")),
    "a question about votes": ("best", rewritten(question="Which film has the highest number of votes?")),
    "a film that fits left out": ("above", without(0)),
    "a list in another order": ("above", turned),
    "values swapped in a list": ("above", everywhere("rating 8.2", "rating 7.4", "rating 7.4", "rating 8.2")),
    "a list with another limit": ("above", everywhere("rating > 7", "rating > 8")),
    "a film that does not fit": ("above", renamed("The Lighthouse", "Storm")),
    # sums over several files
    "another sum": ("sum", everywhere("195.00", "295.00")),
    "a changed operand": ("sum", claim(computed="75.00 + 130.00 = 205.00", text="The totals add up to 205.00 GBP.")),
    "another operand that fits": ("sum", claim(computed="120.00 + 75.00 + 0 = 195.00")),
    "no operands": ("sum", claim(computed=None, kind="read")),
    "another currency": ("sum", words("GBP", "EUR")),
    "a sum of the taxes": ("sum", words("totals", "taxes")),
    "a sum of one invoice": ("sum", said("The total of northwind.png is 75.00 GBP.", sources=[1])),
    "the boxes of two invoices swapped": ("sum", swapped("box")),
    "the hashes of two invoices swapped": ("sum", swapped("sha256")),
    "another mean": ("mean", everywhere("97.50", "57.50")),
    "a mean as a sum": ("mean", words("are on average", "add up to")),
    "a question about the sum": ("mean", rewritten(question="What is the total of all my invoices?")),
    "another invoice is due first": ("due", renamed("solar.png", "northwind.png")),
    "another day": ("due", everywhere("2026-06-02", "2026-06-20")),
    "due last": ("due", words("first", "last")),
    "a question about the last": ("due", rewritten(question="Which of my invoices is due last?")),
    "another field": ("due", words("due date", "date")),
    "a place of another field": ("due", source(box=[60, 40, 260, 70])),
    "another page": ("due", source(page=2)),
    "another limit": ("over", everywhere("total > 100", "total > 200")),
    "a question with another limit": ("over", rewritten(question="List my invoices over 10")),
    "two documents swapped": ("two", everywhere("120.00", "75.00", "75.00", "120.00")),
    "one of two left out": ("two", without(1)),
    # several parts
    "a part left out": ("parts", without(1)),
    "a part that is not answered": ("partial", answered_whole),
    "a part that is not named": ("partial", rewritten(unanswered=[], outcome="answered")),
    "another part": ("partial", rewritten(unanswered=["what is the tax"])),
    "parts in one another's place": ("parts", swapped("box")),
    "an answered question that is partial": ("parts", rewritten(outcome="partial")),
    "an answered question that is not found": ("parts", rewritten(outcome="not_found")),
    "an answered question that is out of scope": ("parts", rewritten(outcome="out_of_scope")),
    "a value in brackets": ("parts", words("75.00 GBP", "(75.00) GBP")),
    "a value in brackets in the text": ("parts", lambda saved: saved.update(text=saved["text"].replace("75", "(75"))),
    "a value below zero": ("parts", words("75.00 GBP", "-75.00 GBP")),
    "about a value": ("parts", words("75.00 GBP", "~75.00 GBP")),
    "a value in thousands": ("parts", words("75.00 GBP", "75,000 GBP")),
    "a value with a unit": ("parts", words("75.00 GBP", "75.00 GBP per day")),
    "zero-width characters in a value": ("parts", words("75.00", "7\u200b5.00")),
    "writing that runs the other way": ("parts", words("75.00", "\u202e75.00\u202c")),
    "digits of another form": ("parts", words("75.00", "\uff17\uff15.00")),
    "letters of another alphabet": ("parts", words("total", "t\u043etal")),
    "a sentence more": ("parts", also(" The invoice was paid in cash.")),
    "a sentence more with a source": ("parts", also("\n\nThe invoice was paid in cash. [1]")),
    "a paragraph that sounds like a note": ("parts", also("\n\nNot used: the invoice was paid in cash.")),
    "a paragraph that sounds like doubt": ("parts", also("\n\nI don't know: the invoice was paid in cash.")),
    "a reason of its own": ("partial", words("The IBAN was not found on the invoice", "The invoice was paid")),
    # tables
    "another row": ("table", words("North", "South")),
    "another cell": ("table", everywhere("120", "80")),
    "the lowest row": ("table", words("highest", "lowest")),
    "another column": ("table", words("Sales", "Growth")),
    # searches
    "another similarity": ("pictures", claim(similarity=0.99)),
    "another similarity everywhere": ("pictures", everywhere("0.87", "0.97", change="similarity", by=0.1)),
    "no similarity": ("pictures", everywhere(" (similarity 0.87)", "", change="similarity")),
    "a match as read": ("pictures", claim(kind="read")),
    "a match as seen": ("pictures", claim(kind="seen")),
    "a match that is not the nearest": ("pictures", renamed("red.png", "regions.png")),
    "a picture that was not found": ("pictures", source(asset="00000000-0000-4000-8000-000000000000")),
    "a picture under another name": ("pictures", words("red.png", "blue.png")),
    "another search": ("pictures", step(query="the dog")),
    "another question for a search": ("pictures", rewritten(question="Find the pictures that show a wedding")),
    "films in another order": ("alike", turned),
    "the best film left out": ("alike", without(0)),
    "another film liked": ("alike", words("Films like Storm", "Films like The Lighthouse")),
    "another film recommended": ("alike", renamed("Garden Party", "Storm")),
    "another story": ("film", everywhere("A story of a storm", "A story of a murder")),
    "a story of another film": ("film", renamed("Storm", "Garden Party")),
    "a film's similarity in the payload too": ("film", everywhere("0.73", "0.83", change="similarity", by=0.1)),
    # types
    "a number as a list": ("clips", claim(sources=[[1]])),
    "a text as a number": ("clips", rewritten(text=7)),
    "a similarity that is no number": ("pictures", claim(similarity="near")),
    "a similarity without an end": ("pictures", claim(similarity=float("inf"))),
    "an unknown kind": ("clips", claim(kind="proven")),
    "an unknown outcome": ("clips", rewritten(outcome="proven")),
    "an unknown status": ("clips", lambda saved: saved["claims"][0].update(status="proven")),
    "a box of three numbers": ("due", source(box=[1, 2, 3])),
    "no hash": ("due", source(sha256=None)),
    "another hash": ("due", source(sha256="0" * 64)),
    "sources numbered anew": ("due", source(number=7)),
    # as if a chat model had said so
    "a model's count": ("clips", by_a_model(said("There is 1 clip.", sources=[1]))),
    "a model's larger count": ("clips", by_a_model(everywhere("There are 2", "There are 12", '"2"', '"12"'))),
    "a model's sum": ("sum", by_a_model(everywhere("195.00", "295.00"))),
    "a model's match": ("pictures", by_a_model(claim(similarity=0.99))),
    "a model's value": ("parts", by_a_model(everywhere("75.00", "57.00"))),
}


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forgery_is_caught(name: str, honest: dict[str, Saved], library: Library, tmp_path: Path) -> None:
    about, forge = FORGERIES[name]
    saved: Saved = json.loads(json.dumps(honest[about]))
    forge(saved)
    assert saved != honest[about]
    assert not verified(saved, library, tmp_path / "a.json")


@pytest.mark.parametrize("name", ["clips", "best", "above", "sum", "film", "alike", "pictures"])
def test_without_a_library_counts_and_matches_are_not_checked(
    name: str, honest: dict[str, Saved], library: Library, tmp_path: Path
) -> None:
    (tmp_path / "a.json").write_text(json.dumps(honest[name]), encoding="utf-8")
    found = verify(Answer.load(tmp_path / "a.json", root=library.root))
    assert found.ok
    assert found.claims[0].status == "unverified"
    assert found.claims[0].why.startswith("not checked again: give the library")


def test_an_answer_stands_as_long_as_the_library_says_the_same(tmp_path: Path) -> None:
    plain(tmp_path / "red.png", "red")
    plain(tmp_path / "blue.png", "blue")
    with Library.open(tmp_path / "library", embedder=HashEmbedder(width=64)) as library:
        library.add(tmp_path / "red.png", progress=False)
        answer = Agent(library, model="offline").ask("How many pictures do I have?")
        assert verify(answer, library=library).claims[0].status == "verified"
        library.add(tmp_path / "blue.png", progress=False)
        (first, *_) = verify(answer, library=library).claims
        assert (first.status, first.why) == (
            "failed",
            "counted again, it comes to something else: There are 2 pictures.",
        )
