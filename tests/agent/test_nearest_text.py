"""What a text has nearest to a question that nothing answers: it is quoted in doubt, and proves nothing."""

from __future__ import annotations

import pytest

from mm_agents import Agent, Library
from mm_agents._text import content_words, parts_of
from mm_agents.agent.answer import Answer
from mm_agents.agent.paragraphs import quotable
from mm_agents.agent.passage_choice import chosen, kind_of, most_of
from mm_agents.agent.query_analysis import QuestionContext, questions_in, wants_several
from mm_agents.agent.request import request_of
from mm_agents.agent.telling_words import most_telling

pytest.importorskip("onnxruntime", reason="these tests embed: pip install 'mm-agents[local]'")

CLUB = """# Rowing club: minutes

## Boathouse

The door of the boathouse has been stuck since March. Two joiners sent quotes, 310 and 420.

**Decision:** take the cheaper joiner.
**Who:** Ursel rings him.

## Boats

The red skiff needs a new seat. Members may not lend a boat to anybody, not even to their family.

Paddles are for members of 18 and over. Young people of 15 to 17 may row if a parent signs the book.
"""

MAIL = """From: Tamsin Orme
Subject: Trip to Pell Island

Dear all,

here are the plans.

FRIDAY
The ferry leaves from the north pier at 14:10 sharp. Please be there by 13:50. A meal follows on board at 18:00.

SATURDAY
The walk to the lighthouse starts at 9:30. Blue jackets this time, not the yellow ones.

COSTS
A berth in a shared cabin is 62 per person, a cabin to oneself 91.
"""


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Agent:
    folder = tmp_path_factory.mktemp("nearest")
    (folder / "minutes.md").write_text(CLUB)
    (folder / "mail.txt").write_text(MAIL)
    library = Library.open(folder / "library", embedder="offline")
    library.add(folder / "minutes.md", folder / "mail.txt", progress=False)
    return Agent(library, model="offline")


def _doubted(answer: Answer) -> str:
    """The text of an answer that proves nothing, and says what it does not answer."""
    assert answer.outcome == "partial"
    assert {claim.kind for claim in answer.claims} == {"match", "unsupported"}
    assert "I don't know" not in answer.text
    assert "Not answered: “" in answer.text
    return answer.text


@pytest.mark.parametrize(
    ("question", "says"),
    [
        ("Which colour jacket should pilgrims put on for the lighthouse?", "Blue jackets"),
        ("How much dearer is a cabin to myself than a shared one on the island trip?", "62 per person"),
        ("What did the club decide about the stuck boathouse door?", "take the cheaper joiner"),
        ("I'd like to give my sister the red boat of the rowing club for a day. May she take it?", "may not lend"),
        ("My son is sixteen. Is he allowed to row with the club?", "a parent signs"),
    ],
)
def test_the_nearest_passage_is_shown_where_nothing_answers(agent: Agent, question: str, says: str) -> None:
    assert says in _doubted(agent.ask(question))


@pytest.mark.parametrize(
    "question",
    ["How do I descale the kettle?", "What is the phone number of the north pier?", "Which picture shows the kettle?"],
)
def test_what_shares_too_little_with_a_text_is_not_shown(agent: Agent, question: str) -> None:
    answer = agent.ask(question)
    assert answer.outcome in ("not_found", "out_of_scope")
    assert answer.claims == ()


def test_whether_something_is_so_needs_a_sentence_that_says_all_of_it() -> None:
    text = "Whoever has paid the fee may row. Guests may row if a parent signs the card."
    known = chosen("Can guests row?", quotable(text), [0.0], text, "club.txt")
    assert (known.lacks, known.unsaid) == (None, None)
    assert chosen("Can I pay the fee by card?", quotable(text), [0.0], text, "club.txt").unsaid in ("fee", "card")


def test_the_rarest_word_is_the_most_telling() -> None:
    assert most_telling("hang cordless drill".split()) == "cordless"
    assert most_telling(["doesn't", "foam"]) == "foam"
    assert most_telling([]) is None


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("What's the landlord's excuse for charging more rent?", "reason"),
        ("For what reason did she leave?", "reason"),
        ("How much longer is the night train than the day train?", "duration"),
        ("How much heavier is the oak than the pine?", "weight"),
        ("How much is the rent?", "sum_of_money"),
    ],
)
def test_reasons_and_differences_are_asked_for_in_several_ways(question: str, kind: str) -> None:
    assert kind_of(question) == kind


