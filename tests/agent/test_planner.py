"""The offline planner: what it was not taught, what is attached, the user's own tools, and when it says no."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from mm_agents.agent.planner import OfflinePlanner
from mm_agents.protocols import Embedder
from mm_agents.toolbox import Attachments
from mm_agents.toolbox.example_questions import every_example, outlines
from mm_agents.tools import Attachment, only, prefixed, tool

pytest.importorskip("onnxruntime", reason="the planner embeds questions: pip install 'mm-agents[local]'")

HELD_OUT = Path(__file__).with_name("held_out.txt")


@dataclass(frozen=True)
class Attached:
    kind: Attachment


@pytest.fixture(scope="module")
def embedder() -> Iterator[Embedder]:
    from mm_agents.embedders.offline import build

    built = build()
    yield built
    built.close()


@pytest.fixture(scope="module")
def planner(embedder: Embedder) -> OfflinePlanner:
    return OfflinePlanner(outlines(), embedder)


def held_out() -> list[tuple[str, tuple[Attachment, ...], set[str]]]:
    lines = [line for line in HELD_OUT.read_text("utf-8").splitlines() if not line.startswith("#")]
    split = [line.split("|", 2) for line in lines]
    return [(text.strip(), _kinds(kinds), set(filter(None, tools.split(",")))) for tools, kinds, text in split]


def _kinds(text: str) -> tuple[Attachment, ...]:
    names: dict[str, Attachment] = {"image": "image", "video": "video", "pdf": "pdf"}
    return tuple(names[kind] for kind in text.split(",") if kind)


@tool(examples=["what is the weather in Oslo?", "will it rain tomorrow", "how cold is it in Turin"])
def weather(city: str) -> str:
    """Tell today's weather in a city."""
    return f"Rain in {city}."


@tool(examples=["what is the number of this passport", "when does the passport expire"], attachments=["image"])
def read_passport(source: str) -> str:
    """Read a passport."""
    return source


# ---------------------------------------------------------------- questions that were not taught


def test_questions_in_other_words_and_on_other_topics_find_their_tools(planner: OfflinePlanner) -> None:
    questions = held_out()
    right = {True: [0, 0], False: [0, 0]}
    for question, kinds, tools in questions:
        counts = right[bool(tools)]
        counts[0] += set(planner.plan(question, [Attached(kind) for kind in kinds]).tools) == tools
        counts[1] += 1
    assert right[True][1] >= 150
    assert right[False][1] >= 40
    assert right[True][0] / right[True][1] >= 0.95
    assert right[False][0] / right[False][1] >= 0.95


def test_the_questions_kept_aside_are_not_among_the_examples() -> None:
    taught = {one.text.lower() for one in every_example()}
    assert not taught & {question.lower() for question, _, _ in held_out()}


def test_the_questions_of_the_workplace_are_not_among_the_examples_and_are_planned(
    planner: OfflinePlanner, data: Path
) -> None:
    lines = (data / "routing" / "prompts.jsonl").read_text("utf-8").splitlines()
    prompts = [json.loads(line) for line in lines]
    assert not {one.text.lower() for one in every_example()} & {one["question"].lower() for one in prompts}
    wrong = [
        one["question"]
        for one in prompts
        if set(planner.plan(one["question"], list(Attachments.open(data / name for name in one["attachments"]))).tools)
        != set(one["tools"])
    ]
    assert len(wrong) <= 1, wrong


def test_every_example_names_tools_of_the_toolbox_and_kinds_that_they_take() -> None:
    tools = {one.name: one for one in outlines()}
    assert len(tools) == 11
    for one in every_example():
        assert set(one.tools) <= set(tools)
        assert all(kind in ("image", "video", "pdf", "text") for kind in one.attached)
    assert sum(not one.tools for one in every_example()) > 100
    assert all(len(one.examples) >= 15 for one in tools.values())


@pytest.mark.parametrize(
    ("question", "kinds", "tools"),
    [
        ("Where does the beaver build?", (), {"search_videos"}),
        ("This is my hamster. Anything in the collection that looks like him?", ("image",), {"search_images"}),
        ("a story in which nobody grows old", (), {"search_text"}),
        ("turn the invoice into a csv file", ("image",), {"read_invoice"}),
        ("who is in charge of the payment in this diagram?", ("image",), {"read_flowchart"}),
        ("what comes before the supplier pays?", ("image",), {"read_flowchart"}),
        (
            "look up the picture of the rainfall table and tell me which month was wettest",
            (),
            {"search_images", "read_table"},
        ),
        ("I'd like photos of bees and also a film about bees", (), {"search_images", "search_text"}),
        ("Which films have posters like this and are rated below 5?", ("image",), {"search_posters"}),
        ("my sister adored Amélie; are there other films for her?", (), {"recommend"}),
    ],
)
def test_kinds_of_questions_that_were_planned_wrongly_once(
    planner: OfflinePlanner, question: str, kinds: tuple[Attachment, ...], tools: set[str]
) -> None:
    assert set(planner.plan(question, [Attached(kind) for kind in kinds]).tools) == tools


