"""Which passage of a text answers a question, and which texts do not say what is asked."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import PIL.Image
import pytest

from mm_agents import Agent, Library
from mm_agents.agent.answer import Answer
from mm_agents.agent.hit_details import quotable
from mm_agents.agent.passage_choice import (
    Paragraph,
    chosen,
    has_value,
    kind_of,
    nearest_passage,
)
from mm_agents.agent.scaled_amounts import computed_amount, scaled_amount
from mm_agents.agent.verify import verify
from mm_agents.tools import ToolResult

NOTE = """# Allotment

The allotment is plot 14 behind the mill. The holder is Ines Calder.

The yearly rent is 45 pounds. It is paid to the warden, Tom Hale.

The gate opens at 7:30 and closes at dusk.

The tap is turned off in November.
"""
PASSAGES = [one for one in NOTE.split("\n\n")[1:] if one.strip()]


@contextmanager
def _asking(file: Path, text: str) -> Generator[Agent]:
    """An agent over a library of one text."""
    pytest.importorskip("onnxruntime", reason="these tests embed: pip install 'mm-agents[local]'")
    file.write_text(text)
    with Library.open(file.parent / "library", embedder="offline") as library:
        library.add(file)
        yield Agent(library, model="offline")


def _is_doubted(answer: Answer) -> None:
    """The nearest passage is shown, and proves nothing."""
    assert answer.outcome == "partial"
    assert {claim.kind for claim in answer.claims} <= {"match", "unsupported"}


def _paragraphs(texts: Sequence[str]) -> list[Paragraph]:
    return [Paragraph(text=text) for text in texts]


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("What is the warden's phone number?", "phone_number"),
        ("When does the gate open?", "time"),
        ("How much is the rent?", "sum_of_money"),
        ("How much does the parcel weigh?", "weight"),
        ("How heavy is the parcel?", "weight"),
        ("Why was the gate closed?", "reason"),
        ("What was the cause of the outage?", "reason"),
        ("Where is the serial number?", "place"),
        ("What is the serial number?", "code"),
        ("How wide is the gate?", "length"),
        ("How long does it bake?", "duration"),
        ("At what temperature?", "temperature"),
        ("What year was it built?", "year"),
        ("Until when is it valid?", "end"),
        ("Where is the tap?", "place"),
        ("What colour is the gate?", "colour"),
        ("How often do I water it?", "frequency"),
        ("What is the policy number?", "code"),
        ("Who is the warden?", "person"),
        ("Is there a tap?", None),
    ],
)
def test_the_kind_of_value_that_a_question_asks_for(question: str, kind: str | None) -> None:
    assert kind_of(question) == kind


@pytest.mark.parametrize(
    ("kind", "has", "has_not"),
    [
        ("phone_number", "ring 0117 496 0222", "plot 14 behind the mill"),
        ("phone_number", "Call 0431 555 0190.", "Claim number: NL-77-20418"),
        ("time", "on the third working day", "behind the mill"),
        ("amount", "half a cup", "behind the mill"),
        ("sum_of_money", "a towel is 3", "Send it to Mill Lane 4, Ghent"),
        ("reason", "closed because of the flood", "The shop was down for 47 minutes"),
        ("person", "paid to the warden, Tom Hale", "The tap is off"),
        ("person", "2. Bea brings the seeds.", "The date moves from 14 April to 5 May, as the supplier is late"),
        ("person", "for Marisol Vega", "3. Deposit The tenant pays. Keeping dogs needs consent"),
        ("time", "Breakfast is served from 7 to 10", "The fee rises from 60 to 66 euros"),
        ("weight", "Weight: 2.1 kg", "quiet for two days"),
        ("length", "it is ten minutes on foot", "it is 5 euros"),
        ("sum_of_money", "It costs 145 per child", "The trip is on 3 to 5 June 2025 and takes 3 days"),
        ("duration", "simmer for 25 minutes", "add 25 beans"),
        ("temperature", "at 180 degrees", "for 180 minutes"),
        ("year", "built in 1998", "serviced in October"),
        ("end", "valid until 3 May", "report it within 14 days"),
        ("place", "the key is under the pot", "the key costs 5"),
        ("colour", "a green gate", "a wide gate"),
    ],
)
def test_values_of_a_kind(kind: str, has: str, has_not: str) -> None:
    assert (has_value(kind, has), has_value(kind, has_not)) == (True, False)


@pytest.mark.parametrize(
    ("question", "says", "lacks"),
    [
        ("When does the gate open?", "The gate opens at 7:30", None),
        ("How much is the rent?", "The yearly rent is 45 pounds", None),
        ("What is the warden's phone number?", None, "phone number"),
        ("When is the rent paid?", None, "time"),
        ("How much is the rent per month?", None, "value per month"),
        ("How much is the rent for two plots?", None, "value for two"),
        ("How much is the late fee for the plot?", None, "late fee"),
        ("Who is the treasurer of the allotment?", None, "treasurer"),
    ],
)
def test_a_passage_is_chosen_by_what_it_says(question: str, says: str | None, lacks: str | None) -> None:
    ranks = [0.9, 0.4, 0.3, 0.2]  # the nearest passage is not the one that answers
    found = chosen(question, _paragraphs(PASSAGES), ranks, NOTE, "allotment.md")
    assert found.lacks == lacks
    if says is not None:
        assert found.text.startswith(says)


HOUSE = """House notes

