"""Questions that are being answered: each in a thread of its own, whose events any connection of its asker can follow.

A job goes on when its connection is cut, so that a page that was loaded again finds its answer. Conversations are kept
for as long as the server runs; a page that remembers one that is gone hands its turns back, and they are read with the
suspicion that files from elsewhere are read with.
"""

from __future__ import annotations

import asyncio
import errno
import json
import logging
import re
import secrets
import sqlite3
import tempfile
import time
from collections import OrderedDict
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock, Thread
from typing import Any, cast

from starlette.responses import StreamingResponse

from mm_agents._progress import ProgressCallback, watching
from mm_agents._text import excerpt
from mm_agents.agent import Agent, Answer, Conversation
from mm_agents.agent.events import Called, Event, Finished, Planned, Returned, Token
from mm_agents.agent.saved_conversation import SavedConversation, SavedTurn
from mm_agents.errors import ConfigError, MMAgentsError
from mm_agents.web.media_files import MediaFiles, is_id

_log = logging.getLogger(__name__)
_CONVERSATION = re.compile(r"[0-9a-f]{32}")
_INNER = ("path", "paths", "root")
"""What the page is not shown: where files are on the server."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobParameters:
    """How much is done and kept at once.

    Attributes:
        at_once: questions that are answered side by side; more than the cores of a small machine only slow each other.
        answers: whose reports can be asked for; each is some 100 kB.
        conversations: that can be gone on with.
        argument: characters of an argument that the plan shows.
        attachments: files with one question.
        between: seconds between two reports of how far a tool is.
    """

    at_once: int = 4
    answers: int = 400
    conversations: int = 400
    argument: int = 80
    attachments: int = 12
    between: float = 0.3


PARAMETERS = JobParameters()


class UnknownConversationError(MMAgentsError):
    """A conversation is not on the server any more; the page hands its turns back."""


@dataclass(slots=True, kw_only=True)
class Job:
    """A question: its events so far, and its answer when it is there."""

    id: str
    events: list[tuple[str, Any]] = field(default_factory=list[tuple[str, Any]])
    done: bool = False
    stopped: bool = False
    answer: Answer | None = None

    def tell(self, name: str, data: Any) -> None:
        """Add an event, if nobody has stopped the job."""
        if not self.done:
            self.events.append((name, data))

    def end(self, name: str, data: Any) -> None:
        """Add the last event."""
        self.tell(name, data)
        self.done = True


@dataclass(slots=True, kw_only=True)
class Talk:
    """A conversation, its turns so that it can be cut, and what is being answered in it."""

    conversation: Conversation
    turns: list[SavedTurn] = field(default_factory=list[SavedTurn])
    running: Job | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question as the page sends it.

    Attributes:
        conversation: its id, made by the page.
        text: the words.
        files: addresses of what is attached: "uploads/<id>" or "assets/<id>".
        after: how many turns of the conversation came before it; later ones are forgotten.
        history: those turns, where the server has lost them: each with its "answer" and the "files" of its question.
    """

    conversation: str
    text: str
    files: tuple[str, ...] = ()
    after: int = 0
    history: tuple[Mapping[str, Any], ...] | None = None

    @classmethod
    def read(cls, sent: Mapping[str, Any]) -> Question:
        """Read what the page sends.

        Raises:
            ConfigError: it is not of that form.
        """
        history = sent.get("history")
        files, after, id, text = (sent.get(name) for name in ("files", "after", "conversation", "question"))
        sound = (
            isinstance(id, str)
            and _CONVERSATION.fullmatch(id)
            and isinstance(text, str)
            and isinstance(after, int)
            and after >= 0
            and isinstance(files, list)
            and all(isinstance(one, str) for one in cast("list[Any]", files))
            and (history is None or isinstance(history, list))
        )
        if not sound:
            raise ConfigError("A question needs a conversation, its text, its files, and how many turns came before.")
        if len(cast("list[Any]", files)) > PARAMETERS.attachments:
            raise ConfigError(f"At most {PARAMETERS.attachments} files can go with one question.")
        return cls(
            conversation=cast("str", id),
            text=cast("str", text),
            files=tuple(cast("list[str]", files)),
            after=cast("int", after),
            history=None if history is None else tuple(cast("list[Mapping[str, Any]]", history)),
        )


