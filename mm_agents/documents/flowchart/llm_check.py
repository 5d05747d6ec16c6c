"""A chat model's reading of a chart, held against the traced graph: what differs is told, and nothing is taken over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from pydantic import BaseModel, Field

from mm_agents._optional import require
from mm_agents.documents.flowchart.data import Edge, Finding, Node
from mm_agents.documents.flowchart.parameters import PARAMETERS
from mm_agents.documents.locate import normalised
from mm_agents.documents.opencv import EXTRA

if TYPE_CHECKING:
    from mm_agents.chat import ChatModel
    from mm_agents.types import Image

_PROMPT = (
    "The picture is a flowchart. Write down its shapes with the text in each, and its arrows by the texts of the shapes"
    " that they leave and lead to, with the label on each arrow. Write texts exactly as they stand there. Leave out "
    "shapes without text, and arrows that leave or lead to one."
)


class _Arrow(BaseModel):
    """An arrow from one shape to another."""

    source: str = Field(description="The text of the shape that the arrow leaves.")
    target: str = Field(description="The text of the shape that its head points at.")
    label: str = Field(default="", description="What is written on the arrow; empty where nothing is.")


class _Chart(BaseModel):
    """A flowchart."""

    shapes: list[str] = Field(description="The text of each shape.")
    arrows: list[_Arrow] = Field(description="Each arrow.")


def differences(nodes: Sequence[Node], edges: Sequence[Edge], picture: Image, model: ChatModel) -> list[Finding]:
    """What a model reads otherwise than the tracing did.

    Raises:
        ChatError: the model failed.
    """
    read = model.structure(_Chart, _PROMPT, pictures=[picture]).value
    matched = _matched([node for node in nodes if node.text], read)
    return [*_shapes(nodes, read, matched), *_arrows(nodes, edges, read, matched)]


def _matched(nodes: Sequence[Node], read: _Chart) -> dict[str, str]:
    """The id of the traced node that each text of the model means, where one is like it enough."""
    ratio = require("rapidfuzz", extra=EXTRA, feature="Comparing charts").fuzz.ratio
    found: dict[str, str] = {}
    for text in dict.fromkeys([*read.shapes, *(end for arrow in read.arrows for end in (arrow.source, arrow.target))]):
        scores = [(float(ratio(normalised(text), normalised(node.text))), node.id) for node in nodes]
        best = max(scores, default=(0.0, ""))
        if best[0] >= PARAMETERS.same_text:
            found[text] = best[1]
    return found


def _shapes(nodes: Sequence[Node], read: _Chart, matched: Mapping[str, str]) -> Iterator[Finding]:
    for text in read.shapes:
        if text not in matched:
            message = f"The model reads a shape {_short(text)!r}, which tracing did not find."
            yield Finding(kind="model_differs", severity="note", message=message)
    known = {matched[text] for text in read.shapes if text in matched}
    for node in nodes:
        if node.text and node.id not in known:
            message = f"The model does not read the traced shape {node.name!r}."
            yield Finding(kind="model_differs", severity="note", message=message, nodes=(node.id,))


def _arrows(
    nodes: Sequence[Node], edges: Sequence[Edge], read: _Chart, matched: Mapping[str, str]
) -> Iterator[Finding]:
    names = {node.id: node.name for node in nodes}
    traced = {(edge.source, edge.target): edge.label for edge in edges}
    told = {
        (matched[arrow.source], matched[arrow.target]): arrow.label
        for arrow in read.arrows
        if arrow.source in matched and arrow.target in matched
    }
    for (source, target), label in told.items():
        ends = f"from {names[source]!r} to {names[target]!r}"
        if (source, target) not in traced:
            turned = " (tracing found it the other way round)" if (target, source) in traced else ""
            message = f"The model reads an arrow {ends}, which tracing did not find{turned}."
            yield Finding(kind="model_differs", severity="warning", message=message, nodes=(source, target))
        elif normalised(label) != normalised(traced[source, target]):
            message = f"On the arrow {ends} tracing read {traced[source, target]!r}, the model {_short(label)!r}."
            yield Finding(kind="model_differs", severity="warning", message=message, nodes=(source, target))
    texts = {node.id for node in nodes if node.text}
    for source, target in traced:
        if (source, target) not in told and source in texts and target in texts:
            message = f"The model does not read the traced arrow from {names[source]!r} to {names[target]!r}."
            yield Finding(kind="model_differs", severity="note", message=message, nodes=(source, target))


def _short(text: str) -> str:
    return " ".join(text.split())[:120]
