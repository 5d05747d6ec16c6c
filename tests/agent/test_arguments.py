"""Arguments of a user's own tool: a value of their type and meaning from the question, or asked for."""

from __future__ import annotations

from datetime import date
from enum import Enum
from typing import Any, Literal

import pytest

from mm_agents.agent.arguments import filled
from mm_agents.tools import Tool, tool

TODAY = date(2026, 11, 29)


class Level(Enum):
    LOW = "low"
    HIGH = "high"


@tool
def weather(city: str, unit: Literal["celsius", "fahrenheit"] = "celsius") -> str:
    """Tell the weather in a city."""
    return city + unit


@tool
def fare(from_city: str, to_city: str, day: date, people: int, comfort: Literal["first", "second"]) -> str:
    """Tell the price of a train ticket."""
    return f"{from_city} {to_city} {day} {people} {comfort}"


@tool
def opening_hours(weekday: str) -> str:
    """Tell when the shop is open on a weekday."""
    return weekday


@tool
def risk(level: Level, shown: bool) -> str:
    """Tell the risk of a level."""
    return f"{level} {shown}"


@pytest.mark.parametrize(
    ("question", "own", "arguments"),
    [
        ("what is the weather in Oslo?", weather, {"city": "Oslo"}),
        ("weather in oslo in fahrenheit", weather, {"city": "oslo", "unit": "fahrenheit"}),
        (
            "fare from Bern to Basel on 2026-03-01 for 2 people in second class",
            fare,
            {"from_city": "Bern", "to_city": "Basel", "day": date(2026, 3, 1), "people": 2, "comfort": "second"},
        ),
        ("when do you open on Sunday?", opening_hours, {"weekday": "Sunday"}),
    ],
)
def test_an_argument_has_a_value_of_its_type(question: str, own: Tool, arguments: dict[str, Any]) -> None:
    given = filled(question, own, [], today=TODAY)
    assert given.arguments == arguments
    assert given.missing == ()
    own.run(**given.arguments)


@pytest.mark.parametrize(
    ("question", "own", "missing"),
    [
        ("is it warm?", weather, ("city",)),
        ("when do you open?", opening_hours, ("weekday",)),
        ("a ticket to Basel tomorrow", fare, ("from city", "people", "comfort (first or second)")),
        ("how high or low is the risk?", risk, ("level (low or high)", "shown")),
    ],
)
def test_what_a_question_does_not_say_is_asked_for(question: str, own: Tool, missing: tuple[str, ...]) -> None:
    assert filled(question, own, [], today=TODAY).missing == missing


def test_days_are_counted_from_today_and_a_date_of_two_readings_is_none() -> None:
    assert filled("a ticket to Basel tomorrow", fare, [], today=TODAY).arguments["day"] == date(2026, 11, 30)
    assert "day" not in filled("a ticket to Basel on 1/2/2026", fare, [], today=TODAY).arguments


def test_a_file_is_the_one_that_is_attached() -> None:
    @tool
    def stamp(source: str) -> str:
        """Read the stamp on a letter."""
        return source

    assert filled("what is on the stamp?", stamp, ["letter.png"]).arguments == {"source": "letter.png"}
    assert filled("what is on the stamp?", stamp, []).missing == ("source",)


def test_an_asynchronous_tool_is_run_to_its_end() -> None:
    @tool
    async def echo(text: str) -> str:
        """Say a text again."""
        return text

    assert echo.run(text="heard").text == "heard"
