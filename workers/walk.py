"""Visits a folder that hostile code wrote to, or still writes to: by descriptors, never through a link."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

_VISITS = 500_000


class Fault(StrEnum):
    """Why something is not looked at."""

    TOO_DEEP = "too deep"
    TOO_MANY = "one too many to look at"


@dataclass(frozen=True)
class Visit:
    """Something below a folder: its path there, its status, and the folder that holds it, as a descriptor."""

    path: str
    name: str
    holder: int
    status: os.stat_result
    fault: Fault | None = None

    @contextlib.contextmanager
    def open(self, flags: int = os.O_NONBLOCK) -> Iterator[int]:
        """Open for reading without following links or waiting for a writer; raises OSError."""
        descriptor = _open(self.name, self.holder, flags)
        try:
            yield descriptor
        finally:
            os.close(descriptor)


def _open(name: str, holder: int, flags: int) -> int:
    flags |= os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        return os.open(name, flags, dir_fd=holder)
    except PermissionError:
        # Ours, but made unreadable by who wrote it: the bare handle needs no permission and cannot be a link.
        handle = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=holder)
        try:
            os.chmod(f"/proc/self/fd/{handle}", 0o700)  # noqa: PTH101
        finally:
            os.close(handle)
        return os.open(name, flags, dir_fd=holder)


def walk(top: Path, deepest: int) -> Iterator[Visit]:
    """Visit everything below a folder by descriptors, in order; what is too deep, too long or too much has a fault."""
    budget = [_VISITS]
    root = os.open(top, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield from _walk_folder(root, "", deepest, budget)
    finally:
        os.close(root)


def _walk_folder(holder: int, prefix: str, deepest: int, budget: list[int]) -> Iterator[Visit]:
    with os.scandir(holder) as found:
        names = sorted(item.name for item, _ in zip(found, range(budget[0] + 1), strict=False))
    for name in names:
        budget[0] -= 1
        try:
            status = os.stat(name, dir_fd=holder, follow_symlinks=False)
        except FileNotFoundError:
            continue
        path = f"{prefix}{name}"
        fault = Fault.TOO_DEEP if deepest < 0 else Fault.TOO_MANY if budget[0] < 0 else None
        yield Visit(path, name, holder, status, fault)
        if not fault and stat.S_ISDIR(status.st_mode):
            yield from _walk_into(holder, name, f"{path}/", deepest - 1, budget)


def _walk_into(holder: int, name: str, prefix: str, deepest: int, budget: list[int]) -> Iterator[Visit]:
    try:
        inner = _open(name, holder, os.O_DIRECTORY)
    except OSError:
        return  # it has vanished, or is no folder any more: somebody may be writing still
    try:
        yield from _walk_folder(inner, prefix, deepest, budget)
    finally:
        os.close(inner)