class Jobs:
    """Answers questions of many visitors with one agent.

    Args:
        agent: what answers.
        files: what visitors have attached.
    """

    def __init__(self, agent: Agent, files: MediaFiles) -> None:
        self._agent = agent
        self._files = files
        self._talks: OrderedDict[str, Talk] = OrderedDict()
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._pool = ThreadPoolExecutor(PARAMETERS.at_once, thread_name_prefix="answer")
        self._lock = Lock()

    def get(self, id: str) -> Job | None:
        """The job of that id, while it is kept."""
        return self._jobs.get(id)

    def ask(self, question: Question) -> Job:
        """Begin to answer.

        Raises:
            ConfigError: the question is empty, or the conversation is still answering another.
            UnknownConversationError: the server does not know the conversation, and no history came.
            MMAgentsError: an attached file is gone.
        """
        if not question.text.strip():
            raise ConfigError("The question is empty.")
        attached = [self._attached(address) for address in question.files]
        job = Job(id=secrets.token_urlsafe(16))
        with self._lock:
            talk = self._talk(question)
            if talk.running is not None and not talk.running.done:
                raise ConfigError("The question before is still being answered.")
            talk.running = job
            self._jobs[job.id] = job
            while len(self._jobs) > PARAMETERS.answers:
                self._jobs.popitem(last=False)
        job.tell("job", {"id": job.id})
        self._pool.submit(self._run, job, talk, question, attached)
        return job

    def stop(self, id: str) -> None:
        """End a job now; what it is doing ends by itself, and changes nothing."""
        job = self._jobs.get(id)
        if job is None or job.done:
            return
        job.stopped = True
        job.end("stopped", {})
        with self._lock:  # its conversation may be halfway through the question: it is made again from its turns
            for talk in self._talks.values():
                if talk.running is job:
                    talk.conversation = self._again(talk.conversation, talk.turns)
                    talk.running = None

    def close(self) -> None:
        """Stop everything."""
        for id in list(self._jobs):
            self.stop(id)
        self._pool.shutdown(wait=False, cancel_futures=True)

    # ------------------------------------------------------------ conversations

    def _talk(self, question: Question) -> Talk:
        """The conversation of a question, as it was before it."""
        talk = self._talks.get(question.conversation)
        if talk is None or len(talk.turns) < question.after:
            if question.history is None and question.after:
                raise UnknownConversationError("The server was started since; the conversation is handed back to it.")
            talk = self._restored(question) if question.after else Talk(conversation=self._agent.chat())
        elif len(talk.turns) > question.after:
            del talk.turns[question.after :]
            talk.conversation = self._again(talk.conversation, talk.turns)
        self._talks[question.conversation] = talk
        self._talks.move_to_end(question.conversation)
        while len(self._talks) > PARAMETERS.conversations:
            self._talks.popitem(last=False)
        return talk

    def _again(self, old: Conversation, turns: Sequence[SavedTurn]) -> Conversation:
        kept = {name for turn in turns for name in turn.attached}
        attachments = tuple(one for one in old.attachments if one.name in kept)
        saved = SavedConversation(id=old.id, turns=tuple(turns), attachments=attachments)
        return Conversation(self._agent, saved)

    def _restored(self, question: Question) -> Talk:
        """A conversation from the turns that a page remembers."""
        attachments: dict[str, dict[str, Any]] = {}
        turns: list[dict[str, Any]] = []
        for turn in (question.history or ())[: question.after]:
            names: list[str] = []
            for address in turn.get("files") or ():
                try:
                    path = self._attached(str(address))
                    sha256 = self._sha256(str(address))
                except MMAgentsError:
                    continue
                attachments[path.name] = {"name": path.name, "path": path.absolute().as_posix(), "sha256": sha256}
                names.append(path.name)
            turns.append({"attached": names, "answer": turn.get("answer")})
        document = {
            "version": 1,
            "kind": "conversation",
            "id": question.conversation,
            "attachments": list(attachments.values()),
            "turns": turns,
        }
        with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8", dir=self._files.folder) as file:
            json.dump(document, file)
            file.flush()
            conversation = self._agent.resume(file.name, attachments=self._files.folder)
        known = {one.name for one in conversation.attachments}
        kept = [
            SavedTurn(answer=answer, attached=tuple(name for name in turn["attached"] if name in known))
            for answer, turn in zip(conversation.history, turns, strict=True)
        ]
        return Talk(conversation=conversation, turns=kept)

    def _attached(self, address: str) -> Path:
        """The path of what an address names."""
        place, _, id = address.partition("/")
        if place == "uploads":
            return self._files.upload(id).path
        file = self._files.file("assets", id)
        if file.path is None:
            raise ConfigError(f"{file.name!r} cannot be attached.")
        self._files.note(file.path, id)
        return file.path

    def _sha256(self, address: str) -> str:
        place, _, id = address.partition("/")
        return self._files.file("uploads" if place == "uploads" else "assets", id).sha256

    # ------------------------------------------------------------ answering

    def _run(self, job: Job, talk: Talk, question: Question, attached: Sequence[Path]) -> None:
        conversation = talk.conversation
        if job.done:
            return
        try:
            with watching(progress_of(job)):
                for event in conversation.stream(question.text.strip(), attached):
                    if job.done:
                        return
                    self._tell(job, talk, conversation, event, attached)
        except (MMAgentsError, OSError) as error:
            job.end("failed", problem_of(error))
        finally:
            if not job.done:
                _log.exception("A question could not be answered")
            job.end("failed", {"message": None})

    def _tell(self, job: Job, talk: Talk, conversation: Conversation, event: Event, attached: Sequence[Path]) -> None:
        match event:
            case Planned():
                job.tell("planned", {"tools": list(event.tools), "scores": dict(event.scores)})
            case Called():
                job.tell("called", {"tool": event.tool, "arguments": self._shown_arguments(event.arguments)})
            case Returned():
                job.tell("returned", {"tool": event.tool, "error": event.error, "found": _found(event)})
            case Token():
                job.tell("token", {"text": event.text})
            case Finished():
                with self._lock:
                    if job.stopped:
                        return
                    paths = {path.absolute().as_posix() for path in attached}
                    names = tuple(
                        one.name
                        for one in conversation.attachments
                        if one.file.path is not None and one.file.path.absolute().as_posix() in paths
                    )
                    talk.turns.append(SavedTurn(answer=event.answer, attached=names))
                    job.answer = event.answer
                    talk.running = None
                job.end("answer", self.shown(event.answer))
            case _:
                pass

    def shown(self, answer: Answer) -> dict[str, Any]:
        """An answer for the page: without paths, and with where each source's file can be seen."""
        addresses = {str(source.number): self._files.address(source) for source in answer.sources}
        return {"answer": without_paths(answer.to_json()), "files": addresses, "names": self._names(answer)}

    def _names(self, answer: Answer) -> dict[str, str]:
        """The names of what the calls of tools were given by id."""
        ids = {value for step in answer.route for value in step.arguments.values() if isinstance(value, str)}
        found = self._agent.library.store.get(sorted(id for id in ids if is_id(id)))
        return {id: record.name for id, record in found.items()}

    def _shown_arguments(self, arguments: Mapping[str, Any]) -> dict[str, str]:
        """Arguments for people: ids as names, long ones cut."""
        ids = [value for value in arguments.values() if isinstance(value, str) and is_id(value)]
        names = {id: record.name for id, record in self._agent.library.store.get(ids).items()} if ids else {}
        return {
            name: excerpt(names.get(str(value), str(value)), PARAMETERS.argument) for name, value in arguments.items()
        }


