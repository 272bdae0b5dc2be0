"""Signed addresses of the content origin."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Callable
from urllib.parse import quote

LIFETIME_SECONDS = 12 * 3600
LINKED = "linked-"
"""Before the kind of what was opened by a public link: its address is good only as long as the link is."""


class Signer:
    """Makes and checks addresses of the content origin. `clock` gives Unix seconds."""

    def __init__(self, key: bytes, origin: str, clock: Callable[[], float] = time.time) -> None:
        self._key, self._origin, self._clock = key, origin, clock
        self._before = ""

    def by_link(self) -> Signer:
        """Return the signer of addresses that end with the public link that opened them."""
        signer = Signer(self._key, self._origin, self._clock)
        signer._before = LINKED
        return signer

    def address(self, kind: str, identifier: str, path: str) -> str:
        """Return an address good for twelve hours; relative links in the document stay within its prefix."""
        kind, expires = f"{self._before}{kind}", int(self._clock()) + LIFETIME_SECONDS
        sealed = self._seal(kind, identifier, expires)
        return f"{self._origin}/c/{sealed}/{expires}/{kind}/{identifier}/{quote(path)}"

    def holds(self, sealed: str, expires: int, kind: str, identifier: str) -> bool:
        """Return whether the address is ours and has not expired."""
        return (
            hmac.compare_digest(sealed.encode(), self._seal(kind, identifier, expires).encode())
            and expires > self._clock()
        )

    def _seal(self, kind: str, identifier: str, expires: int) -> str:
        message = f"{kind}\0{identifier}\0{expires}".encode()
        return hmac.new(self._key, message, hashlib.sha256).hexdigest()[:40]