Boiler: Marlow 300, serviced in October
Bins: every Thursday
The shed costs 340 pounds; the delivery takes three weeks.
The trip goes to York, 3 to 5 June. It costs 145 for each child.
"""


@pytest.mark.parametrize(
    ("question", "lacks", "unsaid"),
    [
        ("When was the boiler serviced?", None, None),
        ("What year was the boiler serviced?", "year", None),
        ("When was the boiler installed?", None, "installed"),
        ("When are the bins?", None, None),
        ("How much is the shed?", None, None),
        ("What does the delivery cost?", "sum of money", None),
        ("How long does the delivery take?", None, None),
        ("How much does the trip cost?", None, None),
        ("When is the deposit of my flat due?", "flat", None),
        ("How much does Marchetti charge for the shed?", "Marchetti", None),
        ("How often do we clean it?", None, "clean"),
        ("What does the delivery of the boiler cost?", "sum of money", None),
        ("Who was absent?", "absent", None),
        ("How long does the delivery by drop-off take?", None, "drop-off"),
    ],
)
def test_a_value_of_another_thing_is_no_answer(question: str, lacks: str | None, unsaid: str | None) -> None:
    passages = HOUSE.splitlines()[2:]
    passage = chosen(question, _paragraphs(passages), [0.4, 0.3, 0.2, 0.1], HOUSE, "house.txt")
    assert (passage.lacks, passage.unsaid) == (lacks, unsaid)


CONTRACT = """# Place and working time

Work begins on 1 March. The place of work is the Leeds office; two days a week may be worked from home.

# Holiday

There are 27 days of paid holiday; up to five days go over to the next year.

Guest password: heron-7

Admin address: 192.168.4.1
"""


@pytest.mark.parametrize(
    ("question", "says", "unsaid", "covers"),
    [
        ("How many days can be worked from home?", "Work begins", None, True),
        ("Where is the place of work?", "Work begins", None, True),
        ("What is the guest wifi password?", "Guest password", "wifi", False),
        ("What is the admin address?", "Admin address", None, False),
    ],
)
def test_of_passages_that_fit_the_one_that_says_most_of_the_question(
    question: str, says: str, unsaid: str | None, covers: bool
) -> None:
    passages = [one for one in CONTRACT.split("\n\n") if not one.startswith("#")]
    passage = chosen(question, _paragraphs(passages), [0.1, 0.4, 0.2, 0.2], CONTRACT, "contract.docx")
    assert passage.text.startswith(says)
    assert (passage.lacks, passage.unsaid, passage.covers) == (None, unsaid, covers)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    place: Path = tmp_path_factory.mktemp("passages")
    (place / "allotment.md").write_text(NOTE, encoding="utf-8")
    found = Library.open(place / "library")
    found.add(place / "allotment.md", progress=False)
    return found


def test_what_a_text_does_not_say_is_not_answered_with_a_quote(library: Library) -> None:
    agent = Agent(library, model="offline")
    without = agent.ask("What is the warden's phone number?")
    assert (without.outcome, without.claims) == ("not_found", ())
    rent = agent.ask("How much is the rent of the allotment?")
    assert rent.outcome == "answered"
    assert any("45 pounds" in claim.text and claim.kind == "read" for claim in rent.claims)
    gate = agent.ask("When does the gate open?")
    assert any("7:30" in claim.text and claim.kind == "read" for claim in gate.claims)


def test_a_quote_that_may_be_about_something_else_is_not_supported(library: Library) -> None:
    answer = Agent(library, model="offline").ask("When does the gate of the allotment rust?")
    assert (answer.outcome, answer.unanswered) == ("partial", ("rust",))
    near, said = answer.claims
    assert (near.kind, said.kind) == ("match", "unsupported")
    assert "7:30" in said.text
    assert verify(answer, library=library).ok


RECIPE = """Plum cake

