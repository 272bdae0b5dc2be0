"""Fakes of the ports: an outbox, a publisher, a delivery."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from erc.events.errors import Unavailable
from erc.events.relay import Waiting
from erc.schemas.problem import Problem


@dataclass
class FakeOutbox:
    """Rows in memory."""

    rows: list[Waiting]
    sent: list[int] = field(default_factory=list)
    leads: bool = True
    fail_marking: int = 0

    async def lead(self) -> bool:
        return self.leads

    async def unsent(self, most: int) -> Sequence[Waiting]:
        return [row for row in self.rows if row.row not in self.sent][:most]

    async def mark_sent(self, rows: Sequence[int]) -> None:
        if self.fail_marking:
            self.fail_marking -= 1
            raise Unavailable("the database went away")
        self.sent.extend(rows)


@dataclass
class FakeStreams:
    """Streams that know each message by its id; fails as often as it is told to."""

    messages: dict[str, list[Waiting]] = field(default_factory=dict)
    failures: int = 0
    asked: list[tuple[str, str]] = field(default_factory=list)
    """Streams and subjects whose last message was asked for."""

    async def publish(self, stream: str, messages: Sequence[Waiting]) -> None:
        if self.failures:
            self.failures -= 1
            raise Unavailable("the stream is full")
        kept = self.messages.setdefault(stream, [])
        known = {message.message_id for message in kept}
        kept.extend(message for message in messages if message.message_id not in known)

    async def last(self, stream: str, subject: str) -> str | None:
        self.asked.append((stream, subject))
        found = [message.message_id for message in self.messages.get(stream, []) if message.subject == subject]
        return found[-1] if found else None


@dataclass
class FakeDelivery:
    """A delivery that remembers what was said of it."""

    body: bytes
    deliveries: int = 1
    said: list[str] = field(default_factory=list)
    problem: Problem | None = None

    async def acknowledge(self) -> None:
        self.said.append("acknowledge")

    async def later(self, seconds: float) -> None:
        self.said.append(f"later {seconds:g}")

    async def bury(self, problem: Problem) -> None:
        self.said.append("bury")
        self.problem = problem

    async def alive(self) -> None:
        self.said.append("alive")
