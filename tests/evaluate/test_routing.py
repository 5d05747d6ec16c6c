"""Scores of routers, on questions whose tools are known."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from mm_agents.errors import ConfigError
from mm_agents.evaluate.routing import Prompt, evaluate, read_prompts


def write(path: Path, *lines: dict[str, Any] | str) -> Path:
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    path.write_text("\n".join(texts) + "\n", encoding="utf-8")
    return path


def test_a_router_is_scored_by_tool_and_as_a_whole() -> None:
    prompts = [
        Prompt(question="both", tools=("a", "b")),
        Prompt(question="one", tools=("a",)),
        Prompt(question="other", tools=("b",)),
        Prompt(question="none", tools=()),
        Prompt(question="no", tools=()),
    ]
    routes = {"both": ["b", "a"], "one": ["a"], "other": ["a"], "none": [], "no": ["b"]}
    told: list[str] = []
    found = evaluate(
        prompts, lambda question, files: routes[question], report=lambda done, total, name: told.append(name)
    )
    assert told == ["both", "one", "other", "none", "no"]
    assert found.figures() == {
        "questions": 5,
        "all right": 2 / 3,
        "all right (of)": 3,
        "refused": 0.5,
        "refused (of)": 2,
        "a/right": 2,
        "a/missed": 0,
        "a/wrong": 1,
        "b/right": 1,
        "b/missed": 1,
        "b/wrong": 1,
    }
    assert found.table() == (["tool", "right", "missed", "wrong"], [["a", "2", "0", "1"], ["b", "1", "1", "1"]])
    assert found.to_json()["cases"][2] == {
        "question": "other",
        "attachments": [],
        "wanted": ["b"],
        "chosen": ["a"],
        "right": False,
    }


def test_attachments_lie_beside_the_questions_above_them_or_where_it_is_said(tmp_path: Path) -> None:
    folder, elsewhere = tmp_path / "routing", tmp_path / "elsewhere"
    folder.mkdir()
    elsewhere.mkdir()
    for path in (folder / "beside.png", tmp_path / "above.png", elsewhere / "there.png"):
        path.write_bytes(b"-")

    def prompts(name: str) -> Path:
        return write(folder / "p.jsonl", {"question": "q", "attachments": [name], "tools": ["a"]}, "")

    assert read_prompts(prompts("beside.png"))[0].attachments == (folder / "beside.png",)
    assert read_prompts(prompts("above.png"))[0].attachments == (tmp_path / "above.png",)
    with pytest.raises(ConfigError, match=r"p\.jsonl, line 1: the attachment 'there\.png' is not in"):
        read_prompts(prompts("there.png"))
    assert read_prompts(prompts("there.png"), attachments=elsewhere)[0].attachments == (elsewhere / "there.png",)
    with pytest.raises(ConfigError, match=r"'beside\.png'"):
        read_prompts(prompts("beside.png"), attachments=elsewhere)


def test_the_router_gets_the_files(tmp_path: Path) -> None:
    (tmp_path / "scan.png").write_bytes(b"-")
    got: list[Sequence[Path]] = []

    def route(question: str, files: Sequence[Path]) -> list[str]:
        got.append(files)
        return []

    write(tmp_path / "p.jsonl", {"question": "q", "attachments": ["scan.png"], "tools": ["a"]})
    found = evaluate(read_prompts(tmp_path / "p.jsonl"), route)
    assert got == [(tmp_path / "scan.png",)]
    assert found.cases[0].attachments == ("scan.png",)
    assert found.figures()["all right"] == 0
    assert "refused" not in found.figures()


@pytest.mark.parametrize(
    "line",
    [
        *("{", "[]", "3", '{"question": "q"}', '{"question": 1, "tools": []}', '{"question": "q", "tools": "a"}'),
        '{"question": "q", "tools": [], "attachments": [1]}',
    ],
)
def test_a_line_that_cannot_be_read_is_named(tmp_path: Path, line: str) -> None:
    write(tmp_path / "p.jsonl", {"question": "q", "tools": []}, line)
    with pytest.raises(ConfigError, match=r"p\.jsonl, line 2: "):
        read_prompts(tmp_path / "p.jsonl")


def test_a_file_without_questions_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="holds no questions"):
        read_prompts(write(tmp_path / "p.jsonl", ""))
