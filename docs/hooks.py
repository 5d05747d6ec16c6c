"""Pages that are made from what is there already: the README, the examples and the help of every command."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "examples"


def on_files(files: Files, config: Any) -> Files:
    """Add the pages and the README's pictures."""
    pages = {
        "index.md": readme(),
        "examples.md": examples(),
        "commands.md": commands(),
        "contributing.md": (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"),
    }
    for name, content in pages.items():
        files.append(File.generated(config, name, content=content))
    for picture in sorted(EXAMPLES.glob("*.png")):
        files.append(File.generated(config, f"examples/{picture.name}", abs_src_path=str(picture)))
    return files


def readme() -> str:
    """The README, which is the first page."""
    return (ROOT / "README.md").read_text(encoding="utf-8")


def examples() -> str:
    """Every example with what it teaches, in the words of its docstring."""
    parts = [
        "# Examples",
        "All but those for Gemini and a cluster run offline in seconds; the lines after `# >` are what it prints.",
    ]
    for path in sorted(EXAMPLES.glob("*.py")):
        code = path.read_text(encoding="utf-8")
        first = (ast.get_docstring(ast.parse(code)) or "").split("\n", 1)[0]
        parts += [f"## {path.stem.replace('_', ' ').capitalize()}", first, f"```python\n{code.rstrip()}\n```"]
    return "\n\n".join(parts) + "\n"


def commands() -> str:
    """The help of every command, as ``--help`` says it."""
    from typer.testing import CliRunner

    from mm_agents.cli import app

    runner = CliRunner()
    environment = {"COLUMNS": "84", "NO_COLOR": "1", "TERM": "dumb"}

    def helped(*words: str) -> str:
        said = runner.invoke(app, [*words, "--help"], prog_name="mm-agents", env=environment).output
        return "\n".join(line.rstrip() for line in re.sub(r"\x1b\[[0-9;]*m", "", said).strip("\n").splitlines())

    names = [one.name or one.callback.__name__.replace("_", "-") for one in app.registered_commands if one.callback]
    groups = [one.typer_instance for one in app.registered_groups if one.typer_instance]
    parts = ["# Command line", f"```text\n{helped()}\n```"]
    for name in names:
        parts += [f"## mm-agents {name}", f"```text\n{helped(name)}\n```"]
    for group in groups:
        for one in group.registered_commands:
            words = (str(group.info.name), one.name or (one.callback.__name__ if one.callback else ""))
            parts += [f"## mm-agents {' '.join(words)}", f"```text\n{helped(*words)}\n```"]
    return "\n\n".join(parts) + "\n"