# ---------------------------------------------------------------- several tools, and none


def test_what_reads_is_preceded_by_a_search_where_nothing_is_attached(planner: OfflinePlanner) -> None:
    question = "what is the total on the invoice of the glass shop"
    assert planner.plan(question).tools == ("search_images", "read_invoice")
    assert planner.plan(question, [Attached("image")]).tools == ("read_invoice",)


@pytest.mark.parametrize(
    ("question", "kinds", "tools"),
    [
        ("show me photos and clips of geysers", (), ("search_images", "search_videos")),
        ("find a film about a lighthouse and recommend similar ones", (), ("search_text", "recommend")),
        ("what animal is this and do I have clips of it?", ("image",), ("describe_image", "search_videos")),
        ("find the flowchart of the refund process and list the steps", (), ("search_images", "read_flowchart")),
    ],
)
def test_several_tools_come_in_order(
    planner: OfflinePlanner, question: str, kinds: tuple[Attachment, ...], tools: tuple[str, ...]
) -> None:
    assert planner.plan(question, [Attached(kind) for kind in kinds]).tools == tools


@pytest.mark.parametrize(
    ("question", "kinds", "tools"),
    [
        (
            "What does the contract say about late fees, and is this bill overdue?",
            ("image",),
            ("search_text", "read_invoice"),
        ),
        ("Show me films about space and recommend something like the best of them", (), ("search_text", "recommend")),
        ("What is the highest growth in this table? Which clip shows it?", ("image",), ("read_table", "search_videos")),
    ],
)
def test_the_parts_of_a_question_are_planned_each_by_itself(
    planner: OfflinePlanner, question: str, kinds: tuple[Attachment, ...], tools: tuple[str, ...]
) -> None:
    plan = planner.plan(question, [Attached(kind) for kind in kinds])
    assert plan.tools == tools
    assert [one.tools for one in plan.orders] == [(name,) for name in tools]


def test_what_that_is_apiece_is_asked_of_what_the_part_before_is_about(planner: OfflinePlanner) -> None:
    plan = planner.plan("how much were all three lamps on this bill and what's that apiece?", [Attached("image")])
    assert plan.tools == ("read_invoice",)
    described = planner.plan("how much is the total of this bill, and describe that picture", [Attached("image")])
    assert "describe_image" in described.tools


def test_a_page_of_orders_is_planned_as_one(planner: OfflinePlanner) -> None:
    plan = planner.plan("What does the lease say about pets? " + "Find photos of owls. " * 40)
    assert plan.orders == ()
    assert plan.tools


def test_a_sentence_of_context_does_not_change_a_plan(planner: OfflinePlanner) -> None:
    context = "I need it for a report that I am writing about our team."
    for question, kinds, _ in held_out()[::9]:
        attached = [Attached(kind) for kind in kinds]
        plan = planner.plan(question, attached).tools
        assert planner.plan(f"{question} {context}", attached).tools == plan
        assert planner.plan(f"{context} {question}", attached).tools == plan


@pytest.mark.parametrize("question", ["", "   ", "?!", "hello!", "delete the photos of the zoo", "14 * 12"])
def test_what_no_tool_can_do_is_refused(planner: OfflinePlanner, question: str) -> None:
    plan = planner.plan(question)
    assert plan.tools == ()
    assert plan.scores.keys() == {one.name for one in outlines()}
    assert plan.reason.startswith("No tool")


def test_what_is_like_an_attached_clip_is_a_clip(planner: OfflinePlanner) -> None:
    assert planner.plan("more like this, please", [Attached("video")]).tools == ("search_videos",)
    assert planner.plan("more like this, please", [Attached("image")]).tools == ("search_images",)
    assert planner.plan("photos like this clip", [Attached("video")]).tools == ("search_images",)


def test_an_empty_looking_picture_is_read_for_what_it_hides(planner: OfflinePlanner, tmp_path: Path) -> None:
    plain, busy = tmp_path / "plain.png", tmp_path / "busy.png"
    PIL.Image.new("RGB", (300, 200), (30, 140, 90)).save(plain)
    noise = np.random.default_rng(0).integers(0, 255, (200, 300, 3), dtype=np.uint8)
    PIL.Image.fromarray(noise).save(busy)
    question = "Read what you can see on the picture"
    scores = [planner.plan(question, list(Attachments.open([path]))).scores for path in (plain, busy)]
    assert scores[0]["read_hidden_text"] > scores[1]["read_hidden_text"]
    assert planner.plan(question, list(Attachments.open([plain]))).tools == ("read_hidden_text",)


def test_what_is_written_by_hand_is_no_hidden_text(planner: OfflinePlanner) -> None:
    for question in ("what does the handwriting say", "Someone wrote a number on it by hand, what does it say?"):
        assert "read_hidden_text" not in planner.plan(question, [Attached("image")]).tools


