"""What an answer says of itself: the kind of each claim, and whether the question is answered."""

from __future__ import annotations

from pathlib import Path

import pytest
from papers import plain

from mm_agents import Agent, Answer, Library
from mm_agents.agent.answer_builder import AnswerBuilder
from mm_agents.agent.report import page
from mm_agents.testing import HashEmbedder
from mm_agents.types import Box, Evidence

PLACE = Evidence(asset="a", path="a.png", sha256=None, how="label", quote="180.00", box=Box(x0=1, y0=2, x1=30, y1=12))
DETECTED = Evidence(
    asset="b", path="b.png", sha256=None, how="objects", confidence=0.9, box=Box(x0=1, y0=2, x1=30, y1=12)
)
SPOKEN = Evidence(asset="c", path="c.mp4", sha256=None, how="speech", quote="Good morning.", t0=1.0, t1=2.0)


def built() -> AnswerBuilder:
    builder = AnswerBuilder("What is the total?")
    for number, place in enumerate((PLACE, DETECTED, SPOKEN), start=1):
        assert builder.cite(place, name=str(place.path), media_type="image") == number
    return builder


def test_a_kind_has_its_own_proof() -> None:
    builder = built()
    assert builder.claim("The total is 180.00.", [1]).kind == "read"
    assert builder.claim("Twice is 360.00.", [1], computed="180.00 + 180.00 = 360.00").kind == "computed"
    assert builder.claim("1 picture is here.", [1], kind="counted").kind == "counted"
    assert builder.claim("Somebody says “Good morning.”", [3], kind="spoken").kind == "spoken"
    assert builder.claim("A dog.", [2], kind="seen").kind == "seen"
    near = builder.claim("The nearest picture is a.png.", [1], kind="match", similarity=0.5)
    assert (near.kind, near.status, near.text) == ("match", "match", "The nearest picture is a.png (similarity 0.50).")


@pytest.mark.parametrize(
    ("text", "source", "kind", "why"),
    [
        ("A dog.", 3, "seen", "no box and score in the picture prove it"),
        ("Somebody says “Good morning.”", 1, "spoken", "no sentence of a transcript proves it"),
        ("The total is 190.00.", 1, "read", "the number 190.00 is in none of its sources"),
    ],
)
def test_a_claim_without_the_proof_of_its_kind_is_unsupported(text: str, source: int, kind: str, why: str) -> None:
    claim = built().claim(text, [source], kind=kind)  # pyright: ignore[reportArgumentType]
    assert (claim.kind, claim.status, claim.why) == ("unsupported", "unverified", why)


def test_the_outcome_follows_from_claims_and_parts_left_out() -> None:
    builder = built()
    assert builder.outcome == "not_found"
    builder.not_answered("the IBAN", "The page does not tell.")
    assert builder.outcome == "not_found"
    builder.claim("The total is 180.00.", [1])
    answer = builder.finished(seconds=0.0)
    assert (answer.outcome, answer.unanswered) == ("partial", ("the IBAN",))
    assert answer.text.startswith("Not answered: “the IBAN”. The page does not tell.")
    assert '<span class="badge partial">partial</span>' in page(answer)


def test_a_refusal_a_greeting_and_a_match(tmp_path: Path) -> None:
    plain(tmp_path / "red.png", "red")
    with Library.open("memory:", embedder=HashEmbedder(width=64)) as library:
        library.add(tmp_path / "red.png", progress=False)
        agent = Agent(library, model="offline")
        assert agent.ask("hello").outcome == "answered"
        taxi = agent.ask("call me a taxi")
        assert taxi.outcome in ("out_of_scope", "not_found")
        taxi.save(tmp_path / "a.json")
        assert Answer.load(tmp_path / "a.json").outcome == taxi.outcome
