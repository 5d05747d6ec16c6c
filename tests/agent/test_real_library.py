"""The course's questions over one library of documents, photographs, clips and films, with nothing attached."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from mm_agents import Agent, Answer, Library
from mm_agents.agent.verify import verify
from mm_agents.ingest.movies import add_movies

pytest.importorskip("onnxruntime", reason="pip install 'mm-agents[local]'")
pytest.importorskip("rapidocr", reason="pip install 'mm-agents[documents]'")


@pytest.fixture(scope="module")
def library(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    place = tmp_path_factory.mktemp("real") / "library"
    photos = place / "photos"
    photos.mkdir(parents=True)
    for folder in sorted((data / "imagenette").iterdir()):
        for path in sorted(folder.glob("*.JPEG"))[:2]:
            shutil.copy(path, photos / f"{folder.name}-{path.name}")
    with Library.open(place) as opened:
        opened.add(data / "documents", data / "animals", photos, progress=False)
        add_movies(opened, data / "movies" / "movies.json", data / "movies" / "posters")
        yield opened


@pytest.fixture(scope="module")
def agent(library: Library) -> Agent:
    return Agent(library, model="offline")


def asked(agent: Agent, question: str, *attached: Path) -> Answer:
    """The answer, which has to stand when it is verified."""
    answer = agent.ask(question, attached)
    found = verify(answer, library=agent.library)
    assert found.ok, found
    return answer


def test_what_did_the_shop_charge(agent: Agent) -> None:
    answer = asked(agent, "what did East Repair charge for the brake cables?")
    assert "100.00" in answer.text
    assert answer.sources[0].name == "invoice.png"
    assert [step.tool for step in answer.route] == ["search_images", "read_invoice"]


def test_a_price_is_computed_with_both_unit_prices(agent: Agent, data: Path) -> None:
    question = "how much would four sets of pedal arms and 6 hours of labour cost"
    for attached in ((), (data / "documents" / "invoice.png",)):
        answer = asked(agent, question, *attached)
        assert "together 90.00" in answer.text
        assert answer.claims[0].computed == "4 * 15.00 + 6 * 5.00 = 90.00"
        assert [source.evidence.quote for source in answer.sources] == ["15.00", "5.00"]
        assert all(source.evidence.box for source in answer.sources)


def test_a_tie_is_named(agent: Agent) -> None:
    answer = asked(agent, "which unit has the highest revenue growth")
    assert "Classifieds and Payments & Fintech tie" in answer.text
    assert len(answer.sources) == 2
    assert all((source.evidence.quote or "").startswith("32%") for source in answer.sources)


def test_the_steps_of_the_chart(agent: Agent) -> None:
    answer = asked(agent, "look for the chart of our online shop's order process and list its steps")
    assert answer.sources[0].name == "swimlane-diagram-01.png"
    for step in ("Place an order", "Payment", "Invoicing", "Ship", "Transport"):
        assert step in answer.text


def test_the_code_of_the_chart(agent: Agent, data: Path) -> None:
    answer = asked(
        agent, "write Python code that implements this process", data / "documents" / "swimlane-diagram-01.png"
    )
    code = answer.text.split("```python\n")[1].split("```")[0]
    compile(code, "chart", "exec")
    assert "place_an_order" in code


def test_the_hidden_message(agent: Agent, data: Path) -> None:
    for question, attached in (
        ("is there a hidden message in one of my pictures?", ()),
        ("Read what you see on this image.", (data / "documents" / "blankimage3.png",)),
    ):
        answer = asked(agent, question, *attached)
        assert "You can vectorize the whole world with Weaviate!" in answer.text
        assert all(claim.status == "verified" for claim in answer.claims)


@pytest.mark.parametrize("question", ["Read this", "What is this about?", "Was steht hier?"])
def test_all_that_an_attached_page_says(agent: Agent, data: Path, question: str) -> None:
    documents = data / "documents"
    invoice = asked(agent, question, documents / "invoice.png")
    values = {source.evidence.quote for source in invoice.sources if source.evidence.box}
    assert {"US-001", "145.00", "9.06", "154.06"} <= {re.sub(r"^\W+", "", quote or "") for quote in values}
    if question == "Read this":
        assert "Contrastive pre-training" in asked(agent, question, documents / "clip.png").text
        assert "vectorize the whole world" in asked(agent, question, documents / "blankimage3.png").text


def test_nothing_hidden_is_said_where_it_is_asked_for(agent: Agent, data: Path) -> None:
    answer = asked(agent, "Is there hidden text in this?", data / "documents" / "invoice.png")
    assert (answer.outcome, answer.text.splitlines()[0]) == ("not_found", "No hidden text was found in invoice.png.")


def test_the_clip_and_its_moment(agent: Agent) -> None:
    answer = asked(agent, "Which clip shows the dog playing with a stick?")
    first = answer.sources[0]
    assert first.name == "dog-with-stick.mp4"
    assert first.evidence.t0 is not None
    assert first.evidence.t1 is not None
    assert first.crop().size[0] > 100


def test_photographs_are_found_and_described_as_far_as_is_known(agent: Agent) -> None:
    fishing = asked(agent, "find the photo where I am fishing with my buddies")
    assert fishing.sources[0].name.startswith("tench")
    flying = asked(agent, "show me pictures of paragliding")
    assert flying.sources[0].name.startswith("parachute")
    assert "it shows a parachute" in flying.text


def test_films_by_story_poster_and_liking(agent: Agent, data: Path) -> None:
    pets = asked(agent, "movies about lovable cute pets")
    assert {"101 Dalmatians", "Beethoven"} & {source.name for source in pets.sources}
    spooky = asked(agent, "find a poster with the same mood as this picture", data / "movies" / "query" / "spooky.jpg")
    assert spooky.sources[0].media_type == "film"
    liked = asked(agent, "recommend films like Iron Man")
    assert "The Incredible Hulk" in [source.name for source in liked.sources]


def test_what_is_not_there_is_not_known(agent: Agent) -> None:
    for question in ("photos of quantum computers", "what did Acme Anvils charge for the brake cables?"):
        answer = asked(agent, question)
        assert answer.text.startswith("I don't know"), answer.text
        assert answer.claims == ()


def test_a_conversation(agent: Agent) -> None:
    chat = agent.chat()
    chat.ask("what did East Repair charge for the brake cables?")
    assert "9.06" in chat.ask("and the tax?").text
    assert "2019-02-26" in chat.ask("when is it due?").text
    chat.ask("find me photos of meerkats standing up")
    second = chat.ask("what is the second one?")
    assert "meerkat" in second.text
    assert second.route[0].tool == "describe_image"


def test_captions_and_bare_words_are_searches(agent: Agent) -> None:
    for caption, folder in (("fishing with my buddies", "tench"), ("paragliding", "parachute")):
        answer = asked(agent, caption)
        assert [step.tool for step in answer.route] == ["search_images"]
        assert folder in answer.sources[0].name


def test_what_no_picture_shows_is_looked_for_in_texts(tmp_path: Path) -> None:
    (tmp_path / "house.txt").write_text("The keys of the shed hang behind the kitchen door.\n", encoding="utf-8")
    with Library.open(tmp_path / "library") as library:
        library.add(tmp_path / "house.txt", progress=False)
        answer = Agent(library, model="offline").ask("where is the picture of the keys of the shed?")
    assert [step.tool for step in answer.route] == ["search_images", "search_text"]
    assert answer.text.startswith("The nearest text is house.txt (similarity ")
    assert "It says: “The keys of the shed hang behind" in answer.text


def test_a_story_is_quoted_and_found_again(agent: Agent) -> None:
    answer = asked(agent, "which film's story is about a billionaire who builds a suit of armour?")
    assert answer.sources[0].name == "Iron Man"
    assert [claim.status for claim in answer.claims[:2]] == ["match", "verified"]
    assert "“" in answer.claims[1].text


def test_an_attachment_is_used_while_the_questions_are_about_it(agent: Agent, data: Path) -> None:
    def next_to(question: str) -> Answer:
        chat = agent.chat()
        assert "154.06" in chat.ask("What is the total of this bill?", [data / "documents" / "invoice.png"]).text
        return chat.ask(question)

    for question, told in (
        ("what is its total?", "154.06"),
        ("and the tax?", "9.06"),
        ("when is it due?", "2019-02-26"),
    ):
        answer = next_to(question)
        assert told in answer.text
        assert [step.arguments["source"] for step in answer.route] == ["invoice.png"]
    for question, tool, name in (
        ("show me pictures of dogs", "search_images", "dog"),
        ("Which clip shows the dog?", "search_videos", "dog"),
        ("and dogs?", "search_images", "dog"),
        ("and pictures of cats?", "search_images", "cat"),
        ("what about the dogs?", "search_images", "dog"),
        ("also find clips with a dog", "search_videos", "dog"),
        ("Find a cat picture, then find clips like it", "search_images", "cat"),
        ("which of the pictures shows a dog?", "search_images", "dog"),
    ):
        answer = next_to(question)
        assert tool in [step.tool for step in answer.route], question
        assert any(name in source.name for source in answer.sources), (question, answer.text)
        assert "invoice.png" not in [source.evidence.asset for source in answer.sources], question
