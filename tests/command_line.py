"""The command line in a process of its own, as people type it and machines read it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

COMMAND = (sys.executable, "-c", "from mm_agents.cli import main; main()")


def run(
    *arguments: str | Path, cwd: Path, code: int = 0, typed: str = "", keys: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command with the given keys and none of whoever runs the tests; it ends with that code and no traceback."""
    done = subprocess.run(
        [*COMMAND, *map(str, arguments)],
        cwd=cwd,
        env={
            **{name: value for name, value in os.environ.items() if "API_KEY" not in name},
            "COLUMNS": "160",
            **(keys or {}),
        },
        input=typed,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
    assert "Traceback" not in done.stderr
    return done


def document(*arguments: str | Path, cwd: Path, code: int = 0) -> dict[str, Any]:
    """The document that a command prints with ``--json``."""
    return json.loads(run(*arguments, "--json", cwd=cwd, code=code).stdout)
