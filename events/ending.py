"""A process whose work is over ends, also when something in it does not listen to its cancellation."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Coroutine
from typing import Any

import uvloop

log = logging.getLogger("erc.process")

END_SECONDS = 10.0
"""So long the tasks that are left may take; then the process ends without them, and its supervisor starts another."""


def run_to_the_end(life: Coroutine[Any, Any, None]) -> None:
    """Run a process's coroutine in a loop of its own; raises what it raises.

    A library that swallows a cancellation would otherwise keep a process for ever that does nothing any more.
    """
    impatience = threading.Timer(END_SECONDS, _end)
    impatience.daemon = True

    async def lived() -> None:
        try:
            await life
        finally:
            impatience.start()

    try:
        uvloop.run(lived())
    finally:
        impatience.cancel()


def _end() -> None:
    log.error("The process did not end by itself within %g seconds", END_SECONDS)
    logging.shutdown()
    os._exit(1)
