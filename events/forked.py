"""Runs a function in a fork of this process, so that what it cannot bear ends the fork alone."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any, NoReturn, TypeVar, cast

from erc.events.errors import Rejected, Unavailable
from erc.events.limited import die_with_parent

log = logging.getLogger("erc.reader")

R = TypeVar("R")


def forked(function: Callable[[], R], seconds: float) -> R:
    """Return `function()` as computed by a fork, which has the limits of this process and this much wall clock.

    Meant for a process of one thread, such as a child of `Limited`; what comes back must be picklable. Raises what
    the function raises when it is `Rejected` or `Unavailable`; a fork that dies, takes too long or raises anything
    else is `Rejected` with the code `too_demanding`.
    """
    if seconds <= 0:
        raise _too_demanding("The time for all files is used up")
    ours, theirs = multiprocessing.Pipe(duplex=False)
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        _answer(theirs, function, parent)
    theirs.close()
    try:
        if not ours.poll(seconds):
            raise _too_demanding(f"Its reader took longer than {seconds:.0f} seconds")
        outcome, value = ours.recv()
    except (EOFError, OSError):
        raise _too_demanding("Its reader crashed or ran out of memory; it may be damaged") from None
    finally:
        ours.close()
        os.kill(pid, signal.SIGKILL)  # not reaped yet, so the number is still the fork's own
        os.waitpid(pid, 0)
    if outcome == "error":
        raise value
    return cast("R", value)


def _answer(pipe: Connection, function: Callable[[], Any], parent: int) -> NoReturn:
    """Answer and end without any of the parent's clean-up, which is the parent's to do."""
    try:
        die_with_parent()
        if os.getppid() == parent:
            pipe.send(_outcome(function))
    finally:
        os._exit(0)


def _outcome(function: Callable[[], Any]) -> tuple[str, Any]:
    try:
        return "value", function()
    except (Rejected, Unavailable) as error:
        return "error", error
    except (MemoryError, RecursionError):
        return "error", _too_demanding("Its reader needs more memory than it may use")
    except Exception as error:
        log.exception("A reader failed")
        return "error", _too_demanding(f"Its reader failed ({type(error).__name__})")


def _too_demanding(title: str) -> Rejected:
    return Rejected(title, "It may be damaged, or written in a way that the reader does not know.", "too_demanding")
