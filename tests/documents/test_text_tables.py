"""Tables that text files have: what they say, which cell says it, and what is not computed over them."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from mm_agents import Agent, Library, read_document
from mm_agents.agent.answer import Answer
from mm_agents.agent.verify import verify
from mm_agents.documents.table import TableReader
from mm_agents.documents.table.series import is_named_by, tokens
from mm_agents.errors import ConfigError, MediaTooLargeError, UnsupportedMediaError

BANK = """date,shop,amount,balance
2026-04-28,Corner Bakery,-4.20,995.80
2026-05-02,Corner Bakery,-6.10,989.70
2026-05-09,Harbour Books,-18.00,971.70
2026-05-30,Wages,1250.00,2221.70
2026-06-03,Corner Bakery,-3.90,2217.80
"""
HOUSE = """# House

## Costs

| Month | Rent | Food |
| --- | --- | --- |
| April | 900 | 310 |
| May | 900 | 352 |

## Accounts

| Account | Balance | Rate |
| --- | --- | --- |
| Saver | 4100 | 1.9 % |
| Bond | 9000 | 4.2 % |
"""
BOOKS = json.dumps([{"title": "Tall Ships", "stars": 5}, {"title": "Salt", "stars": 3, "lent": True}])


ORDERS = """Order,Date,Customer,Product,Quantity,Unit price,Status
4101,2026-03-02,Hansen & Co,Oak shelf,4,89.0,shipped
4102,2026-03-05,Villa Rosa,Pine bench,2,149.0,shipped
4103,2026-03-09,Hansen & Co,Walnut table,1,640.0,cancelled
4104,2026-03-17,Museum Nord,Oak shelf,12,84.5,shipped
4105,2026-04-01,Villa Rosa,Oak shelf,3,89.0,open
4107,2026-04-20,Cafe Linde,Walnut table,2,610.0,shipped
"""
STOCK = """Product,In stock,Supplier
Oak shelf,7,Nordholz
Pine bench,15,Nordholz
Ash stool,31,Legno Vivo
"""
WEEK = """# Class 5b

| Time | Monday | Tuesday | Friday |
| --- | --- | --- | --- |
| 8:00 | Maths | German | Music |
| 8:50 | English | Maths | Maths |
| 10:00 | Music | | English |
"""
TEAM = json.dumps(
    {
        "team": "Platform",
        "lead": {"name": "Ines Duarte", "phone": "+351 21 555 0139"},
        "members": [
            {
                "name": "Kofi Mensah",
                "role": "engineer",
                "city": "Accra",
                "joined": "2022-11-15",
                "tags": ["api", "sql"],
            },
            {"name": "Lena Vogt", "role": "designer", "city": "Leipzig", "joined": "2024-02-01", "pay": {"grade": 4}},
        ],
    }
)
PUMPS = """# Pumps

| Model | Power | Noise |
| --- | --- | --- |
| Nord 6 | 6.1 kW | 46 dB |
| Nord 8 | 8.2 kW | 49 dB |
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    found = tmp_path / "texts"
    found.mkdir()
    (found / "bank.csv").write_text(BANK)
    (found / "house.md").write_text(HOUSE)
    (found / "books.json").write_text(BOOKS)
    (found / "orders.csv").write_text(ORDERS)
    (found / "stock.csv").write_text(STOCK)
    (found / "week.md").write_text(WEEK)
    (found / "team.json").write_text(TEAM)
    (found / "pumps.md").write_text(PUMPS)
    return found


