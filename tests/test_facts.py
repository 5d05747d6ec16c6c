"""Facts of documents: read once, kept by content, extracted into tables and added up."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import PIL.Image
import PIL.ImageDraw
import PIL.ImageFont
import pytest
from command_line import document, run

from mm_agents import Agent, Library, read_document
from mm_agents._progress import watching
from mm_agents.agent.aggregation import aggregations_of
from mm_agents.agent.verify import verify
from mm_agents.errors import ConfigError, FilterError, ToolError
from mm_agents.ingest import facts as facts_module
from mm_agents.testing import HashEmbedder
from mm_agents.toolbox import toolbox
from mm_agents.tools import Tool, by_name

pytest.importorskip("rapidocr", reason="pip install 'mm-agents[documents]'")

INVOICES = {
    "lamps.png": ("Harbour Lamps Ltd", "HL-17", "3 May 2026", "2 June 2026", (("2", "Lamp shade", "60.00", "120.00"),)),
    "parts.png": (
        "Northwind Parts Ltd",
        "NP-41",
        "9 May 2026",
        "20 May 2026",
        (("4", "Brass hinge", "20.00", "80.00"),),
    ),
    "paint.png": (
        "Harbour Lamps Ltd",
        "HL-18",
        "1 June 2026",
        "1 July 2026",
        (("3", "Blue paint", "100.00", "300.00"),),
    ),
}
SIGNS = {"lamps.png": "GBP", "parts.png": "GBP", "paint.png": "EUR"}


def drawn(path: Path) -> None:
    """An invoice with a seller, a number, two dates, an item and a total in a currency."""
    seller, number, issued, due, items = INVOICES[path.name]
    sign = SIGNS[path.name]
    picture = PIL.Image.new("RGB", (860, 620), "white")
    pen = PIL.ImageDraw.Draw(picture)
    heads = [(60, 40, seller, 30), (600, 40, "INVOICE", 30), (60, 110, f"Invoice No: {number}", 20)]
    heads += [(60, 144, f"Date: {issued}", 20), (60, 178, f"Due date: {due}", 20)]
    heads += [(560, 560, "Ordered at Brightmart", 20)] if path.name == "parts.png" else []
    for x, y, text, size in heads:
        pen.text((x, y), text, fill="black", font=PIL.ImageFont.load_default(size))
    total = f"{sign} {sum(float(item[3]) for item in items):.2f}"
    for row, cells in enumerate((("Qty", "Description", "Unit price", "Amount"), *items, ("", "", "Total", total))):
        for x, cell in zip((60, 150, 480, 680), cells, strict=True):
            pen.text((x, 260 + 46 * row), cell, fill="black", font=PIL.ImageFont.load_default(22))
    picture.save(path)


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("facts")
    scans = place / "scans"
    scans.mkdir()
    for name in INVOICES:
        drawn(scans / name)
    PIL.Image.new("RGB", (120, 90), "navy").save(scans / "sea.png")
    (scans / "notes.txt").write_text("Water the ferns on Tuesday.\n")
    with Library.open(place / "library", embedder=HashEmbedder(width=64)) as opened:
        opened.add(scans, progress=False)
    return place


@pytest.fixture(scope="module")
def library(place: Path) -> Iterator[Library]:
    with Library.open(place / "library", embedder=HashEmbedder(width=64)) as opened:
        yield opened


@pytest.fixture
def aggregate(library: Library) -> Tool:
    return by_name(toolbox(library))["aggregate"]


def test_a_second_run_reads_nothing_and_finds_the_same(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    first = library.facts("invoice", progress=False)
    assert [one.name for one in first] == ["lamps.png", "paint.png", "parts.png"]
    assert (first.without, first.failed) == (1, ())

    def refuse(*_: object) -> None:
        raise AssertionError("a reader was built")

    monkeypatch.setattr(facts_module._plugins, "build_named", refuse)
    second = library.facts("invoice", progress=False)
    assert second.read == 0
    assert second.documents == first.documents


def test_facts_are_what_reading_each_document_gives(library: Library, place: Path) -> None:
    for one in library.facts(progress=False):
        read = read_document("invoice", place / "scans" / one.name).to_json()
        assert {name: (fact.value, fact.confirmed) for name, fact in one.fields.items()} == {
            name: (field["value"], field["verified"]) for name, field in read["fields"].items()
        }
        assert [item["amount"].value for item in one.items] == [item["amount"] for item in read["items"]]
        assert [check.status for check in one.checks] == [check["status"] for check in read["checks"]]
        (at,) = one.fact("total").evidence
        assert (at.asset, at.sha256) == (one.asset, one.sha256)
        assert at.box is not None


def test_a_page_of_text_that_is_no_invoice_is_named(tmp_path: Path) -> None:
    picture = PIL.Image.new("RGB", (700, 200), "white")
    pen = PIL.ImageDraw.Draw(picture)
    for row, line in enumerate(
        ("Water the ferns on Tuesday and feed the cat", "before you leave for the long weekend.")
    ):
        pen.text((40, 40 + 60 * row), line, fill="black", font=PIL.ImageFont.load_default(26))
    picture.save(tmp_path / "note.png")
    with Library.open(tmp_path / "library", embedder=HashEmbedder(width=64)) as opened:
        opened.add(tmp_path / "note.png", progress=False)
        report = opened.facts("invoice", progress=False)
    assert (len(report), report.without) == (0, 1)
    assert [Path(path).name for path in report.others] == ["note.png"]


def test_another_reader_or_a_damaged_file_is_read_anew(
    library: Library, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library.facts(progress=False)
    kept = sorted((place / "library" / "facts").glob("invoice-*/*.json"))
    assert len(kept) == 3
    whole = kept[0].read_bytes()
    kept[0].write_bytes(whole[: len(whole) // 2])
    assert library.facts(progress=False).read == 1
    assert kept[0].read_bytes() == whole
    monkeypatch.setattr(facts_module._plugins, "fingerprint", lambda kind, name: "another")
    assert library.facts(progress=False).read == 3


def test_a_run_that_is_interrupted_keeps_what_was_read(tmp_path: Path, place: Path) -> None:
    with Library.open(tmp_path / "library", embedder=HashEmbedder(width=64)) as library:
        library.add(place / "scans", progress=False)

        def stop(done: int, total: int, name: str) -> None:
            if done == 2:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            library.facts(progress=stop)
        kept = len(list((tmp_path / "library" / "facts").glob("invoice-*/*.json")))
        assert 0 < kept <= 2
        assert library.facts(progress=False).read == 3 - kept


def test_a_file_that_is_gone_or_changed_is_named_and_the_others_are_read(tmp_path: Path) -> None:
    scans = tmp_path / "scans"
    scans.mkdir()
    for name in INVOICES:
        drawn(scans / name)
    with Library.open(tmp_path / "library", embedder=HashEmbedder(width=64)) as library:
        library.add(scans, progress=False)
        (scans / "lamps.png").unlink()
        (scans / "paint.png").write_bytes((scans / "parts.png").read_bytes())
        report = library.facts(progress=False)
        assert [one.name for one in report] == ["parts.png"]
        reasons = {Path(one.path).name: one.reason for one in report.failed}
        assert reasons.keys() == {"lamps.png", "paint.png"}
        assert "has changed since it was added" in reasons["paint.png"]
    done = run("extract", "-l", "library", "--out", "all.csv", cwd=tmp_path, code=3)
    assert done.stderr.count("Failed:") == 2
    assert len(rows_of(tmp_path / "all.csv")) == 1
    with Library.open(tmp_path / "library", create=False) as library:
        summed = by_name(toolbox(library))["aggregate"].run(of="invoices", measure="sum", field="total")
    assert len(summed.payload["failed"]) == 2
    assert "Could not be read" in summed.text


def test_what_was_read_of_an_asset_goes_with_it(tmp_path: Path) -> None:
    drawn(tmp_path / "parts.png")
    with Library.open(tmp_path / "library", embedder=HashEmbedder(width=64)) as library:
        library.add(tmp_path / "parts.png", progress=False)
        library.facts(progress=False)
        assert len(list((tmp_path / "library" / "facts").glob("*/*.json"))) == 1
        assert library.remove(library.get("parts.png").id) == 1
        assert not list((tmp_path / "library" / "facts").glob("*/*.json"))


def test_rows_say_what_is_confirmed_and_frames_hold_numbers(library: Library) -> None:
    report = library.facts(progress=False, where='name = "paint.png"')
    (row,) = report.rows()
    assert (row["total"], row["total_confirmed"], row["discount"], row["discount_confirmed"]) == (
        "300.00",
        True,
        None,
        None,
    )
    pytest.importorskip("pandas", reason="pip install 'mm-agents[tables]'")
    frames = report.to_frames()
    assert frames["documents"]["total"].sum() == Decimal("300.00")
    assert list(frames["documents"]["due_date"]) == [date(2026, 7, 1)]
    assert list(frames["items"]["description"]) == ["Blue paint"]


def test_an_unknown_kind_or_property_is_refused(library: Library) -> None:
    with pytest.raises(ConfigError, match="invoice, table, flowchart"):
        library.facts("recipe")
    with pytest.raises(FilterError, match="colour"):
        library.facts(where="colour = 1")


def test_extract_writes_csv_and_json(place: Path, tmp_path: Path) -> None:
    out = run("extract", "-l", place / "library", "--out", "bills.csv", cwd=tmp_path)
    assert "3 invoices, 3 items" in out.stdout
    rows = rows_of(tmp_path / "bills.csv")
    assert [(row["name"], row["total"], row["total_confirmed"], row["currency"]) for row in rows] == [
        ("lamps.png", "120.00", "yes", "GBP"),
        ("paint.png", "300.00", "yes", "EUR"),
        ("parts.png", "80.00", "yes", "GBP"),
    ]
    items = rows_of(tmp_path / "bills-items.csv")
    assert [(item["name"], item["item"], item["amount"]) for item in items] == [
        ("lamps.png", "1", "120.00"),
        ("paint.png", "1", "300.00"),
        ("parts.png", "1", "80.00"),
    ]
    found = document("extract", "-l", place / "library", "--out", "bills.json", cwd=tmp_path)
    assert (found["read"], len(found["documents"]), found["out"]) == (0, 3, ["bills.json"])
    written = json.loads((tmp_path / "bills.json").read_text(encoding="utf-8"))
    assert written["documents"] == found["documents"]


@pytest.mark.parametrize(("form", "package"), [("xlsx", "openpyxl"), ("parquet", "pyarrow")])
def test_extract_writes_sheets_and_columns_with_types(place: Path, tmp_path: Path, form: str, package: str) -> None:
    pytest.importorskip(package, reason="pip install 'mm-agents[extract]'")
    run("extract", "-l", place / "library", "--out", f"bills.{form}", cwd=tmp_path)
    if form == "xlsx":
        import openpyxl

        book = openpyxl.load_workbook(tmp_path / "bills.xlsx")
        assert book.sheetnames == ["invoices", "items"]
        head, first, *_ = book["invoices"].iter_rows(values_only=True)
        row = dict(zip(head, first, strict=True))
        assert (row["total"], row["total_confirmed"], row["due_date"].date()) == (120, True, date(2026, 6, 2))
    else:
        import pyarrow.parquet

        table = pyarrow.parquet.read_table(tmp_path / "bills.parquet").to_pydict()
        assert table["total"] == [Decimal("120.00"), Decimal("300.00"), Decimal("80.00")]
        assert table["due_date"][0] == date(2026, 6, 2)
        assert (tmp_path / "bills-items.parquet").is_file()


def test_extract_says_what_is_wrong(place: Path, tmp_path: Path) -> None:
    run("extract", "-l", place / "library", cwd=tmp_path, code=2)
    run("extract", "-l", place / "library", "--out", "bills.docx", cwd=tmp_path, code=2)
    none = run(
        "extract", "-l", place / "library", "--where", 'name = "sea.png"', "--out", "x.csv", cwd=tmp_path, code=4
    )
    assert "No invoice was found" in none.stderr
    assert not (tmp_path / "x.csv").exists()


# ---------------------------------------------------------------- the tool


def test_sums_are_by_currency_and_cite_each_invoice(aggregate: Tool) -> None:
    calls: list[tuple[int, int, str]] = []
    with watching(lambda *call: calls.append(call)):
        found = aggregate.run(of="invoices", measure="sum", field="total")
    assert calls[-1][0] == calls[-1][1] == len(calls)  # one for each file
    assert [(one["currency"], one["value"], one["sum"]) for one in found.payload["results"]] == [
        ("EUR", "300.00", None),
        ("GBP", "200.00", "120.00 + 80.00 = 200.00"),
    ]
    assert {(one.quote or "").split()[-1] for one in found.evidence} == {"120.00", "80.00", "300.00"}
    assert all(one.box for one in found.evidence)


def test_the_smallest_of_a_filter_and_a_seller(aggregate: Tool) -> None:
    first = aggregate.run(of="invoices", measure="min", field="due_date").payload
    assert (first["results"][0]["value"], first["rows"][0]["name"]) == ("2026-05-20", "parts.png")
    harbour = aggregate.run(of="invoices", measure="count", seller="harbour lamps").payload
    assert harbour["results"][0]["value"] == "2"
    late = aggregate.run(of="invoices", measure="list", field="total", where='total > 100 and due_date >= "2026-06-15"')
    assert [row["name"] for row in late.payload["rows"]] == ["paint.png"]
    each = aggregate.run(group_by="media_type").payload["results"]
    assert {one["group"]: one["value"] for one in each} == {"image": "4", "text": "1"}


@pytest.mark.parametrize(
    ("seller", "names"),
    [
        ("Habour Lamps", ["lamps.png", "paint.png"]),
        ("Harbour 1amps", ["lamps.png", "paint.png"]),
        ("NPL", ["parts.png"]),
        ("Brightmart", ["parts.png"]),
        ("Brightmart; Harbour", ["lamps.png", "paint.png", "parts.png"]),
        ("Hardware Lamps", []),
        ("May", []),
    ],
)
def test_a_seller_is_found_by_part_of_its_name_its_initials_or_its_page(
    aggregate: Tool, seller: str, names: list[str]
) -> None:
    found = aggregate.run(of="invoices", measure="list", seller=seller).payload
    assert [row["name"] for row in found["rows"] if row["id"] in found["results"][0]["ids"]] == names
    named = {"name": "parts.png", "seller": "Northwind Parts Ltd", "called": "Brightmart"}
    by_page = [named] if "Brightmart" in seller else []
    assert found["by_page"] == by_page


def test_what_is_known_by_its_page_alone_is_said(library: Library) -> None:
    answer = Agent(library, model="offline").ask("What did I pay at Brightmart?")
    assert [claim.text for claim in answer.claims] == ["The total of parts.png is 80.00 GBP."]
    assert "It names Brightmart, and Northwind Parts Ltd was read as its seller." in answer.text
    assert verify(answer, library=library).ok


def test_a_seller_that_is_not_there_is_said_and_a_name_of_something_else_is_looked_for(library: Library) -> None:
    agent = Agent(library, model="offline")
    none = agent.ask("Do I have an invoice from IKEA?")
    assert (none.outcome, none.claims) == ("not_found", ())
    assert "No invoices from IKEA were found here among the 3 that were read." in none.text
    bought = agent.ask("When did I buy at Harbour Lamps?")
    assert [claim.text.rsplit(", seller")[0] for claim in bought.claims] == [
        "lamps.png: date 2026-05-03",
        "paint.png: date 2026-06-01",
    ]
    assert verify(bought, library=library).ok
    guessed = agent.ask("How much did the Water Ferns cost?")
    assert [step.tool for step in guessed.route][:2] == ["aggregate", "search_images"]


def test_invoices_are_compared_by_their_numbers(library: Library) -> None:
    agent = Agent(library, model="offline")
    both = agent.ask("Compare invoice HL-17 and NP-41")
    assert [claim.text for claim in both.claims] == [
        "lamps.png: total 120.00 GBP, number HL-17",
        "parts.png: total 80.00 GBP, number NP-41",
        "The total of lamps.png is 40.00 GBP more than that of parts.png.",
    ]
    assert both.outcome == "answered"
    assert verify(both, library=library).ok
    one = agent.ask("Compare invoice HL-17 and ZZ-99")
    assert (one.outcome, one.unanswered) == ("partial", ("ZZ-99",))


def test_a_value_that_is_not_confirmed_is_named(aggregate: Tool, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = facts_module._document

    def doubtful(*arguments: object) -> facts_module.DocumentFacts:
        found = kept(*arguments)  # type: ignore[arg-type]
        if found.name != "lamps.png":
            return found
        from dataclasses import replace

        return replace(found, fields={**found.fields, "total": replace(found.fields["total"], confirmed=False)})

    monkeypatch.setattr(facts_module, "_document", doubtful)
    found = aggregate.run(of="invoices", measure="sum", field="total")
    pounds = found.payload["results"][1]
    assert (pounds["unconfirmed"], pounds["unconfirmed_fields"]) == (["lamps.png"], ["total"])
    assert "Not confirmed (total): lamps.png" in found.text


def test_the_second_of_each_currency_and_the_largest_of_each(aggregate: Tool) -> None:
    second = aggregate.run(of="invoices", measure="max", field="total", place=2).payload
    assert [(one["value"], one["currency"]) for one in second["results"]] == [("80.00", "GBP")]
    largest = aggregate.run(of="invoices", measure="list", field="total", descending=True, limit=1).payload
    assert [(one["currency"], one["value"], one["count"]) for one in largest["results"]] == [
        ("EUR", "1", 1),
        ("GBP", "2", 1),
    ]
    with pytest.raises(ToolError, match="fewer than 4 different values of total"):
        aggregate.run(of="invoices", measure="max", field="total", place=4)


def test_a_receipt_of_which_nothing_was_read_makes_a_count_the_least(tmp_path: Path) -> None:
    for name, lines in {
        "till.png": ("MILK  2.49", "BREAD  3.10", "APPLES  1.75", "CHANGE AND VISA DEBIT AT THE TILL"),
        "note.png": ("Water the ferns on Tuesday", "and feed the cat at six"),
    }.items():
        picture = PIL.Image.new("RGB", (700, 300), "white")
        for row, line in enumerate(lines):
            font = PIL.ImageFont.load_default(26)
            PIL.ImageDraw.Draw(picture).text((40, 30 + 60 * row), line, fill="black", font=font)
        picture.save(tmp_path / name)
    with Library.open(tmp_path / "library", embedder=HashEmbedder(width=64)) as opened:
        opened.add(tmp_path / "till.png", tmp_path / "note.png", progress=False)
        found = by_name(toolbox(opened))["aggregate"].run(of="invoices", measure="count", kind="receipt").payload
        assert found["missing"] == ["till.png"]
        assert by_name(toolbox(opened))["aggregate"].run(of="invoices", measure="count").payload["missing"] == []


def test_wrong_arguments_are_said(aggregate: Tool) -> None:
    for wrong, why in (
        ({"measure": "sum"}, "needs a field"),
        ({"of": "invoices", "measure": "max", "field": "colour"}, "No invoices have 'colour'"),
        ({"of": "invoices", "where": "colour > 1"}, "No invoice has 'colour'"),
        ({"where": "size >"}, "Cannot read the filter"),
        ({"where": "colour = 1"}, "No record has a property named 'colour'"),
    ):
        with pytest.raises(ToolError, match=why):
            aggregate.run(**wrong)


# ---------------------------------------------------------------- questions

TODAY = date(2026, 6, 15)
CLIPS, FILMS = 'media_type = "video"', 'media_type = "film"'
NINETIES = 'release_date >= "1990-01-01" and release_date <= "1999-12-31"'


@pytest.mark.parametrize(
    ("question", "arguments"),
    [
        ("What is the total of all my invoices?", {"of": "invoices", "measure": "sum", "field": "total"}),
        ("which of my invoices is due first?", {"of": "invoices", "measure": "min", "field": "due_date"}),
        ("Which invoice is the most expensive?", {"of": "invoices", "measure": "max", "field": "total"}),
        ("How many clips do I have?", {"of": "media", "measure": "count", "where": CLIPS}),
        (
            "Which film has the highest rating?",
            {"of": "media", "measure": "max", "field": "vote_average", "where": FILMS},
        ),
        ("What is the longest clip?", {"of": "media", "measure": "max", "field": "duration", "where": CLIPS}),
        (
            "how many films are rated above 7.5?",
            {"of": "media", "measure": "count", "where": f"{FILMS} and vote_average > 7.5"},
        ),
        (
            "films from the 90s above 7",
            {"of": "media", "measure": "list", "order_by": "vote_average", "descending": True, "limit": 20}
            | {"where": f"{FILMS} and vote_average > 7 and {NINETIES}"},
        ),
        (
            "movies released after 2015",
            {"of": "media", "measure": "list", "order_by": "release_date", "descending": False, "limit": 20}
            | {"where": f'{FILMS} and release_date >= "2016-01-01"'},
        ),
        (
            "films before 2000 rated at least 7.5",
            {"of": "media", "measure": "list", "order_by": "vote_average", "descending": True, "limit": 20}
            | {"where": f'{FILMS} and vote_average >= 7.5 and release_date <= "1999-12-31"'},
        ),
        (
            "films rated above 7 and below 7.5",
            {"of": "media", "measure": "list", "order_by": "vote_average", "descending": True, "limit": 20}
            | {"where": f"{FILMS} and vote_average > 7 and vote_average < 7.5"},
        ),
        (
            "which films have votes above 8",
            {"of": "media", "measure": "list", "order_by": "vote_average", "descending": True, "limit": 20}
            | {"where": f"{FILMS} and vote_average > 8"},
        ),
        (
            "highest rated film with more than 5000 votes",
            {"of": "media", "measure": "max", "field": "vote_average", "where": f"{FILMS} and vote_count > 5000"},
        ),
        (
            "clips longer than 2 minutes",
            {"of": "media", "measure": "list", "order_by": "duration", "descending": True, "limit": 20}
            | {"where": f"{CLIPS} and duration > 120"},
        ),
        ("newest movie", {"of": "media", "measure": "max", "field": "release_date", "where": FILMS}),
        (
            "top 3 films",
            {"of": "media", "measure": "list", "order_by": "vote_average", "descending": True, "limit": 3}
            | {"where": FILMS},
        ),
        ("what clips do you have?", {"of": "media", "measure": "list", "limit": 20, "where": CLIPS}),
        (
            "list invoices over 200 and under 500",
            {"of": "invoices", "measure": "list", "field": "total", "descending": True, "limit": 20}
            | {"where": "total > 200 and total < 500"},
        ),
        (
            "how much did I spend at Harbour Lamps?",
            {"of": "invoices", "measure": "sum", "field": "total", "seller": "Harbour Lamps"},
        ),
        (
            "how much did i spend at northwind parts?",
            {"of": "invoices", "measure": "sum", "field": "total", "seller": "northwind parts"},
        ),
        (
            "total of my invoices in 2024",
            {"of": "invoices", "measure": "sum", "field": "total"}
            | {"where": 'date >= "2024-01-01" and date <= "2024-12-31"'},
        ),
        (
            "total of my invoices last month",
            {"of": "invoices", "measure": "sum", "field": "total"}
            | {"where": 'date >= "2026-05-01" and date <= "2026-05-31"'},
        ),
        (
            "How many invoices were issued in March?",
            {"of": "invoices", "measure": "count", "where": 'date contains "-03-"'},
        ),
        (
            "What did I spend in the first quarter of 2025?",
            {"of": "invoices", "measure": "sum", "field": "total"}
            | {"where": 'date >= "2025-01-01" and date <= "2025-03-31"'},
        ),
        (
            "Which invoices are due before 2026-07-01?",
            {"of": "invoices", "measure": "list", "limit": 20, "field": "due_date", "descending": False}
            | {"where": 'due_date <= "2026-06-30"'},
        ),
        (
            "What is the average total of my invoices in pounds?",
            {"of": "invoices", "measure": "mean", "field": "total", "where": 'currency = "GBP"'},
        ),
        ("total per seller", {"of": "invoices", "measure": "sum", "field": "total", "group_by": "seller"}),
        (
            "Which invoice has the number LA-20?",
            {"of": "invoices", "measure": "list", "limit": 20, "field": "total", "descending": True}
            | {"where": 'number = "LA-20"'},
        ),
        ("What's the oldest receipt?", {"of": "invoices", "measure": "min", "field": "date"}),
        ("sum of all taxes", {"of": "invoices", "measure": "sum", "field": "tax"}),
        (
            "average total of the Harbour Lamps bills",
            {"of": "invoices", "seller": "Harbour Lamps", "measure": "mean", "field": "total"},
        ),
        (
            "total of the receipts from May 2026",
            {"of": "invoices", "measure": "sum", "field": "total"}
            | {"where": 'date >= "2026-05-01" and date <= "2026-05-31"'},
        ),
        (
            "What was the tax on the bill of 3 May 2026?",
            {"of": "invoices", "measure": "sum", "field": "tax"}
            | {"where": 'date >= "2026-05-03" and date <= "2026-05-03"'},
        ),
        (
            "Which bill is from Harbour Lamps with a total of 7.16?",
            {"of": "invoices", "seller": "Harbour Lamps", "where": "total = 7.16", "measure": "list", "limit": 20}
            | {"field": "total", "descending": True},
        ),
        (
            "Do I have an invoice from IKEA?",
            {"of": "invoices", "seller": "IKEA", "measure": "list", "limit": 20, "field": "total", "descending": True},
        ),
        (
            "How much did the Old Mill Grill cost?",
            {"of": "invoices", "seller": "Old Mill Grill", "measure": "sum", "field": "total"},
        ),
        (
            "When did I last eat at Harbour Lamps?",
            {"of": "invoices", "seller": "Harbour Lamps", "measure": "list", "limit": 20, "field": "date"},
        ),
        (
            "list invoices over 200 not yet due",
            {"of": "invoices", "measure": "list", "field": "total", "descending": True, "limit": 20}
            | {"where": 'total > 200 and due_date >= "2026-06-15"'},
        ),
    ],
)
def test_questions_about_all_files_are_planned(question: str, arguments: dict[str, object]) -> None:
    planned = [{**one.arguments} for one in aggregations_of(question, today=TODAY)]
    assert [{name: one[name] for name in one if name != "kind"} for one in planned] == [arguments]


@pytest.mark.parametrize(
    "question", ["Do we have to pay extra for breakfast at the hotel?", "Did we pay for parking at the museum?"]
)
def test_whether_something_is_to_be_paid_is_no_sum(question: str) -> None:
    assert aggregations_of(question, today=TODAY) == []


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("How many invoices do I have?", "invoice"),
        ("What is the total of all my receipts?", "receipt"),
        ("How many bills are there?", None),
        ("total of my invoices and receipts", None),
        ("How much did I spend at Harbour Lamps?", None),
    ],
)
def test_invoices_and_receipts_are_asked_for_apart(question: str, kind: str | None) -> None:
    (asked,) = aggregations_of(question, today=TODAY)
    assert (asked.arguments.get("kind"), asked.noun) == (kind, "receipts" if kind == "receipt" else "invoices")


@pytest.mark.parametrize(
    "question",
    [
        *("What is the total?", "How many clips of owls do I have?", "Show me films about space"),
        *("any photos of dogs?", "What is the total of all invoices about dogs?", "How many large pictures?"),
        *("how many files are not pictures?", "find the invoice from Northwind", "How many sheep are in this picture?"),
        *("Which films have a poster like this and are rated above 7?", "how much did I spend on food at Tesco?"),
        *("What is the total of invoice 4711?", "total of 3 invoices", "When did we go to the zoo with Nora?"),
        *("clips about 1996", "films set in the 1990s", "films over 100", "what are my films about"),
        *("Which clips are longer than the dog one?", "How many clips do I have and which one shows a dog?"),
    ],
)
def test_questions_of_which_a_word_would_be_left_out_are_not(question: str) -> None:
    assert aggregations_of(question, today=TODAY) == []


def test_two_questions_and_two_attachments() -> None:
    both = aggregations_of("How many clips do I have, and which of my invoices is due first?", today=TODAY)
    assert [one.noun for one in both] == ["clips", "invoices"]
    (compared,) = aggregations_of("compare these two", attached=["a.png", "b.png"], today=TODAY)
    assert (compared.arguments["measure"], compared.arguments["among"]) == ("list", ["a.png", "b.png"])
    assert aggregations_of("What is the total of all my invoices?", attached=["a.png"], today=TODAY) == []


def test_the_agent_answers_over_all_invoices_with_evidence(library: Library, place: Path) -> None:
    agent = Agent(library, model="offline")
    total = agent.ask("What is the total of all my invoices?")
    assert [claim.text for claim in total.claims] == [
        "The total of paint.png is 300.00 EUR.",
        "The totals of 2 invoices add up to 200.00 GBP.",
    ]
    assert [claim.status for claim in total.claims] == ["verified", "verified"]
    assert total.claims[1].computed == "120.00 + 80.00 = 200.00"
    assert {source.name for source in total.sources} == set(INVOICES)
    assert verify(total, library=library).ok
    first = agent.ask("Which of my invoices is due first?")
    assert [claim.text for claim in first.claims] == ["parts.png has the first due date: 2026-05-20."]
    counted = agent.ask("How many pictures do I have?")
    assert [(claim.text, len(claim.sources)) for claim in counted.claims] == [("There are 4 pictures.", 4)]
    compared = agent.ask("compare these two", [place / "scans" / "lamps.png", place / "scans" / "parts.png"])
    assert [claim.text for claim in compared.claims] == [
        "lamps.png: total 120.00 GBP",
        "parts.png: total 80.00 GBP",
        "The total of lamps.png is 40.00 GBP more than that of parts.png.",
    ]
    assert [claim.kind for claim in (*first.claims, *counted.claims)] == ["counted", "counted"]
    for answer in (first, counted, compared):
        assert [claim for claim in verify(answer, library=library).claims if claim.status == "failed"] == []
    two = agent.ask("How much did I spend at Northwind Parts and Harbour Lamps in total?")
    assert "The totals of 2 invoices from Northwind Parts and Harbour Lamps add up to 200.00 GBP." in two.text
    assert agent.ask("Do all my invoices have the same tax rate?").claims == ()
    nothing = agent.ask("How much did I spend at Tesco?")
    assert (nothing.claims, nothing.text.splitlines()[0]) == (
        (),
        "No invoices from Tesco were found here among the 3 that were read.",
    )


@pytest.mark.parametrize(
    ("question", "files", "said", "kind"),
    [
        ("Are any of my invoices over 2000?", (), "No: none of the 3 invoices fits: over 2000.", "counted"),
        ("Which invoices are due in 2019?", (), "None of the 3 invoices fits: in 2019.", "counted"),
        ("How many invoices were issued in May?", (), "There are 2 invoices issued in May.", "counted"),
        ("How many invoices are over 100?", (), "There are 2 invoices over 100.", "counted"),
        (
            "Which one is due earlier?",
            ("lamps.png", "parts.png"),
            "parts.png has the first due date: 2026-05-20.",
            "counted",
        ),
        (
            "What is the total of my invoices from Nortwind Parts?",
            (),
            "The total of parts.png is 80.00 GBP.",
            "computed",
        ),
        ("Which is cheaper, HL-17 or NP-41?", (), "parts.png has the lowest total: 80.00 GBP.", "counted"),
        ("Which is cheaper?", ("lamps.png", "parts.png"), "parts.png has the lowest total: 80.00 GBP.", "counted"),
        (
            "What do the two add up to?",
            ("lamps.png", "parts.png"),
            "The totals of 2 invoices add up to 200.00 GBP.",
            "computed",
        ),
        (
            "Are both from the same seller?",
            ("lamps.png", "paint.png"),
            "Yes: lamps.png and paint.png have the same seller, Harbour Lamps Ltd.",
            "counted",
        ),
        (
            "Do they have the same due date?",
            ("lamps.png", "parts.png"),
            "No: the due date of parts.png is 2026-05-20, of lamps.png is 2026-06-02.",
            "counted",
        ),
        (
            "Do all my invoices have the same currency?",
            (),
            "No: the currency of paint.png is EUR, of lamps.png is GBP, of parts.png is GBP.",
            "counted",
        ),
    ],
)
def test_conditions_and_comparisons(
    library: Library, place: Path, question: str, files: tuple[str, ...], said: str, kind: str
) -> None:
    answer = Agent(library, model="offline").ask(question, [place / "scans" / name for name in files])
    assert [claim.text for claim in answer.claims] == [said]
    assert answer.outcome == "answered"
    assert {claim.kind for claim in answer.claims} <= {kind, "unsupported"}
    assert [claim for claim in verify(answer, library=library).claims if claim.status == "failed"] == []


@pytest.mark.parametrize(
    ("question", "said", "forged"),
    [
        ("What is the total of all my invoices?", "The total of paint.png is 300.00", "The tax of paint.png is 300.00"),
        ("What is the total of all my invoices?", "300.00 EUR", "300.00 USD"),
        ("What is the total of all my invoices?", "add up to 200.00", "add up to 210.00"),
        ("Which of my invoices is due first?", "has the first due date", "has the last due date"),
        ("Which of my invoices is due first?", "2026-05-20", "2026-06-20"),
        ("How many pictures do I have?", "There are 4 pictures", "There are 5 pictures"),
    ],
)
def test_a_forged_answer_over_all_files_is_caught(library: Library, question: str, said: str, forged: str) -> None:
    answer = Agent(library, model="offline").ask(question)
    assert said in answer.text
    claims = tuple(replace(claim, text=claim.text.replace(said, forged)) for claim in answer.claims)
    assert not verify(replace(answer, text=answer.text.replace(said, forged), claims=claims), library=library).ok


def test_a_follow_up_is_about_the_document_that_was_picked(library: Library) -> None:
    chat = Agent(library, model="offline").chat()
    chat.ask("Which of my invoices is due first?")
    followed = chat.ask("And what is its total?")
    assert [step.tool for step in followed.route] == ["read_invoice"]
    assert [claim.text for claim in followed.claims] == ["The total is 80.00 GBP."]
