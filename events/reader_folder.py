"""The folder in which a process keeps the socket of its limited children, told from those of processes that died."""

from __future__ import annotations

import contextlib
import os
import shutil
import threading
from functools import cache
from multiprocessing import util
from pathlib import Path

from erc.events.holding import held, hold

MARK = "erc-reader"
"""A file in the folder that its process holds; what killed processes left has it too, and nobody holds it."""
YOUNG_SECONDS = 5.0
"""A folder so young may be one that is just being held."""
_LOCK = threading.Lock()


def hold_reader_folder() -> None:
    """Hold this process's folder from now on, and remove those that killed processes left; once in each process.

    multiprocessing removes the folder at an orderly end.
    """
    with _LOCK:
        _held_by(os.getpid())


@cache
def _held_by(_process: int) -> int:
    """Return the open file by which the folder is held; never closed, so that the lock ends with the process."""
    folder = Path(util.get_temp_dir())
    descriptor = os.open(folder / MARK, os.O_RDWR | os.O_CREAT, 0o600)
    hold(descriptor)
    sweep_reader_folders(folder.parent, os.fstat(descriptor).st_mtime - YOUNG_SECONDS)
    return descriptor


def sweep_reader_folders(where: Path, before: float) -> int:
    """Remove the folders of processes that live no more, made before this moment; return how many."""
    removed = 0
    for mark in where.glob(f"pymp-*/{MARK}"):
        with contextlib.suppress(OSError):
            if mark.lstat().st_mtime < before and mark.lstat().st_uid == os.getuid() and not held(mark):
                shutil.rmtree(mark.parent)
                removed += 1
    return removed
