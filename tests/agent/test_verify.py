"""A kept answer is checked again: what was changed since is found, and the claim that fails is named."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import PIL.ImageDraw
import PIL.ImageFont
import pytest
from papers import invoice, plain, planned

from mm_agents import Agent, Answer, Library, media, read_document
from mm_agents.agent.answer_data import Claim, Source
from mm_agents.agent.grounding.quotes import Quotes, cited_in, same
from mm_agents.agent.verify import Verification, misleading_character, verify
from mm_agents.errors import ConfigError, MediaError
from mm_agents.ingest.movies import add_movies
from mm_agents.testing import HashEmbedder
from mm_agents.types import Box, Evidence

pytest.importorskip("rapidocr", reason="pip install 'mm-agents[documents]'")

QUESTION = "how much would four brass hinges and two garden lamps cost?"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("verify")
    files = place / "library" / "media"
    files.mkdir(parents=True)
    invoice(files / "northwind.png")
    (files / "ferns.txt").write_text("Water the ferns on Tuesday, 4 litres.")
    frames = np.stack([np.full((48, 64, 3), 60 * n, np.uint8) for n in (0, 0, 2, 2, 4, 4, 1, 1)])
    (files / "clip.mp4").write_bytes(media.encode_clip(frames, fps=2.0))
    (place / "posters").mkdir()
    PIL.Image.new("RGB", (60, 90), "navy").save(place / "posters" / "1_poster.jpg")
    film = {"id": 1, "title": "The Lighthouse", "overview": "Two keepers and a storm."}
    (place / "films.json").write_text(json.dumps([film]))
    return place


@pytest.fixture(scope="module")
def library(place: Path) -> Iterator[Library]:
    with Library.open(place / "library", embedder=HashEmbedder(width=64)) as opened:
        opened.add(place / "library" / "media", progress=False)
        add_movies(opened, place / "films.json", place / "posters")
        yield opened


@pytest.fixture(scope="module")
def answer(library: Library) -> Answer:
    """Of the invoice, with a sum."""
    return planned(Agent(library, model="offline"), "search_images", "read_invoice").ask(QUESTION)


def edited(answer: Answer, **changes: Any) -> Answer:
    """The answer with other words or another sum in its claim."""
    (claim,) = answer.claims
    return replace(answer, claims=(replace(claim, **changes),))


def moved(answer: Answer, **changes: Any) -> Answer:
    """The answer whose first source is changed."""
    first, *rest = answer.sources
    return replace(answer, sources=(replace(first, evidence=replace(first.evidence, **changes)), *rest))


def why(verification: Verification) -> str:
    assert not verification.ok
    return next(claim.why for claim in verification.claims if claim.status == "failed")


def test_an_answer_stands_as_long_as_its_files_do(answer: Answer, tmp_path: Path) -> None:
    answer.save(tmp_path / "answer.json")
    found = verify(Answer.load(tmp_path / "answer.json", root=answer.root))
    assert found.ok
    (claim,) = found.claims
    assert claim.status == "verified"
    assert "2 quotes were found again" in claim.why
    assert "4 * 2.50 + 2 * 45.00 = 100.00 was computed again" in claim.why
    assert found.to_json() == {"ok": True, "claims": [{"text": claim.text, "status": "verified", "why": claim.why}]}


def test_a_changed_file_and_a_file_that_is_gone_are_told(tmp_path: Path) -> None:
    path = invoice(tmp_path / "bill.png")
    with Library.open(tmp_path / "library", embedder=HashEmbedder(width=64)) as library:
        answer = planned(Agent(library, model="offline"), "read_invoice").ask("what is the total?", [path])
    assert verify(answer).ok
    invoice(path, items=[("1", "Garden lamp", "75.00", "75.00")])
    assert "bill.png was changed" in why(verify(answer))
    path.unlink()
    assert "'bill.png' cannot be read" in why(verify(answer))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda a: edited(a, text="Together they cost 101.00, not 100.00."), "101.00 is in none"),
        (lambda a: edited(a, text="Together they cost 10.00."), "does not say what the sum"),
        (lambda a: edited(a, computed="4 * 2.50 + 2 * 45.00 = 101.00"), "comes to 100.00"),
        (lambda a: edited(a, computed="5 * 2.50 + 2 * 45.00 = 102.50"), "5 of the sum"),
        (lambda a: edited(a, computed="4 * 2.50 + 3 * 30.00 = 100.00"), "of the sum"),
        (lambda a: edited(a, computed="__import__('os').getcwd() = 1"), "cannot be done again"),
        (lambda a: edited(a, text="It says “Pay Mallory”: 100.00."), "“Pay Mallory” is on none of the pages"),
        (lambda a: edited(a, sources=(1, 2, 7)), "it cites [7]"),
        (lambda a: edited(a, sources=()), "no source is cited"),
        (lambda a: moved(a, quote="3.50"), "“3.50” is not at its place"),
        (lambda a: moved(a, box=Box(x0=10, y0=400, x1=60, y1=420)), "“2.50” is not at its place"),
        (lambda a: moved(a, box=Box(x0=900, y0=10, x1=960, y1=30)), "lies outside"),
        (lambda a: moved(a, sha256="0" * 64), "was changed"),
        (lambda a: moved(a, path="media/nothing.png"), "cannot be read"),
        (lambda a: replace(a, text=a.text + " See also [9]."), "no source of that number"),
        (lambda a: replace(a, text=a.text.replace("100.00", "1000.00")), "the text says 1000.00"),
    ],
)
def test_what_was_tampered_with_is_found(answer: Answer, change: Callable[[Answer], Answer], said: str) -> None:
    assert said in why(verify(change(answer)))


def test_what_was_not_verified_is_not_verified_now(library: Library, place: Path) -> None:
    agent = planned(Agent(library, model="offline"), "describe_image")
    answer = agent.ask("what is this?", [place / "library" / "media" / "northwind.png"])
    found = verify(answer)
    assert found.ok
    assert {claim.status for claim in found.claims} == {"unverified"}


def claimed(text: str, evidence: Evidence, *, media_type: str, root: Path) -> Answer:
    source = Source(number=1, evidence=evidence, name=Path(evidence.path or "").name, media_type=media_type)
    claim = Claim(text=text, sources=(1,), kind="read")
    return Answer(question="?", text=f"{text} [1]", claims=(claim,), sources=(source,)).rooted(str(root))


def test_a_passage_of_a_text_is_found_again(library: Library, place: Path) -> None:
    answer = planned(Agent(library, model="offline"), "search_text").ask("which note is about ferns?")
    assert verify(answer).ok
    assert "is not in ferns.txt" in why(verify(moved(answer, quote="Water the roses.")))
    (source,) = answer.sources
    evidence = replace(source.evidence, quote="4 litres")
    assert verify(claimed("They take 4 litres.", evidence, media_type="text", root=place / "library")).ok
    assert "5 is in none" in why(
        verify(claimed("They take 5 litres.", evidence, media_type="text", root=place / "library"))
    )


def test_a_moment_has_to_be_in_its_clip(library: Library) -> None:
    answer = planned(Agent(library, model="offline"), "search_videos").ask("which clip is dark?")
    assert verify(answer).ok
    assert answer.sources[0].evidence.t1 is not None
    assert "is not in clip.mp4, which lasts 4.0 s" in why(verify(moved(answer, t0=2.0, t1=9.0)))


def test_the_story_of_a_film_is_in_the_library(library: Library) -> None:
    answer = planned(Agent(library, model="offline"), "search_text").ask("films about keepers and a storm")
    assert answer.sources[0].media_type == "film"
    assert [one.status for one in verify(answer, library=library).claims[:2]] == ["match", "verified"]
    alone = verify(answer)
    assert alone.ok
    assert alone.claims[0].status == "unverified"
    assert "kept in the library" in alone.claims[0].why
    assert "story has changed" in why(verify(moved(answer, quote="Three keepers."), library=library))


def test_what_is_repeated_of_a_page_is_held_against_it(library: Library, place: Path) -> None:
    agent = planned(Agent(library, model="offline"), "read_invoice")
    answer = agent.ask("turn this bill into JSON", [place / "library" / "media" / "northwind.png"])
    assert verify(answer).ok
    for old, new in (('"total": "75.00"', '"total": "76.00"'), ("2026-05-03", "2026-05-09")):
        assert old in answer.text
        assert "is not on northwind.png" in why(verify(replace(answer, text=answer.text.replace(old, new))))


def test_an_answer_without_claims_stands(library: Library) -> None:
    assert verify(planned(Agent(library, model="offline")).ask("book me a flight")).to_json() == {
        "ok": True,
        "claims": [],
    }


def test_only_answers_are_loaded(tmp_path: Path) -> None:
    for content in ("", "[]", '{"version": 9}', '{"version": 1}', "not json"):
        (tmp_path / "a.json").write_text(content)
        with pytest.raises(ConfigError, match=r"a\.json' is not a saved answer"):
            Answer.load(tmp_path / "a.json")
    with pytest.raises(ConfigError, match=r"b\.json' is not a saved answer: there is no such file\."):
        Answer.load(tmp_path / "b.json")


def test_a_loaded_answer_opens_no_place_of_its_file(answer: Answer, library: Library, tmp_path: Path) -> None:
    answer.save(tmp_path / "a.json")
    loaded = Answer.load(tmp_path / "a.json")
    assert answer.root is not None
    assert loaded.root is None
    assert {source.root for source in loaded.sources} == {None}
    assert "belongs to a library that was not given" in why(verify(loaded))
    for shown in (loaded.sources[0].crop, loaded.sources[0].page, loaded.sources[0].show):
        with pytest.raises(MediaError, match="Pass it: '--library LIB'"):
            shown()
    report = loaded.report(tmp_path / "a.html").read_text(encoding="utf-8")
    assert "belongs to a library that was not given" in report
    assert "data:image" not in report
    assert verify(loaded, library=library).ok
    assert verify(loaded, root=answer.root).ok
    assert Answer.load(tmp_path / "a.json", root=answer.root) == answer
    assert "leads out of the library" in why(verify(moved(answer, path="media/../../northwind.png")))


@pytest.mark.parametrize("path", ["//server/share/a.png", "\\\\server\\share\\a.png", "/\\server\\share\\a.png"])
def test_a_file_on_another_machine_is_not_read(answer: Answer, path: str, tmp_path: Path) -> None:
    moved(answer, path=path).save(tmp_path / "a.json")
    with pytest.raises(ConfigError, match="may be on another machine"):
        Answer.load(tmp_path / "a.json", root=answer.root)


@pytest.mark.parametrize(
    ("part", "name", "value"),
    [
        ("claims", "kind", "<form>"),
        ("claims", "sources", ["<form>"]),
        ("sources", "number", "<form>"),
        ("sources", "box", ["<form>", 1, 2, 3]),
        ("route", "seconds", "<form>"),
    ],
)
def test_values_of_another_type_are_refused(answer: Answer, part: str, name: str, value: Any, tmp_path: Path) -> None:
    kept = answer.to_json()
    kept[part] = [dict(one) for one in kept[part]]
    kept[part][0][name] = value
    (tmp_path / "a.json").write_text(json.dumps(kept))
    with pytest.raises(ConfigError, match=rf"{part}\.0\.(evidence\.)?{name}"):
        Answer.load(tmp_path / "a.json")


def test_a_status_that_its_kind_does_not_have_is_refused(answer: Answer, tmp_path: Path) -> None:
    kept = answer.to_json()
    kept["claims"][0]["status"] = "match"
    (tmp_path / "a.json").write_text(json.dumps(kept))
    with pytest.raises(ConfigError, match="a claim of the kind 'computed' has the status 'match'"):
        Answer.load(tmp_path / "a.json")


def test_an_answer_of_before_there_were_kinds_is_loaded(answer: Answer, tmp_path: Path) -> None:
    kept = answer.to_json()
    for name in ("kind", "subject", "attribute"):
        del kept["claims"][0][name]
    del kept["outcome"], kept["unanswered"]
    path = tmp_path / "a.json"
    path.write_text(json.dumps(kept))
    assert [claim.kind for claim in Answer.load(path).claims] == ["computed"]
    assert Answer.load(path).outcome == "answered"
    kept["claims"][0] |= {"text": "The nearest picture is a.png.", "computed": None}
    path.write_text(json.dumps(kept))
    assert Answer.load(path).claims[0].kind == "match"
    kept["claims"][0] |= {"status": "unverified"}
    path.write_text(json.dumps(kept))
    assert Answer.load(path).claims[0].kind == "unsupported"


def test_a_picture_cannot_vouch_for_words_that_it_does_not_have(place: Path, tmp_path: Path) -> None:
    path = plain(tmp_path / "red.png", "red")
    evidence = Evidence(
        asset="a", path=path.as_posix(), sha256=media.inspect(path).sha256, how="label", quote="75.00", page=1,
        box=Box(x0=30, y0=30, x1=80, y1=50),
    )  # fmt: skip
    assert "nothing is read there" in why(verify(claimed("It is 75.00.", evidence, media_type="image", root=tmp_path)))


def test_a_shape_of_a_chart_is_found_again_where_the_chart_was_read_as_a_table_first(
    data: Path, tmp_path: Path
) -> None:
    with Library.open(tmp_path / "library") as library:
        agent = Agent(library, model="offline")
        answer = agent.ask("Is there a loop in it?", [data / "flowcharts" / "flowvqa" / "wiki00667.png"])
        assert "read_table" in {step.tool for step in answer.route}
        assert answer.text.startswith("Yes: Search for Gold Shoe Options → ")
        assert verify(answer, library=library).ok


def test_each_line_of_a_tilted_page_is_found_again_and_no_mixture_of_two(tmp_path: Path) -> None:
    picture = PIL.Image.new("RGB", (820, 300), "white")
    pen = PIL.ImageDraw.Draw(picture)
    bill = ("2|Mojito|11.00|22.00", "1|Fireball|7.00|7.00", "1|Wolverine|8.00|8.00", "1|Two Hearted|5.50|5.50")
    for row, line in enumerate(bill):
        for x, text in zip((40, 150, 450, 700), line.split("|"), strict=True):
            pen.text((x, 40 + 26 * row), text, fill="black", font=PIL.ImageFont.load_default(20))
    picture.rotate(7, expand=True, fillcolor="white", resample=PIL.Image.Resampling.BICUBIC).save(tmp_path / "bill.png")
    file = media.inspect(tmp_path / "bill.png")
    lines = read_document("text", file).pages[0].lines
    assert len(lines) == len(bill)
    assert [Quotes(None).fault(line, "image", file) for line in lines] == [None] * len(bill)
    mixed = replace(lines[1], quote=(lines[1].quote or "").replace("7.00", "8.00"))
    assert Quotes(None).fault(mixed, "image", file) is not None


def test_a_quoted_number_in_brackets_is_no_citation_and_stars_are_words_of_a_page() -> None:
    assert cited_in("- “[17589684] Beeswax XL” [2]\n- “of 1 kg”, see also [9]") == [2, 9]
    assert same("***", "***")
    assert not same("***", "**")
    assert misleading_character("It says “41º JHN”.", []) is None
    assert misleading_character("It says “４1 JHN”.", []) is not None


ROOMS = "Room,Beds,Price,Floor,2025\n101,2,72,1,80\n102,2,95,1,75\n202,4,149,2,66\n301,2,210,3,41\n"


@pytest.mark.parametrize(
    ("question", "said", "kind"),
    [
        ("Which rooms cost less than 100?", "2 of 4 have Price of less than 100: 101 and 102.", "read"),
        ("Which room is the cheapest?", "101 has the lowest Price: 72.", "read"),
        ("What floor is room 301 on?", "Room 301, Floor: 3.", "read"),
        ("What is the mean price?", "The mean of Price over 4 is 131.5.", "computed"),
        ("What is the sum of 2025?", "2025 sums up to 262 over 4.", "computed"),
    ],
)
def test_names_with_numbers_and_counts_of_cells_are_proved(question: str, said: str, kind: str, tmp_path: Path) -> None:
    (tmp_path / "rooms.csv").write_text(ROOMS)
    with Library.open(tmp_path / "library") as library:
        answer = Agent(library).ask(question, [tmp_path / "rooms.csv"])
        assert [(claim.text, claim.kind) for claim in answer.claims] == [(said, kind)]
        assert verify(answer, library=library).ok
        (claim,) = answer.claims
        for forged in (said.replace("2 of 4", "3 of 4"), said.replace("101", "102", 1), said.replace("3", "4")):
            if forged != said:
                changed = replace(answer, claims=(replace(claim, text=forged),), text=answer.text.replace(said, forged))
                assert not verify(changed, library=library).ok