def test_a_tool_that_does_not_take_what_is_attached_is_not_planned(planner: OfflinePlanner) -> None:
    assert "read_invoice" not in planner.plan("what is the total", [Attached("video")]).tools


def test_a_greeting_before_a_question_does_not_count(planner: OfflinePlanner) -> None:
    for question in ("clips of a heron", "what should I watch after Alien?"):
        assert planner.plan(f"Hi there! {question}").tools == planner.plan(question).tools != ()
    assert planner.plan("Hello!").tools == ()


def test_a_question_is_planned_alike_every_time(planner: OfflinePlanner, embedder: Embedder) -> None:
    again = OfflinePlanner(outlines(), embedder)
    assert planner.plan("clips of a heron") == again.plan("clips of a heron")


# ---------------------------------------------------------------- other tools


def test_what_an_absent_tool_is_for_is_not_given_to_another(embedder: Embedder) -> None:
    planner = OfflinePlanner(only(outlines(), ["search_text", "search_images"]), embedder)
    plan = planner.plan("recommend films like Alien")
    assert plan.tools == ()
    assert plan.reason == "It is for recommend, which cannot be used here."
    assert planner.plan("films about herons").tools == ("search_text",)


@tool
def currency_rate(source_currency: str, target_currency: str) -> str:
    """Tells the exchange rate between two currencies."""
    return f"{source_currency} {target_currency}"


@tool
def weather_forecast(city: str, day: str = "today") -> str:
    """Tells the weather forecast of a city: temperature, rain and wind."""
    return city + day


def test_a_tool_without_examples_is_chosen_by_what_it_says_of_itself(embedder: Embedder) -> None:
    own = OfflinePlanner([*outlines(), currency_rate, weather_forecast], embedder)
    assert own.plan("What is the exchange rate between the euro and the dollar?").tools == ("currency_rate",)
    assert own.plan("Will there be rain in the city of Oslo? What is the forecast?").tools == ("weather_forecast",)
    assert own.plan("find photos of fog").tools == ("search_images",)
    assert own.plan("who wrote Don Quixote").tools == ()
    assert own.plan("").tools == ()


def test_functions_alone_are_told_apart(embedder: Embedder) -> None:
    own = OfflinePlanner([currency_rate, weather_forecast], embedder)
    assert own.plan("how many dollars is one euro, by today's exchange rate").tools == ("currency_rate",)
    assert own.plan("what is the difference between a CPU and a GPU?").tools == ()
    assert own.plan("weather forecast for Lisbon, please").scores["weather_forecast"] > 0


def test_the_users_own_tools_take_part(planner: OfflinePlanner, embedder: Embedder) -> None:
    own = OfflinePlanner([*outlines(), weather, read_passport], embedder)
    assert planner.plan("how warm is it in Rome today?").tools == ()
    assert own.plan("how warm is it in Rome today?").tools == ("weather",)
    assert own.plan("whose passport is it", [Attached("image")]).tools == ("read_passport",)
    assert own.plan("find photos of fog and tell me the weather in Bergen").tools == ("search_images", "weather")
    for question in ("clips of a heron", "films about herons"):
        assert own.plan(question).tools == planner.plan(question).tools
    assert own.plan("what's 12 times 11").tools == ()


def test_tools_of_the_user_alone_need_no_toolbox(embedder: Embedder) -> None:
    planner = OfflinePlanner([weather], embedder)
    assert planner.plan("weather in Paris").tools == ("weather",)
    assert planner.plan("show me pictures of herons").tools == ()


def test_renamed_tools_keep_what_they_are_for(embedder: Embedder) -> None:
    planner = OfflinePlanner(prefixed("shop_", outlines()), embedder)
    assert planner.plan("total of the invoice from the mill").tools == ("shop_search_images", "shop_read_invoice")


def test_examples_added_to_a_tool_are_learnt(embedder: Embedder) -> None:
    taught = [
        replace(one, examples=(*one.examples, "zorble the frimps", "zorble them")) if one.name == "recommend" else one
        for one in outlines()
    ]
    assert OfflinePlanner(taught, embedder).plan("zorble the frimps").tools == ("recommend",)


# ---------------------------------------------------------------- the cache


def test_vectors_are_kept_and_made_again_when_they_are_damaged(
    embedder: Embedder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mm_agents.agent.planner import kept_vectors

    monkeypatch.setenv("MM_AGENTS_CACHE", str(tmp_path))
    texts = ["a heron", "a kite"]
    made = kept_vectors(embedder, texts)
    (file,) = (tmp_path / "planner").iterdir()
    assert np.array_equal(kept_vectors(embedder, texts), made)
    file.write_bytes(file.read_bytes()[:200])
    assert np.array_equal(kept_vectors(embedder, texts), made)
    assert np.load(file, allow_pickle=False).shape == (2, embedder.width)
