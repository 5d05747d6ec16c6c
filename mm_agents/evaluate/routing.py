"""Scores of a router: which tools it chooses for questions whose tools are known.

What routes comes as a callable, so that any router can be scored. A question is right when the tools are the same set;
their order does not count. A file of questions has one JSON object a line:
``{"question": "…", "attachments": ["scan.png"], "tools": ["read_invoice"]}``, with no tools where none fits.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from mm_agents._progress import ProgressCallback
from mm_agents.errors import ConfigError

Route = Callable[[str, Sequence[Path]], Sequence[str]]
"""Chooses tools, by name, for a question and the files that are attached to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """A question whose tools are known.

    Attributes:
        question: as a user would type it.
        tools: the names of those that answer it; none where no tool fits.
        attachments: the files that come with it.
    """

    question: str
    tools: tuple[str, ...]
    attachments: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """How a question was routed."""

    question: str
    attachments: tuple[str, ...]
    wanted: tuple[str, ...]
    chosen: tuple[str, ...]

    @property
    def right(self) -> bool:
        """Whether exactly the tools that were wanted were chosen, in any order."""
        return set(self.wanted) == set(self.chosen)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What an evaluation found; ``cases`` are in the order of the questions."""

    cases: tuple[Case, ...]

    def tools(self) -> dict[str, dict[str, int]]:
        """By tool: how often it was chosen rightly, was missed, and was chosen though it was not wanted."""
        names = sorted({name for case in self.cases for name in (*case.wanted, *case.chosen)})
        found = {name: {"right": 0, "missed": 0, "wrong": 0} for name in names}
        for case in self.cases:
            for name in {*case.wanted, *case.chosen}:
                is_chosen = name in case.chosen
                found[name]["missed" if not is_chosen else "right" if name in case.wanted else "wrong"] += 1
        return found

    def figures(self) -> dict[str, float]:
        """Every figure by name.

        "all right" is the share of the questions with tools whose tools are all right, "refused" the share of the
        questions without that were given none, "TOOL/right", "TOOL/missed" and "TOOL/wrong" count. A share of no
        questions is left out.
        """
        found: dict[str, float] = {"questions": len(self.cases)}
        for name, fits in (("all right", True), ("refused", False)):
            cases = [case for case in self.cases if bool(case.wanted) is fits]
            if cases:
                found |= {name: sum(case.right for case in cases) / len(cases), f"{name} (of)": len(cases)}
        for tool, counts in self.tools().items():
            found |= {f"{tool}/{name}": count for name, count in counts.items()}
        return found

    def table(self) -> tuple[list[str], list[list[str]]]:
        """A head, and a line for each tool."""
        lines = [[tool, *map(str, counts.values())] for tool, counts in self.tools().items()]
        return ["tool", "right", "missed", "wrong"], lines

    def to_json(self) -> dict[str, Any]:
        """The document that ``eval routing --json`` prints."""
        cases = [
            {"question": case.question, "attachments": list(case.attachments)}
            | {"wanted": list(case.wanted), "chosen": list(case.chosen), "right": case.right}
            for case in self.cases
        ]
        return {"figures": self.figures(), "cases": cases}


def read_prompts(path: Path, *, attachments: Path | None = None) -> list[Prompt]:
    """Read a file of questions.

    Args:
        path: of the file.
        attachments: the folder of attached files; by default beside the file, or in the folder above it.

    Raises:
        ConfigError: the file has no lines, or a line cannot be read or names a missing file.
        OSError: the file cannot be read.
    """
    folders = attachment_folders(path, attachments)
    prompts = [_prompt(line, where, folders) for where, line in lines_of(path)]
    if not prompts:
        raise ConfigError(f"{path.name} holds no questions.")
    return prompts


def evaluate(prompts: Sequence[Prompt], route: Route, *, report: ProgressCallback | None = None) -> Report:
    """Route questions, and compare.

    Args:
        prompts: the questions.
        route: returns the names of the tools it chooses; none where it refuses.
        report: called before each question.
    """
    cases: list[Case] = []
    for done, prompt in enumerate(prompts):
        if report:
            report(done, len(prompts), prompt.question)
        cases.append(
            Case(
                question=prompt.question,
                attachments=tuple(path.name for path in prompt.attachments),
                wanted=prompt.tools,
                chosen=tuple(route(prompt.question, prompt.attachments)),
            )
        )
    return Report(cases=tuple(cases))


def _prompt(line: str, where: str, folders: Sequence[Path]) -> Prompt:
    try:
        read: Any = json.loads(line)
        question, tools, attached = read["question"], read["tools"], read.get("attachments", [])
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ConfigError(f"{where}: not a JSON object with a question and its tools ({error}).") from error
    if not isinstance(question, str) or not _texts(tools) or not _texts(attached):
        raise ConfigError(f"{where}: the question has to be a text, the tools and attachments lists of texts.")
    files = tuple(attached_file(name, where, folders) for name in attached)
    return Prompt(question=question, tools=tuple(tools), attachments=files)


def _texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in cast(list[object], value))


def attachment_folders(path: Path, given: Path | None) -> list[Path]:
    """Where attached files are looked for: in the given folder, else beside the file of questions and above it."""
    return [given] if given is not None else [path.parent, path.absolute().parent.parent]


def lines_of(path: Path) -> Iterator[tuple[str, str]]:
    """The lines of a file that are not blank, each after the words that name it: "cases.jsonl, line 3"."""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if line.strip():
            yield f"{path.name}, line {number}", line


def attached_file(name: str, where: str, folders: Iterable[Path]) -> Path:
    """The attached file of that name in the first folder that has it; ``where`` says which line names it.

    Raises:
        ConfigError: no folder has it.
    """
    tried = [folder / name for folder in folders]
    for path in tried:
        if path.is_file():
            return path
    places = " or ".join(f"'{path.parent}'" for path in tried)
    raise ConfigError(f"{where}: the attachment {name!r} is not in {places}. Say where it is with --attachments.")
