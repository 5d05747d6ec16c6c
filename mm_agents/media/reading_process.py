"""Processes of their own that read what a hostile file could exhaust or crash, and what they answer.

Each is a script with the file as standard input. Its answers are lines of JSON, each followed by as many bytes as its
``bytes`` says.
"""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Generator
from contextlib import contextmanager, nullcontext
from typing import Any

from mm_agents.errors import DamagedMediaError, MediaError, MediaTooLargeError, UnsupportedMediaError
from mm_agents.media.files import BinaryFile, Limits

_PATIENCE = 20  # seconds on the clock for each second of processor time, so that a busy machine ends nothing


@contextmanager
def reading_process(script: str, file: BinaryFile, wanted: dict[str, Any]) -> Generator[subprocess.Popen[bytes]]:
    """A process that reads a file; it is ended however the block is left.

    Args:
        script: the path of what it runs.
        file: is its standard input.
        wanted: its first argument, as JSON.
    """
    with tempfile.TemporaryFile() if isinstance(file, io.BytesIO) else nullcontext(file) as content:
        if isinstance(file, io.BytesIO):
            content.write(file.getbuffer())
        content.seek(0)
        process = subprocess.Popen(
            [sys.executable, "-P", script, json.dumps(wanted)],
            stdin=content,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=os.environ
            | {"PYTHONPATH": os.pathsep.join(path or os.getcwd() for path in sys.path)}
            | dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"),  # each thread takes memory at its start
        )
        with process:
            try:
                yield process
            finally:
                process.kill()


def next_answer(
    process: subprocess.Popen[bytes],
    name: str,
    limits: Limits,
    *,
    setting: str = "page_seconds",
    advice: str = "Print it as a new PDF.",
) -> dict[str, Any]:
    """The next answer, with the bytes that belong to it as ``content``.

    Args:
        process: made by ``reading_process``.
        name: what it reads, for messages.
        limits: what it was started with.
        setting: the limit of the processor time that it may take for an answer.
        advice: what to do where a limit is passed.

    Raises:
        UnsupportedMediaError: the file is encrypted.
        MediaTooLargeError: a limit is passed.
        DamagedMediaError: the file is cut off or corrupt.
    """
    assert process.stdout
    seconds: int = getattr(limits, setting)
    late = threading.Timer(_PATIENCE * seconds, process.kill)  # where the system bounds no processor time
    late.start()
    try:
        line = process.stdout.readline()
        answer: dict[str, Any] = json.loads(line) if line.endswith(b"\n") else {"error": "ended"}
        answer["content"] = process.stdout.read(answer.get("bytes", 0))
        if len(answer["content"]) < answer.get("bytes", 0):
            answer["error"] = "ended"
    finally:
        late.cancel()
    memory = MediaTooLargeError(
        f"{name} takes more than {limits.page_bytes:,} bytes of memory to read (Limits.page_bytes). {advice}"
    )
    match answer.get("error"):
        case None:
            return answer
        case "encrypted":
            raise UnsupportedMediaError(f"{name} is encrypted; save it without a password.")
        case "damaged":
            raise DamagedMediaError(f"{name} is cut off or corrupt: {answer['detail']}")
        case "limit":
            limit = getattr(limits, answer["setting"])
            raise MediaTooLargeError(
                f"{name} has more than {limit:,} {answer['detail']} (Limits.{answer['setting']}). {advice}"
            )
        case "memory":
            raise memory
        case _:
            raise _ended(process.wait(), name, setting, seconds, advice) or memory


def _ended(code: int, name: str, setting: str, seconds: int, advice: str) -> MediaError | None:
    """Why the reading process ended before its answer; None: it was given no more memory."""
    kind = signal.Signals(-code).name if -code in set(signal.Signals) else str(code)
    if kind == "SIGKILL":
        return MediaTooLargeError(
            f"{name} was not read within {_PATIENCE * seconds:,} seconds, or the system ended its reading. "
            f"{advice.removesuffix('.')}, or read it when the machine is less busy."
        )
    if kind == "SIGXCPU":
        return MediaTooLargeError(f"{name} takes more than {seconds:,} seconds to read (Limits.{setting}). {advice}")
    if kind in ("SIGABRT", "SIGTRAP", "SIGILL"):  # so PDFium ends then
        return None
    return DamagedMediaError(f"{name} is corrupt: the process that read it ended with {kind}.")
