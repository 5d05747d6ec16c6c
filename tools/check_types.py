"""Checks that the type of every public symbol is known to those who use the package: `pyright --verifytypes`.

    python tools/check_types.py [PACKAGE]

Exits with 1 and a line for each symbol whose type is unknown, or not declared and so inferred differently by other type
checkers. Types that end in another package are not counted; pyright ignores those, except for base classes, which this
script leaves out.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

OF_OTHERS = {"Type of base class unknown", "Type of metaclass unknown"}
"""What pyright says of a class whose base class is in a package without types."""


def main(package: str) -> int:
    """Print what is unknown; the exit code."""
    command = (sys.executable, "-m", "pyright", "--verifytypes", package, "--ignoreexternal", "--outputjson")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    report: dict[str, Any] = json.loads(done.stdout)
    if "typeCompleteness" not in report:
        raise SystemExit(f"pyright cannot check {package!r}: {report['generalDiagnostics']}")
    symbols: list[dict[str, Any]] = report["typeCompleteness"]["symbols"]
    lines = unknown(symbols)
    sys.stdout.writelines(f"{line}\n" for line in [*lines, f"{len(symbols)} symbols, {len(lines)} of unknown type"])
    return 1 if lines or not symbols else 0


def unknown(symbols: Sequence[dict[str, Any]]) -> list[str]:
    """A line for each symbol whose type is unknown by a fault of the package itself."""
    lines: list[str] = []
    for symbol in symbols:
        messages = [one["message"] for one in symbol["diagnostics"] if one["severity"] == "error"]
        if not set(messages) <= OF_OTHERS:
            lines.append(f"{symbol['name']}: {'; '.join(' '.join(message.split()) for message in messages)}")
    return lines


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:] or ["mm_agents"]))
