"""HTML from the templates beside the code: a value is escaped unless it is ``Markup``, which only a template makes."""

from __future__ import annotations

import base64
import json
from functools import cache
from typing import TYPE_CHECKING, Any

from mm_agents._text import clock

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup


def render(template: str, **values: object) -> Markup:
    """Fill a template.

    Args:
        template: its path in the package, such as "agent/report.html".
        values: what it names; a missing one is an error.
    """
    from markupsafe import Markup

    return Markup(_environment().get_template(template).render(**values))


def macros(template: str) -> Any:
    """The macros of a template, as functions that return ``Markup``."""
    return _environment().get_template(template).module


def data_uri(jpeg: bytes) -> str:
    """The address of a picture that is inside the page."""
    return "data:image/jpeg;base64," + base64.b64encode(jpeg).decode()


def counted(number: int, noun: str) -> str:
    """A number with its noun: "1 picture", "12 entries"."""
    several = f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
    return f"{number:,} {noun if number == 1 else several}"


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    made = Environment(
        loader=PackageLoader("mm_agents", "."),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    filters: dict[str, Any] = made.filters
    filters |= {"clock": clock, "counted": counted, "data_uri": data_uri, "json": _json}
    return made