@pytest.mark.parametrize(
    ("name", "question", "answer", "cells"),
    [
        ("bank.csv", "What was the balance on 2026-05-09?", "2026-05-09, balance: 971.70.", ["D4", "A4"]),
        (
            "bank.csv",
            "What is the total amount for Corner Bakery?",
            "Corner Bakery: amount sums up to -14.20 over 3.",
            ["C2", "C3", "C6"],
        ),
        (
            "bank.csv",
            "What did I pay at the Corner Bakery in May?",
            "Corner Bakery, in May: amount sums up to -6.10 over 1.",
            ["C3"],
        ),
        ("bank.csv", "How much are wages in total?", "Wages: amount sums up to 1,250.00 over 1.", ["C5"]),
        ("bank.csv", "How many times did I go to the bakery?", "Corner Bakery: 3 rows.", ["A2", "A3", "A6"]),
        ("bank.csv", "The lowest balance in May?", "in May: 2026-05-09 has the lowest balance: 971.70.", ["D4", "A4"]),
        (
            "bank.csv",
            "What may the total amount be?",
            "amount sums up to 1,217.80 over 5.",
            ["C2", "C3", "C4", "C5", "C6"],
        ),
        ("house.md", "What was the food in May?", "May, Food: 352.", ["1!C3"]),
        ("house.md", "Which account has the highest balance?", "Bond has the highest Balance: 9,000.", ["2!B3"]),
        ("books.json", "Which books have 3 stars?", "stars 3: Salt.", ["A3"]),
        ("books.json", "How many stars has Tall Ships?", "Tall Ships, stars: 5.", ["B2"]),
    ],
)
def test_a_question_is_answered_from_its_cells(
    name: str, question: str, answer: str, cells: list[str], folder: Path
) -> None:
    found = read_document("table", folder / name).ask(question)
    assert found.answer == answer
    assert [place.cell for place in found.evidence] == cells


@pytest.mark.parametrize(
    ("name", "question", "answer"),
    [
        ("orders.csv", "What is the status of order 4103?", "Order 4103, Status: cancelled."),
        ("orders.csv", "Which orders did Villa Rosa place?", "Villa Rosa, Order: 4102, 4105."),
        ("orders.csv", "How many oak shelves did Museum Nord order?", "Museum Nord, Oak shelf, Quantity: 12."),
        ("orders.csv", "How many oak shelves were ordered?", "Oak shelf: Quantity sums up to 19 over 3."),
        ("orders.csv", "What is the total quantity ordered of oak shelf?", "Oak shelf: Quantity sums up to 19 over 3."),
        (
            "orders.csv",
            "Which customer ordered the walnut table in April?",
            "Walnut table, in April, Customer: Cafe Linde.",
        ),
        ("orders.csv", "How much is a walnut table for Hansen?", "Hansen & Co, Walnut table, Unit price: 640.0."),
        ("orders.csv", "How many orders are open?", "open, Order: 1 (4105)."),
        (
            "orders.csv",
            "How many customers ordered oak shelves?",
            "Oak shelf, Customer: 3 (Hansen & Co, Museum Nord, Villa Rosa).",
        ),
        ("orders.csv", "When was order 4107 placed?", "Order 4107, Date: 2026-04-20."),
        ("stock.csv", "Who supplies the pine bench?", "Pine bench, Supplier: Nordholz."),
        ("stock.csv", "Which products does Nordholz supply?", "Nordholz, Product: Oak shelf, Pine bench."),
        ("week.md", "When does class 5b have music?", "Music: Monday, 10:00; Friday, 8:00"),
        ("week.md", "How many maths lessons are there on Monday?", "Maths: once, Monday, 8:00"),
        ("week.md", "How often do we have maths?", "Maths: 3 times, Monday, 8:00; Tuesday, 8:50; Friday, 8:50"),
        ("week.md", "What is the first lesson on Friday?", "Friday, 8:00: Music"),
        ("week.md", "What is the last lesson on Tuesday?", "Tuesday, 8:50: Maths"),
        ("team.json", "Where does Kofi Mensah live?", "Kofi Mensah, city: Accra."),
        ("team.json", "When did Lena Vogt join?", "Lena Vogt, joined: 2024-02-01."),
        ("team.json", "What is the phone number of the lead?", "lead phone: +351 21 555 0139."),
        ("team.json", "What are the tags of Kofi Mensah?", "Kofi Mensah, tags: api, sql."),
        ("team.json", "What is the pay grade of Lena Vogt?", "Lena Vogt, pay grade: 4."),
        ("pumps.md", "Which model is the quietest?", "Nord 6 has the lowest Noise: 46 dB."),
        ("pumps.md", "How loud is the Nord 8?", "Nord 8, Noise: 49 dB."),
    ],
)
def test_names_choose_rows_and_the_question_the_column(name: str, question: str, answer: str, folder: Path) -> None:
    found = read_document("table", folder / name).ask(question)
    assert (found.answer, found.doubt) == (answer, None)
    assert found.question == question


