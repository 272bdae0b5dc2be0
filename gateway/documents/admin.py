"""What operators see and do."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from erc.gateway.documents.document import Document, NamedProblem


class Waiting(Document):
    """Messages that were committed and not published yet."""

    waiting: int
    oldest_seconds: float | None


class RelayState(Document):
    """The one that publishes."""

    instance: str | None
    silent_seconds: float | None


class Wire(Document):
    """Streams, consumers, outbox, relay and slots, and what is wrong."""

    streams: list[dict[str, Any]]
    consumers: list[dict[str, Any]]
    outbox: Waiting
    relay: RelayState
    slots: dict[str, int]
    problems: list[NamedProblem]


class LoggedEvent(Document):
    """A message of the event log."""

    position: int | None
    id: str
    stream: str
    subject: str
    public: str | None
    created: datetime
    sent: datetime | None
    message: dict[str, Any]


class LoggedEvents(Document):
    """A page of the event log."""

    results: list[LoggedEvent]
    next: int | None


class DeadLetterDocument(Document):
    """A message that nobody could handle."""

    dead: int
    buried: datetime | None
    subject: str
    id: str | None
    type: str | None
    aggregate: str | None
    problem: NamedProblem
    message: str | None = None


class DeadLetterPage(Document):
    """Dead letters, oldest first."""

    results: list[DeadLetterDocument]
    next: int | None


class Revived(Document):
    """A dead letter whose command was sent again."""

    dead: int
    sent: str


class Dropped(Document):
    """A dead letter that was forgotten."""

    dead: int


class RebuildStart(Document):
    """What of it is to be rebuilt."""

    streams: list[str] | None = None
    """Of `events`: EVENTS, PUBLIC or both."""


class OperationDocument(Document):
    """Something that an operator did."""

    id: str
    principal: str
    action: str
    document: dict[str, Any]
    created: datetime
    ended: datetime | None


class OperationPage(Document):
    """What operators did, newest first."""

    results: list[OperationDocument]


class RebuildDocument(Document):
    """How far a rebuild is."""

    id: str
    principal: str
    action: str
    created: datetime
    ended: datetime | None
    compendia: int | None = None
    streams: dict[str, Any] | None = None