You need 4 eggs, 250 g of butter and 300 g of flour. Halve a kilo of plums.

Bake it for fifty minutes at 180 degrees. It makes twelve slices.
"""


@pytest.mark.parametrize(
    ("question", "says", "lacks"),
    [
        ("how many eggs for plum cake", "4 eggs", None),
        ("how much flour goes into the plum cake?", "300 g of flour", None),
        ("how many slices does the cake make?", "twelve slices", None),
        ("how many eggs for an omelette", None, "omelette"),
        ("how many spoons of sugar for the plum cake", None, "spoons of sugar"),
        ("how many guests are in the plum cake?", None, "guests"),
    ],
)
def test_what_is_counted_and_what_for_is_in_the_text(question: str, says: str | None, lacks: str | None) -> None:
    passages = RECIPE.split("\n\n")[1:]
    ranks = [0.5, 0.4] if says != "twelve slices" else [0.4, 0.5]
    passage = chosen(question, _paragraphs(passages), ranks, RECIPE, "plum.txt")
    assert passage.lacks == lacks
    assert says is None or says in passage.text


def test_a_recipe_answers_how_many_or_says_that_it_does_not(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime", reason="these tests embed: pip install 'mm-agents[local]'")
    (tmp_path / "plum.txt").write_text(RECIPE)
    (tmp_path / "garden.txt").write_text(NOTE)
    with Library.open(tmp_path / "library", embedder="offline") as library:
        library.add(tmp_path / "plum.txt", tmp_path / "garden.txt", progress=False)
        agent = Agent(library, model="offline")
        answer = agent.ask("how many eggs for plum cake")
        assert answer.outcome == "answered"
        assert "4 eggs" in answer.text
        assert answer.sources[0].name == "plum.txt"
        _is_doubted(agent.ask("how many eggs for an omelette"))


TRIP = """# Trip to Lisbon
Flight TP 571 leaves Munich at 14:35, arrives 16:50. Hotel Avenida, booking code QX4471, 4 nights at 129 EUR.
Bring: charger, sunscreen, the blue jacket. Dinner with the customers on Thursday at Cervejaria Ramiro.