def test_a_unit_is_one_word_however_it_is_written() -> None:
    text = "You need 1.6 kg ripe plums and 90 g soft butter."
    for question in ("How many kilos of plums do I need?", "How many grams of butter do I need?"):
        found = chosen(question, quotable(text), [0.0], text, "cake.txt")
        assert (found.lacks, found.unsaid) == (None, None)
    found = chosen("How many litres of butter do I need?", quotable(text), [0.0], text, "cake.txt")
    assert found.lacks or found.unsaid


def test_a_line_of_a_paragraph_in_a_text_without_headings_is_one_of_that_paragraph() -> None:
    said = {one.text: one.under for one in quotable(MAIL)}
    assert next(under for text, under in said.items() if "by 13:50" in text) == "FRIDAY"
    assert said["here are the plans."] == ""
    assert said["The walk to the lighthouse starts at 9:30. Blue jackets this time, not the yellow ones."] == "SATURDAY"


def test_what_a_section_decides_is_beside_what_it_says() -> None:
    said = {one.text: one.beside for one in quotable(CLUB)}
    first = next(text for text in said if text.startswith("The door"))
    assert "take the cheaper joiner" in said[first]
    assert not any("joiner" in beside for text, beside in said.items() if text.startswith("Paddles"))


def test_a_sheet_of_names_with_values_is_quoted_by_the_line() -> None:
    lines = [
        "Keys: the second set is with the nurse, who lives above the shop",
        "Alarm: off",
        "Post: at 15:45 in the hall",
    ]
    assert [one.text for one in quotable("\n".join(lines))] == lines


def test_a_word_missing_from_the_passage_is_named_and_none_of_its_title() -> None:
    question = "Could you kindly tell me what a berth in the new hydrofoil costs?"
    passages = quotable(MAIL)
    assert most_of(question, passages, [0.0] * len(passages), MAIL, "mail.txt").unsaid == "hydrofoil"


def test_a_question_that_leans_on_what_is_said_before_it_is_asked_with_that() -> None:
    asked = QuestionContext(text="May he borrow it?", typed="My brother needs the skiff. May he borrow it?")
    assert asked.leans
    assert asked.by_itself.text == "May he borrow it? My brother needs the skiff."
    assert not QuestionContext(text="When does the Lisbon ferry leave?").leans


def test_some_of_a_thing_asks_for_no_several_files() -> None:
    assert not wants_several("I'd like to burn some old branches. In which months is that allowed?")
    assert wants_several("any owls?")
    assert wants_several("Which clips show the others?")


def test_what_shares_its_verb_with_another_question_is_no_part_by_itself() -> None:
    asked = "In which months and at what time of day is that allowed?"
    assert parts_of(asked) == [asked]
    assert len(parts_of("Which ankle got hurt on the walk, and at what spot?")) == 2


def test_what_it_means_after_a_which_is_the_answer_and_not_the_thing_that_is_named() -> None:
    which = questions_in("Which piece of furniture makes room for the piano, and where is it going?")
    assert which[1] == "where is it going"
    assert questions_in("When does the lease start, and how long is it?")[1] == "how long is the lease"


def test_what_somebody_would_like_to_do_is_said_before_a_question() -> None:
    asked = request_of("My brother would like to use the hedge trimmer. May I hand it over to him?")
    assert asked.text == "May I hand it over to him?"
    assert request_of("I would like to see a film about ants. Which one?").context == ()


@pytest.mark.parametrize("question", ["When's the walk?", "I'd take the ferry. What's it called?"])
def test_a_pronoun_with_its_verb_carries_no_meaning(question: str) -> None:
    assert not any("'" in word for word in content_words(question))


def test_what_stands_under_a_weekday_is_of_no_other() -> None:
    passages = [one for one in quotable(MAIL) if one.under == "FRIDAY"]
    assert chosen("When is the meal on Friday?", passages, [0.0] * len(passages), MAIL, "mail.txt").lacks is None
    found = chosen("When is the meal on Saturday?", passages, [0.0] * len(passages), MAIL, "mail.txt")
    assert found.lacks == "value on Saturday"


def test_of_two_things_a_passage_must_speak_of_both() -> None:
    text = "The cactus needs water once a month.\n\nThe ficus needs water every ten days.\n"
    found = quotable(text)
    asked = "Which plant needs water more often, the ficus or the cactus?"
    assert chosen(asked, found, [0.9, 0.1], text, "plants.txt").unsaid in ("ficus", "cactus")
    assert chosen("How often does the cactus need water?", found, [0.9, 0.1], text, "plants.txt").unsaid is None
