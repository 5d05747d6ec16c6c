"""Questions as people ask them: properties of films, pictures without something, several questions, written values."""

from __future__ import annotations

import pytest

from mm_agents.agent.aggregation import aggregations_of
from mm_agents.agent.file_questions import film_aggregation, no_film_meant
from mm_agents.agent.grounding.claims import with_similarity
from mm_agents.agent.hit_details import quotable, that_may_tell
from mm_agents.agent.passage_choice import Paragraph, chosen, tells_written
from mm_agents.agent.query_analysis import asks_rule, excludes, greeting_to, questions_in, says, without_names
from mm_agents.languages import detected, in_english
from mm_agents.tools import ToolResult
from mm_agents.types import Evidence

FILMS = (("1", "Iron Man"), ("2", "Shazam!"), ("3", "Scream"), ("4", "Ice Age"))


@pytest.mark.parametrize(
    ("question", "field", "ids", "ranked"),
    [
        ("When did Ice Age come out?", "release_date", ["4"], None),
        ("how is Iron Man rated?", "vote_average", ["1"], None),
        ("Is Iron Man rated higher than Shazam?", "vote_average", ["1", "2"], ("more", "1")),
        ("Which came out earlier, Scream or Ice Age?", "release_date", ["3", "4"], ("less", None)),
        ("and when did it come out?", "release_date", ["2"], None),
    ],
)
def test_films_are_asked_for_their_properties(
    question: str, field: str, ids: list[str], ranked: tuple[str, str | None] | None
) -> None:
    asked = film_aggregation(question, lambda: FILMS, ["2"])
    assert asked is not None
    named = " or ".join(f'id = "{id}"' for id in ids)
    assert (asked.arguments["order_by"], asked.arguments["where"]) == (field, f'media_type = "film" and ({named})')
    assert (asked.named, asked.ranked) == (len(ids), ranked)


@pytest.mark.parametrize(
    "question",
    ["What is Iron Man about?", "films like Ice Age", "Show me films made like Ice Age", "films rated above 7"],
)
def test_what_asks_more_of_a_film_is_not_for_its_properties(question: str) -> None:
    assert film_aggregation(question, lambda: FILMS) is None


@pytest.mark.parametrize(
    ("question", "where", "shown"),
    [
        ("pictures without people", "objects exists and people = 0", "no people"),
        ("photos that do not show a dog", 'objects exists and not objects contains "dog"', "no dog"),
        ("pictures with nobody in them", "objects exists and people = 0", "no people"),
        ("photos of dogs without people", 'objects contains "dog" and people = 0', "dogs and no people"),
        ("photos with dogs but without people", 'objects contains "dog" and people = 0', "dogs and no people"),
        ("pictures with a horse and no people", 'objects contains "horse" and people = 0', "a horse and no people"),
    ],
)
def test_pictures_are_asked_for_by_what_they_lack(question: str, where: str, shown: str) -> None:
    (asked,) = aggregations_of(question)
    assert asked.arguments["where"] == f'media_type = "image" and {where}'
    assert (asked.shown, asked.lacks) == (shown, True)


def test_what_is_not_detected_is_searched_and_said() -> None:
    assert aggregations_of("pictures without a hat") == []
    assert excludes("pictures of dogs without a hat?") == "without a hat"
    assert excludes("pictures of dogs") is None


@pytest.mark.parametrize(
    ("question", "sellers"),
    [
        ("Which is higher, the Azure Interior invoice or the one from East Repair?", "Azure Interior; East Repair"),
        ("compare the invoices from Free and Flipkart", "Free; Flipkart"),
        ("how much was the dinner at Harvard Gardens?", "Harvard Gardens"),
    ],
)
def test_sellers_are_named_and_compared(question: str, sellers: str) -> None:
    (asked,) = aggregations_of(question)
    assert asked.arguments["seller"] == sellers


def test_conditions_are_no_invoice_numbers() -> None:
    (asked,) = aggregations_of("invoices over 15000 and under 25000")
    assert asked.numbers == ()


