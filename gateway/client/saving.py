"""Saves a download in a file, and goes on where a broken one ended."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from erc.gateway.client.failures import ClientError, ExitCode, Unreachable
from erc.schemas.problem import Problem

TRIES = 5


@dataclass(frozen=True)
class Offered:
    """What can be downloaded: its size in bytes, and the ETag of its bytes."""

    size_bytes: int
    etag: str


@dataclass(frozen=True)
class Coming:
    """Pieces of a download and which byte the first one is."""

    begin: int
    pieces: Iterator[bytes]


class Downloads(Protocol):
    """Where downloads come from."""

    def offered(self, path: str) -> Offered:
        """Return what there is."""
        ...

    def download(self, path: str, begin: int, etag: str) -> AbstractContextManager[Coming]:
        """Open a download from this byte on if its bytes are still those of the ETag, else from the first."""
        ...


def save(source: Downloads, path: str, target: Path, told: Callable[[int, int], None]) -> int:
    """Save a download as `target` and return its size in bytes; `told` hears how many bytes are there, and of how many.

    What has come lies beside it until it is whole, and is used by the next call if the bytes are the same. A broken
    connection is taken up again while it brings something. Raises Unreachable, and ClientError when the file cannot
    be written.
    """
    offered = source.offered(path)
    mark = hashlib.sha256(offered.etag.encode()).hexdigest()[:12]
    partial = target.with_name(f".{target.name}.{mark}.part")
    try:
        _fill(source, path, partial, offered, told)
        partial.replace(target)
    except OSError as error:
        problem = Problem(code="not_saved", title=f"{target} cannot be written", detail=str(error.strerror or error))
        raise ClientError(problem, ExitCode.FAILED) from error
    return offered.size_bytes


def _fill(source: Downloads, path: str, partial: Path, offered: Offered, told: Callable[[int, int], None]) -> None:
    tries = TRIES
    while (there := _size(partial)) != offered.size_bytes:
        try:
            _add(source, path, partial, offered, told)
        except Unreachable:
            tries = TRIES if _size(partial) > there else tries - 1
            if not tries:
                raise
        if _size(partial) > offered.size_bytes:
            partial.unlink()


def _add(source: Downloads, path: str, partial: Path, offered: Offered, told: Callable[[int, int], None]) -> None:
    with source.download(path, _size(partial), offered.etag) as coming, partial.open("ab") as file:
        file.truncate(coming.begin)
        there = coming.begin
        for piece in coming.pieces:
            file.write(piece)
            there += len(piece)
            told(there, offered.size_bytes)
    if there < offered.size_bytes:
        raise Unreachable("The connection broke")


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
