"""How long it takes to begin: importing, --help, and a first search in a fresh process.

    python examples/benchmarks/startup.py

Prints the median and best wall time of several fresh processes, beside the goal and beside a bare interpreter.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from mm_agents import demo

ROUNDS = 7


def seconds(arguments: list[str], environment: dict[str, str]) -> list[float]:
    """Wall times of fresh processes, after one that warms the file cache."""
    times: list[float] = []
    for _ in range(ROUNDS + 1):
        start = time.perf_counter()
        subprocess.run([sys.executable, *arguments], check=True, capture_output=True, env=environment)
        times.append(time.perf_counter() - start)
    return times[1:]


def main() -> None:
    with tempfile.TemporaryDirectory() as place:
        demo.run(Path(place) / "demo", progress=False)
        environment = {**os.environ, "MM_AGENTS_LIBRARY": str(Path(place) / "demo" / "library")}
        command = "from mm_agents.cli import main; main()"
        rows = {
            "python -c pass": (["-c", "pass"], None),
            "import mm_agents": (["-c", "import mm_agents"], 0.05),
            "mm-agents --help": (["-c", command, "--help"], 0.4),
            "mm-agents search (cold)": (["-c", command, "search", "a cat"], 2.0),
        }
        floor = 0.0
        print(f"{'':<26}{'median':>9}{'best':>9}{'over python':>13}{'goal':>8}")
        for name, (arguments, goal) in rows.items():
            times = seconds(arguments, environment)
            median, best = statistics.median(times), min(times)
            floor = floor or median
            shown = f"{goal * 1000:.0f} ms" if goal else "-"
            print(f"{name:<26}{median * 1000:6.0f} ms{best * 1000:6.0f} ms{(median - floor) * 1000:10.0f} ms{shown:>8}")


if __name__ == "__main__":
    main()