Open: who answers the mail in May.
"""


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("How much does the hotel cost per night?", "4 nights at 129 EUR."),
        ("When does the flight leave Munich?", "Flight TP 571 leaves Munich at 14:35, arrives 16:50."),
        ("Who shall I have dinner with on Thursday?", "Dinner with the customers on Thursday at Cervejaria Ramiro."),
        ("What is still open for the trip to Lisbon?", "Open: who answers the mail in May."),
        ("How many nights do I need in the hotel?", "4 nights at 129 EUR."),
    ],
)
def test_a_note_is_quoted_by_the_sentence_that_answers(question: str, said: str, tmp_path: Path) -> None:
    """Also where the question is like those about invoices, or like those that no tool is for."""
    (tmp_path / "trip.md").write_text(TRIP)
    with Library.open(tmp_path / "library", embedder="offline") as library:
        library.add(tmp_path / "trip.md")
        answer = Agent(library, model="offline").ask(question)
    assert answer.outcome == "answered"
    assert f"{said}”" in answer.text
    assert "sunscreen" not in answer.text


def test_a_text_told_first_is_the_one_that_answers(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime", reason="these tests embed: pip install 'mm-agents[local]'")
    for what, rent in (("flat", 870), ("garage", 95)):
        (tmp_path / f"{what}.txt").write_text(f"The {what}\n\nThe rent of the {what} is {rent} pounds a month.\n")
    with Library.open(tmp_path / "library", embedder="offline") as library:
        library.add(tmp_path / "flat.txt", tmp_path / "garage.txt", progress=False)
        agent = Agent(library, model="offline")
        flat, garage = (agent.ask(f"How much is the rent of the {what}?") for what in ("flat", "garage"))
        assert verify(flat, library=library).ok
        assert verify(garage, library=library).ok
        forged = replace(garage, question=flat.question, route=flat.route, payloads=flat.payloads)
        whys = [claim.why for claim in verify(forged, library=library).claims if claim.status == "failed"]
        assert "looked at again, garage.txt is not the text that answers first" in whys


def test_a_text_that_is_told_is_looked_at_first(tmp_path: Path) -> None:
    """Also where it is not the nearest one: a file alone answers nothing."""
    (tmp_path / "climbing.md").write_text(
        "# Climbing: membership\n\n- Member: Dana Hale, number 30417\n- Fee: 46.00 GBP\n"
    )
    (tmp_path / "minutes.md").write_text("# Minutes\n\n4. The gate gets a new lock; Olu asks for two quotes.\n")
    with Library.open(tmp_path / "library", embedder="offline") as library:
        library.add(tmp_path / "climbing.md", tmp_path / "minutes.md", progress=False)
        answer = Agent(library, model="offline").ask("How much does the new lock for the gate cost?")
    _is_doubted(answer)
    assert "The gate gets a new lock" in answer.text


LETTER = """Discharge letter

# Diagnosis

Torn meniscus of the left knee.

# Follow-up

Stitches are removed on 22 April by the family doctor.

# Check-up on 20 May 2026

At our clinic.
"""


def test_what_stands_under_a_heading_is_of_it() -> None:
    found = quotable(LETTER)
    assert [(one.under, one.text[:8]) for one in found[:2]] == [("", "Discharg"), ("Diagnosis", "Torn men")]
    ranks = [0.5, 0.1, 0.2, 0.3]
    diagnosis = chosen("What was the diagnosis?", found, ranks, LETTER, "letter.docx")
    assert (diagnosis.text, diagnosis.under) == ("Torn meniscus of the left knee.", "Diagnosis")
    assert chosen("When are the stitches removed?", found, ranks, LETTER, "letter.docx").under == "Follow-up"
    assert chosen("When is the check-up?", found, ranks, LETTER, "letter.docx").text == "At our clinic."
    assert chosen("When was the diagnosis?", found, ranks, LETTER, "letter.docx").lacks == "time"


def test_a_heading_is_cited_and_another_one_is_caught(tmp_path: Path) -> None:
    with _asking(tmp_path / "letter.md", f"# {LETTER}") as agent:
        answer, library = agent.ask("What was the diagnosis?"), agent.library
        assert answer.text.endswith("[1] It says under “Diagnosis”: “Torn meniscus of the left knee.” [1]")
        assert answer.outcome == "answered"
        assert verify(answer, library=library).ok
        forged = replace(
            answer,
            text=answer.text.replace("“Diagnosis”", "“Follow-up”"),
            claims=tuple(replace(one, text=one.text.replace("“Diagnosis”", "“Follow-up”")) for one in answer.claims),
        )
        checked = verify(forged, library=library)
        assert [one.why for one in checked.claims if one.status == "failed"] == [
            "it does not stand under “Follow-up” in letter.md"
        ]


INTERVIEW = """Interview, 3 May

Q: How long have you been building boats?
Elin: Since I was nineteen, so thirty years.

Q: What wood do you use for the keel?
Elin: Always oak. For the planks I take larch.
And the mast is bought.

