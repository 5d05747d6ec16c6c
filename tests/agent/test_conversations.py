"""What "it", "that one" and "the second one" mean in a conversation."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mm_agents.agent.answer import Answer
from mm_agents.agent.answer_data import Source
from mm_agents.agent.references import Memory, ReferencedItem, is_another
from mm_agents.types import Evidence


def answer(*things: tuple[str, str]) -> Answer:
    sources = tuple(
        Source(
            number=n,
            name=name,
            media_type=media_type,
            evidence=Evidence(asset=f"id-{name}", path=name, sha256="0", how="vector media"),
        )
        for n, (name, media_type) in enumerate(things, start=1)
    )
    return Answer(question="?", text="", sources=sources)


@pytest.fixture
def memory() -> Memory:
    """Three pictures and a clip were shown."""
    memory = Memory()
    shown = answer(("a.jpg", "image"), ("b.jpg", "image"), ("c.mp4", "video"), ("d.jpg", "image"))
    memory.note(shown, ["search_images"])
    return memory


@pytest.mark.parametrize(
    ("question", "names"),
    [
        ("what is the second one?", ["b.jpg"]),
        ("describe the 4th", ["d.jpg"]),
        ("and the last one?", ["d.jpg"]),
        ("show me the third picture", ["d.jpg"]),
        ("what happens in the first clip", ["c.mp4"]),
        ("tell me more about it", ["a.jpg"]),
        ("what is that?", ["a.jpg"]),
        ("find pictures like this one", ["a.jpg"]),
        ("what is in the clip?", ["c.mp4"]),
        ("compare them", ["a.jpg", "b.jpg", "c.mp4", "d.jpg"]),
        ("what does [3] show?", ["c.mp4"]),
        ("which clip shows the dog that runs", []),
        ("when does the dog raise its paw", []),
        ("find the picture of a boat", []),
        ("what is on the invoice?", []),
    ],
)
def test_words_point_back(memory: Memory, question: str, names: list[str]) -> None:
    assert [thing.name for thing in memory.resolve(question).things] == names


def test_what_is_not_there_is_said_to_be_missing(memory: Memory) -> None:
    assert memory.resolve("and the seventh one?").missing == "the seventh one"
    assert memory.resolve("what is [9]?").missing == "[9]"


def test_nothing_is_meant_before_anything_was_shown() -> None:
    memory = Memory()
    for question in ("what is it?", "the second one", "and the tax?"):
        found = memory.resolve(question)
        assert (found.things, found.goes_on) == ((), False)


@pytest.mark.parametrize("words", ["the attached invoice", "the file I uploaded", "that picture i've just sent"])
def test_what_was_never_attached_is_said_to_be_missing(words: str) -> None:
    memory = Memory()
    assert memory.resolve(f"What does {words} say?").missing == words
    assert "nothing is attached" in memory.tell_missing(words)
    memory.attach([ReferencedItem(id="bill.png", name="bill.png", media_type="image")])
    assert memory.resolve(f"What does {words} say?").missing is None


def test_a_list_outlives_what_was_told_of_one_of_it(memory: Memory) -> None:
    memory.note(answer(("b.jpg", "image")), ["describe_image"])
    assert memory.resolve("and the first?").things[0].name == "a.jpg"
    assert memory.resolve("what is it?").things[0].name == "b.jpg"


def test_the_invoice_is_what_was_read_as_one(memory: Memory) -> None:
    memory.note(answer(("bill.png", "image")), ["search_images", "read_invoice"])
    memory.note(answer(("a.jpg", "image")), ["describe_image"])
    (thing,) = memory.resolve("who sent the invoice?").things
    assert thing.name == "bill.png"
    assert memory.reader_of(thing) == "read_invoice"


def test_attached_pictures_are_counted_where_several_are() -> None:
    memory = Memory()
    memory.attach(ReferencedItem(id=name, name=name, media_type="image") for name in ("x.png", "y.png"))
    assert memory.resolve("what is on the second picture?").things[0].name == "y.png"
    memory.note(answer(("a.jpg", "image"), ("b.jpg", "image")), ["search_images"])
    assert memory.resolve("describe the first picture I attached").things[0].name == "x.png"


@pytest.fixture
def billed() -> Memory:
    """A bill was attached and read."""
    memory = Memory()
    memory.attach([ReferencedItem(id="bill.png", name="bill.png", media_type="image")])
    source = replace(
        answer(("bill.png", "image")).sources[0], evidence=Evidence(asset="bill.png", path=None, sha256="0", how="read")
    )
    memory.note(Answer(question="?", text="", sources=(source,)), ["read_invoice"])
    return memory


@pytest.mark.parametrize(
    ("question", "meant"),
    [
        ("what is its total?", True),
        ("and the tax?", True),
        ("when is it due?", True),
        ("what is the tax on my bill?", True),
        ("who sent the invoice?", True),
        ("read the table", True),
        ("what is this?", True),
        ("find pictures like this", True),
        ("which of the pictures shows a dog?", False),
        ("Find a cat picture, then find clips like it", False),
        ("Find a picture of a dog and describe it", False),
        ("Find the clip with the dog and describe what happens in it", False),
        ("show me pictures of dogs", False),
        ("Which clip shows the dog?", False),
        ("what does the flowchart say?", False),
        ("find my pictures of dogs", False),
        ("what is the tax of the restaurant bill?", False),
    ],
)
def test_what_was_attached_is_meant_where_words_point_at_it(billed: Memory, question: str, meant: bool) -> None:
    assert [thing.name for thing in billed.resolve(question).things] == (["bill.png"] if meant else [])


def test_a_document_is_another_where_more_is_said_of_it() -> None:
    for question in (
        "the tax of the restaurant bill?",
        "is there an invoice from a garage?",
        "the total of all invoices",
    ):
        assert is_another(question)
    for question in ("what is the total?", "the invoice number?", "what is the total bill?", "who is the bill from?"):
        assert not is_another(question)


def test_a_question_may_go_on(memory: Memory) -> None:
    found = memory.resolve("and the tax?")
    assert found.goes_on
    assert not found.explicit
    assert found.things[0].name == "a.jpg"
