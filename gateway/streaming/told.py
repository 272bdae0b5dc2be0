"""An event as readers are told it: what filters and rights ask about, and its frame on the wire."""

from __future__ import annotations

import functools
from datetime import UTC, datetime
from typing import Any

from pydantic_core import from_json
from sse_starlette.event import ServerSentEvent

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
        self.kind, self.aggregate, event = _named(self.type)
        self.compendium = str(self.data.get("compendium_id", ""))
        self.job = str(self.data.get("job_id", ""))
        self._time = str(envelope.get("time", ""))
        body = one_line(message.body)
        self.frame = b"id: %b.%d\nevent: %b\ndata: %b\n\n" % (incarnation.encode(), message.sequence, event, body)

    def time(self) -> datetime:
        """When it happened, by the clock of the gateway that recorded it."""
        try:
            time = datetime.fromisoformat(self._time)
        except ValueError:
            return _NEVER
        return time if time.tzinfo else time.replace(tzinfo=UTC)


def frame(identifier: str, event: str, body: bytes) -> bytes:
    """Return a server-sent event that is made for one reader; `body` is JSON."""
    text = one_line(body).decode(errors="replace")
    return ServerSentEvent(text, event=event, id=identifier, sep="\n").encode()


def one_line(body: bytes) -> bytes:
    """Return JSON as one line: a raw line end in it is only white space."""
    if b"\n" in body or b"\r" in body:
        return body.replace(b"\n", b" ").replace(b"\r", b" ")
    return body


@functools.lru_cache(maxsize=256)
def _named(kind: str) -> tuple[str, str, bytes]:
    """Return a type without its version, its aggregate, and that as the name of a server-sent event."""
    plain = kind.rpartition(".v")[0] or kind
    aggregate = plain.partition(".")[0]
    return plain, aggregate, one_line(aggregate.encode(errors="replace"))


def _document(body: bytes) -> dict[str, Any]:
    try:
        found = from_json(body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