def test_several_questions_are_asked_one_by_one() -> None:
    assert questions_in("Who chairs the garden club, and when do they meet?") == [
        "Who chairs the garden club",
        "when do the garden club meet",
    ]
    assert questions_in("On which day do we go to Leeds, and how do we get there?")[1] == "how do we get to Leeds"
    rent = ["how much is the deposit", "how much is the rent"]
    assert questions_in("Is the deposit more than two months' rent?") == rent
    assert len(questions_in("Is the deposit more than 1500 euros?")) == 1
    assert len(questions_in("Is the trip longer than three weeks?")) == 1
    assert questions_in("Find the clip and describe it") == ["Find the clip and describe it"]
    assert questions_in("What does the trip cost, and is food part of it?") == [
        "What does the trip cost",
        "is food part of the trip",
    ]
    assert questions_in("Until when can I object, and does it cost anything?")[1] == "does it cost anything"
    assert questions_in("Which notes are long, and are rated above 7?") == [
        "Which notes are long, and are rated above 7?"
    ]
    assert without_names("What did I buy at Flipkart?") == "What did I buy?"
    assert without_names("How much is the Azure Interior invoice?") == "How much is the invoice?"


@pytest.mark.parametrize(
    ("question", "rule"),
    [
        ("Am I allowed to keep a dog?", True),
        ("Do I need permission for a hamster?", True),
        ("Who has to pay for the repairs?", True),
        ("Is breakfast included?", True),
        ("What do you serve the cake with?", True),
        ("May I see your pictures of dogs?", False),
        ("Can I see a dog?", False),
        ("Is there a dog that is allowed on a sofa?", False),
        ("Do I have pictures of a dog?", False),
        ("Who pays in this photo?", False),
    ],
)
def test_what_is_allowed_or_demanded_is_for_texts(question: str, rule: bool) -> None:
    assert asks_rule(question) is rule


def test_a_film_that_is_not_here_is_named() -> None:
    assert no_film_meant("I love Paddington, what else is there?").startswith("I don't know “Paddington”:")
    assert no_film_meant("Recommend me something").startswith("I don't know which film is meant:")


def test_a_title_keeps_its_own_mark_beside_its_similarity() -> None:
    assert with_similarity("Shazam!", 0.65) == "Shazam! (similarity 0.65)"
    assert with_similarity("Also near: Monsters, Inc.", 0.5) == "Also near: Monsters, Inc. (similarity 0.50)"
    assert with_similarity("The nearest film is Up.", 0.5) == "The nearest film is Up (similarity 0.50)."


def test_a_picture_tells_a_written_value_only_where_it_is_written_on_it() -> None:
    assert not tells_written("What is the phone number of the CEO?", "")
    assert tells_written("What is the phone number of the CEO?", "CEO: 0151 234 0098")
    assert tells_written("Which photo shows a dog?", "")
    place = Evidence(asset="a", how="similar", path=None, sha256=None)
    found = ToolResult(text="", payload={"hits": [{"text": "", "name": "a.jpg"}]}, evidence=(place,))
    assert that_may_tell("search_images", found, "How much is the rent?").payload["hits"] == []
    assert that_may_tell("search_images", found, "When are the bins collected?").payload["hits"]
    assert not that_may_tell("search_images", found, "When are the bins collected?", anywhere=True).payload["hits"]
    assert that_may_tell("search_text", found, "How much is the rent?").payload["hits"]


HOUSE = "House\n\nWifi: Heron-5G\nWifi password: teapot\nBins: every Thursday\n"


def test_a_name_with_its_value_is_a_passage_unless_values_are_compared() -> None:
    texts = [one.text for one in quotable(HOUSE)]
    assert texts == ["House", "Wifi: Heron-5G", "Wifi password: teapot", "Bins: every Thursday"]
    assert len(quotable(HOUSE, together=True)) == 2
    assert quotable("Der Termin ist am 12. November um acht. " * 5)[0].text == "Der Termin ist am 12. November um acht."


def test_what_a_value_is_for_has_to_be_known_of_the_text() -> None:
    text = "The rent is 985.00 a month."
    said = [Paragraph(text=text)]
    assert chosen("How much is the rent for the garage?", said, [0.5], text, "lease.txt").lacks == "garage"
    assert chosen("How much is the rent?", said, [0.5], text, "lease.txt").lacks is None


@pytest.mark.parametrize(
    ("question", "english"),
    [
        ("Wie lautet die Rechnungsnummer der Rechnung von AWS?", "what is the invoice number of the invoice from AWS?"),
        ("Wann ist die Rechnung von Free fällig?", "when is the invoice from Free due?"),
        ("Wie hoch ist die Rechnung der Firma Muster?", "what is the total of the invoice from Muster?"),
    ],
)
def test_german_asks_for_the_invoice_of_a_seller(question: str, english: str) -> None:
    assert in_english(question, "de") == english


