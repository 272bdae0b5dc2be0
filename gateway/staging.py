"""Where the bytes of an upload wait until it is complete: a file each, written piece by piece. Its calls block."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import logging
import os
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

from erc.events.errors import Unavailable
from erc.events.outbox import utc_now
from erc.gateway.errors import Refused

log = logging.getLogger("erc.gateway")

READ_BYTES = 1 << 20


class Staging:
    """A folder; the names in it are ids of ours. Raises Unavailable when the disk is full or broken."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def offset(self, identifier: str) -> int:
        """Return how many bytes have come."""
        with contextlib.suppress(FileNotFoundError):
            return self._path(identifier).stat().st_size
        return 0

    def write(self, identifier: str, offset: int, piece: bytes) -> int:
        """Add a piece that begins there and return how many bytes have come; raises Refused (409) at another place.

        A piece is there as a whole or not at all.
        """
        try:
            descriptor = os.open(self._path(identifier), os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        except OSError as error:
            raise _broken(error) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            there = os.fstat(descriptor).st_size
            if there != offset:
                raise _elsewhere(there)
            _write_all(descriptor, piece, offset)
        except OSError as error:
            os.truncate(descriptor, offset)
            raise _broken(error) from error
        finally:
            os.close(descriptor)
        return offset + len(piece)

    def pieces(self, identifier: str) -> Iterator[bytes]:
        """Yield what has come."""
        with self._path(identifier).open("rb", buffering=0) as file:
            while piece := file.read(READ_BYTES):
                yield piece

    def remove(self, identifier: str) -> None:
        """Remove what has come."""
        self._path(identifier).unlink(missing_ok=True)

    def sweep(self, older_than_seconds: float, now: float) -> int:
        """Remove what nobody added to for so long (`now`: Unix time in seconds); return how many."""
        removed = 0
        for path in self._folder.iterdir():
            try:
                if now - path.stat().st_mtime > older_than_seconds:
                    path.unlink()
                    removed += 1
            except FileNotFoundError:
                continue
            except OSError as error:
                log.warning("%s is left: %s", path, error.strerror)
        return removed

    def _path(self, identifier: str) -> Path:
        return self._folder / identifier


async def keep_swept(staging: Staging, older_than_seconds: float, pause: Callable[[], Awaitable[None]]) -> None:
    """Remove uploads that nobody completes, for ever; a folder that cannot be read now is tried again."""
    while True:
        try:
            removed = await asyncio.to_thread(staging.sweep, older_than_seconds, utc_now().timestamp())
            if removed:
                log.info("Removed %d uploads that nobody completed", removed)
        except OSError as error:
            log.warning("Sweeping the uploads waits: %s", error)
        await pause()


def _write_all(descriptor: int, piece: bytes, offset: int) -> None:
    view = memoryview(piece)
    while view:
        written = os.pwrite(descriptor, view, offset)
        view, offset = view[written:], offset + written


def _elsewhere(there: int) -> Refused:
    return Refused(
        409,
        "The piece does not begin where the last one ended",
        f"{there} bytes have come: go on there.",
        "upload_offset",
        {"offset": there},
        {"Upload-Offset": str(there)},
    )


def _broken(error: OSError) -> Unavailable:
    return Unavailable(f"The upload cannot be kept: {error.strerror}")
