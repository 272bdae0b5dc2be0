"""The statements that the product writes as text, each by the digest of its words, and what it does to the tables.

A statement that is changed is no longer known here, and the run says so: its meaning must be looked at again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from support.simulated import care
from support.simulated.language import Row, Statement, Unknown

if TYPE_CHECKING:
    from support.simulated.database import Session

Does = Callable[["Session", Mapping[str, Any]], Awaitable[list[Row]]]


@lru_cache(maxsize=256)
def digest(text: str) -> str:
    """Return the name of a statement: a digest of its words, whatever the space between them."""
    return hashlib.sha256(" ".join(text.split()).encode()).hexdigest()[:12]


async def run(session: Session, text: str, parameters: Mapping[str, Any]) -> list[Row]:
    """Do what a statement says."""
    does = STATEMENTS.get(digest(text))
    if does is None:
        raise Unknown(f"The simulated database does not know the statement {digest(text)}: {text}")
    return await does(session, parameters)


async def release(session: Session, given: Mapping[str, Any]) -> list[Row]:
    """Give free slots to the waiting work, fairly by owner."""
    worker, now = given["worker"], session.now
    waiting = [row for _key, row in session.visible("waiting") if row["worker"] == worker]
    alive = now - timedelta(seconds=20)
    slots = sum(r["slots"] for _k, r in session.visible("capacity") if r["worker"] == worker and r["seen"] > alive)
    running: dict[str, int] = {}
    for row in waiting:
        if row["released"] is not None:
            running[row["owner"]] = running.get(row["owner"], 0) + 1
    free = max(0, slots - sum(running.values()))
    turn: dict[str, int] = {}
    order = []
    for row in sorted((r for r in waiting if r["released"] is None), key=lambda r: (r["since"], r["job_id"])):
        turn[row["owner"]] = turn.get(row["owner"], 0) + 1
        order.append((running.get(row["owner"], 0) + turn[row["owner"]], row["since"], row["job_id"], row))
    released = []
    for position, (*_rank, row) in enumerate(sorted(order, key=lambda one: one[:3])[:free], start=1):
        held = await session.locked("waiting", (row["job_id"], worker))
        if held is not None:
            after = {**held, "released": now}
            session.write("waiting", (row["job_id"], worker), after)
            released.append({**after, "position": position})
    return released


async def enter(session: Session, given: Mapping[str, Any]) -> list[Row]:
    """Enter a queue, once, and take its lock."""
    await session.hold(("advisory", f"erc.queue.{given['worker']}"))
    row = {
        "job_id": given["job"],
        "worker": given["worker"],
        "owner": given["owner"],
        "cause": given["cause"],
        "command": {"type": given["type"], "data": json.loads(given["data"]), "traceparent": given["traceparent"]},
    }
    await session.insert("waiting", row, Statement("insert", "waiting", conflict="nothing"))
    return []


async def index(session: Session, given: Mapping[str, Any]) -> list[Row]:
    """Write a search document unless a later version is there, or its compendium is not."""
    if session.get("compendium", (given["id"],)) is None:
        return []
    row = {
        "compendium_id": given["id"],
        "version": given["version"],
        "owner": given["owner"],
        "candidate": given["candidate"],
        "document": json.loads(given["document"]),
        "words": " ".join([given["title"], given["names"], given["text"]]),
    }
    before = await session.locked("search_document", (given["id"],))
    oldest = given["version"] - (not given["again"])
    if before is None or before["version"] <= oldest:
        session.write("search_document", (given["id"],), row)
    return []


async def lock(session: Session, given: Mapping[str, Any]) -> list[Row]:
    """Take an advisory lock of the session."""
    await session.hold(("session", given["number"]))
    return []


async def unlock(session: Session, given: Mapping[str, Any]) -> list[Row]:
    """Give it back."""
    session.let_go(("session", given["number"]))
    return []


async def hold_key(session: Session, given: Mapping[str, Any]) -> list[Row]:
    """Take the lock of an idempotency key unless somebody has it."""
    return [{"held": session.hold_now(("advisory", "erc.idempotency", f"{given['principal']} {given['key']}"))}]


async def keep_answer(session: Session, given: Mapping[str, Any]) -> list[Row]:
    """Keep the answer to a request unless one is kept that has not expired."""
    key = (given["principal"], given["key"])
    before = await session.locked("idempotency", key)
    if before is not None and before["created"] > given["expired"]:
        return []
    names = ("principal", "key", "fingerprint")
    row = {name: given[name] for name in names} | {"answer": json.loads(given["answer"]), "created": given["now"]}
    session.write("idempotency", key, row)
    return [row]


STATEMENTS: dict[str, Does] = {
    "d6f82a73bf04": release,
    "20f424701664": enter,
    "980954a3b24e": index,
    "1627a17dc4fd": lock,
    "4d54196a5873": unlock,
    "8473c5103f4e": hold_key,
    "2f66a27f09bb": keep_answer,
    "fbf48e36efb3": care.going,
    "435098e556f8": care.free,
    "d333455ef2e0": care.trim_answers,
    "eee2734f98b4": care.trim_sessions,
    "06424523c8cf": care.trim_capacity,
    "8e890f8e4777": care.trim_uploads,
    "f93585c9323d": care.trim_sources,
    "0dc6d12a10fb": care.trim_cancellations,
    "1254c92c2fbc": care.lead,
    "35852e90d737": care.follow,
}
