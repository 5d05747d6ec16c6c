"""Warm processes in which files are decoded, so that a hostile one can exhaust, hold up or crash only such a process.

A function marked by ``apart`` or ``bounded`` runs in one of them. What it is called with and what it returns travel
through pipes, as lines of JSON and raw bytes: a process that a file took over can send no code. A picture of 768 pixels
costs .35 ms of processor time on its way through a pipe, and 1.2 ms through shared memory, which a kill would leave.
"""

from __future__ import annotations

import atexit
import dataclasses
import importlib
import inspect
import json
import math
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from fractions import Fraction
from functools import wraps
from pathlib import Path
from typing import IO, Any, ParamSpec, TypeVar, cast

import numpy as np

from mm_agents import errors
from mm_agents.errors import DamagedMediaError, MediaError, MediaTooLargeError, MMAgentsError
from mm_agents.media.files import DEFAULT_LIMITS, Limits, MediaFile

try:
    import resource
except ImportError:  # Windows; there, the waiting process bounds the time alone
    resource = None

P = ParamSpec("P")
R = TypeVar("R")

_PATIENCE = 5  # seconds until a process that sent no more has ended
_AT_ONCE = max(2, os.cpu_count() or 2)
_PIPE_BYTES = 1024**2
_KEPT_BYTES = 384 * 1024**2  # a process that has more behind a call is not kept
_COMMAND = "from mm_agents.media.decoder_processes import serve; serve()"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """Which of the limits bound a function, and what its errors say.

    Attributes:
        seconds: the limit of the processor time for each answer.
        memory: the limit of the memory that it takes beside what the process has.
        spare: bytes beside that limit; one that is compared with a picture's header knows nothing of threads.
        verb: what is done to the file.
        advice: what to do where a limit is passed.
    """

    seconds: str = "decode_seconds"
    memory: str = "decoded_bytes"
    spare: int = 256 * 1024**2
    verb: str = "decode"
    advice: str = "Save it anew, or smaller."


def bounded(bounds: Bounds) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let a function run in a warm process; one that yields does so while its caller works on what it has.

    Its first argument is the file. It has to be a module's own, and takes and returns what JSON has, paths, fractions,
    bytes, arrays of numbers and data classes of this package; its errors are those of the package.

    Raises:
        MediaTooLargeError: of each call, too, where one of the bounds or ``Limits.wall_seconds`` is passed.
        DamagedMediaError: of each call, too, where the process crashes.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        @wraps(function)
        def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
            if _served.here:
                return function(*args, **kwargs)
            if inspect.isgeneratorfunction(function):
                return cast("R", _answers(function, bounds, args, kwargs))
            with _processes.slots:
                (answer,) = _answers(function, bounds, args, kwargs)
            return answer

        return wrapper

    return decorate


def apart(function: Callable[P, R]) -> Callable[P, R]:
    """``bounded`` as pictures, clips and sound are."""
    return bounded(Bounds())(function)


@contextmanager
def decoded_here() -> Generator[None]:
    """Let functions run in this process while the block runs, in all threads: to compare, or to look into them."""
    before, _served.here = _served.here, True
    try:
        yield
    finally:
        _served.here = before


def allow_more() -> None:
    """In a long call, say that work goes on: from here, as much time may pass again."""
    if _served.times:
        _allow(*_served.times)


# ---------------------------------------------------------------- the side that asks