@pytest.mark.parametrize(
    ("question", "arguments"),
    [
        ("what is the second highest bill?", {"of": "invoices", "measure": "max", "field": "total", "place": 2}),
        (
            "third cheapest of my receipts",
            {"of": "invoices", "kind": "receipt", "measure": "min", "field": "total", "place": 3},
        ),
        (
            "the three cheapest invoices",
            {
                "of": "invoices",
                "kind": "invoice",
                "measure": "list",
                "descending": False,
                "limit": 3,
                "field": "total",
            },
        ),
        ("how many text files are there", {"of": "media", "measure": "count", "where": 'media_type = "text"'}),
        (
            "what's the mean rating of my films",
            {"of": "media", "measure": "mean", "field": "vote_average", "where": 'media_type = "film"'},
        ),
    ],
)
def test_places_lists_and_counts_are_asked_for(question: str, arguments: dict[str, object]) -> None:
    (asked,) = aggregations_of(question)
    assert asked.arguments == arguments


@pytest.mark.parametrize(
    ("language", "question", "english"),
    [
        ("de", "Wer bist du?", "who are you?"),
        ("fr", "Que sais-tu faire ?", "what can you do?"),
        ("es", "¿Qué puedes hacer?", "what can you do?"),
        ("de", "die teuerste Rechnung", "which invoice is the most expensive?"),
        ("fr", "le total de mes factures", "what is the total of all my invoices?"),
        ("es", "¿cuál es mi recibo más barato?", "which receipt is the cheapest?"),
    ],
)
def test_other_languages_ask_who_answers_and_for_the_most_of_all(language: str, question: str, english: str) -> None:
    assert in_english(question, language) == english


@pytest.mark.parametrize("question", ["and you are?", "What's your name?", "introduce yourself", "are you a robot?"])
def test_who_answers_is_asked_in_many_ways(question: str) -> None:
    assert greeting_to(question) == greeting_to("what can you do?")


@pytest.mark.parametrize(("question", "kind"), [("invoices", "invoice"), ("my receipts", "receipt")])
def test_a_kind_of_document_alone_asks_for_a_list(question: str, kind: str) -> None:
    (asked,) = aggregations_of(question)
    assert (asked.arguments["measure"], asked.arguments["kind"]) == ("list", kind)


@pytest.mark.parametrize(
    ("question", "names_none"),
    [
        ("What is the total?", True),
        ("and when is it due?", True),
        ("who is the seller of the invoice", True),
        ("What is the total of the Flipkart invoice?", False),
        ("When is the rent due?", False),
        ("What is the total of invoice 4711?", False),
    ],
)
def test_a_question_that_says_nothing_of_which_invoice(question: str, names_none: bool) -> None:
    assert (says("of_no_invoice", question) is not None) is names_none


@pytest.mark.parametrize("question", ["cosa sai fare?", "quem é você?", "wat kun je doen?"])
def test_what_it_can_do_is_asked_in_languages_without_forms(question: str) -> None:
    assert detected(question) in ("it", "pt", "nl")
    assert greeting_to(question) == greeting_to("what can you do?")


def test_a_file_as_a_whole_is_asked_for_without_a_word_of_what_it_is() -> None:
    whole = (
        *("Read this", "Summarise this document", "tl;dr", "What is this about?", "What does the letter say?"),
        *(
            "What is in this document?",
            "extract everything",
            "Explain this",
            "give me a summary",
            "What's written here?",
        ),
        "Please summarise the attached file in two sentences",
    )
    assert [question for question in whole if not says("whole", question)] == []
    others = (
        *("What is the total?", "What is this?", "Explain this chart", "Read this invoice", "summarize the news"),
        *("What is the due date in this document?", "what does she say about the harbour?", "Extract the items"),
        *("What does this company sell?", "summary of sales by region", "What is the text on line 3?"),
    )
    assert [question for question in others if says("whole", question)] == []


@pytest.mark.parametrize(
    "question",
    [
        *("Was steht hier?", "Lies das vor", "Que dit ce document ?", "Résume ce document", "Resume este texto"),
        *("¿Qué dice este documento?", "这里写了什么？", "总结一下这份文件"),
    ],
)
def test_a_file_as_a_whole_is_asked_for_in_other_languages(question: str) -> None:
    assert says("whole", in_english(question, detected(question)))


