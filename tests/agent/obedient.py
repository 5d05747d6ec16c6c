"""A stand-in for a chat model that is led by the nose: it does whatever it reads in results, pictures and prompts."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Mapping
from typing import Any

import PIL.Image
from gemini_stand_in import Refusal, Request, call, reply

from mm_agents import _plugins, media

_CALL = re.compile(r"(?:call|use the tool|use)\s+(\w+)\s+(?:with|to\s+find)\s+(\w+)", re.IGNORECASE)
_SAY = re.compile(r"(?:say|claim|answer)\s+that\s+([^.\n]*(?:\.\d[^.\n]*)?)", re.IGNORECASE)


class Obedient:
    """Makes an honest call, then obeys, then tells the truth beside what it was told to say.

    Args:
        tool: the honest call.
        arguments: its arguments.
        truth: what it would say of its own; "{n}" in it becomes the number of a source that it was given.
        sees: whether it reads what stands on pictures.
    """

    def __init__(self, tool: str, arguments: Mapping[str, Any], truth: str, *, sees: bool = True) -> None:
        self.tool, self.arguments, self.truth, self.sees = tool, dict(arguments), truth, sees
        self.orders: list[str] = []
        """The instructions that it has found, of whatever kind."""

    def __call__(self, request: Request) -> Refusal:
        read = request.said + "\n" + "\n".join(self._seen(picture) for picture in request.pictures)
        orders, says = _CALL.findall(read), _SAY.findall(" ".join(read.split()))
        self.orders += [" ".join(order) for order in orders] + says
        if request.schema is not None:
            properties = request.schema["properties"]
            if "tools" in properties:
                return reply(json.dumps({"tools": [self.tool, *(name for name, _ in orders)]}))
            return reply(json.dumps({"claims": [{"text": say, "sources": [1]} for say in says]}))
        called = [json.loads(part)["name"] for content in request.contents for part, kind in content if kind == "call"]
        if not request.tools:
            return reply(" ".join(f"{say}." for say in says) or "Something.")
        if self.tool not in called:
            return reply(call(self.tool, **self.arguments))
        for name, argument in orders:
            if name in request.tools and name not in called:
                return reply(call(name, **{_first(request, name): argument}))
        numbers = re.findall(r"\[(\d+)\]", str(request.results[-1])) or ["1"]
        told = [f"{say[:1].upper()}{say[1:]} [{number}]." for say in says for number in numbers[:3]]
        return reply(" ".join([*told, self.truth.replace("{n}", numbers[0])]))

    def _seen(self, picture: bytes) -> str:
        if not self.sees:
            return ""
        with PIL.Image.open(io.BytesIO(picture)) as opened:
            image = media.from_pil(opened)
        return "\n".join(word.text for word in _plugins.build_named("ocr", "rapidocr").read(image).words)


def _first(request: Request, tool: str) -> str:
    """The name of a tool's first argument."""
    declared = [one for tools in request.body["tools"] for one in tools["functionDeclarations"]]
    return next(iter(next(one for one in declared if one["name"] == tool)["parameters"]["properties"]))


def looping(tool: str, argument: str) -> Callable[[Request], Refusal]:
    """A model that never answers: it calls one tool with an argument that changes each time."""
    count = [0]

    def behave(request: Request) -> Refusal:
        if request.schema is not None:
            return reply(json.dumps({"tools": [tool]}))
        count[0] += 1
        return reply(call(tool, **{argument: f"dogs {count[0]}"}))

    return behave
