"""Dead letters: commands and events that nobody could handle, kept for an operator to look at."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.api import RawStreamMsg
from nats.js.errors import APIError, NotFoundError
from pydantic import BaseModel

from erc.events.errors import Unavailable
from erc.schemas.problem import Problem

T = TypeVar("T")

PREFIX = "erc.dead."


@dataclass(frozen=True)
class DeadLetter:
    """A buried message: its number, when it was buried, the subject it had, why, and its body as text."""

    number: int
    buried: datetime | None
    subject: str
    problem: Problem
    message: str


class _Body(BaseModel):
    problem: Problem
    message: str


class DeadLetters:
    """The stream of dead letters. Every method raises Unavailable when NATS does not answer."""

    def __init__(self, client: Client) -> None:
        self._js = client.jetstream(timeout=5)

    async def after(self, number: int, most: int) -> Sequence[DeadLetter]:
        """Return at most so many letters behind this number, oldest first."""
        found: list[DeadLetter] = []
        while len(found) < most:
            raw = await _or_none(self._js.get_msg("DEAD", number + 1, subject=f"{PREFIX}>", next=True))
            if raw is None:
                break
            number = raw.seq or number + 1
            found.append(_letter(raw))
        return found

    async def letter(self, number: int) -> DeadLetter | None:
        """Return the letter of this number, None when there is none."""
        raw = await _or_none(self._js.get_msg("DEAD", number)) if number > 0 else None
        return _letter(raw) if raw and (raw.subject or "").startswith(PREFIX) else None

    async def drop(self, number: int) -> bool:
        """Remove the letter of this number; False when it is not there."""
        return bool(await _or_none(self._js.delete_msg("DEAD", number)))


def _letter(raw: RawStreamMsg) -> DeadLetter:
    subject = (raw.subject or "").removeprefix(PREFIX)
    try:
        body = _Body.model_validate_json(raw.data or b"")
    except ValueError:
        unknown = Problem(code="letter_unknown", title="The letter does not say why it was buried")
        body = _Body(problem=unknown, message=(raw.data or b"").decode(errors="replace"))
    return DeadLetter(raw.seq or 0, raw.time, subject, body.problem, body.message)


async def exhume(js: JetStreamContext, advisory: dict[str, Any], problem: Problem) -> bytes | None:
    """Return the body of the message that was delivered too often, as an advisory says; bury it with this problem.

    None when it is not there, also when its stream was made anew since. Raises Unavailable.
    """
    stream, sequence = str(advisory["stream"]), int(advisory["stream_seq"])
    raw = await _or_none(js.get_msg(stream, sequence))
    given_up = datetime.fromisoformat(str(advisory["timestamp"]))
    if raw is None or raw.time is None or raw.time > given_up:
        return None
    body = raw.data or b""
    letter = {"problem": problem.model_dump(), "message": body.decode(errors="replace")}
    headers = {"Nats-Msg-Id": f"dead:{stream}:{sequence}:{raw.time.isoformat()}"}
    await _or_none(js.publish(f"{PREFIX}{raw.subject}", json.dumps(letter).encode(), headers=headers))
    await _or_none(js.delete_msg(stream, sequence))
    return body


async def _or_none(question: Awaitable[T]) -> T | None:
    try:
        return await question
    except NotFoundError:
        return None
    except APIError as error:
        if error.err_code == _NO_SUCH_SEQUENCE:
            return None
        raise Unavailable(f"NATS refused: {error.description}") from error
    except (NatsError, OSError, TimeoutError) as error:
        raise Unavailable(f"NATS does not answer: {error or type(error).__name__}") from error


_NO_SUCH_SEQUENCE = 10043
