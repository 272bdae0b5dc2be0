"""Runs a function on hostile bytes in a child process with limits on memory, processor time and wall clock."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import logging
import multiprocessing
import os
import resource
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext
from typing import Any, TypeVar, cast

from pydantic import ValidationError

from erc.events import logs
from erc.events.errors import Rejected, Unavailable
from erc.events.reader_folder import hold_reader_folder
from erc.schemas.problem import Problem

log = logging.getLogger("erc.reader")

MIB = 1 << 20
R = TypeVar("R")


class Limited:
    """A source of limited children, forked from a clean process that has the named modules imported already.

    A child answers at most `calls` calls, one at a time: more than one saves the fork (13 ms against 1 ms) where the
    reader is pure Python and leaves nothing behind; one call each where it is native code. Whatever a child could not
    bear ends it.
    """

    def __init__(self, preload: Sequence[str], memory_mib: int = 2048, seconds: float = 120, calls: int = 1) -> None:
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # children share the machine: threads only slow them down
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(["erc.events.limited", *preload])
        self._memory_bytes, self._seconds, self._calls = memory_mib * MIB, seconds, calls
        self._idle: list[_Child] = []

    async def call(self, function: Callable[..., R], *arguments: Any) -> R:
        """Return `function(*arguments)` as computed by a child; everything must be picklable.

        Raises what the function raises when it is `Rejected` or `Unavailable`; a child that dies or takes too long
        is `Rejected` with the code `too_demanding`, as is one that runs into its memory limit.
        The child is killed when the awaiting task is cancelled.
        """
        return cast("R", await self._asked(None, function, arguments))

    async def read(self, most_bytes: int, function: Callable[..., bytes], *arguments: Any) -> bytes:
        """Return the bytes that `function(*arguments)` makes in a child, at most so many.

        As `call`, for readers of native code: what comes back is bytes and nothing else, so that a child that was
        taken over has nothing to say but a wrong answer. More than `most_bytes` is `Rejected` as `too_demanding`.
        """
        return cast("bytes", await self._asked(most_bytes, function, arguments))

    async def _asked(self, most_bytes: int | None, function: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
        asking = _Asking()
        try:
            return await asyncio.to_thread(self._call, asking, most_bytes, function, arguments)
        except asyncio.CancelledError:
            asking.stop()
            raise

    def _call(
        self, asking: _Asking, most_bytes: int | None, function: Callable[..., Any], arguments: tuple[Any, ...]
    ) -> Any:
        child = self._ready()
        asking.began(child)
        try:
            outcome, value = child.ask(function, arguments, self._seconds, most_bytes)
        except BaseException:
            child.end()
            raise
        if asking.stopped or outcome == "exhausted" or child.calls >= self._calls:
            child.end()
        else:
            self._idle.append(child)
        if outcome == "value":
            return value
        raise value

    def _ready(self) -> _Child:
        """Return an idle child that lives, else a new one."""
        with contextlib.suppress(IndexError):
            while True:
                child = self._idle.pop()
                if child.alive:
                    return child
                child.end()
        hold_reader_folder()
        return _Child(self._context, self._memory_bytes)


class _Asking:
    """A call, which may be stopped before its child is there."""

    def __init__(self) -> None:
        self._lock, self.stopped = threading.Lock(), False
        self._child: _Child | None = None

    def began(self, child: _Child) -> None:
        with self._lock:
            self._child = child
            if self.stopped:
                child.kill()

    def stop(self) -> None:
        with self._lock:
            self.stopped = True
            if self._child is not None:
                self._child.kill()


class _Child:
    """A limited process and the pipe to it."""

    def __init__(self, context: ForkServerContext, memory_bytes: int) -> None:
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, memory_bytes), daemon=True)
        self._process.start()
        theirs.close()
        self.calls = 0

    @property
    def alive(self) -> bool:
        """Whether it can be asked; an idle one that said something has ended."""
        return self._process.is_alive() and not self._pipe.poll()

    def ask(
        self, function: Callable[..., Any], arguments: tuple[Any, ...], seconds: float, most_bytes: int | None
    ) -> tuple[str, Any]:
        """Return the outcome (`value`, `error` or `exhausted`) with its value; raises Rejected (too_demanding)."""
        self.calls += 1
        try:
            self._pipe.send((seconds, function, arguments, most_bytes is not None))
            if not self._pipe.poll(seconds):
                raise _too_demanding(f"It took longer than {seconds:.0f} seconds.")
            if most_bytes is not None:
                return _heard(self._pipe.recv_bytes(most_bytes + 1))
            outcome, value = self._pipe.recv()
        except (EOFError, ConnectionError):
            raise _too_demanding("The reader ran out of memory or crashed.") from None
        except OSError as error:
            raise _too_demanding(f"Its answer cannot be taken: {error}.") from None
        return str(outcome), value

    def kill(self) -> None:
        """End the process; whoever waits for its answer hears of it."""
        self._process.kill()

    def end(self) -> None:
        """End the process and wait for it."""
        self._pipe.close()
        self._process.kill()
        self._process.join()


def _too_demanding(detail: str) -> Rejected:
    return Rejected("A file asks too much of the reader", detail, code="too_demanding")


def _serve(pipe: Connection, memory_bytes: int) -> None:
    """Answer calls until the other end of the pipe is closed."""
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    die_with_parent()
    logs.set_up("reader", os.environ)
    with contextlib.suppress(EOFError, ConnectionError):
        while True:
            seconds, function, arguments, plain = pipe.recv()
            used = resource.getrusage(resource.RUSAGE_SELF)
            most = int(used.ru_utime + used.ru_stime + seconds) + 1
            resource.setrlimit(resource.RLIMIT_CPU, (most, resource.RLIM_INFINITY))
            answer = _answer(function, arguments)
            if plain:
                pipe.send_bytes(_said(*answer))
            else:
                pipe.send(answer)


_VALUE, _ERROR, _EXHAUSTED = b"v", b"e", b"x"


def _said(outcome: str, value: Any) -> bytes:
    """Return an answer as bytes: a letter, then the value, or the problem as JSON."""
    if outcome == "value":
        return _VALUE + bytes(value)
    if outcome == "exhausted":
        return _EXHAUSTED
    problem = value.problem if isinstance(value, Rejected) else Problem(code="unavailable", title=str(value))
    return _ERROR + problem.model_dump_json().encode()


def _heard(said: bytes) -> tuple[str, Any]:
    """Return what an answer of bytes means; raises Rejected when it means nothing."""
    if said[:1] == _VALUE:
        return "value", said[1:]
    if said[:1] == _EXHAUSTED:
        return "exhausted", _too_demanding("It needs more memory than a reader may use.")
    try:
        problem = Problem.model_validate_json(said[1:])
    except ValidationError:
        raise _too_demanding("The reader said nothing that can be read.") from None
    if problem.code == "unavailable":
        return "error", Unavailable(problem.title)
    return "error", Rejected(problem.title, problem.detail, problem.code)


def _answer(function: Callable[..., Any], arguments: tuple[Any, ...]) -> tuple[str, Any]:
    try:
        return ("value", function(*arguments))
    except (Rejected, Unavailable) as error:
        return ("error", error)
    except (MemoryError, RecursionError):
        return ("exhausted", _too_demanding("It needs more memory than a reader may use."))
    except Exception:
        log.exception("A reader ended")
        sys.exit(1)


def die_with_parent() -> None:
    """Let this process be killed when its parent ends: a worker takes its forkserver, and that its children (Linux)."""
    libc = ctypes.CDLL(None)
    libc.prctl(1, signal.SIGKILL)