@pytest.mark.parametrize(
    ("name", "question", "reason"),
    [
        ("orders.csv", "Which orders did Villa Rosa cancel?", "No row of the table is of “Villa Rosa, cancelled”."),
        ("orders.csv", "Which orders did Bolt place?", "The table does not name “Bolt”."),
        ("orders.csv", "Which orders did Villa Rosa not place?", "Only one comparison"),
        ("orders.csv", "Which customers ordered no oak shelf?", ""),
        ("week.md", "When do we not have music?", ""),
        ("week.md", "When is chemistry?", ""),
        ("pumps.md", "Which is the cheapest model?", "The table says nothing of “price”."),
        ("team.json", "How old is Kofi Mensah?", "The table says nothing of “age”"),
        ("orders.csv", "Who delivers the walnut table?", "The table says nothing of “delivers”"),
    ],
)
def test_what_a_table_does_not_say_is_not_answered(name: str, question: str, reason: str, folder: Path) -> None:
    found = read_document("table", folder / name).ask(question)
    assert found.answer is None
    assert (found.reason or "").startswith(reason)


@pytest.mark.parametrize(
    ("question", "answer", "unsaid"),
    [
        ("What is the status of the urgent order 4103?", "Order 4103, Status: cancelled.", "urgent"),
        ("How many orders did Villa Rosa return?", "Villa Rosa, Order: 2 (4102, 4105).", "return"),
    ],
)
def test_a_word_that_the_table_lacks_leaves_a_doubt(question: str, answer: str, unsaid: str, folder: Path) -> None:
    found = read_document("table", folder / "orders.csv").ask(question)
    assert (found.answer, found.doubt) == (answer, f"the table does not say “{unsaid}”")


def test_who_where_and_when_are_not_answered_by_a_number(tmp_path: Path) -> None:
    path = tmp_path / "league.csv"
    path.write_text("Team,Won,Lost,Bed,Founded\nHarwick,12,3,A,1902\nSeaton,11,4,B,1899\nPolby,5,11,A,1950\n")
    asked = read_document("table", path).ask
    assert asked("Where is Polby?").answer is None
    assert asked("When was Polby founded?").answer == "Polby, Founded: 1950."
    assert asked("How many games did Polby lose?").answer == "Polby, Lost: 11."
    assert asked("Which teams are in bed A?").answer == "A, Team: Harwick, Polby."
    assert asked("Which team needs the most won?").answer == "Harwick has the highest Won: 12."


def test_when_asks_for_a_day_or_a_time_and_a_price_is_no_other_number(tmp_path: Path) -> None:
    path = tmp_path / "flights.csv"
    path.write_text("Flight,To,Departure,Seats free\nKX201,Rome,08:15,12\nKX618,Porto,17:30,5\n")
    asked = read_document("table", path).ask
    assert asked("When does the flight to Porto leave?").answer == "Porto, Departure: 17:30."
    assert asked("Which flight goes to Rome?").answer == "Rome, Flight: KX201."
    assert asked("What is the price of KX201?").reason == "The table says nothing of a price."
    order = tmp_path / "order.json"
    order.write_text(json.dumps({"customer": {"name": "Idris Cole", "city": "Leith"}}))
    assert read_document("table", order).ask("Where does Idris Cole live?").answer is None


