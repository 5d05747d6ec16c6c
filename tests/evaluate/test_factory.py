"""The factory: the same seed draws the same, boxes hold the ink, and what is drawn can be scored."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from mm_agents.errors import ConfigError
from mm_agents.evaluate.documents import evaluate
from mm_agents.evaluate.manifest import entries
from mm_agents.evaluate.synthetic import flowcharts, invoice_pages, invoices, make, render, tables
from mm_agents.evaluate.synthetic import flowcharts as flowcharts_module
from mm_agents.evaluate.synthetic.chart_looks import LOOKS
from mm_agents.evaluate.synthetic.invoice_styles import HELD_OUT, STYLES, grouped
from mm_agents.evaluate.truth import KINDS, MONEY, FlowchartTruth, InvoiceTruth, Kind, TableTruth

DRAW = {"invoice": invoices.draw, "table": tables.draw, "flowchart": flowcharts.draw}


@pytest.fixture(autouse=True)
def _without_graphviz(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    if "graphviz" not in request.node.name:
        monkeypatch.setattr(flowcharts_module, "found", lambda: False)


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_writes_the_same_bytes(kind: Kind, tmp_path: Path) -> None:
    one, other = (make(kind, count=3, seed=5, folder=tmp_path / name) for name in ("one", "other"))
    third = make(kind, count=3, seed=6, folder=tmp_path / "third")
    names = sorted(path.relative_to(one) for path in one.rglob("*.*"))
    assert len(names) == 7
    for name in names:
        assert (one / name).read_bytes() == (other / name).read_bytes(), name
    assert any((one / name).read_bytes() != (third / name).read_bytes() for name in names if name.suffix == ".json")


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_drawn_anew_replaces_the_old(kind: Kind, tmp_path: Path) -> None:
    make(kind, count=2, seed=1, folder=tmp_path)
    make(kind, count=2, seed=2, folder=tmp_path)
    assert len(list(tmp_path.rglob("*.json"))) == 3
    assert len(entries(tmp_path)) == 2


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(6))
def test_every_text_lies_in_its_box_and_no_text_reaches_over(kind: Kind, seed: int) -> None:
    canvas, _ = DRAW[kind](random.Random(seed))
    pixels = np.asarray(canvas.image, dtype=np.int16)
    assert canvas.lines
    for text, (x0, y0, x1, y1) in canvas.lines:
        assert 0 <= x0 < x1 <= canvas.image.width, text
        assert 0 <= y0 < y1 <= canvas.image.height, text
        inside = pixels[y0:y1, x0:x1]
        spread = np.abs(inside - np.median(inside, axis=(0, 1))).max(axis=2)
        columns, rows = np.flatnonzero((spread > 60).any(axis=0)), np.flatnonzero((spread > 60).any(axis=1))
        if not columns.size:
            assert set(text) <= set("-.,'"), text
            continue
        # Ink reaches every side of the box: it is neither moved nor too large.
        assert columns[0] <= 2, text
        assert columns[-1] >= x1 - x0 - 3, text
        assert rows[0] <= 2, text
        assert rows[-1] >= y1 - y0 - 3, text


@pytest.mark.parametrize("angle", [-3.0, -0.7, 0.0, 1.5, 3.0])
def test_boxes_turn_with_their_picture(angle: float) -> None:
    image = Image.new("RGB", (600, 400), "white")
    boxes = [(20, 30, 220, 60), (400, 300, 580, 330), (290, 190, 310, 210)]
    for box in boxes:
        image.paste((0, 0, 0), box)
    for n, box in enumerate(boxes):
        alone = Image.new("RGB", (600, 400), "white")
        alone.paste((0, 0, 0), boxes[n])
        turned, move = render.applied(alone, render.Noise(angle=angle), (255, 255, 255))
        ink = np.asarray(turned.convert("L")) < 128
        rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
        found = (columns[0], rows[0], columns[-1] + 1, rows[-1] + 1)
        assert all(abs(one - other) <= 2 for one, other in zip(move(box), found, strict=True)), (box, found)


def test_noise_keeps_a_picture_readable_and_its_size() -> None:
    image = Image.new("RGB", (200, 100), "white")
    image.paste((0, 0, 0), (50, 40, 150, 60))
    noise = render.Noise(blur=0.8, grain=10, contrast=0.7, seed=3)
    noisy, move = render.applied(image, noise, (255, 255, 255))
    pixels = np.asarray(noisy, dtype=np.float32)
    assert noisy.size == image.size
    assert move((1, 2, 3, 4)) == (1, 2, 3, 4)
    assert pixels[45:55, 60:140].mean() < 70
    assert pixels[:30].mean() > 190


@pytest.mark.parametrize("seed", range(40))
def test_made_up_invoices_close(seed: int) -> None:
    rng = random.Random(seed)
    facts = invoices.made_up(rng, rng.choice(list(invoices.LANGUAGES.values())), "EUR")
    assert 1 <= len(facts.items) <= 12
    assert sum(item.amount for item in facts.items) == facts.subtotal
    for item in facts.items:
        assert abs(item.quantity * item.unit_price - item.amount) <= Decimal("0.005")
    total = facts.subtotal - (facts.discount or 0) + (facts.shipping or 0) + (facts.tax or 0)
    assert total == facts.total
    assert facts.due_date is None or facts.due_date > facts.date
    assert facts.seller.name != facts.buyer.name


def test_sums_are_written_as_the_locale_does() -> None:
    value = Decimal("1234.50")
    assert invoices.money(value, "en_US") == "1,234.50"
    assert invoices.money(value, "de_DE") == "1.234,50"
    assert invoices.money(value, "fr_FR") == "1 234,50"
    assert invoices.money(value, "de_CH") == "1'234.50"
    assert invoices.quantity(Decimal("2.50"), "de_DE") == "2,5"
    assert invoices.quantity(Decimal(3), "en_US") == "3"


def test_without_other_fonts_the_factory_still_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    own = (render.Face("Pillow's own"),)
    monkeypatch.setattr(render, "faces", lambda: own)
    assert not own[0].covers(render.ACCENTS)
    for seed in range(8):
        canvas, truth = invoices.draw(random.Random(seed))
        assert truth["fields"]["currency"]["value"] in ("USD", "GBP", "EUR")
        assert all(own[0].covers(text) for text, _ in canvas.lines)
        canvas, _ = tables.draw(random.Random(seed))
        assert all(own[0].covers(text) for text, _ in canvas.lines)


# ---------------------------------------------------------------- what is drawn can be scored


def perfect(path: Path) -> dict[str, Any]:
    """A reading that repeats the truth that lies beside the picture."""
    truth = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    if "fields" not in truth:
        return truth

    def entry(value: dict[str, Any]) -> dict[str, Any]:
        return {"page": 1, "box": value["boxes"][0], "quote": value["value"]} if value["boxes"] else {}

    def field(value: dict[str, Any] | None) -> dict[str, Any]:
        if value is None:
            return {"value": None, "verified": False, "evidence": []}
        return {"value": value["value"], "verified": True, "evidence": [entry(value)]}

    return {
        "fields": {name: field(value) for name, value in truth["fields"].items()},
        "items": [
            {name: value["value"] for name, value in item.items()}
            | {"evidence": {name: entry(value) for name, value in item.items()}}
            for item in truth["items"]
        ],
    }


def test_a_reader_that_knows_the_truth_scores_one_everywhere(tmp_path: Path) -> None:
    folders = [make(kind, count=6, seed=11, folder=tmp_path / kind) for kind in KINDS]
    found = evaluate(folders, readers=dict.fromkeys(KINDS, perfect)).to_json()
    shares = {name: value for name, value in found["figures"].items() if not name.endswith((" (of)", "/pictures"))}
    assert {name: value for name, value in shares.items() if value != 1.0} == {}
    for name in ("invoice/factory/attributed", "table/factory/TEDS", "flowchart/factory/graphs right with labels"):
        assert shares[name] == 1.0
    assert not any(case["wrong"] for case in found["cases"])


def test_the_drawn_truths_are_of_their_kind(tmp_path: Path) -> None:
    kinds = {"invoice": InvoiceTruth, "table": TableTruth, "flowchart": FlowchartTruth}
    for kind in KINDS:
        for entry in entries(make(kind, count=4, seed=3, folder=tmp_path / kind)):
            assert isinstance(entry.truth, kinds[kind])
            styles = {"flowchart": LOOKS, "table": tables.LOOKS}.get(kind, STYLES)
            assert entry.set in {"factory", *styles}
            assert entry.truth.lines


def test_what_the_factory_refuses(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="draws no 'receipt'"):
        make("receipt", count=1, seed=0, folder=tmp_path)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="1 to 10000 pictures, not 0"):
        make("table", count=0, seed=0, folder=tmp_path)
    (tmp_path / "manifest.json").write_text('[{"image": "mine.png", "truth": "mine.json"}]')
    with pytest.raises(ConfigError, match="not written by the factory"):
        make("table", count=1, seed=0, folder=tmp_path)


# ---------------------------------------------------------------- styles of invoices


@pytest.mark.parametrize("name", STYLES)
def test_every_style_knows_where_its_values_are(name: str) -> None:
    style = STYLES[name]
    images, truth = invoice_pages.draw(random.Random(f"{name} 1"), name)
    assert (len(images) > 1) == (style.pages > 1)
    assert len(truth.get("others", ())) == style.copies - 1
    for document in (truth, *truth.get("others", ())):
        assert document["fields"]["total"]["boxes"]
        assert document["items"]
        values = [value for value in document["fields"].values() if value is not None]
        values += [value for item in document["items"] for value in item.values()]
        for x0, y0, x1, y1 in (box for value in values for box in value["boxes"]):
            pixels = [np.asarray(image.convert("L").crop((x0, y0, x1, y1)), dtype=np.int16) for image in images]
            assert max(np.ptp(part) for part in pixels) > 60, (name, x0, y0)


def test_the_amounts_of_a_style_add_up() -> None:
    for name, style in STYLES.items():
        _, truth = invoice_pages.draw(random.Random(f"{name} 2"), name)
        fields = {key: Decimal(one["value"]) for key, one in truth["fields"].items() if one and key in MONEY}
        items = sum(Decimal(item["amount"]["value"]) for item in truth["items"])
        if style.extras or not style.taxes or style.copies > 1:
            continue
        assert fields["total"] == items + (0 if style.included else fields.get("tax", 0)), name
        if "subtotal" in fields:
            assert fields["subtotal"] == items - (fields["tax"] if style.included else 0), name


def test_how_digits_are_grouped() -> None:
    assert grouped(Decimal("1234567.5"), "in", 2, "-1") == "12,34,567.50"
    assert grouped(Decimal("-1234.5"), "ch", 2, "1-") == "1'234.50-"
    assert grouped(Decimal("12.5"), "en", 3, "-1") == "12.500"
    assert grouped(Decimal("-0.5"), "de", 2, "(1)") == "(0,50)"


def test_styles_are_held_out_by_name(tmp_path: Path) -> None:
    drawn = make("invoice", count=6, seed=1, folder=tmp_path / "some", hold_out=[*HELD_OUT, "beside"])
    assert [entry.set for entry in entries(drawn)] == ["factory", "above", "factory", "grid", "factory", "unlabelled"]
    kept = [name for name in STYLES if name != "long"]
    (_, first), (_, second) = (
        entries(make("invoice", count=2, seed=1, folder=tmp_path / name, hold_out=kept)) for name in ("one", "other")
    )
    assert first.path.suffix == ".pdf"
    assert first.path.read_bytes() == second.path.read_bytes()
    assert set(HELD_OUT) < set(STYLES)
    with pytest.raises(ConfigError, match="no style 'crooked' to hold out"):
        make("invoice", count=2, seed=1, folder=tmp_path / "none", hold_out=["crooked"])


# ---------------------------------------------------------------- flowcharts


def plans() -> Iterator[flowcharts_module.Plan]:
    for seed in range(30):
        for plan in (flowcharts_module.spine, flowcharts_module.tree, flowcharts_module.lanes):
            yield plan(random.Random(seed))


def test_plans_are_sound() -> None:
    for plan in plans():
        ids = {node.id for node in plan.nodes}
        assert len({node.text for node in plan.nodes}) == len(ids) == len(plan.nodes)
        assert len({(node.along, node.across) for node in plan.nodes}) == len(plan.nodes)
        ends = [(link.source, link.target) for link in plan.links]
        assert len(set(ends)) == len(ends)
        assert {end for pair in ends for end in pair} == ids
        asking = {node.id for node in plan.nodes if node.shape == "diamond"}
        assert {link.source for link in plan.links if link.label} == asking
        assert all(sum(link.source == one for link in plan.links) == 2 for one in asking)
        assert all((node.lane in plan.lanes) if plan.lanes else node.lane is None for node in plan.nodes)


def test_nodes_do_not_touch_and_lie_on_the_picture() -> None:
    for seed in range(25):
        canvas, truth = flowcharts.draw(random.Random(seed))
        boxes = [node["box"] for node in truth["nodes"]]
        for n, (x0, y0, x1, y1) in enumerate(boxes):
            assert x0 >= 0
            assert y0 >= 0
            assert x1 <= canvas.image.width
            assert y1 <= canvas.image.height
            for left, top, right, bottom in boxes[:n]:
                assert x1 < left or right < x0 or y1 < top or bottom < y0, seed


@pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")
def test_graphviz_draws_and_reports_its_boxes() -> None:
    for seed in range(4):
        rng = random.Random(seed)
        plan = flowcharts_module.spine(rng)
        canvas, truth = flowcharts_module.draw_with_graphviz(rng, plan)
        pixels = np.asarray(canvas.image.convert("L"), dtype=np.int16)
        assert truth["set"] == "graphviz"
        for node in truth["nodes"]:
            x0, y0, _, y1 = node["box"]
            middle = (y0 + y1) // 2
            outline = pixels[
                middle - 2 : middle + 3, max(x0 - 3, 0) : x0 + (20 if node["shape"] == "parallelogram" else 4)
            ]
            assert np.ptp(outline) > 20, node


def test_graphviz_that_fails_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    broken = tmp_path / "dot"
    broken.write_text("#!/bin/sh\necho 'no fonts' >&2\nexit 3\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    with pytest.raises(ConfigError, match="could not draw a chart: no fonts"):
        flowcharts_module.draw_with_graphviz(random.Random(0), flowcharts_module.spine(random.Random(0)))


def test_unreadable_readings_of_drawn_pictures_score_zero(tmp_path: Path) -> None:
    folder = make("flowchart", count=2, seed=4, folder=tmp_path)
    report = evaluate([folder], readers={"flowchart": lambda path: {}})
    assert report.figures()["flowchart/factory/node F1"] == 0.0
    assert report.figures()["flowchart/factory/attributed"] == 0.0
