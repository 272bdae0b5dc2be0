"""Sends an archive in pieces, so that a break costs one piece; what the service has already is not sent again."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator

from erc.gateway.client.client import CONNECT_SECONDS, UPLOAD_SECONDS, Client, checked_id
from erc.gateway.client.failures import Unreachable
from erc.gateway.client.sse import Patience

LARGE_BYTES = 128 << 20
"""From this size on an archive is sent in pieces: it is read twice, once for its digest."""
CHUNK_BYTES = 1 << 20
_KIND = {"Content-Type": "application/octet-stream"}


def send_source(
    client: Client,
    pieces: Callable[[], Iterator[bytes]],
    size_bytes: int,
    progress: Callable[[int], None],
    patience: Patience,
) -> str:
    """Send what `pieces` yields, the same each time it is asked, and return its name `source://sha256:…`.

    After a break it goes on where the service is, until the patience ends. Raises ClientError.
    """
    digest = _digest(pieces())
    sending = _Sending(client, progress, patience)
    while True:
        try:
            return sending.once(pieces, size_bytes, digest)
        except Unreachable as error:
            if not client.reached:
                raise
            patience.wait(error)
            client.look_again()


class _Sending:
    def __init__(self, client: Client, progress: Callable[[int], None], patience: Patience) -> None:
        self._client, self._progress, self._patience = client, progress, patience
        self._told = 0

    def once(self, pieces: Callable[[], Iterator[bytes]], size_bytes: int, digest: str) -> str:
        said = self._client.document("POST", "/api/v1/sources", json={"digest": digest, "size": size_bytes})
        if "source" in said:
            self._tell(size_bytes)
            return str(said["source"])
        path, offset = f"/api/v1/sources/{checked_id(str(said.get('upload')), 'upload')}", int(said.get("offset", 0))
        self._tell(offset)
        for chunk in chunks(pieces(), offset):
            self._client.send("PATCH", path, content=chunk, headers={**_KIND, "Upload-Offset": str(offset)})
            offset += len(chunk)
            self._patience.answered()
            self._tell(offset)
        timeout = (CONNECT_SECONDS, UPLOAD_SECONDS, UPLOAD_SECONDS, CONNECT_SECONDS)
        return str(self._client.document("POST", f"{path}/complete", timeout=timeout).get("source"))

    def _tell(self, there: int) -> None:
        if there > self._told:
            self._progress(there - self._told)
            self._told = there


def chunks(pieces: Iterator[bytes], offset: int) -> Iterator[bytes]:
    """Yield the bytes from `offset` on, in chunks of one size but the last."""
    waiting = bytearray()
    for piece in pieces:
        skipped = min(offset, len(piece))
        offset -= skipped
        waiting += memoryview(piece)[skipped:]
        while len(waiting) >= CHUNK_BYTES:
            yield bytes(waiting[:CHUNK_BYTES])
            del waiting[:CHUNK_BYTES]
    if waiting:
        yield bytes(waiting)


def _digest(pieces: Iterator[bytes]) -> str:
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
    return digest.hexdigest()
