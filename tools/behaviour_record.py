"""Records what the command line prints over a folder of data, and compares two records.

    python tools/behaviour_record.py record before --data DATA     # at one commit
    python tools/behaviour_record.py record after --data DATA      # at another
    python tools/behaviour_record.py compare before after

A record is a folder of JSON files, one for each command. It may hold text of other people's documents, so keep it out
of the repository. All commands run in one process, so that models are loaded once; a command that is recorded already
is skipped, so an interrupted run resumes.
"""

from __future__ import annotations

import argparse
import contextlib
import difflib
import io
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SETS = ("invoices", "tables", "flowcharts")
KINDS = {"invoices": "invoice", "tables": "table", "flowcharts": "flowchart", "receipts": "invoice"}
QUERIES = (
    "dog playing with stick",
    "a cat",
    "church interior",
    "golf ball",
    "total 154.06",
    "children playing in the snow",
    "someone climbing a rock",
    "movie about lovable cute pets",
)
VOLATILE = {"seconds", "created", "added", "took", "milliseconds", "size", "mtime", "root", "path", "paths", "library"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    calls = parser.add_subparsers(dest="call", required=True)
    recording = calls.add_parser("record", help="run the commands and keep what they print")
    recording.add_argument("folder", type=Path)
    recording.add_argument("--data", type=Path, required=True)
    recording.add_argument("--only", action="append", help="a part: eval, read, library; may be repeated")
    comparing = calls.add_parser("compare", help="print what differs; exit 1 where anything does")
    comparing.add_argument("before", type=Path)
    comparing.add_argument("after", type=Path)
    given = parser.parse_args()
    if given.call == "compare":
        sys.exit(compare(given.before, given.after))
    given.folder.mkdir(parents=True, exist_ok=True)
    parts = {"library": record_library, "read": record_readings, "eval": record_scores}
    for name, part in parts.items():
        if not given.only or name in given.only:
            part(given.folder, given.data.resolve())


def record_scores(folder: Path, data: Path) -> None:
    """The scores of the readers on every set and on drawn pages, and of the planner."""
    keep(folder, "eval_drawn", "eval", "documents", "--count", "6")
    keep(folder, "eval_routing", "eval", "routing", data / "routing" / "prompts.jsonl", "--attachments", data)
    for name in SETS:
        keep(folder, f"eval_{name}", "eval", "documents", data / name)


def record_readings(folder: Path, data: Path) -> None:
    """Every document read by the reader of its kind."""
    for name, kind in KINDS.items():
        entries = json.loads((data / name / "manifest.json").read_text(encoding="utf-8"))
        entries = entries if isinstance(entries, list) else next(v for v in entries.values() if isinstance(v, list))
        images = [entry.get("image") or entry.get("file") for entry in entries]
        for image in images if name != "receipts" else images[:20]:
            keep(folder, f"read_{name}_{re.sub(r'[^A-Za-z0-9]+', '-', image)}", "read", kind, data / name / image)
    keep(folder, "read_hidden", "read", "hidden", data / "documents" / "blankimage3.png")
    keep(folder, "read_text", "read", "text", data / "documents" / "invoice.png")


def record_library(folder: Path, data: Path) -> None:
    """A library of all of the data: added, searched and asked."""
    library = ("--library", folder / "library")
    media = [data / name for name in ("animals", "documents", "imagenette", "photos")]
    keep(folder, "add", "add", *media, *library)
    films = (data / "movies" / "movies.json", data / "movies" / "posters")
    keep(folder, "add_movies", "add-movies", *films, "--library", folder / "films")
    keep(folder, "count", "count", "--by", "media_type", *library)
    for number, query in enumerate(QUERIES):
        keep(folder, f"search_{number}", "search", query, *library)
    keep(folder, "search_image", "search", "--image", data / "animals" / "image" / "cat1.jpg", *library)
    keep(folder, "films_search", "search", "epic super hero", "--library", folder / "films")
    keep(folder, "films_recommend", "recommend", "--like", "Iron Man", "--library", folder / "films")
    lines = (data / "routing" / "prompts.jsonl").read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines):
        prompt = json.loads(line)
        attached = [part for name in prompt["attachments"] for part in ("--attach", data / name)]
        keep(folder, f"ask_{number:02}", "ask", prompt["question"], *attached, "--model", "offline", *library)


def keep(folder: Path, name: str, *arguments: str | Path) -> None:
    """Run one command in this process and keep what it prints on standard output."""
    file = folder / f"{name}.json"
    if file.exists():
        return
    from mm_agents.cli import main as command_line

    printed, code = io.StringIO(), 0
    sys.argv = ["mm-agents", *map(str, arguments), "--json", "--quiet"]
    try:
        with contextlib.redirect_stdout(printed):
            command_line()
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else 1
    try:
        said: Any = json.loads(printed.getvalue())
    except ValueError:
        said = printed.getvalue()
    file.write_text(json.dumps({"code": code, "printed": stable(said)}, indent=1, ensure_ascii=False), encoding="utf-8")
    sys.stderr.write(f"{name}\n")


def stable(value: Any) -> Any:
    """The value without times, places and ids that differ from run to run."""
    if isinstance(value, dict):
        return {key: stable(inner) for key, inner in value.items() if key not in VOLATILE}
    if isinstance(value, list):
        return [stable(inner) for inner in value]
    if isinstance(value, str):
        return re.sub(r"(/[\w.@+-]+){2,}/", "…/", value)
    return round(value, 3) if isinstance(value, float) else value


def compare(before: Path, after: Path) -> int:
    """Print what differs between two records, command by command."""
    names = sorted({file.name for place in (before, after) for file in place.glob("*.json")})
    differing = 0
    for name in names:
        lines = list(differences(before / name, after / name))
        differing += bool(lines)
        sys.stdout.writelines(line + "\n" for line in lines[:40])
    sys.stdout.write(f"{differing} of {len(names)} differ\n")
    return 1 if differing else 0


def differences(one: Path, other: Path) -> Iterator[str]:
    """The lines that differ between two files of records."""
    if not one.exists() or not other.exists():
        yield f"{one.name}: only in {(one if one.exists() else other).parent}"
        return
    before, after = (file.read_text(encoding="utf-8").splitlines() for file in (one, other))
    yield from difflib.unified_diff(before, after, str(one), str(other), lineterm="", n=1)


if __name__ == "__main__":
    main()