def test_a_day_and_a_code_choose_their_rows(tmp_path: Path) -> None:
    runs, sensors = tmp_path / "runs.csv", tmp_path / "sensors.csv"
    runs.write_text("date,distance_km,minutes\n2026-04-06,8.0,47\n2026-05-09,12.4,79\n2026-05-16,21.1,141\n")
    sensors.write_text("id,kind,place\nT1,temperature,north bench\nT2,temperature,south bench\nH1,humidity,door\n")
    asked = read_document("table", runs).ask
    assert asked("How many minutes did I run on 6 April?").answer == "on 6 April, minutes: 47."
    assert asked("How many minutes did I run on May 9th?").answer == "on May 9th, minutes: 79."
    assert asked("How many minutes did I run on 7 April?").reason == "No row of the table is of “on 7 April”."
    assert asked("How far did I run in May?").answer == "in May: distance_km sums up to 33.5 over 2."
    assert read_document("table", sensors).ask("Where is sensor H1?").answer == "H1, place: door."
    assert read_document("table", sensors).ask("Where is sensor H2?").answer is None


@pytest.mark.parametrize(
    ("question", "why"),
    [
        ("What is the total amount for the Chandlery?", "The table does not name “Chandlery”."),
        (
            "What is the total amount for Harbour Books in April?",
            "No row of the table is of “Harbour Books, in April”.",
        ),
        ("What is the total amount in December?", "No row of the table is of “in December”."),
    ],
)
def test_nothing_is_added_up_that_was_not_asked_for(question: str, why: str, folder: Path) -> None:
    found = read_document("table", folder / "bank.csv").ask(question)
    assert (found.answer, found.reason) == (None, why)


@pytest.mark.parametrize(
    ("question", "why"),
    [
        ("What is the highest profit in May?", "The table says nothing of “profit”."),
        ("What is the lowest food in July?", "The table says nothing of “July”."),
    ],
)
def test_nothing_is_compared_that_the_table_does_not_have(question: str, why: str, folder: Path) -> None:
    found = read_document("table", folder / "house.md").ask(question)
    assert (found.answer, found.reason) == (None, why)


def test_semicolons_and_decimal_commas(tmp_path: Path) -> None:
    path = tmp_path / "konto.csv"
    path.write_text("Tag;Betrag;Stand\n02.05.2026;-12,50;1.087,50\n03.05.2026;-7,25;1.080,25\n")
    table = read_document("table", path)
    assert table.rows[1] == ["02.05.2026", "-12,50", "1.087,50"]
    assert [str(table.at(row, 2).quantity.value) for row in (1, 2)] == ["1087.50", "1080.25"]  # type: ignore[union-attr]


