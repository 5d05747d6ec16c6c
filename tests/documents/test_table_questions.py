"""Questions about tables: the operation is told by rules or by a model, the answer is computed by code."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import pytest
from drawn_tables import cards, table

from mm_agents.chat import ChatModel, Structured, Usage
from mm_agents.documents.answers import doubting
from mm_agents.documents.table import Table
from mm_agents.documents.table.data import Cell, TableData, quantity_of, without_marks
from mm_agents.documents.table.llm_check import Said, read_too
from mm_agents.documents.table.questions import Condition, Query, answer, condition_of, operation_of
from mm_agents.documents.table.reader import read_page
from mm_agents.types import Box, DocumentAnswer, Evidence

STOCK = [
    ["Part", "Price", "Pieces", "Sold (%)"],
    ["Hinge", "4.50", "120", "41.5"],
    ["Lamp", "32.00", "8", "12.0"],
    ["Rope", "7.25", "60", "(3.5)"],
    ["Total", "43.75", "188", "50.0"],
]


@pytest.fixture(scope="module")
def stock() -> Table:
    return read_page(table(STOCK, "grid").page())


@pytest.fixture(scope="module")
def divisions() -> Table:
    return read_page(cards().page())


class Says:
    """A chat model that says one value and keeps what it was asked."""

    def __init__(self, value: Any) -> None:
        self.value, self.prompts = value, list[str]()

    def structure(self, schema: Any, prompt: str, *, pictures: Any = ()) -> Structured[Any]:
        self.prompts.append(prompt)
        return Structured(value=self.value, usage=Usage())


@pytest.mark.parametrize(
    ("question", "value"),
    [
        ("Which part has the highest price?", {"items": ["Lamp"], "value": "32.00", "unit": None}),
        ("Which part has the fewest pieces?", {"items": ["Lamp"], "value": "8", "unit": None}),
        ("What is the average price?", "14.583333333333"[:7]),
        ("What is the sum of pieces?", "188"),
        ("How many parts cost more than 5 in price?", 2),
        ("How many parts have at least 60 pieces?", 2),
        ("How many parts have at least sixty pieces?", 2),
        ("What is the price of the rope?", "7.25"),
        ("How many pieces of lamps are there?", "8"),
        ("What is the difference in pieces between hinge and rope?", "60"),
        ("What is the total of pieces?", "188"),
    ],
)
def test_questions_are_computed(stock: Table, question: str, value: Any) -> None:
    answered = stock.ask(question)
    if isinstance(value, str) and "average" in question:
        assert str(answered.value).startswith("14.58")
    else:
        assert answered.value == value
    assert answered.answer
    assert answered.evidence
    assert all(evidence.box for evidence in answered.evidence)


@pytest.mark.parametrize(
    ("question", "value"),
    [
        ("Which parts have a price above 5?", ["Lamp", "Rope"]),
        ("list parts with at least 60 pieces", ["Hinge", "Rope"]),
        ("Which parts have a price over 100?", []),
        ("How many parts are there?", 3),
        ("What is the second highest price?", {"items": ["Rope"], "value": "7.25", "unit": None}),
        ("Which part has the 3rd most pieces?", {"items": ["Lamp"], "value": "8", "unit": None}),
        ("Is the lamp's price higher than the rope's?", True),
        ("Are there more pieces of rope than of hinges?", False),
        ("Does the lamp have fewer pieces than the hinge?", True),
        ("Which parts do not have a price above 5?", None),
        ("Which parts have a price between 5 and 10?", None),
        ("How many parts do not have more than 60 pieces?", None),
        ("How many parts have at least sixty five pieces?", None),
        ("How many parts have more than fifty-nine pieces?", None),
        ("Is the lamp heavier than the rope?", None),
        ("Is the lamp's price not higher than the rope's?", None),
        ("What is the ninth highest price?", None),
        ("What is the second highest weight?", None),
        ("How many colours are there?", None),
        ("Which parts weigh more than 5?", None),
    ],
)
def test_places_filters_comparisons_and_counts_of_things(stock: Table, question: str, value: Any) -> None:
    answered = stock.ask(question)
    assert answered.value == value
    assert (answered.answer is None) == (value is None)
    assert bool(answered.evidence) == (value is not None)
    assert answered.answer or answered.reason


def test_the_things_of_cards_are_their_headings(divisions: Table) -> None:
    by_word = divisions.ask("How many divisions are there?")
    headings = {item for item in by_word.answer.split(": ")[1].rstrip(".").replace(" and ", ", ").split(", ")}
    assert by_word.value == len(headings)


def test_a_place_that_several_tie_for_is_doubted() -> None:
    rows = [["Part", "Price"], ["Hinge", "5.00"], ["Lamp", "9.00"], ["Rope", "9.00"], ["Wheel", "2.00"]]
    drawn = read_page(table(rows, "grid").page())
    assert drawn.ask("What is the third highest price?").value["items"] == ["Hinge"]
    second = drawn.ask("What is the second highest price?")
    assert second.value["items"] == ["Lamp", "Rope"]
    assert "tie" in str(second.doubt)


def test_totals_are_left_out_of_extremes_and_said_so(stock: Table) -> None:
    answered = stock.ask("Which part has the most pieces?")
    assert answered.value["items"] == ["Hinge"]
    assert "Left out: Total." in str(answered.answer)


def test_numbers_are_sorted_either_way(stock: Table) -> None:
    down = stock.ask("Sort the parts by price")
    up = stock.ask("Rank the parts by price, lowest first")
    assert [one["item"] for one in down.value] == ["Lamp", "Rope", "Hinge"]
    assert [one["item"] for one in up.value] == ["Hinge", "Rope", "Lamp"]


def test_a_columns_percent_sign_and_brackets_count(stock: Table) -> None:
    answered = stock.ask("Which part has the lowest sold?")
    assert answered.value == {"items": ["Rope"], "value": "-3.5", "unit": "%"}


def test_ties_are_told_with_both_places(divisions: Table) -> None:
    answered = divisions.ask("Which division has the highest sales growth?")
    assert answered.answer == "Valves and Filters tie for the highest Sales growth: 32%."
    assert [evidence.quote for evidence in answered.evidence] == ["32%¹\nSales growth", "32%\nSales growth"]
    assert len({evidence.box for evidence in answered.evidence}) == 2


def test_each_metric_is_asked_by_its_own_name(divisions: Table) -> None:
    assert divisions.ask("How many new plants were opened?").value == "34"
    gain = divisions.ask("Which division has the highest margin gain?")
    assert gain.value == {"items": ["Pumps"], "value": "12", "unit": "pp"}


@pytest.mark.parametrize("question", ["What is the weather?", "Which is the highest colour?", "", "difference"])
def test_what_cannot_be_told_has_a_reason(divisions: Table, question: str) -> None:
    answered = divisions.ask(question)
    assert answered.answer is None
    assert answered.value is None
    assert answered.reason
    assert answered.to_json()["reason"] == answered.reason
    assert Table().ask(question).reason == "No table was found."


def test_an_answer_says_which_of_its_cells_are_not_verified(stock: Table) -> None:
    once = replace(stock, cells=tuple(replace(cell, verified=cell.text != "32.00") for cell in stock.cells))
    assert once.ask("What is the price of the rope?").doubt is None
    answered = once.ask("Which part has the highest price?")
    assert answered.doubt == answered.to_json()["doubt"] == "not verified: “32.00”"


def test_a_long_doubt_is_cut(stock: Table) -> None:
    evidence = tuple(replace(stock.cells[0].evidence[0], quote=str(n)) for n in range(8))
    doubted = doubting(DocumentAnswer(question="?", answer="8", evidence=evidence), evidence[:1])
    assert doubted.doubt == "not verified: “1”, “2”, “3”, “4”, “5” and 2 more"
    assert doubting(replace(doubted, doubt="a reason of its own"), []).doubt == "a reason of its own"


def test_a_model_says_what_is_asked_and_code_computes(stock: Table) -> None:
    chat = Says(Query(operation="count", measure="Price", condition=Condition(comparison="less", value="10")))  # type: ignore[arg-type]
    assert stock.ask("How many are cheap?", model=cast(ChatModel, chat)).value == 2
    assert "data" in chat.prompts[0]
    assert "| Lamp |" in chat.prompts[0]
    unknown = stock.ask("?", model=cast(ChatModel, Says(Query(operation="sum", measure="Weight"))))
    assert unknown.answer is None
    assert "no 'Weight'" in str(unknown.reason)


def test_what_a_model_reads_otherwise_is_doubtful_and_changes_nothing() -> None:
    page = table(STOCK, "grid").page()
    rows = [list(row) for row in STOCK]
    rows[2][1] = "39.00"
    found = read_too(read_page(page), page, cast(ChatModel, Says(Said(header_rows=1, rows=rows))))
    cell = found.at(2, 1)
    assert cell is not None
    assert (cell.text, cell.doubt) == ("32.00", "the model reads '39.00'")
    assert [cell.text for cell in found.cells if cell.doubt] == ["32.00"]
    other = read_too(read_page(page), page, cast(ChatModel, Says(Said(rows=rows[:3]))))
    assert other.notes == ("The model reads 3 rows and 4 columns, not 5 and 4.",)


def test_a_table_that_only_a_model_sees_has_places_where_its_texts_are_found() -> None:
    page = table(STOCK, "grid").page()
    said = Said(header_rows=1, rows=[["Part", "Price"], ["Lamp", "99.99"]])
    found = read_too(Table(), page, cast(ChatModel, Says(said)))
    lamp, price = found.at(1, 0), found.at(1, 1)
    assert lamp is not None
    assert price is not None
    assert lamp.box is not None
    assert (price.box, price.verified, price.to_json()["verified"]) == (None, False, False)


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("1,234.50", "1234.50", None),
        ("(12.5)", "-12.5", None),
        ("−3", "-3", None),
        ("32%¹", "32", "%"),
        ("12 pp²", "12", "pp"),
        ("$4.11", "4.11", "USD"),
        ("3.2 bn", "3200000000.0", None),
        (".4%", "0.4", "%"),
        ("1.5E-03", "0.0015", None),
    ],
)
def test_numbers_are_typed(text: str, value: str, unit: str | None) -> None:
    quantity = quantity_of(text)
    assert quantity is not None
    assert (f"{quantity.value:f}", quantity.unit) == (value, unit)


def test_what_is_no_single_number_is_none() -> None:
    assert [quantity_of(text) for text in ("2 to 5", "Q3", "n/a", "", "12 (3)")] == [None] * 5
    assert without_marks("32%¹") == ("32%", ("1",))
    assert without_marks("¹") == ("¹", ())


def test_operations_and_conditions_are_told_by_their_words() -> None:
    assert operation_of("How many units grew by more than 10%?") == "count"
    assert operation_of("How many cases were charged in 2008?") == "lookup"
    assert condition_of("those with at least 1,000 pieces") == Condition(comparison="at least", value="1000")  # type: ignore[arg-type]
    assert condition_of("50 or more") == Condition(comparison="at least", value="50")  # type: ignore[arg-type]
    assert condition_of("the highest of all") is None


def test_the_cells_alone_can_be_asked() -> None:
    rows = (("Part", "Price"), ("Hinge", "4.50"), ("Lamp", "32.00"))
    data = TableData(
        cells=tuple(
            Cell(row=row, column=column, text=text, quantity=quantity_of(text))
            for row, texts in enumerate(rows)
            for column, text in enumerate(texts)
        ),
        header_rows=1,
    )
    assert answer(data, "Which part has the highest price?").answer == "Lamp has the highest Price: 32.00."
    assert data.to_markdown().splitlines()[0] == "| Part | Price |"


WORDS = [["Depot", "Keeper", "Hours"], ["Alba", "Ines Calder", "8 to 17"], ["Brig", "Tom Hale", "9 to 20"]]
SHARES = [["Depot", "Boxes", "Crates"], ["Alba", "120 (40.0%)", "8 (20%)"], ["Brig", "180 (60.0%)", "32 (80%)"]]


@pytest.mark.parametrize(
    ("rows", "question", "answer"),
    [
        (WORDS, "Who is the keeper of Brig?", "Brig, Keeper: Tom Hale"),
        (WORDS, "What does the depot say of Brig?", None),
        (WORDS, "How many rows does this table have?", "It has 2 rows below its head."),
        (WORDS, "How many columns are there?", "It has 3 columns."),
        (WORDS, "What are the columns?", "Depot; Keeper; Hours."),
        (WORDS, "Who is the keeper of Corra?", None),
        (SHARES, "How many boxes does Alba have?", "Alba, Boxes: 120."),
        (SHARES, "Which depot has the most crates?", "Brig has the highest Crates: 32."),
        (SHARES, "How much did it change between Alba and Brig?", None),
    ],
)
def test_cells_of_words_sizes_and_numbers_with_their_share(
    rows: list[list[str]], question: str, answer: str | None
) -> None:
    assert read_page(table(rows, "grid").page()).ask(question).answer == answer


CASES = [
    ["Cause", "n", "%", "95 % CI"],
    ["Bad weather", "18", "60.0", "51.2-68.1"],
    ["Lost ticket", "9", "30.0", "22.4-38.9"],
    ["Strike", "3", "10.0", "5.3-17.0"],
    ["Total", "30", "100.0", ""],
]
YEARS = [
    ["Visits", "FY 2019", "FY 2020", "FY 2021"],
    ["Members", "120", "80", "95"],
    ["Guests", "44", "", "31"],
    ["60+ members", "12", "9", "10"],
]
RATIOS = [["Group", "Ratio", "p value"], ["Young", "0.839", "0.716"], ["Old", "1.716", "0.010"]]


def read_of(rows: list[list[str]]) -> Table:
    return read_page(table(rows, "grid").page())


GROWTHS = [["Town", "Growth"], ["Ayr", "4%"], ["Wick", "12%"], ["Oban", "7%"]]


@pytest.mark.parametrize(
    ("rows", "question", "wanted"),
    [
        (GROWTHS, "Which town is growing the slowest?", "Ayr has the lowest Growth: 4%."),
        (GROWTHS, "which town grew fastest", "Wick has the highest Growth: 12%."),
        (CASES, "How many trips ended by bad weather?", "Bad weather, n: 18."),
        (CASES, "What percentage is a lost ticket?", "Lost ticket, %: 30.0%."),
        (CASES, "What is the most frequent cause?", "Bad weather has the highest n: 18. Left out: Total."),
        (CASES, "How many more were bad weather than strike?", "Bad weather (18) is 15 higher than Strike (3) in n."),
        (CASES, "Which causes have less than ten cases?", "2 of 3 have n of less than 10: Lost ticket and Strike."),
        (CASES, "How many cases are there in total?", "Total, n: 30."),
        (CASES, "What is the confidence interval of the strike?", "Strike, 95 % CI: 5.3-17.0"),
        (YEARS, "How many members came over all years?", "Members sums up to 295 over 3."),
        (
            YEARS,
            "How did members develop from 2019 to 2021?",
            "FY 2019 (120) is 25 higher than FY 2021 (95) in Members.",
        ),
        (YEARS, "How many members of more than 60 came in 2020?", "60+ members, FY 2020: 9."),
        (RATIOS, "What is the ratio of the old?", "Old, Ratio: 1.716."),
        (CASES, "Does bad weather have more cases than strike?", "Yes: Bad weather 18 against Strike 3 in n."),
        (RATIOS, "Is the ratio of the young above 1?", "No: Young, Ratio: 0.839."),
        (
            STOCK,
            "Are there more pieces of hinge or rope in pieces?",
            "Hinge (120) is 60 higher than Rope (60) in Pieces.",
        ),
    ],
)
def test_questions_in_other_words_are_computed(rows: list[list[str]], question: str, wanted: str) -> None:
    answered = read_of(rows).ask(question)
    assert answered.answer is not None
    assert answered.answer.startswith(wanted)


@pytest.mark.parametrize(
    ("rows", "question"),
    [
        (YEARS, "How many guests came in 2020?"),  # the cell is empty, and those beside it are of other years
        (YEARS, "How many guests came in 2015?"),
        (CASES, "How many cases were of fog?"),
        (RATIOS, "What is the share of the old?"),
        (CASES, "Which causes belong to the weather?"),
    ],
)
def test_a_cell_that_is_not_there_is_not_another(rows: list[list[str]], question: str) -> None:
    assert read_of(rows).ask(question).answer is None


GROWTH = [["Unit", "Sales growth", "Margin gain"], ["Pumps", "17%", "12 pp"], ["Valves", "5%", "2 pp"]]
PERIODS = [
    ["", "Pre-treatment", "Post-treatment", "Total"],
    ["Samples of A1", "220 (55.8%)", "177 (73.1%)", "397"],
    ["Samples of A1 and A2", "99 (25.1%)", "23 (9.5%)", "122"],
    ["Small samples", "12 (3.0%)", "14 (5.8%)", "26"],
    ["Samples \u2265 1,000 g", "32 (8.1%)", "22 (9.1%)", "54"],
]
LONG = [["Year", "Q1", "Q2"], ["2006", "74.7", "84.1"], ["2007", "148.8", "142.3"]]
DELAYS = [
    ["Delay", "Mean", "Median", "Max"],
    ["Patient delay", "55.3", "59", "198"],
    ["Other delay", "76.5", "45", "371"],
]
SIGNS = [["Sign", "Rate"], ["Bleeding", "90.1%"], ["Fatigue", "2.0%"], ["Dizziness", "2.0%"], ["Fever", "0%"]]
SAID = (("18- to 24", "0.1"), ("25- to 29", "0.6"))


@pytest.mark.parametrize(
    ("rows", "question", "doubt"),
    [
        (GROWTH, "What was the sales growth of pumps in dollars?", "the table does not say “dollars”"),
        (GROWTH, "What was the sales growth of pumps last winter?", "the table does not say “last, winter”"),
        (GROWTH, "What was the sales growth of pumps in 2019?", "the table does not say “2019”"),
        (GROWTH, "What were the sales of valves?", "the question does not say “growth”"),
        (GROWTH, "Which unit has the highest sales?", "the question does not say “growth”"),
        (CASES, "How many deaths were caused by bad weather?", "the table does not say “deaths”"),
        (SIGNS, "How many patients had fatigue?", "the table does not say “patients”"),
        (SIGNS, "What is the number of fatigue signs?", "a percentage does not count things"),
        (SIGNS, "Which sign is the most dangerous?", "the table does not say “dangerous”"),
        (STOCK, "How many second-hand lamps are there in pieces?", "the table does not say “second, hand”"),
    ],
)
def test_what_a_pictured_table_does_not_say_puts_its_answer_in_doubt(
    rows: list[list[str]], question: str, doubt: str
) -> None:
    answered = read_of(rows).ask(question)
    assert answered.answer is not None
    assert answered.doubt == doubt


@pytest.mark.parametrize(
    ("rows", "question", "wanted"),
    [
        (GROWTH, "How much did sales grow at pumps?", "Pumps, Sales growth: 17%."),
        (
            GROWTH,
            "How many points higher is the sales growth of pumps than that of valves?",
            "Pumps (17%) is 12 pp higher",
        ),
        (GROWTH, "How far is pumps ahead of valves in sales growth?", "Pumps (17%) is 12 pp higher"),
        (
            GROWTH,
            "Did every unit improve its margin by at least 10 pp?",
            "No: 1 of 2 have Margin gain of at least 10 pp, and not Valves 2 pp.",
        ),
        (GROWTH, "Is any sales growth above 10%?", "Yes: 1 of 2 have Sales growth of more than 10%: Pumps 17%."),
        (GROWTH, "Did all units grow their sales by more than 3%?", "Yes: 2 of 2 have Sales growth of more than 3%."),
        (LONG, "Did Q1 rise from 2006 to 2007?", "Yes: 74.7 (2006), then 148.8 (2007) in Q1."),
        (YEARS, "How many members of 60 years or more came in 2020?", "60+ members, FY 2020: 9."),
        (DELAYS, "What was the average patient delay?", "Patient delay, Mean: 55.3."),
        (SIGNS, "Which signs were at exactly 2%?", "2 of 4 have Rate of exactly 2%: Fatigue and Dizziness."),
        (SIGNS, "For which ones is the rate zero?", "1 of 4 have Rate of exactly 0%: Fever."),
        (SIGNS, "What was the most common sign and how common was it?", "Bleeding has the highest Rate: 90.1%."),
        (
            PERIODS,
            "How many samples had 1,000 g or more before the treatment?",
            "Samples \u2265 1,000 g, Pre-treatment: 32.",
        ),
        (
            PERIODS,
            "Was A1 found in more samples before or after?",
            "Pre-treatment 220 against Post-treatment 177 in Samples of A1.",
        ),
        (PERIODS, "Did the samples of A1 go down after the treatment?", "Yes: 220 (Pre-treatment), then 177"),
        (
            PERIODS,
            "Did the share of A1 samples fall after the treatment? From what to what?",
            "No: 55.8% (Pre-treatment), then 73.1%",
        ),
    ],
)
def test_checks_and_comparisons_are_computed(rows: list[list[str]], question: str, wanted: str) -> None:
    answered = read_of(rows).ask(question)
    assert answered.answer is not None
    assert answered.answer.startswith(wanted)
    assert "not say" not in (answered.doubt or "")
    assert answered.evidence


@pytest.mark.parametrize(
    ("rows", "question"),
    [
        (GROWTH, "Did every unit lose workers by at least 10 pp?"),
        (GROWTH, "Did all pumps improve their margin by at least 10 pp?"),  # those are not all rows
        (GROWTH, "Did every unit improve its margin by at least 10%?"),  # of points
        (GROWTH, "Did not every unit improve its margin by at least 10 pp?"),
        (PERIODS, "How many samples had 2,000 g or more before the treatment?"),
        (PERIODS, "Did the samples of A3 go down after the treatment?"),
        (PERIODS, "Was A1 found in more samples in spring or autumn?"),
        (SIGNS, "What was the most common sign and how long was it?"),
        (DELAYS, "What is the sum of the patient delay?"),  # of a mean, a median and a maximum
    ],
)
def test_checks_of_what_is_not_there_are_not_made(rows: list[list[str]], question: str) -> None:
    answered = read_of(rows).ask(question)
    assert answered.answer is None or any(part.answer is None for part in answered.parts)


def test_a_row_of_sentences_is_quoted_where_most_of_its_name_is_asked() -> None:
    rows = [["Variable", "Assumption"], ["Demographic assumptions", ""]]
    rows += [[f"{ages}-year-old people", f"An annual growth rate of {rate}%"] for ages, rate in SAID]
    cells = [Cell(row=row, column=n, text=text) for row, line in enumerate(rows) for n, text in enumerate(line) if text]
    said = TableData(cells=tuple(cells), header_rows=1)
    young = answer(said, "What growth rate do they assume for the 25 to 29 year olds?")
    assert young.value == "An annual growth rate of 0.6%"
    assert answer(said, "What growth rate do they assume for 60 to 65 year olds?").answer is None


SOURCES = [
    ["Source", "Definition", "Examples"],
    ["Large", "10 tons of dust per year or more of any kind", "Refineries, paper mills"],
    ["Small", "Less dust in a year", "Dry cleaners, gas stations"],
    ["Mobile", "Dust of engines", "Cars, garden equipment"],
]
KINDS = [
    ["Source", "Dust"],
    ["Standing:", ""],
    ["Mill", "much"],
    ["Shop", "little"],
    ["Mobile:", ""],
    ["Road", "some"],
    ["Off-road", "less"],
]
NETS = [
    ["Net", "Loop formed", "Pair binding", "Ruled out"],
    ["ab", "no", "no", "yes"],
    ["abc", "no", "yes", "no"],
    ["abe", "yes", "yes+", "no"],
    ["abf", "yes", "yes", "yes"],
]
BRANDS = [
    ["Group", "Butter", "Low fat"],
    ["Astra", "Total: 47% Effi (10.5%) Rye 41 (36.5%)", "4%"],
    ["Cema", "Prima (1.3%)", "Effi (0.4%) Prima (0.6%)"],
    ["Others", "19.4%", "2%"],
]


def said_by(rows: list[list[str]]) -> Table:
    place = Box(x0=0, y0=0, x1=9, y1=9)
    cells = [
        Cell(
            row=row,
            column=n,
            text=text,
            quantity=quantity_of(text) if row and n else None,
            verified=True,
            evidence=(Evidence(asset="", path=None, sha256=None, how="read", quote=text, box=place),),
        )
        for row, line in enumerate(rows)
        for n, text in enumerate(line)
        if text
    ]
    return Table(cells=tuple(cells), header_rows=1)


@pytest.mark.parametrize(
    ("rows", "question", "wanted"),
    [
        (SOURCES, "What makes something a large source?", "Large, Definition: 10 tons of dust per year or more of any"),
        (SOURCES, "Are gas stations counted as a large or a small source?", "Small, Examples: Dry cleaners, gas stat"),
        (SOURCES, "Are cars a small source or a mobile source?", "Mobile, Examples: Cars, garden equipment"),
        (SOURCES, "Are refineries large or small?", "Large, Examples: Refineries, paper mills"),
        (SOURCES, "Which source do paper mills belong to?", "Large, Examples: Refineries, paper mills"),
        (SOURCES, "Where do cars belong in this table?", "Mobile, Examples: Cars, garden equipment"),
        (NETS, "How many of the nets have no loop formed?", "Loop formed, no: 2 of 4: ab and abc."),
        (NETS, "For which nets could one not rule out?", "Ruled out, no: 2 of 4: abc and abe."),
        (NETS, "What does loop formed say for abc?", "abc, Loop formed: no"),
        (NETS, "Which nets have a loop formed?", "Loop formed, yes: 2 of 4: abe and abf."),
        (KINDS, "Which sources are mobile?", "Mobile: Road and Off-road."),
        (KINDS, "How many sources are standing?", "Standing: 2 (Mill and Shop)."),
        (BRANDS, "What share does Rye 41 have in butter?", "Butter, Rye 41: 36.5%."),
        (BRANDS, "Which group has the highest butter?", "Astra has the highest Butter: 47%."),
    ],
)
def test_tables_of_words_are_asked(rows: list[list[str]], question: str, wanted: str) -> None:
    answered = said_by(rows).ask(question)
    assert str(answered.answer).startswith(wanted)
    assert answered.doubt is None
    assert answered.evidence


@pytest.mark.parametrize(
    ("rows", "question"),
    [
        (SOURCES, "What makes something a large source of noise?"),
        (SOURCES, "Are gas stations not a large or a small source?"),
        (SOURCES, "Are bus stations and mills counted as a large or a small source?"),
        (SOURCES, "Which source does a gas mill belong to?"),
        (SOURCES, "Where do ships belong in this table?"),
        (NETS, "How many of the nets have no loop formed in spring?"),
        (NETS, "Which nets have only a loop formed?"),
        (KINDS, "Which sources of noise are mobile?"),
        (KINDS, "Which sources are not mobile?"),
        (NETS, "Which nets have a loop formed and pair binding?"),
        (BRANDS, "What share does Effi have in margarine?"),
        (BRANDS, "What share does Prima have in butter in 2020?"),
    ],
)
def test_words_that_a_table_does_not_have_are_not_answered(rows: list[list[str]], question: str) -> None:
    answered = said_by(rows).ask(question)
    assert answered.answer is None or answered.doubt


def test_a_column_whose_cells_are_not_all_yes_or_no_is_doubted() -> None:
    misread = [["yer" if text == "yes+" else text for text in row] for row in NETS]
    assert "neither yes nor no" in str(said_by(misread).ask("How many nets have pair binding?").doubt)
    read = [["ab" if text == "abc" else text for text in row] for row in NETS]
    assert "several rows are called the same" in str(said_by(read).ask("Which nets have no loop formed?").doubt)