def test_when_and_where_are_asked_at_once() -> None:
    assert questions_in("When and where is the next meeting?") == ["When and where is the next meeting?"]
    assert len(questions_in("Who sent it and when is it due?")) == 2


@pytest.mark.parametrize(
    ("question", "measure", "field"),
    [
        ("which of these two has to be paid sooner?", "min", "due_date"),
        ("which one should I pay first", "min", "due_date"),
        ("which one must be settled earlier?", "min", "due_date"),
        ("which of the two can be paid later?", "max", "due_date"),
        ("which becomes overdue first?", "min", "due_date"),
        ("which deadline comes first?", "min", "due_date"),
        ("which one is older", "min", "date"),
        ("which was written first?", "min", "date"),
    ],
)
def test_what_is_to_be_paid_first_is_due_first(question: str, measure: str, field: str) -> None:
    (asked,) = aggregations_of(question, attached=["a.png", "b.png"])
    assert (asked.arguments["measure"], asked.arguments["field"]) == (measure, field)


@pytest.mark.parametrize(
    ("question", "arguments"),
    [
        ("How many invoices are lying around in my library?", {"kind": "invoice", "measure": "count"}),
        ("from which companies did I get invoices", {"kind": "invoice", "measure": "list", "field": "seller"}),
        ("who sent me bills?", {"measure": "list", "field": "seller"}),
        ("which companies billed me", {"measure": "list", "field": "seller"}),
        ("list the sellers of all my receipts", {"kind": "receipt", "measure": "list", "field": "seller"}),
        (
            "What do all the invoices made out to Ben Adler come to in total?",
            {"kind": "invoice", "where": 'buyer contains "Ben Adler"', "measure": "sum", "field": "total"},
        ),
        (
            "How many bills are addressed to Maria Ostrova?",
            {"where": 'buyer contains "Maria Ostrova"', "measure": "count"},
        ),
        ("What do the bills from Solar Roof come to?", {"seller": "Solar Roof", "measure": "sum", "field": "total"}),
        (
            "which bills do I have to pay in February 2026",
            {
                "where": 'due_date >= "2026-02-01" and due_date <= "2026-02-28"',
                "measure": "list",
                "field": "due_date",
            },
        ),
    ],
)
def test_invoices_are_asked_for_by_who_they_are_from_and_for(question: str, arguments: dict[str, str]) -> None:
    (asked,) = aggregations_of(question)
    kept = {name: value for name, value in asked.arguments.items() if name not in ("limit", "descending")}
    assert kept == {"of": "invoices", **arguments}


@pytest.mark.parametrize(
    "question",
    [
        "which of my bills was paid first?",
        "who paid my bills?",
        "who did I send invoices to?",
        "which companies did we invoice?",
        "how many companies sent me invoices?",
        "who sent me the longest letter?",
        "which companies owe me invoices?",
        "who sent me the bill for the tyres?",
    ],
)
def test_what_invoices_do_not_tell_is_not_asked_of_them(question: str) -> None:
    assert aggregations_of(question) == []
    assert aggregations_of(question, attached=["a.png", "b.png"]) == []


@pytest.mark.parametrize(
    ("question", "where", "measure"),
    [
        ("which bills are for Ben Adler", 'buyer contains "Ben Adler"', "list"),
        ("bills in Ben Adler's name", 'buyer contains "Ben Adler"', "list"),
        ("how much has Ben Adler been billed in total?", 'buyer contains "Ben Adler"', "sum"),
        ("how much does Ben Adler owe?", 'buyer contains "Ben Adler"', "sum"),
        ("do I have any bills over a thousand?", "total > 1000", "list"),
        ("how many bills are under two hundred pounds?", 'total < 200 and currency = "GBP"', "count"),
        ("which invoices were issued in January 2026?", 'date >= "2026-01-01" and date <= "2026-01-31"', "list"),
    ],
)
def test_invoices_are_asked_for_by_conditions_in_ordinary_words(question: str, where: str, measure: str) -> None:
    (asked,) = aggregations_of(question)
    assert (asked.arguments["where"], asked.arguments["measure"]) == (where, measure)


@pytest.mark.parametrize(
    "question", ["Did Amazon pay me?", "how long has Ben Adler been waiting?", "did I pay Amazon?"]
)
def test_a_name_alone_asks_no_sum_of_invoices(question: str) -> None:
    assert aggregations_of(question) == []
