"""Hands pieces that are pushed to an upload that pulls them, in a thread; a little is in flight, never all.

Where the pieces come from may speak with the store itself, which obstore forbids to what it pulls from.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator

import obstore
from obstore.store import ObjectStore

PART_BYTES = 8 << 20
"""The size of the parts of a large upload, and of what is kept in memory before one begins."""
_LOOK_SECONDS = 0.2


class _GivenUp(Exception):  # noqa: N818 - what the upload is told
    """The upload must not be completed."""


class Pump:
    """One upload under way. Raises what the upload raised."""

    def __init__(self, bucket: ObjectStore, key: str) -> None:
        self._pieces: queue.Queue[bytes | None] = queue.Queue(2)
        self._error: BaseException | None = None
        self._broken = False
        self._thread = threading.Thread(target=self._send, args=(bucket, key), name="blob-upload", daemon=True)
        self._thread.start()

    def give(self, piece: bytes) -> None:
        """Hand over a piece; waits while the upload is behind."""
        self._put(piece)

    def finish(self) -> None:
        """Complete the upload."""
        self._put(None)
        self._thread.join()
        if self._error is not None:
            raise self._error

    def give_up(self) -> None:
        """End the upload without its completion, unless it is complete."""
        self._broken = True
        while self._thread.is_alive():
            try:
                self._pieces.put(None, timeout=_LOOK_SECONDS)
            except queue.Full:
                continue
            self._thread.join()

    def _put(self, piece: bytes | None) -> None:
        while self._thread.is_alive():
            try:
                self._pieces.put(piece, timeout=_LOOK_SECONDS)
            except queue.Full:
                continue
            return
        raise self._error or RuntimeError("the upload has ended")

    def _send(self, bucket: ObjectStore, key: str) -> None:
        try:
            obstore.put(bucket, key, self._coming(), use_multipart=True, chunk_size=PART_BYTES, max_concurrency=2)
        except BaseException as error:  # noqa: BLE001 - raised again where the pieces come from
            self._error = error

    def _coming(self) -> Iterator[bytes]:
        while True:
            piece = self._pieces.get()
            if self._broken:
                raise _GivenUp
            if piece is None:
                return
            yield piece
