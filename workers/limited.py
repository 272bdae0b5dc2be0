"""Runs a function on hostile bytes in a child process with limits on memory, processor time and wall clock."""

from __future__ import annotations

import asyncio
import ctypes
import multiprocessing
import resource
import signal
import threading
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any, TypeVar, cast

from erc.events.errors import Rejected, Unavailable

MIB = 1 << 20
R = TypeVar("R")


class Limited:
    """A source of limited children, forked from a clean process that has the named modules imported already."""

    def __init__(self, preload: Sequence[str], memory_mib: int = 2048, seconds: float = 120) -> None:
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(["erc.workers.limited", *preload])
        self._memory_bytes, self._seconds = memory_mib * MIB, seconds

    async def call(self, function: Callable[..., R], *arguments: Any) -> R:
        """Return `function(*arguments)` as computed by a child; everything must be picklable.

        Raises what the function raises when it is `Rejected` or `Unavailable`; a child that dies or takes too long
        is `Rejected` with the code `too_demanding`, as is one that runs into its memory limit.
        The child is killed when the awaiting task is cancelled.
        """
        child = _Child()
        try:
            return await asyncio.to_thread(self._call, child, function, arguments)
        except asyncio.CancelledError:
            child.stop()
            raise

    def _call(self, going: _Child, function: Callable[..., R], arguments: tuple[Any, ...]) -> R:
        receiver, sender = self._context.Pipe(duplex=False)
        child = self._context.Process(
            target=_child, args=(sender, self._memory_bytes, self._seconds, function, arguments), daemon=True
        )
        child.start()
        sender.close()
        going.started(child)
        try:
            if not receiver.poll(self._seconds):
                raise _too_demanding(f"It took longer than {self._seconds:.0f} seconds.")
            outcome, value = receiver.recv()
        except (EOFError, ConnectionResetError):
            raise _too_demanding("The reader ran out of memory or crashed.") from None
        finally:
            receiver.close()
            child.kill()
            child.join()
        if outcome == "value":
            return cast("R", value)
        raise value


class _Child:
    """The child of a call, which may be stopped before it has started."""

    def __init__(self) -> None:
        self._lock, self._stopped = threading.Lock(), False
        self._process: BaseProcess | None = None

    def started(self, process: BaseProcess) -> None:
        with self._lock:
            self._process = process
            if self._stopped:
                process.kill()

    def stop(self) -> None:
        with self._lock:
            self._stopped = True
            if self._process is not None:
                self._process.kill()


def _too_demanding(detail: str) -> Rejected:
    return Rejected("A file asks too much of the reader", detail, code="too_demanding")


def _child(
    sender: Connection, memory_bytes: int, seconds: float, function: Callable[..., Any], arguments: tuple[Any, ...]
) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (int(seconds) + 1, int(seconds) + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _die_with_parent()
    try:
        answer: tuple[str, Any] = ("value", function(*arguments))
    except (Rejected, Unavailable) as error:
        answer = ("error", error)
    except (MemoryError, RecursionError):
        answer = ("error", _too_demanding("It needs more memory than a reader may use."))
    sender.send(answer)


def _die_with_parent() -> None:
    """A worker that is killed takes its forkserver and so this child with it (Linux)."""
    libc = ctypes.CDLL(None)
    libc.prctl(1, signal.SIGKILL)
