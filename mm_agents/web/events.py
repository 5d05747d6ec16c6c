"""Server-sent events: what a browser reads while work goes on."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Callable
from threading import Thread
from typing import Any

from starlette.responses import StreamingResponse

from mm_agents.errors import MMAgentsError
from mm_agents.web.jobs import Job
from mm_agents.web.problems import problem_of

_LOOKED = 0.04  # seconds between two looks at a job
_SILENT = 15.0  # seconds after which a connection is kept open by a comment
_HEADERS = {"cache-control": "no-store", "x-accel-buffering": "no"}


def stream_of(job: Job, start: int = 0) -> StreamingResponse:
    """The events of a job, from one on, as they happen; the last ends the stream."""

    async def events() -> AsyncGenerator[str]:
        sent, at = start, time.monotonic()
        while True:
            done, known = job.done, len(job.events)
            for name, data in job.events[sent:known]:
                yield _event(name, data)
                at = time.monotonic()
            sent = max(sent, known)
            if done and sent >= len(job.events):
                return
            if time.monotonic() - at > _SILENT:
                yield ": still here\n\n"
                at = time.monotonic()
            await asyncio.sleep(_LOOKED)

    return StreamingResponse(events(), media_type="text/event-stream", headers=_HEADERS)


def worked(work: Callable[[Callable[[int, int, str], None]], Any]) -> StreamingResponse:
    """Do work in a thread; its progress and then its result, or why it failed, as events."""
    job = Job(id="")

    def report(done: int, total: int, name: str) -> None:
        job.tell("progress", {"done": done, "total": total, "name": name})

    def run() -> None:
        try:
            job.end("done", work(report))
        except (MMAgentsError, OSError) as error:
            job.end("failed", problem_of(error))
        except Exception:
            job.end("failed", {"message": None})
            raise

    Thread(target=run, daemon=True, name="page-work").start()
    return stream_of(job)


def _event(name: str, data: Any) -> str:
    return f"event: {name}\ndata: {json.dumps(data, ensure_ascii=False, default=str)}\n\n"
