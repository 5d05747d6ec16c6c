"""Numbers and sums in claims: done again without running anything."""

from __future__ import annotations

from decimal import Decimal

import pytest

from mm_agents.agent.answer_data import Source
from mm_agents.agent.grounding.claims import Expression, asked_values, check_claim, sum_behind, values_in
from mm_agents.types import Evidence


def source(quote: str | None = None, *, number: int = 1, name: str = "bill.png", **places: float) -> Source:
    evidence = Evidence(asset="a", path=name, sha256="0", how="label", quote=quote, **places)  # type: ignore[arg-type]
    return Source(number=number, evidence=evidence, name=name, media_type="image")


@pytest.mark.parametrize(
    ("text", "value", "right"),
    [
        ("4 * 15.00 + 6 * 5.00 = 90.00", "90.00", True),
        ("(12 + 12 + 15 + 15 + 2) / 5 = 11.2", "11.2", True),
        ("(1 + 1) / 3 = 0.67", "0.6666666666666666666666666667", True),
        ("-5 + 2 = -3", "-3", True),
        ("0.1 + 0.2 = 0.3", "0.3", True),
        ("2 * 3 = 7", "6", False),
    ],
)
def test_a_sum_is_done_again_in_decimals(text: str, value: str, right: bool) -> None:
    found = Expression(text)
    assert (found.value, found.right) == (Decimal(value), right)


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true') = 1",
        "9 ** 9 ** 9 = 1",
        "open('/etc/passwd') = 1",
        "1 / 0 = 1",
        "[1, 2] = 3",
        "1 + x = 2",
        "1 if 1 else 2 = 1",
        "1 << 9 = 512",
        "90.00",
        "1 = one",
        "+".join(["1"] * 5000) + " = 5000",
        "(" * 300 + "1" + ")" * 300 + " = 1",
    ],
)
def test_what_is_no_sum_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="it "):
        Expression(text)


def test_the_sum_behind_a_sentence_is_found() -> None:
    told = "4 × 15.00 = 60.00 USD for “arms”; 6 × 5.00 = 30.00 USD for “labour”; together 90.00 USD."
    assert sum_behind(told, "90.00", ["15.00", "5.00"]) == "4 * 15.00 + 6 * 5.00 = 90.00"
    assert sum_behind("30.00 + 45.00 = 75.00.", "75.00", ["30.00", "45.00"]) == "30.00 + 45.00 = 75.00"
    assert sum_behind("The mean is 11.5.", "11.5", ["11%", "12%"]) == "(11 + 12) / 2 = 11.5"
    assert sum_behind("It is 3 higher.", "3", ["15 pp", "12 pp"]) == "15 - (12) = 3"
    assert sum_behind("Sales are 1,300.", "1300", ["1,200", "100"]) == "1200 + 100 = 1300"
    assert sum_behind("The total is 75.00.", "75.00", ["75.00"]) is None
    assert sum_behind("A and B tie.", ["A", "B"], ["9%", "9%"]) is None


def test_numbers_are_read_in_the_ways_that_people_write_them() -> None:
    assert Decimal("1234.5") in values_in(["1,234.50 EUR"])
    assert Decimal("1234.5") in values_in(["1.234,50 EUR"])
    assert Decimal("1234567") in values_in(["1'234'567"])
    assert asked_values("four sets and twenty-one hours, 6 of them late") >= {Decimal(4), Decimal(21), Decimal(6)}


@pytest.mark.parametrize(
    ("text", "sources", "computed", "said"),
    [
        ("The total is 75.00 USD.", [source("$75.00")], None, None),
        ("It is due on 2026-05-03.", [source("3 May 2026")], None, None),
        ("It is due on 2026-05-04.", [source("3 May 2026")], None, "the date 2026-05-04 is in none"),
        ("The total is 76.00 USD.", [source("$75.00")], None, "the number 76.00 is in none"),
        ("4 × 2.50 = 10.00 for “12 hinges”.", [source("2.50")], "4 * 2.50 = 10.00", None),
        ("5 × 2.50 = 12.50.", [source("2.50")], "5 * 2.50 = 12.50", "5 of the sum"),
        ("4 × 3.50 = 14.00.", [source("2.50")], "4 * 3.50 = 14.00", "3.5 of the sum"),
        ("It is 11.00.", [source("2.50")], "4 * 2.50 = 11.00", "comes to 10.00"),
        ("It is 1.", [source("2.50")], "open('x') = 1", "cannot be done again"),
        ("clip9.mp4, from 0:04 to 0:06", [source(name="clip9.mp4", t0=4.0, t1=6.0)], None, None),
        ("clip9.mp4, from 0:04 to 0:09", [source(name="clip9.mp4", t0=4.0, t1=6.0)], None, "the moment 9 s"),
        ("Nothing.", [], None, "no source is cited"),
    ],
)
def test_a_claim_is_held_against_its_sources(
    text: str, sources: list[Source], computed: str | None, said: str | None
) -> None:
    found = check_claim(text, sources, computed=computed, question="how much would four hinges cost?")
    assert found is None if said is None else said in (found or "")
