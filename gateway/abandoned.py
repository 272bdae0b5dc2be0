"""What becomes of work that nobody seems to do: left alone, asked for once more, or ended. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from erc.events.catalog import Command
from erc.schemas.problem import Problem

AGAIN = "again"
LOST = Problem(
    code="lost",
    title="The service lost track of this step",
    detail="It was asked for twice, and nobody did it. Please start it again.",
)


class Care(StrEnum):
    """What is to be done."""

    LEAVE = "leave"
    ASK_AGAIN = "ask again"
    GIVE_UP = "give up"


@dataclass(frozen=True)
class LastCommand:
    """The last command for some work; `sent` is None while it, or an answer to it, waits for the relay."""

    command: Command
    cause: str
    sent: datetime | None


@dataclass(frozen=True)
class Going:
    """Work that has not ended: a compendium, a job or a shipment, with every sign of somebody who does it.

    `version` is the one of its row. `seen` is when a worker last wrote of it.
    """

    kind: str
    id: str
    version: int
    created: datetime
    last: LastCommand | None
    seen: datetime | None


def quiet(going: Going, now: datetime, patience: timedelta) -> bool:
    """Return whether nothing was heard of this work for so long that its command should be looked for."""
    if going.last is not None and going.last.sent is None:
        return False
    heard = [going.created, going.seen, going.last.sent if going.last else None]
    return now - max(moment for moment in heard if moment) >= patience


def care_for(going: Going, now: datetime, patience: timedelta, *, comes: bool) -> Care:
    """Return what is to be done; `comes` says whether the command lies in its stream."""
    if comes or not quiet(going, now, patience):
        return Care.LEAVE
    if going.last is None or going.last.cause.endswith(AGAIN):
        return Care.GIVE_UP
    return Care.ASK_AGAIN
