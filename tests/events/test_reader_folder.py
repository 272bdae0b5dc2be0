"""What killed processes leave of their limited children is removed by the next ones."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from erc.events.holding import hold
from erc.events.reader_folder import MARK, sweep_reader_folders

_PROGRAM = """
import asyncio, os, signal, sys
from erc.events.limited import Limited

if __name__ == "__main__":
    assert asyncio.run(Limited([], 512, 20).call(max, 1, 2)) == 2
    if sys.argv[1] == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    print(len(os.listdir(os.environ["TMPDIR"])))
"""


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder with a short path: that of a socket in it may have a hundred letters."""
    with tempfile.TemporaryDirectory(prefix="erc-") as name:
        yield Path(name)


def run(folder: Path, end: str) -> str:
    program = folder / "program.py"
    program.write_text(_PROGRAM)
    (folder / "tmp").mkdir(exist_ok=True)
    environment = {**os.environ, "TMPDIR": str(folder / "tmp")}
    done = subprocess.run(
        [sys.executable, str(program), end], env=environment, capture_output=True, text=True, check=False
    )
    return done.stdout.strip()


def folders(where: Path) -> list[str]:
    return [one.name for one in (where / "tmp").iterdir() if one.name.startswith("pymp-")]


def test_an_orderly_end_leaves_nothing(place: Path) -> None:
    assert run(place, "ended") == "1"
    assert folders(place) == []


def test_what_a_killed_process_left_is_removed_by_the_next_one(place: Path) -> None:
    run(place, "killed")
    left = folders(place)
    assert len(left) == 1
    long_ago = time.time() - 60
    os.utime(place / "tmp" / left[0] / MARK, (long_ago, long_ago))
    assert run(place, "ended") == "1"
    assert folders(place) == []


def test_only_marked_folders_that_nobody_holds_are_removed(tmp_path: Path) -> None:
    for name in ("pymp-other", "pymp-held", "pymp-dead", "pymp-young"):
        (tmp_path / name).mkdir()
    for name in ("pymp-held", "pymp-dead", "pymp-young"):
        (tmp_path / name / MARK).touch()
    later = time.time() + 60
    os.utime(tmp_path / "pymp-young" / MARK, (later, later))
    with (tmp_path / "pymp-held" / MARK).open("r+") as kept:
        hold(kept.fileno())
        assert sweep_reader_folders(tmp_path, time.time() + 1) == 1
    assert sorted(one.name for one in tmp_path.iterdir()) == ["pymp-held", "pymp-other", "pymp-young"]
