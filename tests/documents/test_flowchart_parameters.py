"""Each number of the flowchart reader decides something, and says what."""

import dataclasses
import re
from pathlib import Path

from mm_agents.documents import flowchart
from mm_agents.documents.flowchart.parameters import PARAMETERS

FOLDER = Path(flowchart.__file__).parent


def test_each_number_is_used() -> None:
    source = "\n".join(path.read_text("utf-8") for path in FOLDER.rglob("*.py"))
    names = [field.name for field in dataclasses.fields(PARAMETERS)]
    assert [name for name in names if not re.search(rf"PARAMETERS\.{name}\b", source)] == []


def test_each_number_has_a_reason() -> None:
    lines = (FOLDER / "parameters.py").read_text("utf-8").splitlines()
    fields = [line for line in lines if re.match(r"    \w+: (int|float) = ", line)]
    assert len(fields) == len(dataclasses.fields(PARAMETERS))
    assert [line for line in fields if not re.search(r"  # \S+ ", line)] == []