def test_sheets_name_their_cells(tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    book.active.title = "Stock"
    for row in (["Part", "Left"], ["Hinge", 40], ["Screw", 900]):
        book.active.append(row)
    book.create_sheet("Prices").append(["Part", "Price"])
    book["Prices"].append(["Hinge", 2.5])
    path = tmp_path / "workshop.xlsx"
    book.save(path)
    reading = read_document("table", path)
    answered = reading.ask("What is the price of a hinge?")
    assert (answered.answer, answered.evidence[0].cell) == ("Hinge, Price: 2.5.", "Prices!B2")
    assert [one.title.quote for one in TableReader().read_all(path) if one.title] == ["Stock", "Prices"]


def test_a_title_above_the_head_and_empty_cells(tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title, sheet["A1"] = "Plan", "Garden 2026"
    rows = [["Bed", "Sown", "Kilos"], ["North", date(2026, 4, 3), 12.5], ["South", date(2026, 5, 20), None]]
    for n, row in enumerate(rows, start=3):
        for column, value in enumerate(row, start=2):
            sheet.cell(n, column, value)
    book.save(tmp_path / "garden.xlsx")
    table = read_document("table", tmp_path / "garden.xlsx")
    assert table.rows == [["Bed", "Sown", "Kilos"], ["North", "2026-04-03", "12.5"], ["South", "2026-05-20", ""]]
    assert table.title is not None
    assert table.title.quote == "Plan / Garden 2026"
    answered = table.ask("What are the kilos of North?")
    assert (answered.answer, answered.evidence[0].cell) == ("North, Kilos: 12.5.", "Plan!D4")
    bank = tmp_path / "export.csv"
    bank.write_text(
        "Account;DE02 1234\n\nDay;Shop;Amount\n02.05.2026;Kiosk;-12,50\n03.05.2026;Kiosk;-7,25\n04.05.2026;Bus;-3,00\n"
    )
    found = read_document("table", bank).ask("What is the total amount for Kiosk?")
    assert (found.answer, [one.cell for one in found.evidence]) == (
        "Kiosk: Amount sums up to -19.75 over 2.",
        ["C4", "C5"],
    )


def test_a_text_without_a_table_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "note.txt"
    path.write_text("The tap is turned off in November.\n")
    with pytest.raises(UnsupportedMediaError, match=r"'note.txt' is text"):
        read_document("table", path)
    with pytest.raises(UnsupportedMediaError, match="a picture, a PDF or a text with a table is read"):
        TableReader().read_all(path)


@pytest.mark.parametrize("content", ["[1, 2]", "{}", '[{"a": {}}]', "[" * 5000, "{"])
def test_json_without_objects_has_no_table(content: str, tmp_path: Path) -> None:
    path = tmp_path / "data.json"
    path.write_text(content)
    with pytest.raises(UnsupportedMediaError, match="without rows and columns"):
        read_document("table", path)


def test_a_text_has_no_pages_and_a_table_has_an_end(folder: Path) -> None:
    with pytest.raises(ConfigError, match="has no page 2"):
        read_document("table", folder / "bank.csv", page=2)
    (folder / "long.csv").write_text("a,b\n" + "1,2\n" * 10_001)
    with pytest.raises(MediaTooLargeError, match="more than 20,000 cells"):
        read_document("table", folder / "long.csv")


def test_a_library_answers_from_the_cells_of_its_texts(folder: Path, tmp_path: Path) -> None:
    with Library.open(tmp_path / "library", embedder="offline") as library:
        library.add(folder, words="none")
        agent = Agent(library, model="offline")
        answer = agent.ask("Which account has the highest balance?")
        assert answer.text.startswith("Bond has the highest Balance: 9,000.")
        (claim,) = answer.claims
        (place,) = (answer.sources[number - 1].evidence for number in claim.sources)
        assert (claim.kind, place.cell, place.quote) == ("read", "2!B3", "9000")
        assert verify(answer, library=library).ok
        spent = agent.ask("How much did I spend on food in May?")
        assert spent.text.startswith("May, Food: 352."), "no invoice has it, and a text does"
        assert verify(spent, library=library).ok


def test_another_cell_is_no_proof(folder: Path, tmp_path: Path) -> None:
    with Library.open(tmp_path / "library", embedder="offline") as library:
        answer = Agent(library, model="offline").ask("What was the rent in May?", [folder / "house.md"])
        assert answer.text.startswith("May, Rent: 900.")
        assert verify(answer, library=library).ok
        path = tmp_path / "answer.json"
        answer.save(path)
        path.write_text(path.read_text().replace("cell 1!B3", "cell 1!B2"))
        assert not verify(Answer.load(path), library=library).ok


def test_what_is_asked_is_a_column_and_not_the_only_one_that_has_numbers(tmp_path: Path) -> None:
    tickets = tmp_path / "tickets.csv"
    tickets.write_text(
        "Ticket;Opened;Customer;Subject;State;Hours\n"
        "T-104;06.05.2026;Hofladen Moos;Wrong tax rate;open;1,25\nT-105;07.05.2026;Velo Kern;No printer;closed;3\n"
    )
    asked = read_document("table", tickets).ask
    about = asked("What is ticket T-104 about?")
    assert about.answer == "T-104, Subject: Wrong tax rate."
    assert [one.quote for one in about.evidence] == ["Wrong tax rate", "T-104"]
    assert asked("Who solved ticket T-105?").reason == "The table says nothing of “solved”."
    assert asked("When does the reception close?").answer is None


def test_days_that_come_again_in_two_columns_are_no_plan(tmp_path: Path) -> None:
    loans = tmp_path / "loans.csv"
    loans.write_text(
        "Title,Borrower,Due,Returned\nRed Kite,Ada Osei,2026-04-01,2026-03-20\nBoats,Tom Firth,2026-05-01,2026-04-01\n"
    )
    assert read_document("table", loans).ask("Where does Tom Firth live?").answer is None
    members = tmp_path / "members.csv"
    members.write_text("Name,Town,Joined\nAda Osei,Kirkby,2019\nTom Firth,Hale,2022\n")
    asked = read_document("table", members).ask
    assert asked("Where does Tom Firth live?").answer == "Tom Firth, Town: Hale."
    assert asked("Which books has Ada Osei borrowed?").answer is None


def test_verbs_are_of_the_heads_that_say_who_does_it(tmp_path: Path) -> None:
    books = tmp_path / "books.json"
    books.write_text(
        '[{"title": "The Long Field", "author": "Ren Aoki", "pages": 288, "lent_to": "Joan"},'
        ' {"title": "Salt and Tin", "author": "Ida Moss", "pages": 412, "lent_to": null}]'
    )
    asked = read_document("table", books).ask
    assert asked("Who wrote Salt and Tin?").answer == "Salt and Tin, author: Ida Moss."
    assert asked("Who has borrowed The Long Field?").answer == "The Long Field, lent_to: Joan."
    assert asked("How many pages are there in all?").value == "700"


ACTIONS = """# Actions

| Action | Owner | Due |
|---|---|---|
| Close old mailboxes | Ines Cole | 5 June |
| Refund failed orders | Priya Nair | 15 May |
"""


@pytest.mark.parametrize(
    ("name", "content", "question", "answer"),
    [
        ("bank.csv", BANK, "How much did I spend at Corner Bakery in May?", "Corner Bakery, in May, amount: -6.10."),
        (
            "bank.csv",
            BANK,
            "How much did I spend at Corner Bakery?",
            "Corner Bakery: amount sums up to -14.20 over 3.",
        ),
        ("actions.md", ACTIONS, "By when are the old mailboxes closed?", "Close old mailboxes, Due: 5 June."),
        ("actions.md", ACTIONS, "How many orders failed?", None),  # a day has a number, and counts nothing
        (
            "phone.json",
            json.dumps({"plan": "M", "billing": {"base": 19.0, "data": 14.2, "total": 23.5}}),
            "What is the total of the phone bill?",
            "billing total: 23.5.",
        ),
    ],
)
def test_sums_days_and_totals_of_texts(
    name: str, content: str, question: str, answer: str | None, tmp_path: Path
) -> None:
    (tmp_path / name).write_text(content)
    assert TableReader().read(tmp_path / name).ask(question).answer == answer


PARTY = """name,reply,people,children,sleeps_at,bus_eur,meal_eur,paid_by,note
Ann and Bo,yes,2,0,Old Mill,10.00,30.00,Ann,asked on 2 June
Carla,yes,1,0,Old Mill,0.00,15.00,Dan,
Dan and family,yes,4,2,at home,20.00,45.00,Dan,
Eve,no,1,0,,0.00,0.00,,
"""
DEVICES = """{"devices": [
{"id": "d1", "room": "hall", "type": "lamp", "battery_percent": 9, "online": true},
{"id": "d2", "room": "attic", "type": "alarm", "battery_percent": 50, "online": false},
{"id": "d3", "room": "hall", "type": "lock", "battery_percent": 70, "online": true}], "home": "Birch Lane 6"}
"""


@pytest.mark.parametrize(
    ("name", "text", "question", "answer", "doubted"),
    [
        ("guests.csv", PARTY, "How many guests sleep at the Old Mill?", "Old Mill: people sums up to 3 over 2.", False),
        ("party.csv", PARTY, "How many guests are at table 2?", None, False),
        ("party.csv", PARTY, "How much did Dan spend altogether?", "Dan: 0.00 + 15.00 + 20.00 + 45.00 = 80.00.", True),
        ("party.csv", PARTY, "How much did Zoe spend altogether?", None, False),
        ("devices.json", DEVICES, "Which devices aren't online?", "online, no: 1 of 3: d2 (attic, alarm).", False),
        ("devices.json", DEVICES, "Which devices are offline?", "online, no: 1 of 3: d2 (attic, alarm).", False),
        ("devices.json", DEVICES, "Which devices are broken?", None, False),
        (
            "devices.json",
            DEVICES,
            "Which batteries at home are below 15 percent?",
            "1 of 3 have battery_percent of less than 15: d1.",
            False,
        ),
    ],
)
def test_persons_states_and_amounts_of_several_columns(
    name: str, text: str, question: str, answer: str | None, doubted: bool, tmp_path: Path
) -> None:
    (tmp_path / name).write_text(text)
    found = read_document("table", tmp_path / name).ask(question)
    assert (found.answer, bool(found.doubt)) == (answer, doubted)


SUPPLIES = """sku,item,supplier,in_stock,reorder_level,unit_price_eur
T-101,Oak board,Brenner,14,10,68.50
T-102,Ash board,Brenner,6,8,59.90
H-407,Porcelain knob,Rollfix,63,20,3.30
"""


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("How many porcelain knobs do we have?", "Porcelain knob, in_stock: 63."),
        ("What is the most expensive item in the stock?", "Oak board has the highest unit_price_eur: 68.50."),
        ("Which items are below their reorder level?", "1 of 3 have in_stock < reorder_level: Ash board (6 < 8)."),
        (
            "How many items have more in stock than the reorder level?",
            "2 of 3 have in_stock > reorder_level: Oak board (14 > 10), Porcelain knob (63 > 20).",
        ),
        ("Which items are above their price?", None),
        ("Which items aren't below their reorder level?", None),
        ("What is T-102?", "T-102, item: Ash board."),
        ("What does T-102 mean?", None),
    ],
)
def test_stock_is_counted_compared_with_its_limit_and_named(question: str, answer: str | None, tmp_path: Path) -> None:
    (tmp_path / "stock.csv").write_text(SUPPLIES)
    assert read_document("table", tmp_path / "stock.csv").ask(question).answer == answer


