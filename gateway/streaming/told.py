"""An event as readers are told it: what filters and rights ask about, and its frame on the wire."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from pydantic_core import from_json

from erc.events.pull import Message

_NEVER = datetime.min.replace(tzinfo=UTC)


class Told:
    """An event of a compendium or a job. What cannot be read belongs to no compendium, so nobody is shown it."""

    __slots__ = ("_time", "aggregate", "compendium", "data", "frame", "job", "kind", "type")

    def __init__(self, message: Message, incarnation: str) -> None:
        envelope = _document(message.body)
        data = envelope.get("data")
        self.data: dict[str, Any] = data if isinstance(data, dict) else {}
        self.type = str(envelope.get("type", ""))
        self.kind = self.type.rpartition(".v")[0] or self.type
        self.aggregate = self.kind.partition(".")[0]
        self.compendium = str(self.data.get("compendium_id", ""))
        self.job = str(self.data.get("job_id", ""))
        self._time = str(envelope.get("time", ""))
        self.frame = frame(f"{incarnation}.{message.sequence}", self.aggregate, message.body)

    def time(self) -> datetime:
        """When it happened, by the clock of the gateway that recorded it."""
        try:
            time = datetime.fromisoformat(self._time)
        except ValueError:
            return _NEVER
        return time if time.tzinfo else time.replace(tzinfo=UTC)


def frame(identifier: str, event: str, body: bytes) -> bytes:
    """Return a server-sent event; `body` is JSON, in which a raw line end is only white space."""
    if b"\n" in body or b"\r" in body:
        body = body.replace(b"\n", b" ").replace(b"\r", b" ")
    return b"id: %b\nevent: %b\ndata: %b\n\n" % (identifier.encode(), event.encode(), body)


def _document(body: bytes) -> dict[str, Any]:
    try:
        found = from_json(body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
