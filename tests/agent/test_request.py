"""What of a text is asked: sentences around a question, sentences without full stops, and parts."""

from __future__ import annotations

import pytest

from mm_agents.agent.query_analysis import QuestionContext
from mm_agents.agent.request import plain, request_of, spelled_right

QUESTIONS = ["show me dogs", "penguins on ice", "which invoice is from Bosch?", "recommend films like My Fair Lady"]
AROUND = [
    "I need it for a report that I am writing about our team.",
    "We are preparing the quarterly review at the office.",
    "My sister asked me about it yesterday.",
    "Thanks a lot in advance!",
    "It is for a school project.",
]


@pytest.mark.parametrize("around", AROUND)
@pytest.mark.parametrize("question", QUESTIONS)
def test_a_sentence_around_a_question_is_not_asked(question: str, around: str) -> None:
    assert request_of(f"{around} {question}").text == question
    assert request_of(f"{question} {around}").text == question
    assert request_of(f"{around} {question}").context == (around,)


@pytest.mark.parametrize(
    "text",
    [
        "photo of the dog that is running",
        "find everything I wrote about composting",
        "what should I watch if I liked Up?",
        "I want to see cats",
        "I need a photo of a dog",
        "I loved Finding Nemo. What else might I like?",
        "This is an invoice. How much is it?",
        "When is Dr. Smith's appointment?",
        "the dog is running",
    ],
)
def test_what_is_part_of_the_question_stays(text: str) -> None:
    assert request_of(text).text == text
    assert request_of(text).context == ()


def test_a_clause_before_a_question_says_why_it_is_asked() -> None:
    assert request_of("Since I am moving house, show me my rental contract").text == "show me my rental contract"


def test_a_text_that_only_greets_stays_a_greeting() -> None:
    assert request_of("hello there. I need it for a report.").text == "hello there."


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Find the clip with the dog and describe it", ("Find the clip with the dog", "describe it")),
        ("What is the total, and when is it due?", ("What is the total", "when is it due")),
        ("Show me cats. Also find the lease.", ("Show me cats.", "Also find the lease.")),
        ("photos of salt and pepper", ("photos of salt and pepper",)),
        ("I loved Up. What else is there?", ("I loved Up. What else is there?",)),
    ],
)
def test_the_parts_of_a_question(text: str, parts: tuple[str, ...]) -> None:
    assert request_of(text).parts == parts


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("shwo me cats", "show me cats"),
        ("pictrues of bats", "pictures of bats"),
        ("fnid me the vidoe of pots", "find me the video of pots"),
        ("what is on thsi.png", "what is on thsi.png"),
        ("a form from Turin", "a form from Turin"),
    ],
)
def test_words_that_say_how_something_is_asked_are_mended(typed: str, meant: str) -> None:
    assert spelled_right(typed) == meant


def test_a_chart_is_asked_with_what_is_said_before_the_question() -> None:
    asked = QuestionContext(text="What is done first?", typed="It was approved. What is done first?")
    assert asked.as_asked("read_flowchart", asked.text) == asked.typed
    assert asked.as_asked("read_invoice", asked.text) == asked.text


def test_a_clause_that_a_next_step_depends_on_stays() -> None:
    assert plain("After the form is signed, what are the next two steps?").startswith("After the form")
    assert plain("As I am writing a report, what is the total of the bill?") == "what is the total of the bill?"
