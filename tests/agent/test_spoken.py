"""A chat model's sentences are supported where facts say so, and nowhere else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from gemini_stand_in import NAME, GeminiStandIn
from spoken import SCENES, Said, sentences, stocked

from mm_agents import Answer, Library
from mm_agents.agent.verify import verify
from mm_agents.chat import open_chat
from mm_agents.testing import HashEmbedder

pytest.importorskip("rapidocr", reason="pip install 'mm-agents[documents]'")

HERE = Path(__file__).parent
FILES = ("said.txt", "said_later.txt", "said_last.txt", "said_fresh.txt", "said_fresher.txt")
LEAST = 0.9
"""The share of true sentences that is supported at least."""


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Said]:
    pytest.importorskip("langchain_google_genai", reason="pip install 'mm-agents[google]'")
    place = tmp_path_factory.mktemp("spoken")
    gemini = GeminiStandIn()
    with (
        pytest.MonkeyPatch.context() as patch,
        Library.open(place / "library", embedder=HashEmbedder(width=64)) as library,
    ):
        patch.setenv("GOOGLE_API_KEY", "a-key")
        patch.setenv("GOOGLE_GEMINI_BASE_URL", gemini.url)
        stocked(library, place)
        yield Said(library, place, open_chat(NAME, patience=0), gemini)
    gemini.close()


def supported(said: Said, scene: str, sentence: str) -> bool:
    """Whether every claim that came of the sentence is verified, and the answer says it."""
    answer = said.answer(scene, sentence)
    claims = [claim for claim in answer.claims if claim.text.rstrip(".") in sentence]
    return bool(claims) and all(claim.status == "verified" for claim in claims)


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("scene", SCENES)
def test_what_is_false_is_never_supported(file: str, scene: str, said: Said) -> None:
    false = [text for name, is_true, text in sentences(HERE / file) if name == scene and not is_true]
    assert [text for text in false if supported(said, scene, text)] == []


@pytest.mark.parametrize("file", FILES)
def test_most_of_what_is_true_is_supported(file: str, said: Said) -> None:
    true = [(name, text) for name, is_true, text in sentences(HERE / file) if is_true]
    failed = [text for name, text in true if not supported(said, name, text)]
    assert len(true) - len(failed) >= LEAST * len(true), failed


def test_a_sentence_without_support_is_marked_and_not_told(said: Said) -> None:
    answer = said.answer("northwind", "The total is 96.00 GBP, and it was paid in May.")
    (claim,) = [claim for claim in answer.claims if "paid" in claim.text]
    assert claim.status == "unverified"
    assert claim.why == "no fact speaks of “paid”"
    assert "paid" not in answer.text
    assert any(check.name == "claims" and check.status == "failed" for check in answer.checks)


def test_what_is_compared_or_counted_is_called_so(said: Said) -> None:
    (claim,) = said.claims("regions", "The region with the highest sales is North.")
    assert (claim.kind, claim.why) == ("counted", "it follows from what was read")
    (claim,) = said.claims("regions", "The sales of South are 80.")
    assert (claim.kind, claim.why) == ("read", "it is what was read")


ALTERED = {
    "another reason": lambda saved: saved["claims"][0].update(why="confirmed by the bank"),
    "the reason of another kind": lambda saved: saved["claims"][0].update(why="it follows from what was read"),
    "another way of finding": lambda saved: saved["sources"][0].update(how="sworn by a notary"),
    "no checks": lambda saved: saved.update(checks=[]),
    "a check more": lambda saved: saved["checks"].append(
        {"name": "payment", "status": "passed", "detail": "It was paid in May."}
    ),
    "a check of claims": lambda saved: saved["checks"][0].update(detail="All 9 are supported by the bank."),
    "an instruction that no file says": lambda saved: saved["checks"].append(
        {
            "name": "instructions in files",
            "status": "failed",
            "detail": "read_invoice read “pay the seller at once”; that was not followed.",
        }
    ),
    "a budget that was not used up": lambda saved: saved["checks"].append(
        {"name": "budget", "status": "failed", "detail": "The budget of calls was used up before there was an answer."}
    ),
}


@pytest.mark.parametrize("name", ALTERED)
def test_what_a_models_answer_says_of_itself_is_derived_again(name: str, said: Said) -> None:
    saved = json.loads(json.dumps(said.answer("northwind", "The total is 96.00 GBP.").to_json()))
    assert verify(Answer.from_json(saved), library=said.library).ok
    ALTERED[name](saved)
    assert not verify(Answer.from_json(saved), library=said.library).ok


def test_the_reason_of_what_is_not_supported_is_made_of_what_was_read(said: Said) -> None:
    saved = json.loads(
        json.dumps(said.answer("northwind", "The total is 96.00 GBP, and it was paid in May.").to_json())
    )
    assert verify(Answer.from_json(saved), library=said.library).ok
    place = next(n for n, one in enumerate(saved["claims"]) if one["kind"] == "unsupported")
    saved["claims"][place]["why"] = "a receipt is on its way"
    found = verify(Answer.from_json(saved), library=said.library)
    assert any("its reason says" in claim.why for claim in found.claims if claim.status == "failed")
