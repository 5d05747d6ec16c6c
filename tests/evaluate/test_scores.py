"""Readings against truths: what counts as right, and what does not."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from mm_agents.evaluate import flowcharts, invoices, tables
from mm_agents.evaluate.documents import character_errors, quotes_in_crops
from mm_agents.evaluate.metrics import PageText, Tally, figures
from mm_agents.evaluate.truth import (
    Card,
    Cell,
    Edge,
    Fact,
    FlowchartTruth,
    InvoiceTruth,
    Line,
    Node,
    TableTruth,
    TruthValue,
)
from mm_agents.types import Box, Word


def scores(tally: Tally) -> dict[str, float]:
    return figures([tally])


# ---------------------------------------------------------------- invoices


def entry(box: list[int], quote: str = "x") -> dict[str, Any]:
    return {"page": 1, "box": box, "quote": quote, "how": "exact", "confidence": 1.0}


def invoice() -> dict[str, Any]:
    values = {"number": "INV-7", "date": "2024-03-05", "seller": "Northwind Parts Ltd", "total": "154.06"}
    fields = {
        name: {"value": value, "verified": True, "evidence": [entry([100, 20 * n, 180, 20 * n + 15])]}
        for n, value in enumerate(values.values())
        for name in [list(values)[n]]
    }
    items = [
        {
            "quantity": "2",
            "description": "Steel bracket",
            "unit_price": "15.00",
            "amount": "30.00",
            "evidence": {"amount": entry([300, 200, 340, 215])},
        }
    ]
    return {"fields": fields, "items": items, "checks": []}


INVOICE = InvoiceTruth(
    fields={
        "number": TruthValue(values=("INV-7",), boxes=((100, 0, 180, 15),)),
        "date": TruthValue(values=("2024-03-05",)),
        "seller": TruthValue(values=("Northwind Parts", "Northwind Parts Ltd.")),
        "total": TruthValue(values=("154.06",), boxes=((500, 500, 600, 515), (100, 60, 180, 75))),
    },
    items=(
        {
            "quantity": TruthValue(values=("2",)),
            "description": TruthValue(values=("Steel bracket",)),
            "unit_price": TruthValue(values=("15.0",)),
            "amount": TruthValue(values=("30.00",), boxes=((300, 200, 340, 215),)),
        },
    ),
    absent=frozenset({"shipping"}),
    printed=True,
)


def test_a_right_invoice() -> None:
    found = scores(invoices.score(invoice(), INVOICE, None))
    for name in ("fields", "field F1", "rows", "attributed", "total", "row count", "verified totals right"):
        assert found[name] == 1.0, name
    assert found["fields (of)"] == 4
    assert found["attributed (of)"] == 3


def test_wrong_and_invented_fields_cost_precision() -> None:
    reading = invoice()
    reading["fields"]["number"]["value"] = "INV-8"
    reading["fields"]["shipping"] = {"value": "5.00", "verified": False, "evidence": []}
    reading["fields"]["date"]["value"] = None
    tally = invoices.score(reading, INVOICE, None)
    found = scores(tally)
    assert found["fields"] == 0.5
    assert found["field F1"] == pytest.approx(2 * 2 / (4 + 4), abs=1e-3)
    assert {mistake["what"] for mistake in tally.wrong} == {"number", "date"}


def test_a_right_value_in_the_wrong_place_is_not_attributed() -> None:
    reading = invoice()
    reading["fields"]["total"]["evidence"] = [entry([0, 0, 10, 10])]
    found = scores(invoices.score(reading, INVOICE, None))
    assert found["total"] == 1.0
    assert found["attributed"] == pytest.approx(2 / 3, abs=1e-3)


def test_verified_totals_are_counted_apart() -> None:
    reading = invoice()
    reading["fields"]["total"]["value"] = "145.00"
    found = scores(invoices.score(reading, INVOICE, None))
    assert (found["totals verified"], found["verified totals right"]) == (1.0, 0.0)
    reading["fields"]["total"]["verified"] = False
    found = scores(invoices.score(reading, INVOICE, None))
    assert found["totals verified"] == 0.0
    assert "verified totals right" not in found


def test_what_a_page_does_not_show_counts_raw_only() -> None:
    truth = InvoiceTruth(
        fields={"number": TruthValue(values=("INV-7",)), "buyer": TruthValue(values=("Harbour Tools Ltd",))},
        items=(
            {"description": TruthValue(values=("Steel bracket",)), "amount": TruthValue(values=("30.00",))},
            {"description": TruthValue(values=("Desk lamp",)), "amount": TruthValue(values=("99.00",))},
        ),
    )
    page = PageText("Invoice INV-7 2 Steel bracket 15.00 30.00")
    found = scores(invoices.score(invoice(), truth, page))
    assert (found["fields"], found["fields (of)"]) == (1.0, 1)
    assert (found["fields raw"], found["fields raw (of)"]) == (0.5, 2)
    assert (found["rows"], found["rows (of)"]) == (1.0, 1)
    assert (found["rows raw"], found["rows raw (of)"]) == (0.5, 2)


def test_rows_are_aligned_whatever_is_missing_before_them() -> None:
    names = ["Steel bracket", "Desk lamp", "Office chair", "Cable drum"]
    rows = tuple(
        {"description": TruthValue(values=(name,)), "amount": TruthValue(values=(f"{n + 1}0.00",))}
        for n, name in enumerate(names)
    )
    items = [{"description": name, "amount": f"{n + 1}0.00"} for n, name in enumerate(names)]
    extra = {"description": "Carried over", "amount": "7.00"}
    reading = {"fields": {}, "items": [extra, items[0], items[2], items[3]]}
    found = scores(invoices.score(reading, InvoiceTruth(fields={}, items=rows, printed=True), None))
    assert found["rows"] == 0.75
    assert found["row F1"] == pytest.approx(0.75)


def test_a_description_from_elsewhere_may_be_a_part_of_the_cell() -> None:
    item = {"description": "[KX-40] Steel bracket, blue, box of twelve", "amount": "30.00"}
    row = {"description": TruthValue(values=("Steel bracket",)), "amount": TruthValue(values=("30.00",))}
    drawn = {"description": TruthValue(values=("Steel bracket",), boxes=((0, 0, 9, 9),)), "amount": row["amount"]}
    for known, share in ((row, 1.0), (drawn, 0.0)):
        truth = InvoiceTruth(fields={}, items=(known,))
        assert scores(invoices.score({"items": [item]}, truth, None))["rows"] == share


def test_nothing_read_is_all_wrong_and_no_crash() -> None:
    found = scores(invoices.score({}, INVOICE, None))
    assert (found["fields"], found["rows"], found["attributed"], found["field F1"]) == (0.0, 0.0, 0.0, 0.0)


# ---------------------------------------------------------------- tables


def table() -> dict[str, Any]:
    texts = [["Region", "2023"], ["North", "1,200"]]
    cells = [
        {
            "row": r,
            "column": c,
            "row_span": 1,
            "column_span": 1,
            "text": text,
            "box": [c * 100, r * 20, c * 100 + 50, r * 20 + 15],
        }
        for r, row in enumerate(texts)
        for c, text in enumerate(row)
    ]
    return {"layout": "ruled", "header_rows": 1, "rows": texts, "cells": cells}


TABLE = TableTruth(
    cells=tuple(Cell(row=c["row"], column=c["column"], text=c["text"], box=tuple(c["box"])) for c in table()["cells"])
)


def test_a_right_table() -> None:
    found = scores(tables.score(table(), TABLE))
    assert all(found[name] == 1.0 for name in ("TEDS", "TEDS structure", "cells", "tables right", "attributed"))
    rows_only = {"rows": table()["rows"]}
    assert scores(tables.score(rows_only, TABLE))["cells"] == 1.0


def test_a_wrong_cell_a_shifted_box_and_an_extra_row() -> None:
    reading = table()
    reading["cells"][3]["text"] = "1,280"
    reading["cells"][2]["box"] = [0, 300, 50, 315]
    found = scores(tables.score(reading, TABLE))
    assert found["cells"] == 0.75
    assert found["attributed"] == 0.5
    assert found["TEDS structure"] == 1.0
    longer = table()
    longer["cells"].append({"row": 2, "column": 0, "text": "Note", "box": [0, 60, 50, 75]})
    found = scores(tables.score(longer, TABLE))
    assert (found["cells"], found["tables right"]) == (1.0, 0.0)


def test_the_words_of_a_ruled_cell_may_tell_its_place() -> None:
    reading = table()
    for cell in reading["cells"]:
        words = entry(cell["box"])
        cell["box"] = [cell["box"][0] - 40, cell["box"][1] - 20, cell["box"][2] + 40, cell["box"][3] + 20]
        cell["evidence"] = [words]
    assert scores(tables.score(reading, TABLE))["attributed"] == 1.0


def test_cards_may_be_told_in_more_than_one_way() -> None:
    truth = TableTruth(cards=(Card(title="North", metrics=(("17%", "growth"), ("12", "shops"))),))
    together = {"rows": [["North"], ["17% growth"], ["12 shops"]]}
    beside = {"rows": [["", "North"], ["growth", "17%"], ["shops", "12"]]}
    elsewhere = {"rows": [["", "South", "North"], ["growth", "17%", "3%"], ["shops", "12", "5"]]}
    assert scores(tables.score(together, truth))["card values"] == 1.0
    assert scores(tables.score(beside, truth))["card values"] == 1.0
    assert scores(tables.score(elsewhere, truth))["card values"] == 0.0


# ---------------------------------------------------------------- flowcharts

NODES = (
    Node(id="a", text="Start", shape="stadium", box=(0, 0, 50, 20)),
    Node(id="b", text="In stock?", shape="diamond", box=(0, 40, 50, 60)),
    Node(id="c", text="Pack the goods", shape="rectangle", box=(0, 80, 50, 100)),
    Node(id="d", text="End", shape="circle", box=(0, 120, 50, 140)),
)
CHART = FlowchartTruth(
    nodes=NODES,
    edges=(
        Edge(source="a", target="b"),
        Edge(source="b", target="c", label="Yes"),
        Edge(source="b", target="d", label="No"),
        Edge(source="c", target="d"),
    ),
    lanes=(),
)


def chart() -> dict[str, Any]:
    return {
        "nodes": [
            {"id": f"n{n}", "text": node.text, "shape": node.shape, "lane": None, "box": list(node.box or ())}
            for n, node in enumerate(NODES)
        ],
        "edges": [
            {"source": "n0", "target": "n1", "label": None},
            {"source": "n1", "target": "n2", "label": "yes"},
            {"source": "n1", "target": "n3", "label": "NO"},
            {"source": "n2", "target": "n3", "label": ""},
        ],
        "lanes": [],
    }


def test_a_right_chart() -> None:
    found = scores(flowcharts.score(chart(), CHART))
    for name in ("node F1", "edge F1", "labels", "shapes", "texts", "graphs right", "graphs right with labels"):
        assert found[name] == 1.0, name
    assert found["attributed"] == 1.0
    assert found["labels (of)"] == 2


def test_an_arrow_that_points_the_other_way_is_wrong() -> None:
    reading = chart()
    reading["edges"][3] = {"source": "n3", "target": "n2", "label": ""}
    found = scores(flowcharts.score(reading, CHART))
    assert found["edge F1"] == 0.75
    assert (found["node F1"], found["graphs right"]) == (1.0, 0.0)


def test_a_wrong_label_leaves_the_graph_right() -> None:
    reading = chart()
    reading["edges"][1]["label"], reading["edges"][2]["label"] = "No", "Yes"
    found = scores(flowcharts.score(reading, CHART))
    assert (found["labels"], found["graphs right"], found["graphs right with labels"]) == (0.0, 1.0, 0.0)
    invented = chart()
    invented["edges"][0]["label"] = "maybe"
    assert scores(flowcharts.score(invented, CHART))["graphs right with labels"] == 0.0


def test_a_missing_and_an_invented_node() -> None:
    reading = chart()
    reading["nodes"][2]["text"] = "Something else entirely"
    found = scores(flowcharts.score(reading, CHART))
    assert found["node F1"] == 0.75
    assert found["edge F1"] == 0.5


def test_shapes_have_families() -> None:
    reading = chart()
    reading["nodes"][2]["shape"] = "rounded"
    found = scores(flowcharts.score(reading, CHART))
    assert (found["shapes"], found["shape families"]) == (0.75, 1.0)


def test_nodes_of_one_text_are_told_apart_by_their_arrows() -> None:
    truth = FlowchartTruth(
        nodes=tuple(
            Node(id=name, text=text) for name, text in zip("abcde", ["", "Wait", "", "Wait", "Go"], strict=True)
        ),
        edges=tuple(Edge(source=s, target=t) for s, t in ("ab", "bc", "cd", "de")),
    )
    order = [4, 3, 2, 1, 0]
    reading = {
        "nodes": [{"id": str(n), "text": truth.nodes[n].text} for n in order],
        "edges": [{"source": str(n), "target": str(n + 1)} for n in range(4)],
    }
    assert scores(flowcharts.score(reading, truth))["edge F1"] == 1.0


def test_lanes_and_single_facts() -> None:
    truth = FlowchartTruth(
        nodes=(Node(id="a", text="Pay", lane="Client"), Node(id="b", text="Ship", lane="Shop")),
        edges=(Edge(source="a", target="b"),),
        lanes=("Client", "Shop"),
        facts=(Fact(source="Pay", target="Ship", holds=True), Fact(source="Ship", target="Pay", holds=False)),
        node_count=2,
        edge_count=3,
    )
    reading = {
        "nodes": [{"id": 1, "text": "Pay", "lane": "Client"}, {"id": 2, "text": "Ship", "lane": "Client"}],
        "edges": [{"source": 1, "target": 2}],
        "lanes": [{"title": "CLIENT"}],
    }
    found = scores(flowcharts.score(reading, truth))
    assert found["lane F1"] == pytest.approx(2 / 3, abs=1e-3)
    assert found["lanes of nodes"] == 0.5
    assert (found["true arrows found"], found["false arrows rejected"]) == (1.0, 1.0)
    assert (found["node count"], found["arrow count"]) == (1.0, 0.0)


# ---------------------------------------------------------------- evidence and characters


def word(text: str, x: int, y: int) -> Word:
    box = Box(x0=x, y0=y, x1=x + 10 * len(text), y1=y + 20)
    return Word(text=text, box=box, place=box, confidence=1.0, line=0)


def test_quotes_are_looked_for_where_they_are_said_to_stand() -> None:
    reading = {
        "fields": {
            "total": {"value": "154.06", "verified": True, "evidence": [entry([100, 100, 160, 120], "$154.06")]},
            "tax": {"value": "9.06", "verified": True, "evidence": [entry([100, 50, 140, 70], "9.06")]},
            "date": {"value": "2024-01-01", "verified": False, "evidence": [entry([0, 0, 5, 5], "unsure")]},
        },
        "items": [{"evidence": {"amount": entry([100, 100, 160, 120], "154.06")}}],
    }
    asked: list[tuple[int, tuple[float, ...]]] = []

    def reread(path: Path, page: int, box: tuple[float, float, float, float]) -> str:
        asked.append((page, box))
        return "Total $ 154.06" if box[1] > 60 else "8.06"

    tally = Tally()
    quotes_in_crops(reading, Path("page.png"), reread, tally)
    assert tally.shares["quotes in crops"] == (2, 3)
    assert asked == [(1, (100, 100, 160, 120)), (1, (100, 50, 140, 70))]


def test_characters_are_counted_in_their_place() -> None:
    lines = [Line(text="Total due", box=(0, 0, 120, 20)), Line(text="99", box=(200, 0, 230, 20))]
    tally = Tally()
    character_errors(lines, [word("Tota1", 0, 0), word("due", 70, 0), word("far", 500, 500)], tally)
    assert tally.shares["characters"] == (7, 10)


def test_scores_do_not_change_what_they_are_given() -> None:
    for reading, truth, score in (
        (invoice(), INVOICE, lambda r, t: invoices.score(r, t, None)),
        (table(), TABLE, tables.score),
        (chart(), CHART, flowcharts.score),
    ):
        before = copy.deepcopy(reading)
        score(reading, truth)
        assert reading == before
