"""What a reader of hostile bytes says when it ends is a record like any other."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

PROGRAM = """
import asyncio
from erc.events.errors import Rejected
from erc.events.limited import Limited

def broken():
    raise KeyError("x\\n\\x1b[2J")

if __name__ == "__main__":
    try:
        asyncio.run(Limited([], seconds=60).call(broken))
    except Rejected as error:
        print(error.problem.code)
"""


def test_a_reader_with_a_bug_is_too_demanding_and_its_traceback_one_record(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    run = subprocess.run(
        [sys.executable, program],
        env={**os.environ, "LOG_FORMAT": "json"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.stdout == "too_demanding\n"
    (line,) = run.stderr.splitlines()
    record = json.loads(line)
    assert (record["component"], record["message"]) == ("reader", "A reader ended")
    assert "KeyError" in record["exception"]