Q: How long does one boat take?
Elin: About seven months.
"""


@pytest.mark.parametrize(
    ("question", "says"),
    [
        ("What wood is used for the keel?", "Elin: Always oak."),
        ("How long does it take to build one boat?", "Elin: About seven months."),
    ],
)
def test_a_question_in_a_text_is_no_answer_but_what_follows_it(question: str, says: str) -> None:
    found = quotable(INTERVIEW)
    assert not any(one.text.endswith("?") for one in found)
    nearest = {"What wood is used for the keel?": 2, "How long does it take to build one boat?": len(found) - 1}
    ranks = [0.9 if n == nearest[question] else 0.7 for n in range(len(found))]
    assert chosen(question, found, ranks, INTERVIEW, "interview.txt").text.startswith(says)
    assert [one.text for one in quotable("Where is it?\n\nAnd why?")] == ["Where is it?", "And why?"]


def test_a_version_is_not_another() -> None:
    notes = "# App\n\n## 3.1.1 - 2 April 2026\n\n- Fixed.\n\n## 3.1.0 - 11 March 2026\n\n- The Android version is 10.\n"
    found = chosen("When was version 3.1.1 released?", quotable(notes), [0.4, 0.6], notes, "changes.md")
    assert (found.under, found.lacks) == ("3.1.1 - 2 April 2026", None)
    assert chosen("When was version 3.1.7 released?", quotable(notes), [0.4, 0.6], notes, "changes.md").unsaid


def test_what_a_paragraph_says_first_holds_of_all_its_sentences() -> None:
    note = "Parents evening, class 5b\n\n1. Class trip: 12 to 16 October to the coast. Cost 245 per child.\n"
    found = chosen("How much does the class trip cost?", quotable(note), [0.1, 0.5], note, "note.txt")
    assert found.text.startswith("1. Class trip")


def test_where_a_library_has_no_clips_a_question_for_one_is_asked_of_its_texts(tmp_path: Path) -> None:
    band = "Wedding\n\nBand: The Low Tides, 900 pounds, plays from 20:00 to midnight\n"
    with _asking(tmp_path / "wedding.txt", band) as agent:
        assert "to midnight" in agent.ask("Until when does the band play?").text
        assert agent.ask("Show me a video of a cat").outcome == "not_found"


def test_what_happens_in_a_month_is_not_what_happens_in_another() -> None:
    diary = "2 March: Planted peas in the cold frame.\n\n21 May: Picked the first strawberries.\n"
    asked = "What did I plant in May?"
    found = chosen(asked, quotable(diary), [0.6, 0.3], diary, "diary.txt")
    assert found.lacks == "value in May"
    assert chosen("What did I plant in March?", quotable(diary), [0.6, 0.3], diary, "diary.txt").lacks is None


def test_a_table_is_quoted_by_its_rows_and_not_its_head() -> None:
    table = "# Plants\n\n| Plant | Bed |\n| --- | --- |\n| Leek | A |\n| Chard | B |\n"
    assert [one.text for one in quotable(table)] == ["| Leek | A |", "| Chard | B |"]


@pytest.mark.parametrize(
    ("question", "lacks", "unsaid"),
    [
        ("How old is Maren?", "age", None),
        ("What does roaming in Europe cost?", None, "Europe"),
        ("What does roaming outside Europe cost?", None, None),
    ],
)
def test_what_is_said_of_the_opposite_is_no_answer(question: str, lacks: str | None, unsaid: str | None) -> None:
    text = "Contract of Maren\n\nMaren has the number +47 55 501 220.\n\nRoaming outside Europe costs 0.35 euros.\n"
    found = chosen(question, quotable(text), [0.1, 0.2, 0.3], text, "contract.txt")
    assert (found.lacks, found.unsaid) == (lacks, unsaid)


def test_the_day_of_a_message_is_not_that_of_what_it_tells() -> None:
    mail = "# Your appointment\n\nDate: Thu, 02 Jul 2026 10:00:00 +0200\n\nthe check-up is on 21 July at 8:45.\n"
    found = quotable(mail)
    ranks = [0.9, *(0.1 for _ in found[1:])]
    assert "21 July" in chosen("When is my appointment?", found, ranks, mail, "mail.eml").text
    assert chosen("When was the mail about my appointment sent?", found, ranks, mail, "mail.eml").text.startswith(
        "Date"
    )


def test_a_row_of_a_sheet_is_quoted_where_a_text_is_looked_for_and_proves_no_value(tmp_path: Path) -> None:
    with _asking(tmp_path / "flights.csv", "Flight,To,Seats free\nKX201,Rome,12\nKX618,Porto,5\n") as agent:
        _is_doubted(agent.ask("What is the price of KX201?"))
        assert "flights.csv" in agent.ask("Which text is about flights?").text


RULES = """Club house rules

