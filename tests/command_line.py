"""The command line as people type it and machines read it.

``run`` calls it in this process, so that what one command loads serves the next; ``COMMAND`` is a process of its own.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import warnings
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import pytest

from mm_agents.cli import main

COMMAND = (sys.executable, "-c", "from mm_agents.cli import main; main()")


def run(
    *arguments: str | Path, cwd: Path, code: int = 0, typed: str = "", keys: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command with the given keys and none of whoever runs the tests; it ends with that code and no traceback."""
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline="", write_through=True) for _ in range(2))
    command = ["mm-agents", *map(str, arguments)]
    ended: int | str | None = 0
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err), warnings.catch_warnings():
        for name in [name for name in os.environ if "API_KEY" in name]:
            patch.delenv(name)
        for name, value in {"COLUMNS": "160", **(keys or {})}.items():
            patch.setenv(name, value)
        warnings.simplefilter("default")  # as in a process of its own; pytest makes errors of warnings
        patch.chdir(cwd)
        patch.setattr(sys, "argv", command)
        patch.setattr(sys, "stdin", io.StringIO(typed))
        try:
            main()
        except SystemExit as error:
            ended = error.code
    returned = ended if isinstance(ended, int) else int(ended is not None)
    printed, said = (stream.buffer.getvalue().decode() for stream in (out, err))  # pyright: ignore[reportAttributeAccessIssue]
    assert returned == code, f"exit {returned}\n{printed}\n{said}"
    assert "Traceback" not in said
    return subprocess.CompletedProcess(command, returned, printed, said)


def document(*arguments: str | Path, cwd: Path, code: int = 0) -> dict[str, Any]:
    """The document that a command prints with ``--json``."""
    return json.loads(run(*arguments, "--json", cwd=cwd, code=code).stdout)