def test_what_a_code_means_is_no_mean(tmp_path: Path) -> None:
    (tmp_path / "faults.md").write_text(
        "| Display | Meaning | Days |\n|---|---|---|\n| E1 | Tank full | 2 |\n| E5 | Dirt | 4 |"
    )
    table = read_document("table", tmp_path / "faults.md")
    assert table.ask("What does E5 mean?").answer == "E5, Meaning: Dirt."
    assert table.ask("What is the mean of the days?").answer == "The mean of Days over 2 is 3."


GRADES = """Student,Class,Maths,Science,Absences
Maya Lind,9A,78,91,2
Tom Arden,9A,64,58,7
Leo Brandt,9B,51,62,11
"""
SPENT = """date,category,amount_eur,paid_with
2025-01-04,groceries,64.20,card
2025-01-09,rent,980.00,transfer
2025-02-14,gifts,35.00,cash
2025-03-09,rent,995.00,transfer
"""
ROOMS = """{"rooms": [
{"room": 101, "type": "single", "price_per_night": 72},
{"room": 102, "type": "double", "price_per_night": 98},
{"room": 201, "type": "double", "price_per_night": 104}]}
"""


@pytest.mark.parametrize(
    ("name", "text", "question", "answer"),
    [
        ("grades.csv", GRADES, "Who got the best mark in maths?", "Maya Lind has the highest Maths: 78."),
        ("grades.csv", GRADES, "Who scored below 60 in maths?", "1 of 3 have Maths of less than 60: Leo Brandt."),
        ("grades.csv", GRADES, "Did Tom do better in science than in maths?", "No: Tom Arden, Science: 58, Maths: 64."),
        (
            "grades.csv",
            GRADES,
            "Which students did better in science than in maths?",
            "2 of 3 have Science > Maths: Maya Lind (91 > 78), Leo Brandt (62 > 51).",
        ),
        (
            "grades.csv",
            GRADES,
            "What is the difference between Maya and Leo in science?",
            "Maya Lind (91) is 29 higher than Leo Brandt (62) in Science.",
        ),
        (
            "grades.csv",
            GRADES,
            "Which class has the most absences?",
            "9B: Absences sums up to 11 over 1, the highest of all.",
        ),
        ("grades.csv", GRADES, "Who got the best mark in art?", None),
        ("spent.csv", SPENT, "What did I pay for rent in March?", "rent, in March, amount_eur: 995.00."),
        ("spent.csv", SPENT, "How much went to rent?", "rent: amount_eur sums up to 1,975.00 over 2."),
        ("spent.csv", SPENT, "total of everything?", "amount_eur sums up to 2,074.20 over 4."),
        (
            "spent.csv",
            SPENT,
            "Which category cost the most?",
            "rent: amount_eur sums up to 1,975.00 over 2, the highest of all.",
        ),
        ("spent.csv", SPENT, "What did I spend on clothes?", None),
        ("rooms.json", ROOMS, "How many double rooms are there?", "double, room: 2 (102, 201)."),
        ("rooms.json", ROOMS, "Is there a room under 80 euros?", "1 of 3 have price_per_night of less than 80: 101."),
        ("rooms.json", ROOMS, "Which type costs the most?", "201 has the highest price_per_night: 104."),
    ],
)
def test_people_groups_and_limits_are_asked_as_people_ask(
    name: str, text: str, question: str, answer: str | None, tmp_path: Path
) -> None:
    (tmp_path / name).write_text(text)
    assert read_document("table", tmp_path / name).ask(question).answer == answer