Animals other than guide dogs may not enter the hall.

Guests need the consent of the warden. The warden pays for the heating; breakfast is included.

The key costs 12 pounds. On Friday we take the bus to Whitby.
"""


@pytest.mark.parametrize(
    ("question", "says", "lacks", "unsaid"),
    [
        ("Am I allowed to bring a rabbit into the hall?", "Animals", None, "rabbit"),
        ("Do I need permission for guests?", "Guests", None, None),
        ("Are guests allowed?", "Guests", None, None),
        ("May I smoke in the hall?", None, None, "smoke"),
        ("Is the key allowed?", "The key", None, "allowed"),
        ("Who pays for the heating?", "Guests", None, None),
        ("Who pays for the hall?", None, None, "hall"),
        ("Must the key be paid in cash?", "The key", None, "cash"),
        ("On which weekday do we go to Whitby?", "The key", None, None),
        ("On which weekday do the guests come?", None, "weekday", None),
        ("How do we get to Whitby?", "The key", None, None),
        ("How do we get to Leeds?", None, "way there", None),
        ("How do we get to the hall?", None, "way", None),
    ],
)
def test_rules_days_and_ways_are_quoted_where_a_text_has_them(
    question: str, says: str | None, lacks: str | None, unsaid: str | None
) -> None:
    passages = [one.strip() for one in RULES.split("\n\n")[1:]]
    passage = chosen(question, _paragraphs(passages), [0.3, 0.2, 0.1], RULES, "rules.txt")
    assert (passage.lacks, passage.unsaid) == (lacks, unsaid)
    assert says is None or passage.text.startswith(says)


def test_a_rule_is_for_texts_and_not_for_pictures(tmp_path: Path) -> None:
    with _asking(tmp_path / "rules.txt", RULES) as agent:
        PIL.Image.new("RGB", (64, 48), "brown").save(tmp_path / "rabbit.png")
        agent.library.add(tmp_path / "rabbit.png", words="none", progress=False)
        answer = agent.ask("Am I allowed to bring a rabbit into the hall?")
        assert "Animals other than guide dogs" in answer.text
        assert (answer.outcome, answer.claims[-1].kind) == ("partial", "unsupported")
        assert "rabbit.png" not in agent.ask("May I paint the ceiling?").text
        assert "Guests need the consent" in agent.ask("Are guests allowed?").text
        assert agent.ask("May I paint the ceiling?").outcome == "not_found"


def test_a_passage_of_another_language_says_more_than_half_of_the_question() -> None:
    bill = "Facture du 2 juillet\n\nAbonnements, forfaits et options 29,99 €\n\nLe loyer est dû le 5 du mois.\n"
    found = [
        Paragraph(text="Abonnements, forfaits et options 29,99 €"),
        Paragraph(text="Le loyer est dû le 5 du mois."),
    ]
    assert chosen("C'est pour quelle période, cet abonnement ?", found, [0.5, 0.1], bill, "bill.txt").unsaid
    rent = chosen("Quand est-ce que le loyer est dû ?", found, [0.1, 0.5], bill, "bill.txt")
    assert (rent.text, rent.unsaid, rent.lacks) == (found[1].text, None, None)


SCONES = "Scones\n\nYou need 2 eggs, 120 ml of milk, 2 to 3 apples and some flour.\n\nBake for 12 minutes.\n"


@pytest.mark.parametrize(
    ("question", "told"),
    [
        ("How much milk do I need for a double batch of scones?", "120 × 2 = 240 ml of milk."),
        ("I want to make three times the scones. How many eggs do I have to buy?", "2 × 3 = 6 eggs."),
        ("How much milk do I need for half the recipe?", "120 / 2 = 60 ml of milk."),
        ("I want to make half of the scones. How many ml of milk is that?", "120 / 2 = 60 ml of milk."),
        ("If I make twice the amount of scones, how much milk will I need?", "120 × 2 = 240 ml of milk."),
        ("I'm making a double batch of grandma's scones, how many eggs is that?", "2 × 2 = 4 eggs."),
        ("How many cups of milk do I need for half the recipe?", None),  # it is given in ml
        ("How many apples do I need for twice the recipe?", None),  # it has no one number
        ("How much milk do I need for two scones?", None),
        ("How much cold milk do I need for a double batch in winter?", None),
        ("How much is half the rent?", None),
    ],
)
def test_an_amount_is_multiplied_where_the_factor_is_plain(question: str, told: str | None) -> None:
    scaled = scaled_amount(question)
    assert (computed_amount(scaled, SCONES, SCONES) or ("",))[0] == (told or "") if scaled else told is None


def test_a_multiplied_amount_is_computed_beside_its_quote(tmp_path: Path) -> None:
    with _asking(tmp_path / "scones.txt", SCONES) as agent:
        answer = agent.ask("How much milk do I need for a double batch of scones?")
        assert [claim.kind for claim in answer.claims] == ["match", "read", "computed"]
        assert verify(answer, library=agent.library).ok
        forged = replace(answer.claims[-1], text="120 × 2 = 250 ml of milk.")
        wrong = replace(answer, text=answer.text.replace("= 240", "= 250"), claims=(*answer.claims[:-1], forged))
        assert not verify(wrong, library=agent.library).ok
        assert "120 ×" not in agent.ask("How much milk do I need for a double batch of waffles?").text


def test_what_is_written_on_a_sign_is_all_that_a_picture_says(library: Library) -> None:
    details = Agent(library, model="offline").hit_details
    source = {"id": "sign.jpg", "name": "sign.jpg", "media_type": "image"}
    read = ToolResult(text="", payload={"source": source, "reading": {"text": "FREE\nHUGS"}})
    assert details.passage(read, "What is written on the sign round its neck?")["says"] == "FREE HUGS"
    for other in ("What colour is the sign?", "Who wrote the sign?", "What does it say and who is it?"):
        assert "says" not in details.passage(read, other)


DECISION = """Decision on your claim

