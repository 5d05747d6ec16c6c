"""A question that asks for several things, cut into questions that ask for one each."""

from __future__ import annotations

import re
from collections.abc import Callable

_ASKS = (
    r"(?:(?:at|by|for|from|in|on|to|with) )?(?:what|who|whom|whose|when|where|which|why|how)(?:['’]?s)?\b|"
    r"(?:is|are|was|were|do|does|did) (?:it|its|the|this|that|there|they|i|we|you|any|all|my|our)\b"
)
_JOINT = re.compile(
    rf"\s*[,;.]?\s*\b(?:and|as well as|plus)\s+(?:also\s+)?(?={_ASKS})|\s*\?\s*(?:and\s+)?(?={_ASKS})|"
    r"\s*[,;]\s*(?=(?:what|who|when|how)\b)",
    re.IGNORECASE,
)
_LIST = re.compile(r"\s*[,;?]\s*(?:and\s+)?|\s+(?:and|as well as|plus|&)\s+", re.IGNORECASE)
_BEGINS = re.compile(rf"\W*(?:(?:please|can you|could you|tell me|show me|give me)\s+)*(?:{_ASKS})", re.IGNORECASE)


def parts_of(question: str, asks: Callable[[str], bool] | None = None) -> list[str]:
    """The questions in a question: "What is the total, and when is it due?" has two.

    Args:
        question: as it was asked.
        asks: whether a piece of a list such as "seller, date and total" asks for something by itself; without it, only
            questions of their own are cut apart.
    """

    def begins(piece: str) -> bool:
        return _BEGINS.match(piece) is not None or (asks is not None and asks(piece))

    found = _cut(question, _JOINT, begins)
    if asks is not None:
        found = [piece for whole in found for piece in _cut(whole, _LIST, asks)]
    cut = [one.strip(" ,;.?!") for one in found if re.search(r"\w", one)]
    return cut if len(cut) > 1 else [question]


def _cut(text: str, joint: re.Pattern[str], asks: Callable[[str], bool]) -> list[str]:
    """A text cut where what stands on both sides of a joint asks for something."""
    joints = list(joint.finditer(text))
    ends = [one.start() for one in joints[1:]] + [len(text)]
    pieces: list[str] = []
    start = 0
    for one, end in zip(joints, ends, strict=False):
        if asks(text[start : one.start()]) and asks(text[one.end() : end]):
            pieces.append(text[start : one.start()])
            start = one.end()
    return [*pieces, text[start:]]
