"""Requests that may be repeated: the same key and the same request have one effect and one answer.

The answer is kept in the transaction that has the effect, so that neither is ever there without the other: whatever is
killed at whatever moment, a repeat finds both or does it now. Only what succeeded is kept; a refusal changed nothing
and is judged anew. A key is taken for as long as that transaction is open, and free again as soon as its process dies.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Generic, Protocol, TypeVar

KEPT = timedelta(hours=24)
"""How long an answer is kept."""
KEY_CHARACTERS = 255

_KEY = re.compile(rf"[\x21-\x7e]{{1,{KEY_CHARACTERS}}}")

T = TypeVar("T")
T_contra = TypeVar("T_contra", contravariant=True)


@dataclass(frozen=True)
class Answer:
    """An answer as it was given, to be given again; `body` is JSON text."""

    status: int
    body: str
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Asked:
    """A request with a key: who asks, under which key, for what (its fingerprint)."""

    principal: str
    key: str
    fingerprint: str


@dataclass(frozen=True)
class Kept:
    """The answer that is kept for a key, and the fingerprint of the request that it answered."""

    fingerprint: str
    answer: Answer
    created: datetime


class KeyInvalid(Exception):  # noqa: N818 - says what is wrong
    """The key cannot be one."""


class KeyReused(Exception):  # noqa: N818
    """The key was used for another request."""


class KeyTaken(Exception):  # noqa: N818
    """Another request with this key is being answered at this moment, or has just been: what was begun is undone."""


class Answers(Protocol[T_contra]):
    """Where answers are kept; transactions are the caller's."""

    async def find(self, principal: str, key: str) -> Kept | None:
        """Return what is kept for a key."""
        ...

    async def keep(self, transaction: T_contra, asked: Asked, answer: Answer, now: datetime) -> bool:
        """Keep an answer within a transaction; False when the key is taken by another one.

        What was kept longer than `KEPT` ago is replaced.
        """
        ...


Keep = Callable[[T, Answer], Awaitable[None]]
"""To be called within the transaction that has the effect; raises KeyTaken, which must undo it."""


class Idempotency(Generic[T]):
    """Answers each request with a key once."""

    def __init__(self, answers: Answers[T], now: Callable[[], datetime]) -> None:
        self._answers, self._now = answers, now

    async def once(self, asked: Asked, act: Callable[[Keep[T]], Awaitable[Answer]]) -> tuple[Answer, bool]:
        """Return the answer of `act`, or the one that was given before, and whether that was so.

        `act` must call what it is given, with the same answer that it returns, in the transaction of its effect.
        Raises KeyReused for another request under the same key, KeyTaken while the first one is being answered, and
        what `act` raises.
        """

        async def keep(transaction: T, answer: Answer) -> None:
            if not await self._answers.keep(transaction, asked, answer, self._now()):
                raise KeyTaken

        before = await self._replay(asked)
        if before is not None:
            return before, True
        try:
            return await act(keep), False
        except KeyTaken:
            # Whoever was faster may have come to its end by now.
            before = await self._replay(asked)
            if before is None:
                raise
            return before, True

    async def _replay(self, asked: Asked) -> Answer | None:
        return answer_again(await self._answers.find(asked.principal, asked.key), asked, self._now())


def answer_again(kept: Kept | None, asked: Asked, now: datetime) -> Answer | None:
    """Return the answer to give again, None when there is none; raises KeyReused for another request."""
    if kept is None or expired(kept.created, now):
        return None
    if kept.fingerprint != asked.fingerprint:
        raise KeyReused
    return kept.answer


def expired(created: datetime, now: datetime) -> bool:
    """Return whether an answer of this age is forgotten."""
    return now - created >= KEPT


def checked_key(key: str) -> str:
    """Return the key; raises KeyInvalid when it is empty, too long, or holds anything but visible ASCII characters."""
    if not _KEY.fullmatch(key):
        raise KeyInvalid
    return key


def fingerprint(method: str, path: str, body: object) -> str:
    """Return the SHA-256 of what is asked; `body` is JSON-like: the order of its fields does not matter."""
    canonical = json.dumps([method, path, body], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()