The carpet in the hall (620 pounds) is not covered, as it was worn before. The freezer is.

Frost in the night of 20 April. The plum blossom is gone.

2,000 pounds are sent now, the rest follows in June.
"""


@pytest.mark.parametrize(
    ("question", "says", "lacks", "unsaid"),
    [
        ("Does the insurer pay for the ruined hall carpet?", "The carpet in the hall", None, "insurer"),
        ("Does it pay for the garden shed?", None, "garden shed", None),
        ("Why are there no plum fruits?", "The plum blossom is gone.", None, "reason"),
        ("They sent 2,000 pounds. When does the rest follow?", "2,000 pounds are sent now", None, None),
    ],
)
def test_a_word_before_a_thing_or_a_reason_that_is_not_called_one_leaves_it_in_doubt(
    question: str, says: str | None, lacks: str | None, unsaid: str | None
) -> None:
    found = quotable(DECISION)
    passage = chosen(
        question, found, [0.5 if says and says in one.text else 0.3 for one in found], DECISION, "claim.txt"
    )
    assert (passage.lacks, passage.unsaid) == (lacks, unsaid)
    assert says is None or says in passage.text


def test_a_title_is_quoted_for_nothing_and_what_is_needed_is_what_a_text_calls_so() -> None:
    text = "Garden soup\n\nYou need 2 leeks and a litre of stock.\n\nBoil the soup for an hour."
    found = quotable(text)
    asked = chosen("What do I need for the soup?", found, [0.9, 0.4, 0.6], text, "soup.txt")
    assert asked.text.startswith("You need 2 leeks")
    assert chosen("How is the soup?", found, [0.9, 0.4, 0.6], text, "soup.txt").text != "Garden soup"
    dated = "Bee count of 4 May\n\nIt was cold."
    assert (
        chosen("When was the bee count?", quotable(dated), [0.5, 0.4], dated, "bees.txt").text == "Bee count of 4 May"
    )
    boil = chosen("What tools do I need for the soup?", found[:1] + found[2:], [0.9, 0.6], text, "soup.txt")
    assert boil.lacks == "thing needed"


SERVICED = """Northfield Boiler Service
4 Kiln Road
Leeds

Dear Mrs. Hale,

Thank you for your call. Our fitter, Mr. Amos Quill, came on 3 May. The pump was worn, and he put in a new one.