def progress_of(job: Job) -> ProgressCallback:
    """What tells a job how far a tool is, some times a second at most."""
    last = time.monotonic()

    def report(done: int, total: int, _current: str) -> None:
        nonlocal last
        if time.monotonic() - last >= PARAMETERS.between:
            last = time.monotonic()
            job.tell("progress", {"done": done, "total": total})

    return report


def _found(event: Returned) -> int | None:
    """How many things a tool found, where it lists them."""
    payload: Any = event.result.payload if event.result is not None else None
    hits: Any = cast("Mapping[str, Any]", payload).get("hits") if isinstance(payload, Mapping) else None
    return len(cast("list[Any]", hits)) if isinstance(hits, list) else None


def without_paths(value: Any) -> Any:
    """A document without where files are on the server; sources keep the key, which is null."""
    if isinstance(value, dict):
        return dict(_kept(cast("dict[str, Any]", value)))
    if isinstance(value, list | tuple):
        return [without_paths(one) for one in cast("Sequence[Any]", value)]
    return value


def _kept(document: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in document.items():
        is_place = isinstance(value, str) or (name == "paths" and isinstance(value, list | tuple))
        yield name, (None if name in _INNER and is_place else without_paths(value))


_FULL = (errno.ENOSPC, errno.EDQUOT)


def problem_of(error: Exception) -> dict[str, str]:
    """A message for people, and a code; for "full" and "busy" the page has words of its own in each language."""
    cause = error if isinstance(error, OSError) else error.__cause__
    if isinstance(cause, OSError) and cause.errno in _FULL:
        return {"message": "The disk of the server is full.", "code": "full"}
    if isinstance(cause, sqlite3.Error):
        code = getattr(cause, "sqlite_errorcode", 0) & 0xFF
        if code == sqlite3.SQLITE_FULL:
            return {"message": "The disk of the server is full.", "code": "full"}
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return {"message": "Another program is writing to the library.", "code": "busy"}
    message = str(error)
    if isinstance(error, OSError) and error.strerror:
        named = f"{Path(str(error.filename)).name!r}: " if error.filename else ""
        message = f"{named}{error.strerror}."
    return {"message": message, "code": type(error).__name__}


# ---------------------------------------------------------------- server-sent events


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
