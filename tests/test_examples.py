"""Every example runs offline in a process of its own and prints the lines that it says it prints."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parent.parent / "examples"
SERVED = {"gemini.py": "a stand-in for Gemini", "weaviate_cluster.py": "a real server"}
"""Those that need a service: each has a test of its own, with what stands here."""

ALONE = sorted(path.name for path in EXAMPLES.glob("*.py") if path.name not in SERVED)
PACKAGES = {
    "demo": "skimage",
    "documents": "rapidocr",
    "llama_index": "llama_index",
    "langchain": "langchain",
    "mcp": "mcp",
}


def said(name: str) -> list[str]:
    """The lines that an example says it prints."""
    return re.findall(r"^\s*# > (.*)$", (EXAMPLES / name).read_text(encoding="utf-8"), re.MULTILINE)


def printed(name: str, *arguments: str, environment: Mapping[str, str] | None = None, place: Path) -> list[str]:
    """The lines that an example prints."""
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / name), *arguments],
        capture_output=True,
        text=True,
        cwd=place,
        env={**os.environ, "PYTHONIOENCODING": "utf-8", **(environment or {})},
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    return [line.rstrip() for line in done.stdout.splitlines() if line.strip()]


@pytest.mark.parametrize("name", ALONE)
def test_it_prints_what_it_says(name: str, tmp_path: Path) -> None:
    text = (EXAMPLES / name).read_text(encoding="utf-8")
    for word, package in PACKAGES.items():
        if word in text:
            pytest.importorskip(package, reason=f"{name} needs the package {package}")
    assert said(name), f"{name} says nothing of what it prints"
    assert printed(name, place=tmp_path) == said(name)


def test_gemini_calls_the_tools_and_is_checked(tmp_path: Path) -> None:
    pytest.importorskip("langchain_google_genai", reason="pip install 'mm-agents[google]'")
    from gemini_stand_in import GeminiStandIn, Refusal, Request, call, reply

    def behave(request: Request) -> Refusal:
        if not request.tools:
            return reply('{"tools": ["read_invoice"]}')
        if not request.results:
            return reply(call("read_invoice", source="scan.png"), tokens=(900, 20))
        number = re.search(r"\[(\d+)\][^\n]*108\.00", request.said)
        return reply(f"The total is 108.00 EUR [{number[1] if number else 1}].", tokens=(1400, 12))

    stand_in = GeminiStandIn()
    stand_in.behave = behave
    environment = {"GOOGLE_API_KEY": "a-key", "GOOGLE_GEMINI_BASE_URL": stand_in.url}
    try:
        assert printed("gemini.py", environment=environment, place=tmp_path) == said("gemini.py")
    finally:
        stand_in.close()