class _Process:
    """A process that serves one call at a time."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", _COMMAND],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            pipesize=_PIPE_BYTES,
            start_new_session=True,  # Ctrl-C is for the program, which then ends this process
            env=os.environ
            | {"PYTHONPATH": os.pathsep.join(path or os.getcwd() for path in sys.path)}
            | dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"),
        )
        assert self._process.stdin
        assert self._process.stdout
        self._input: IO[bytes] = self._process.stdin
        self._output: IO[bytes] = self._process.stdout

    def runs(self) -> bool:
        """Whether it can be asked."""
        return self._process.poll() is None

    def ask(self, call: dict[str, Any]) -> None:
        """Send a call; that it has ended shows when its answer is read."""
        with suppress(BrokenPipeError):
            _send(self._input, call)

    def answer(self, wall_seconds: int) -> Any:
        """The next answer; None where the process ended."""
        late = None if hasattr(signal, "alarm") else threading.Timer(wall_seconds, self._process.kill)
        if late:
            late.start()
        try:
            return _receive(self._output)
        finally:
            if late:
                late.cancel()

    def end(self, *, kill: bool = True) -> int:
        """End it; what it ended with, by itself where it sent no more."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(0 if kill else _PATIENCE)
        self._process.kill()
        with suppress(OSError):
            self._input.close()  # a part of a call may not be taken
        self._output.close()
        return self._process.wait()

    def abandon(self) -> None:
        """Let go of the pipes in a fork, where they belong to the other process."""
        nowhere = os.open(os.devnull, os.O_RDWR)
        os.dup2(nowhere, self._input.fileno(), inheritable=False)
        os.dup2(nowhere, self._output.fileno(), inheritable=False)
        os.close(nowhere)
        self._process.returncode = 0


