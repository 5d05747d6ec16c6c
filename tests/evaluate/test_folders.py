"""Folders with a manifest: the real ones, small ones, and those that cannot be used."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from mm_agents.errors import ConfigError, DamagedMediaError
from mm_agents.evaluate.documents import evaluate
from mm_agents.evaluate.manifest import entries
from mm_agents.evaluate.truth import FlowchartTruth, InvoiceTruth, TableTruth
from mm_agents.types import Box, Word


def write(folder: Path, truth: object, name: str = "set/one") -> Path:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (40, 20), "white").save(folder / f"{name}.png")
    (folder / f"{name}.json").write_text(truth if isinstance(truth, str) else json.dumps(truth))
    (folder / "manifest.json").write_text(json.dumps([{"image": f"{name}.png", "truth": f"{name}.json"}]))
    return folder


INVOICE = {"invoice_number": "INV-7", "date": "2024-03-05", "total": 154.06}


def read(path: Path) -> dict[str, Any]:
    return {
        "fields": {
            "number": {"value": "INV-7", "verified": True, "evidence": []},
            "date": {"value": "2024-03-05", "verified": True, "evidence": []},
            "total": {"value": "154.60", "verified": False, "evidence": []},
        },
        "items": [],
    }


def test_a_folder_is_scored_by_sets(tmp_path: Path) -> None:
    told: list[tuple[int, int, str]] = []
    folder = write(tmp_path, INVOICE)
    found = evaluate([folder], readers={"invoice": read}, report=lambda *message: told.append(message)).to_json()
    assert told == [(0, 1, "set/one.png")]
    assert found["figures"]["invoice/set/pictures"] == 1
    assert found["figures"]["invoice/set/fields"] == pytest.approx(2 / 3, abs=1e-3)
    (case,) = found["cases"]
    assert case["wrong"] == [{"what": "total", "wanted": "154.06", "read": "154.60"}]
    json.dumps(found)


def test_the_words_tell_what_a_picture_shows(tmp_path: Path) -> None:
    box = Box(x0=0, y0=0, x1=9, y1=9)
    words = [Word(text="INV-7", box=box, place=box, confidence=1.0, line=0)]
    report = evaluate([write(tmp_path, INVOICE)], readers={"invoice": read}, words=lambda path: words)
    assert report.figures()["invoice/set/fields"] == 1.0
    assert report.figures()["invoice/set/fields (of)"] == 1
    head, lines = report.table()["invoice"]
    assert head[:3] == ["set", "pictures", "fields"]
    assert lines[0][:3] == ["set", "1", "1.000 of 1"]


def test_a_picture_that_cannot_be_read_counts_as_nothing_read(tmp_path: Path) -> None:
    def fail(path: Path) -> dict[str, Any]:
        raise DamagedMediaError(f"{path.name} is cut off.")

    report = evaluate([write(tmp_path, INVOICE)], readers={"invoice": fail})
    assert report.figures()["invoice/set/fields"] == 0.0
    assert report.to_json()["cases"][0]["error"] == "DamagedMediaError: one.png is cut off."


def test_sets_that_count_together(tmp_path: Path) -> None:
    listed = []
    for name in ("invoice2data/a", "zugferd/b", "zugferd/c"):
        write(tmp_path, INVOICE, name)
        listed.append({"image": f"{name}.png", "truth": f"{name}.json"})
    (tmp_path / "manifest.json").write_text(json.dumps(listed))
    rows = {row.set: row.pictures for row in evaluate([tmp_path], readers={"invoice": read}).rows()}
    assert rows == {"invoice2data": 1, "zugferd": 2, "diverse": 3}
    few = evaluate([tmp_path], readers={"invoice": read}, limit=1)
    assert [case.image for case in few.cases] == ["invoice2data/a.png", "zugferd/b.png"]


@pytest.mark.parametrize(
    ("truth", "message"),
    [
        ("{", "one.json is not JSON"),
        ({"colour": "red"}, "one.json has an unknown form .it has: colour"),
        ([1, 2], "one.json has an unknown form"),
        ({"nodes": [{"text": "no id"}]}, "one.json cannot be read: KeyError 'id'"),
        ({"nodes": [], "edges": [{"source": "a", "target": "b"}]}, "names the node 'a', which is not listed"),
        ({"cells": [[0, 0]]}, "one.json cannot be read"),
        ({"fields": {"total": {"value": "1", "boxes": [[1, 2]]}}}, "is not a box"),
        ("[" * 100_000, "one.json is not JSON"),
    ],
)
def test_truths_that_cannot_be_used_are_named(tmp_path: Path, truth: object, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        evaluate([write(tmp_path, truth)], readers={"invoice": read})


def test_manifests_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"manifest\.json cannot be read: No such file"):
        entries(tmp_path)
    manifest = tmp_path / "manifest.json"
    for content, message in (
        ("[]", "is not a list of pictures"),
        ("{}", "is not a list of pictures"),
        ('[{"image": "a.png"}]', "an entry without 'image' and 'truth'"),
        ('["a.png"]', "an entry without 'image' and 'truth'"),
        ('[{"image": "a.png", "truth": "a.json"}]', "which .* does not have"),
        ('[{"image": "../a.png", "truth": "a.json"}]', "leads out of"),
        ('[{"image": "/etc/passwd", "truth": "a.json"}]', "leads out of"),
    ):
        manifest.write_text(content)
        with pytest.raises(ConfigError, match=message):
            entries(tmp_path)


def test_readers_must_fit(tmp_path: Path) -> None:
    folder = write(tmp_path, INVOICE)
    with pytest.raises(ConfigError, match="No documents of the kind 'receipt'"):
        evaluate([folder], readers={"receipt": read})
    with pytest.raises(ConfigError, match="they are of the kind invoice"):
        evaluate([folder], readers={"table": read})


@pytest.mark.parametrize("content", ["<a/>", "<a>", ""])
def test_xml_that_is_no_invoice(tmp_path: Path, content: str) -> None:
    folder = write(tmp_path, INVOICE)
    (folder / "set/one.xml").write_text(content)
    (folder / "manifest.json").write_text(json.dumps([{"image": "set/one.png", "truth": "set/one.xml"}]))
    with pytest.raises(ConfigError, match=r"one\.xml is (not a Cross Industry Invoice|not XML)"):
        entries(folder)


def test_xml_does_not_read_other_files(tmp_path: Path) -> None:
    folder = write(tmp_path, INVOICE)
    secret = tmp_path / "secret.txt"
    secret.write_text("hidden words")
    (folder / "set/one.xml").write_text(
        f'<!DOCTYPE x [<!ENTITY e SYSTEM "{secret.as_uri()}">]><CrossIndustryInvoice><ExchangedDocument><ID>&e;</ID>'
        "</ExchangedDocument></CrossIndustryInvoice>"
    )
    (folder / "manifest.json").write_text(json.dumps([{"image": "set/one.png", "truth": "set/one.xml"}]))
    assert "hidden words" not in repr(entries(folder))


# ---------------------------------------------------------------- the real folders


def test_every_real_manifest_can_be_read(data: Path) -> None:
    kinds = {"invoices": InvoiceTruth, "tables": TableTruth, "flowcharts": FlowchartTruth}
    for name, kind in kinds.items():
        found = entries(data / name)
        assert all(isinstance(entry.truth, kind) for entry in found)
    assert Counter(entry.set for entry in found) == {
        "flowvqa": 32,
        "flowlearn": 22,
        "graphviz": 10,
        "plantuml": 2,
        "seed": 1,
    }


def test_the_real_truths_say_what_their_files_say(data: Path) -> None:
    invoices = {entry.name: entry.truth for entry in entries(data / "invoices")}
    seed = invoices["seed/east_repair.png"]
    assert isinstance(seed, InvoiceTruth)
    assert seed.fields["total"].values == ("154.06",)
    assert [row["description"].values[0] for row in seed.items][1] == "New set of pedal arms"
    old = invoices["zugferd/ZUGFeRD_1p0_BASIC_Einfach_p1.png"]
    new = invoices["zugferd/Facture_UE_EN16931_p1.png"]
    assert isinstance(old, InvoiceTruth)
    assert isinstance(new, InvoiceTruth)
    assert (old.fields["date"].values, old.fields["total"].values) == (("2013-03-05",), ("235.62",))
    assert (new.fields["number"].values, len(new.items)) == (("FA-2017-0008",), 3)
    receipt = invoices["sroie/315.jpg"]
    assert isinstance(receipt, InvoiceTruth)
    assert receipt.fields["date"].values[0].startswith("201")


def test_how_sure_fields_are_is_held_against_how_many_are_right(tmp_path: Path) -> None:
    def sure(path: Path) -> dict[str, Any]:
        reading = read(path)
        reading["fields"]["number"]["evidence"] = [{"confidence": 0.9}, {"confidence": 0.8}]  # as the least sure place
        reading["fields"]["total"]["evidence"] = [{"confidence": 0.6}, {"confidence": None}]
        reading["fields"]["total"]["confidence"] = own
        return reading

    own: float | None = 0.5
    report = evaluate([write(tmp_path, INVOICE)], readers={"invoice": sure})
    assert report.calibration()[0][0].expected == 0.5  # as the field itself says
    own = None
    report = evaluate([tmp_path], readers={"invoice": sure})
    bins, error = report.calibration()
    assert [(one.values, one.expected, one.observed) for one in bins] == [(1, 0.6, 0.0), (1, 0.8, 1.0)]
    assert error == pytest.approx(0.4)
    assert report.to_json()["calibration"]["error"] == error
    without = evaluate([tmp_path], readers={"invoice": read})
    assert without.calibration() == ((), None)
    assert without.to_json()["calibration"] is None