Yours sincerely,
"""


@pytest.mark.parametrize(
    ("question", "lacks"),
    [
        ("What is the yearly rent for plot 14?", None),
        ("What is the yearly rent for plot 15?", "value for 15"),
        ("What is the rent for 14 weeks?", "value for 14"),
    ],
)
def test_a_number_that_is_part_of_the_only_name_asks_for_no_other_value(question: str, lacks: str | None) -> None:
    passages = [Paragraph(text=one) for one in PASSAGES]
    ranks = [float("rent" in one) for one in PASSAGES]
    found = chosen(question, passages, ranks, NOTE, "allotment.md")
    assert "45 pounds" in found.text
    assert found.lacks == lacks


POLICY = """Home contents - policy summary

Policy number: LM-5520. Policyholder: Ann Hale.

The excess of this policy is 2.1 per cent.

One thing: the window sill may contain asbestos. Removing the asbestos costs 640 euros.

Signed at Ludworth on 4 December 2024. For the staff: Callum Oyelaran, chair.

3 February: a flat at the rear. 12 March: a flat in front.

There are 27 names on the list.
"""


@pytest.mark.parametrize(
    ("question", "says", "lacks"),
    [
        ("What is the number of the policy?", "LM-5520", None),
        ("What is the password of the policy?", None, "code"),
        ("What would asbestos cost?", "640 euros", None),
        ("How many flats were there?", None, "flats"),
        ("How many names are on the list?", "27 names", None),
        ("Who signed it?", None, "person"),
        ("How big is the window sill?", None, "size"),
    ],
)
def test_a_number_a_name_and_a_count_are_what_is_called_so(question: str, says: str | None, lacks: str | None) -> None:
    passages = quotable(POLICY)
    ranks = [float(any(word in one.text for word in question.strip("?").split()[-2:])) for one in passages]
    found = chosen(question, passages, ranks, POLICY, "papers.txt")
    assert found.lacks == lacks
    assert says is None or says in found.text


def test_what_another_part_of_a_text_says_is_told(library: Library) -> None:
    details = Agent(library, model="offline").hit_details
    record = library.get("allotment.md")
    source = {"id": record.id, "name": "allotment.md", "media_type": "text"}
    part = ToolResult(text="", payload={"source": source, "reading": {"text": "# Allotment\n\nThe tap is turned off."}})
    said = details.passage(part, "How much is the yearly rent?")
    assert "45 pounds" in said["says"]
    assert said["covers"]
    assert details.passage(part, "How much is the weekly rent?").get("covers") is not True


def test_a_greeting_is_no_passage_and_a_title_ends_no_sentence() -> None:
    said = {one.text: one for one in quotable(SERVICED)}
    assert not any(text.startswith(("Dear", "Yours")) for text in said)
    assert said["Northfield Boiler Service 4 Kiln Road Leeds"].is_head
    assert any("Mr. Amos Quill, came on 3 May." in text for text in said)


def test_a_sentence_has_those_next_to_it_in_its_paragraph_alone() -> None:
    first, second, third = (
        "A bell rang. ".strip(),
        "Nobody came to the old door that night.",
        "The rain went on and on.",
    )
    text = f"{first} {second} {third} {'It was dark, and the lamp was out. ' * 3}\n\nMorning came."
    said = {one.text: one.beside for one in quotable(text)}
    assert said[second].startswith(f"{first} {second} {third}")
    assert said["Morning came."] == ""


@pytest.mark.parametrize(
    ("question", "says"),
    [
        ("When did the fitter repair the boiler pump?", "Our fitter, Mr. Amos Quill, came on 3 May."),
        ("How much did the fitter charge for the pump?", None),  # no amount of money in it
        ("When did the plumber leave Glasgow?", None),
    ],
)
def test_the_nearest_passage_is_quoted_in_doubt_or_not_at_all(question: str, says: str | None) -> None:
    passages = quotable(SERVICED)
    found = chosen(question, passages, [0.0] * len(passages), SERVICED, "letter.txt")
    assert found.lacks or found.unsaid
    near = nearest_passage(question, passages, [0.0] * len(passages), SERVICED, "letter.txt", found)
    assert near.is_near == (says is not None)
    assert says is None or (says in near.text and near.unsaid and not near.lacks)
