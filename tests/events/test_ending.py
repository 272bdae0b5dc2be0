"""A process whose work is over ends."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

DEAF = """
import asyncio, sys
from erc.events import ending

ending.END_SECONDS = float(sys.argv[1])

async def deaf():
    while True:
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            pass

async def life():
    asyncio.get_running_loop().keep = None if sys.argv[2] == "listens" else asyncio.create_task(deaf())
    await asyncio.sleep(0)
    raise RuntimeError("this is why")

ending.run_to_the_end(life())
"""


def ended(seconds: float, who: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", DEAF.replace("asyncio.get_running_loop().keep", "kept"), str(seconds), who]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=os.environ)


def test_a_task_that_does_not_listen_keeps_no_process() -> None:
    assert ended(0.5, "deaf").returncode == 1


@pytest.mark.parametrize("seconds", [30.0])
def test_a_process_that_ends_by_itself_says_why_and_waits_for_nothing(seconds: float) -> None:
    began = time.monotonic()
    run = ended(seconds, "listens")
    assert time.monotonic() - began < seconds
    assert "this is why" in run.stderr