def test_a_row_of_a_sheet_that_answers_nothing_is_no_proof(tmp_path: Path) -> None:
    (tmp_path / "spent.csv").write_text(SPENT)
    with Library.open(tmp_path / "library") as library:
        answer = Agent(library, model="offline").ask("Did the rent go up?", [tmp_path / "spent.csv"])
    assert {claim.kind for claim in answer.claims} <= {"unsupported"}


def test_the_most_of_a_name_is_no_most_of_a_question() -> None:
    asked = tokens("most undecided")
    assert not is_named_by("The most effective way, undecided: 37.1.", {"most"}, asked)
    assert is_named_by("Max, Price: 37.1.", {"max"}, tokens("max price"))
    assert is_named_by("Total sales, 2006: 5.", {"total"}, tokens("total sales 2006"))


@pytest.mark.parametrize(
    ("rows", "question", "answer"),
    [
        ("Region,2024,2025\nNorth,1240,1310\nSouth,980,1127\n", "What is the sum of 2025?", "2025 sums up to 2,437"),
        (
            "Region,2024,2025\nNorth,1240,1310\nSouth,980,1127\n",
            "Which region was lowest in 2024?",
            "South has the lowest",
        ),
        ("Ada,2024\nBen,2019\nCal,2021\n", "How many rows are there?", "It has 3 rows."),
    ],
)
def test_years_above_numbers_name_columns(rows: str, question: str, answer: str, tmp_path: Path) -> None:
    (tmp_path / "sheet.csv").write_text(rows)
    assert str(read_document("table", tmp_path / "sheet.csv").ask(question).answer).startswith(answer)


def test_a_list_of_bookings_is_no_plan(tmp_path: Path) -> None:
    rows = "Booking,Room,Then,Event,Date\nB-1,Hall,Hall,Chess,2025-11-29\nB-2,Hall,Yard,Dance,2025-11-05\n"
    (tmp_path / "hall.csv").write_text(rows)
    table = read_document("table", tmp_path / "hall.csv")
    assert "Event" not in str(table.ask("When is the chess?").answer)
    assert table.ask("What date is the chess?").value == "2025-11-29"
