"""The janitor's statements on the tables in memory, and its look into the streams."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from support.simulated.broker import Broker
from support.simulated.language import Row

from erc.events.errors import Unavailable

if TYPE_CHECKING:
    from support.simulated.database import Session

GOES_ON = {"job": {"queued", "running"}, "compendium": {"loading", "describing"}, "shipment": {"to be shipped"}}


async def going(session: Session, given: Mapping[str, Any]) -> list[Row]:
    """Return what has not ended and waits in no queue, the oldest first."""
    waiting = {row["job_id"] for _key, row in session.visible("waiting") if row["released"] is None}
    found = [
        {"kind": kind, **{name: row[name] for name in ("id", "version", "created")}}
        for kind, states in GOES_ON.items()
        for _key, row in session.visible(kind)
        if row["status"] in states and row["created"] <= given["before"] and row["id"] not in waiting
    ]
    return sorted(found, key=lambda row: row["created"])[: given["most"]]


async def free(session: Session, _given: Mapping[str, Any]) -> list[Row]:
    """Give back the places of jobs that have ended."""
    jobs = {row["id"] for _key, row in session.visible("job") if row["status"] in GOES_ON["job"]}
    return await _delete(session, "waiting", lambda row: row["job_id"] not in jobs)


async def trim_answers(session: Session, given: Mapping[str, Any]) -> list[Row]:
    """Forget old answers."""
    return await _delete(session, "idempotency", lambda row: row["created"] <= given["answered"])


async def trim_sessions(session: Session, _given: Mapping[str, Any]) -> list[Row]:
    """Forget sessions that are over."""
    return await _delete(session, "session", lambda row: row["expires"] < session.now)


async def trim_capacity(session: Session, _given: Mapping[str, Any]) -> list[Row]:
    """Forget processes that were not heard of for an hour."""
    return await _delete(session, "capacity", lambda row: row["seen"] < session.now - timedelta(hours=1))


async def trim_uploads(session: Session, _given: Mapping[str, Any]) -> list[Row]:
    """Forget archives that nobody finished to send for a day."""
    return await _delete(session, "source_upload", lambda row: row["created"] < session.now - timedelta(days=1))


async def trim_sources(session: Session, _given: Mapping[str, Any]) -> list[Row]:
    """Forget archives of which no compendium was made for a day."""
    used = {(row["owner"], row["document"]["upload"]) for _key, row in session.visible("compendium")}
    before = session.now - timedelta(days=1)
    return await _delete(
        session, "source", lambda row: row["used"] < before and (row["owner"], row["digest"]) not in used
    )


async def trim_cancellations(session: Session, _given: Mapping[str, Any]) -> list[Row]:
    """Forget cancellations of a month ago."""
    return await _delete(session, "cancellation", lambda row: row["requested"] < session.now - timedelta(days=30))


async def _delete(session: Session, name: str, over: Any) -> list[Row]:
    gone = []
    for key, _row in [*session.visible(name)]:
        row = session.get(name, key)
        if row is not None and over(row):
            row = await session.locked(name, key)
            if row is not None and over(row):
                session.write(name, key, None)
                gone.append(row)
    return gone


async def lead(session: Session, given: Mapping[str, Any]) -> list[Row]:
    """Take the janitor's lock unless somebody has it."""
    return [{"held": session.hold_now(("session", given["it"]))}]


async def follow(session: Session, given: Mapping[str, Any]) -> list[Row]:
    """Give it back."""
    session.let_go(("session", given["it"]))
    return []


class Streams:
    """What lies in the streams, as the janitor asks."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    async def holds(self, work_id: str) -> bool:
        """Return whether a command for this work will still be delivered, or an event waits to be read."""
        return await self._broker.network.call("holds", lambda: self._holds(work_id), _away)

    def _holds(self, work_id: str) -> bool:
        if self._broker.consumers["gateway"].ready:
            return True
        commands = self._broker.streams["COMMANDS"].messages.values()
        for one in (one for one in commands if one.subject.rsplit(".", 1)[1] == work_id):
            consumer = self._broker.consumers[f"{one.subject.split('.')[2]}-default"]
            if consumer.pending or consumer.delayed or one.sequence in consumer.ready:
                return True
        return False


def _away() -> Exception:
    return Unavailable("NATS does not answer")
