"""How often somebody may ask: buckets of tokens in memory, one for each account, else for each address."""

from __future__ import annotations

import hashlib
import math
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

MOST = 50_000
"""So many buckets and so many holders are remembered; the oldest are forgotten."""


@dataclass
class _Bucket:
    left: float
    filled: float
    """When it was filled last, in seconds of the clock."""


class Buckets:
    """Buckets that hold a minute's worth and fill evenly. `clock` is monotonic, in seconds."""

    def __init__(self, per_minute: int, clock: Callable[[], float], most: int = MOST) -> None:
        self.per_minute, self._clock, self._most = per_minute, clock, most
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def take(self, key: str) -> int:
        """Take one from a bucket: 0 when there was one, else in how many seconds there will be."""
        if not self.per_minute:
            return 0
        now, rate = self._clock(), self.per_minute / 60
        bucket = self._buckets.pop(key, None) or _Bucket(self.per_minute, now)
        bucket.left = min(float(self.per_minute), bucket.left + (now - bucket.filled) * rate)
        bucket.filled = now
        self._buckets[key] = bucket
        while len(self._buckets) > self._most:
            self._buckets.popitem(last=False)
        if bucket.left < 1:
            return max(1, math.ceil((1 - bucket.left) / rate))
        bucket.left -= 1
        return 0


class Known:
    """Remembers who holds what was shown lately, so that counting asks no database. It opens nothing."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._holders: OrderedDict[bytes, str] = OrderedDict()

    def remember(self, secret: str, holder: str | None) -> None:
        """Remember who holds this; None forgets it."""
        key = _key(secret)
        self._holders.pop(key, None)
        if holder:
            self._holders[key] = holder
            while len(self._holders) > self._most:
                self._holders.popitem(last=False)

    def holder(self, secret: str) -> str | None:
        """Return who held this the last time somebody looked."""
        return self._holders.get(_key(secret))


def _key(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
