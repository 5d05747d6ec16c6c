from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

from mm_agents.documents.invoice import lexicon
from mm_agents.documents.invoice.data import NAMES
from mm_agents.documents.invoice.parameters import PARAMETERS


def test_every_label_compiles_and_its_spaces_are_loose() -> None:
    for section in (lexicon.FIELDS, lexicon.AMOUNTS, lexicon.PARTIES):
        for patterns in section.values():
            assert len(lexicon.compiled(patterns)) == len(patterns)
    number = lexicon.compiled(lexicon.FIELDS["number"])[0]
    for text in ("invoice number", "invoice no.", "tax invoice #", "invoice-nr"):
        assert number.search(text), text
    assert not number.search("preinvoice number")


@pytest.mark.parametrize(
    ("heading", "kind"),
    [("qty", "quantity"), ("einzelpreis", "price"), ("montant ht", "amount"), ("concepto", "description")],
)
def test_headings_name_columns(heading: str, kind: str) -> None:
    assert next(kind for kind, pattern in lexicon.columns().items() if pattern.fullmatch(heading)) == kind


def test_a_label_with_a_wrong_letter_is_found_among_those_written_out() -> None:
    patterns = lexicon.FIELDS["date"]
    assert lexicon.nearest("involce date", patterns, PARAMETERS.label_likeness) == 0
    assert lexicon.nearest("something else", patterns, PARAMETERS.label_likeness) is None
    assert lexicon.nearest("dale", patterns, PARAMETERS.label_likeness) is None  # too short to tell


def test_what_asks_for_fields_names_fields() -> None:
    assert {name for name, _, _ in lexicon.ASKED_FIELDS} == {*NAMES, "rounding"}
    assert all(sentence.count("{}") == 1 for _, _, sentence in lexicon.ASKED_FIELDS)
    assert (lexicon.NUMBER_WORDS["twelve"], lexicon.NUMBER_WORDS["veinte"]) == (12, 20)


def test_every_parameter_is_used() -> None:
    room = Path(lexicon.__file__).parent
    used = set(re.findall(r"\b(?:PARAMETERS|p)\.(\w+)", "".join(file.read_text("utf-8") for file in room.glob("*.py"))))
    assert {field.name for field in dataclasses.fields(PARAMETERS)} <= used
