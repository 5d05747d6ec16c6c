"""Tools: made of functions, called with checked arguments, changed by wrapping."""

from __future__ import annotations

from typing import Literal

import pytest

from mm_agents import Tool, ToolResult, tool
from mm_agents.errors import ConfigError, MediaError, ToolError
from mm_agents.tools import by_name, limited, only, prefixed


@tool(examples=["what is the weather in Oslo?"], trusted=True)
def weather(city: str, days: int = 1, unit: Literal["C", "F"] = "C") -> str:
    """Tell the weather in a city.

    What follows the first line is not for models.
    """
    return f"{city}: {20 * days} {unit}"


def failing(error: Exception) -> Tool:
    @tool
    def fails(what: str) -> str:
        """Fail."""
        raise error

    return fails


def test_a_tool_is_made_of_a_typed_function() -> None:
    assert (weather.name, weather.description) == ("weather", "Tell the weather in a city.")
    assert weather.examples == ("what is the weather in Oslo?",)
    assert weather.trusted
    assert weather.schema["required"] == ["city"]
    assert weather.schema["properties"]["unit"]["enum"] == ["C", "F"]
    assert weather.run(city="Oslo", days=2).text == "Oslo: 40 C"


def test_plain_values_become_results() -> None:
    @tool
    def counts(word: str) -> dict[str, int]:
        """Count letters."""
        return {"letters": len(word)}

    @tool
    def parts(word: str) -> list[str]:
        """Split a word."""
        return list(word)

    @tool
    def whole(word: str) -> ToolResult:
        """Give the word back."""
        return ToolResult(text=word, assets=("an id",))

    assert counts.run(word="lamp") == ToolResult(text='{"letters": 4}', payload={"letters": 4})
    assert parts.run(word="ab").payload == {"result": ["a", "b"]}
    assert whole.run(word="x").assets == ("an id",)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({}, "city: Field required"),
        ({"city": "Oslo", "days": "many"}, "days: Input should be a valid integer"),
        ({"city": "Oslo", "unit": "K"}, "unit: Input should be 'C' or 'F'"),
        ({"city": "Oslo", "street": "x"}, "street: Extra inputs are not permitted"),
    ],
)
def test_arguments_that_do_not_fit_may_be_tried_again(arguments: dict[str, object], said: str) -> None:
    with pytest.raises(ToolError, match=said) as raised:
        weather.run(**arguments)
    assert raised.value.retry


def test_a_model_sees_our_errors_and_no_others() -> None:
    with pytest.raises(ToolError, match=r"fails failed: 'a\.png' is empty") as raised:
        failing(MediaError("'a.png' is empty.")).run(what="x")
    assert not raised.value.retry
    with pytest.raises(ToolError, match="failed inside") as raised:
        failing(RuntimeError("password=hunter2")).run(what="x")
    assert "hunter2" not in str(raised.value)
    with pytest.raises(ToolError, match="as it is"):
        failing(ToolError("as it is", retry=True)).run(what="x")


def test_what_is_no_tool() -> None:
    with pytest.raises(ConfigError, match="needs a type for its parameter 'city'"):

        @tool
        def untyped(city) -> str:  # type: ignore[no-untyped-def]  # noqa: ANN001
            """Say something."""
            return ""

    with pytest.raises(ConfigError, match="description of one line"):

        @tool
        def silent(city: str) -> str:
            return city

    with pytest.raises(ConfigError, match="has to be an identifier"):
        tool(name="two words")(weather.function)


def test_wrappers_choose_rename_and_limit() -> None:
    other = prefixed("home_", [weather])[0]
    assert other.name == "home_weather"
    assert other.run(city="Rome").text == "Rome: 20 C"
    assert only([weather, other], ["home_weather"]) == [other]
    with pytest.raises(ConfigError, match=r"No tool is named 'tides'\. Known: home_weather, weather"):
        only([weather, other], ["tides"])
    with pytest.raises(ConfigError, match="Two tools are named 'weather'"):
        by_name([weather, weather])
    both = limited([weather, other], 2)
    assert [one.run(city="Oslo").text for one in both] == ["Oslo: 20 C", "Oslo: 20 C"]
    with pytest.raises(ToolError, match="limit of 2 calls") as raised:
        both[0].run(city="Oslo")
    assert not raised.value.retry
    with pytest.raises(ConfigError, match="at least once"):
        limited([weather], 0)