class _Processes:
    """The warm processes of this program; those that idle wait to be asked again."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: list[_Process] = []
        self._all: set[_Process] = set()
        self.slots = threading.BoundedSemaphore(_AT_ONCE)
        """For calls that give one answer: those that yield may wait for others, and are not counted."""

    def take(self) -> _Process:
        with self._lock:
            while self._idle:
                process = self._idle.pop()
                if process.runs():
                    return process
                self._all.discard(process)
                process.end()
            try:
                process = _Process()
            except OSError as error:
                raise MediaError(f"The process that reads files cannot be started: {error}.") from error
            self._all.add(process)
            return process

    def give_back(self, process: _Process) -> None:
        with self._lock:
            if len(self._idle) < _AT_ONCE:
                self._idle.append(process)
                return
        self.end(process)

    def end(self, process: _Process) -> None:
        process.end()
        with self._lock:
            self._all.discard(process)

    def end_all(self) -> None:
        with self._lock:
            ended, self._all, self._idle = self._all, set(), []
        for process in ended:
            process.end()

    def start_anew(self) -> None:
        """In a fork: have none."""
        for process in self._all:
            process.abandon()
        self._forgotten = self._all  # closing what another thread held at the fork could wait for ever
        self.__init__()


_processes = _Processes()
atexit.register(_processes.end_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_processes.start_anew)


def _answers(
    function: Callable[..., Any], bounds: Bounds, args: Sequence[Any], kwargs: dict[str, Any]
) -> Iterator[Any]:
    """What a call gives, one after the other; a process whose answers are not all read is ended."""
    first, *_ = inspect.signature(function).parameters if not args else ("",)
    source, *rest = args or (kwargs.pop(first),)
    source = Path(source) if isinstance(source, str) else source
    name = repr(source.name if isinstance(source, MediaFile | Path) else "untitled")
    limits = next((value for value in (*rest, *kwargs.values()) if isinstance(value, Limits)), DEFAULT_LIMITS)
    call = {
        "function": f"{function.__module__}:{function.__qualname__}",
        "args": [source, *rest],
        "kwargs": kwargs,
        "times": [getattr(limits, bounds.seconds), limits.wall_seconds],
        "memory": getattr(limits, bounds.memory) + bounds.spare,
    }
    process = _processes.take()
    is_sound, given = False, 0
    try:
        process.ask(call)
        while (answer := process.answer(limits.wall_seconds)) is not None:
            match answer:
                case {"value": value}:
                    given += 1
                    yield value
                case {"error": kind, "reason": reason}:
                    is_sound = not answer["is_large"]
                    raise _error(kind, reason, name)
                case {"error": "memory"}:
                    break
                case _:
                    is_sound = not answer["is_large"]
                    return
        part = f"Part {given + 1} of {name}" if given else name  # such as a page
        raise _ended(process.end(kill=answer is not None), part, bounds, limits, is_full=answer is not None)
    finally:
        if is_sound:
            _processes.give_back(process)
        else:
            _processes.end(process)


def _error(kind: str, reason: str, name: str) -> MMAgentsError:
    """An error that the process reports, as it was raised there; one that is not of the package has a type here."""
    known = getattr(errors, kind) if kind in errors.__all__ else None
    if known is None:
        return DamagedMediaError(f"{name} cannot be read: {kind}: {reason}")
    error: MMAgentsError = known.__new__(known)
    error.args = (reason,)
    return error


def _ended(code: int, name: str, bounds: Bounds, limits: Limits, *, is_full: bool) -> MediaError:
    """Why there is no answer: the process has no memory, or ended with this code."""
    kind = signal.Signals(-code).name if -code in set(signal.Signals) else ""
    limit, advice = bounds.memory, bounds.advice
    if is_full or (kind in ("SIGABRT", "SIGTRAP", "SIGILL") and limit == "page_bytes"):  # so PDFium ends then
        size = getattr(limits, limit)
        return MediaTooLargeError(
            f"{name} takes more than {size:,} bytes of memory to {bounds.verb} (Limits.{limit}). {advice}"
        )
    if kind == "SIGXCPU":
        seconds, limit = getattr(limits, bounds.seconds), bounds.seconds
        return MediaTooLargeError(
            f"{name} takes more than {seconds:,} seconds to {bounds.verb} (Limits.{limit}). {advice}"
        )
    if kind in ("SIGALRM", "SIGKILL"):
        return MediaTooLargeError(
            f"{name} takes more than {limits.wall_seconds:,} seconds by the clock to {bounds.verb} "
            f"(Limits.wall_seconds), or the system ended it. {advice} Or try it when the machine is less busy."
        )
    if kind:
        return DamagedMediaError(f"{name} is corrupt: the process that read it ended with {kind}.")
    return MediaError(f"{name} was not read: the process that reads files ended with code {code}.")


# ---------------------------------------------------------------- the side that decodes


class _Served:
    """Whether functions run in this process; and the seconds, of the processor and by the clock, for an answer."""

    here = False
    times: tuple[int, ...] = ()


_served = _Served()


def serve() -> None:
    """Answer calls from standard input until it ends; this is what a warm process runs."""
    _served.here = True
    output = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not look like an answer
    if resource:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        for number in (signal.SIGALRM, signal.SIGXCPU):  # the program may ignore or block them
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGALRM, signal.SIGXCPU))
    while _serve_next(output):
        pass


def _serve_next(output: IO[bytes]) -> bool:
    """Answer a call; whether others may follow."""
    if (call := _receive(sys.stdin.buffer)) is None:
        return False
    _served.times = call["times"]
    _limit_memory(call["memory"])
    try:
        _allow(*_served.times)
        for value in _values(call):
            _rest()
            _send(output, {"value": value})
            del value
            _allow(*_served.times)
        answer = {}
    except MemoryError:
        answer = {"error": "memory"}
    except Exception as error:  # noqa: BLE001 - the asking side gives each a type
        answer = {"error": type(error).__name__, "reason": str(error) or repr(error)}
    _rest()
    _send(output, answer | {"is_large": _memory(1) > _KEPT_BYTES})
    return True


def _values(call: dict[str, Any]) -> Iterator[Any]:
    module, name = call["function"].split(":")
    result = getattr(importlib.import_module(module), name)(*call["args"], **call["kwargs"])
    if inspect.isgenerator(result):
        yield from result
    else:
        yield result


def _allow(seconds: int, wall_seconds: int) -> None:
    """Let the system end this process when it takes more time from now on, whatever it is at."""
    if resource:
        _lower(resource.RLIMIT_CPU, math.ceil(time.process_time()) + seconds)
    if hasattr(signal, "alarm"):
        signal.alarm(wall_seconds)


def _rest() -> None:
    """The time that passes until the answer is taken does not count."""
    if hasattr(signal, "alarm"):
        signal.alarm(0)


def _limit_memory(size: int) -> None:
    """Bound what this process may take beside what it has (Linux)."""
    if resource and (has := _memory(5)):
        _lower(resource.RLIMIT_DATA, has + size)


def _memory(field: int) -> int:
    """Bytes of memory that this process has (1), or may write to (5); 0 where that is unknown."""
    if resource is None or sys.platform != "linux":
        return 0
    return int(Path("/proc/self/statm").read_text().split()[field]) * resource.getpagesize()


def _lower(kind: int, soft: int) -> None:
    """Set a limit of this process, as far as it may."""
    assert resource
    hard = resource.getrlimit(kind)[1]
    resource.setrlimit(kind, (soft if hard == resource.RLIM_INFINITY else min(soft, hard), hard))


# ---------------------------------------------------------------- what travels


def _send(file: IO[bytes], message: dict[str, Any]) -> None:
    """Write a message: a line of JSON, and then the bytes of what it holds."""
    blocks: list[memoryview] = []
    file.write(json.dumps(_packed(message, blocks)).encode() + b"\n")
    for block in blocks:
        file.write(block)
    file.flush()


def _receive(file: IO[bytes]) -> Any:
    """The next message; None at the end, also in the midst of one."""
    line = file.readline()
    try:
        return _unpacked(json.loads(line), file) if line.endswith(b"\n") else None
    except EOFError:
        return None


def _packed(value: Any, blocks: list[memoryview]) -> Any:
    match value:
        case None | bool() | int() | float() | str():
            return value
        case np.ndarray():
            blocks.append(np.ascontiguousarray(value).reshape(-1).view(np.uint8).data)
            return {"is": "array", "type": value.dtype.str, "shape": list(value.shape)}
        case bytes():
            blocks.append(memoryview(value))
            return {"is": "bytes", "size": len(value)}
        case Path():
            return {"is": "path", "value": os.path.abspath(value)}
        case Fraction():
            return {"is": "fraction", "value": [value.numerator, value.denominator]}
        case list() | tuple():
            items = [_packed(item, blocks) for item in cast("Sequence[Any]", value)]
            return items if isinstance(value, list) else {"is": "tuple", "value": items}
        case dict():
            named = cast("dict[str, Any]", value)
            return {"is": "dict", "value": {name: _packed(item, blocks) for name, item in named.items()}}
        case _:
            made = type(value)
            changed = {
                field.name: _packed(item, blocks)
                for field in dataclasses.fields(value)
                if (item := getattr(value, field.name)) is not field.default
            }
            return {"is": "data", "type": f"{made.__module__}:{made.__qualname__}", "value": changed}


def _unpacked(packed: Any, file: IO[bytes]) -> Any:
    if isinstance(packed, list):
        return [_unpacked(item, file) for item in cast("list[Any]", packed)]
    match packed:
        case {"is": "array", "type": kind, "shape": shape}:
            array = np.empty(shape, _numbers(kind))
            _fill(array.reshape(-1).view(np.uint8).data, file)
            return array
        case {"is": "bytes", "size": size}:
            content = bytearray(size)
            _fill(memoryview(content), file)
            return bytes(content)
        case {"is": "path", "value": path}:
            return Path(path)
        case {"is": "fraction", "value": [numerator, denominator]}:
            return Fraction(numerator, denominator)
        case {"is": "tuple", "value": items}:
            return tuple(_unpacked(item, file) for item in items)
        case {"is": "dict", "value": items}:
            return {name: _unpacked(item, file) for name, item in items.items()}
        case {"is": "data", "type": kind, "value": fields}:
            return _data(kind)(**{name: _unpacked(item, file) for name, item in fields.items()})
        case _:
            return packed


def _fill(room: memoryview, file: IO[bytes]) -> None:
    while room:
        read: int = cast("Any", file).readinto(room)
        if not read:
            raise EOFError
        room = room[read:]


def _numbers(kind: str) -> np.dtype[Any]:
    """The type of an array; anything but numbers would let bytes be taken for objects."""
    found = np.dtype(kind)
    if found.kind not in "uif":
        raise MediaError(f"A decoder sent an array of {kind!r}.")
    return found


def _data(kind: str) -> type[Any]:
    """A data class of this package, and no other class."""
    module, name = kind.split(":")
    found = getattr(importlib.import_module(module), name) if module.startswith("mm_agents.") else None
    if not (isinstance(found, type) and dataclasses.is_dataclass(found)):
        raise MediaError(f"A decoder sent {kind!r}.")
    return found
