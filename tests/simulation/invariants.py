"""What must hold when a run has come to its end: pure functions from the world to sentences about what is broken."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from erc.gateway.abandoned import AGAIN
from erc.gateway.repeats import follow_ups
from erc.schemas.compendium import Compendium
from erc.schemas.job import Job
from erc.schemas.repeat import Repeat
from erc.workers.indexer.domain import search_document
from simulation.readers import expected
from simulation.scenario import NEW_WORK_SECONDS, TERMINAL, settled
from simulation.world import World

Broken = Iterator[str]


def broken(world: World, *, calm: bool = False) -> list[str]:
    """Return every broken invariant, in words; empty when all hold. `calm` when nothing failed in the run."""
    checks = {**INVARIANTS, "calm": all_went_well_at_once} if calm else INVARIANTS
    return [f"{name}: {what}" for name, check in checks.items() for what in check(world)]


def uploads_are_there(world: World) -> Broken:
    """I-1: what was answered exists with the bytes that were sent."""
    for key, identifier in world.answered.uploads.items():
        row = world.postgres.tables["compendium"].rows.get((identifier,))
        if row is None or row["document"]["upload"] != world.answered.sent[key]:
            yield f"the upload {key} was answered and is not there"
    for table, answered in (("job", world.answered.jobs), ("shipment", world.answered.shipments)):
        for key, identifier in answered.items():
            if (identifier,) not in world.postgres.tables[table].rows:
                yield f"the {table} {key} was answered and is not there"


def nothing_is_there_twice(world: World) -> Broken:
    """I-2: one key, one thing."""
    uploads = Counter(row["document"]["upload"] for row in world.postgres.rows("compendium"))
    yield from (f"the upload {upload[:8]} is there {number} times" for upload, number in uploads.items() if number > 1)
    for table in ("job", "shipment"):
        rows = [row for row in world.postgres.rows(table) if not row.get("repeats")]
        asked = Counter(row["compendium_id"] for row in rows)
        for compendium, number in asked.items():
            if number > world.asked[table, compendium]:
                yield f"{number} {table}s of {compendium} are there, {world.asked[table, compendium]} were asked for"
    if world.machines.doubled:
        yield f"work went on twice at once: {world.machines.doubled}"


def everything_ends_once(world: World) -> Broken:
    """I-3: what was accepted is terminal, was so once, and said so."""
    ends = Counter[str]()
    last: dict[str, dict[str, Any]] = {}
    for row in world.postgres.rows("event"):
        if row["body"]["type"] == "job.ended.v1":
            ends[row["aggregate_id"]] += 1
            last[row["aggregate_id"]] = row
    for row in world.postgres.rows("job"):
        event = last.get(row["id"])
        if row["status"] not in TERMINAL:
            yield f"the job {row['id']} is {row['status']} for ever"
        elif ends[row["id"]] != 1 or event is None:
            yield f"the job {row['id']} ended {ends[row['id']]} times"
        elif not _tells(event, row):
            yield f"the last event of the job {row['id']} does not tell what its row says"
    for table in ("compendium", "shipment"):
        for row in world.postgres.rows(table):
            if row["status"] not in TERMINAL:
                yield f"the {table} {row['id']} is {row['status']} for ever"
    for job in world.answered.cancelled:
        if (row := world.postgres.tables["job"].rows.get((job,))) and row["document"]["verdict"] != "cancelled":
            yield f"the job {job} was cancelled and ended as {row['document']['verdict']}"


def _tells(event: dict[str, Any], row: dict[str, Any]) -> bool:
    said, document = event["body"]["data"], row["document"]
    same = said["status"] == row["status"] and said["verdict"] == document["verdict"]
    return same and event["sequence"] == row["version"] == document["version"]


def repeats_follow_from_each_other(world: World) -> Broken:
    """I-2 and I-3, for repeats: each that was asked for is there once, and each has what follows from its end."""
    repeats: dict[str, list[Job]] = {}
    for row in world.postgres.rows("job"):
        if row["repeats"]:
            repeats.setdefault(row["repeats"], []).append(Job.model_validate(row["document"]))
    for of, jobs in repeats.items():
        first = [job for job in jobs if job.repeat and not job.repeat.suspects]
        if len(first) > world.asked["repeat", of]:
            yield f"the job {of} is repeated {len(first)} times"
        there = Counter(_varied(job.repeat) for job in jobs if job.repeat and job.repeat.suspects)
        wanted = Counter(_varied(one) for job in jobs for one in follow_ups(job))
        if there != wanted:
            yield f"the repeats of {of} vary {dict(there)}, not {dict(wanted)}"


def _varied(repeat: Repeat) -> tuple[str, ...]:
    return tuple(one.value for one in repeat.variations)


ENDS = {
    "workspace.loaded",
    "workspace.rejected",
    "description.made",
    "description.rejected",
    "environment.ready",
    "environment.failed",
    "image.saved",
    "execution.finished",
    "execution.failed",
    "check.finished",
    "check.failed",
    "package.packed",
    "package.failed",
    "job.ended",
}
"""After these an aggregate says nothing more."""


def ends_are_last(world: World) -> Broken:
    """I-3, for the workers: what ended says nothing more, unless it is asked again; no event is ahead of its row."""
    ended: set[tuple[str, str]] = set()
    for row in sorted(world.postgres.rows("event"), key=lambda row: row["id"]):
        if row["stream"] != "EVENTS":
            if row["message_id"].endswith(f".{AGAIN}"):
                ended = {one for one in ended if one[1] != row["body"]["subject"] or one[0] == "job"}
            continue
        aggregate = (row["aggregate"], row["aggregate_id"])
        if aggregate in ended:
            yield f"{aggregate} said {row['body']['type']} after its end"
        if row["body"]["type"].removesuffix(".v1") in ENDS:
            ended.add(aggregate)
    if world.too_early:
        yield f"in the stream before its row: {world.too_early[:3]}"


def events_are_in_order(world: World) -> Broken:
    """I-4: for each aggregate 1..n without a gap, in the stream as in the table, and each once."""
    stream = world.broker.streams["EVENTS"].log
    repeated = [name for name, number in Counter(message.id for message in stream).items() if number > 1]
    if repeated:
        yield f"in the stream more than once: {repeated[:3]}"
    rows = sorted((r for r in world.postgres.rows("event") if r["stream"] == "EVENTS"), key=lambda row: row["id"])
    streamed = _by_aggregate([(m.id.split(":")[0], m.id.split(":")[1], int(m.id.split(":")[2])) for m in stream])
    kept = _by_aggregate([(row["aggregate"], row["aggregate_id"], row["sequence"]) for row in rows])
    for aggregate in {**streamed, **kept}:
        here, there = streamed.get(aggregate, []), kept.get(aggregate, [])
        if here != list(range(1, len(there) + 1)):
            yield f"the stream has {here} of {aggregate}, the table {there}"
    public = [message.id for message in world.broker.streams["PUBLIC"].log]
    if len(public) != len(set(public)):
        yield "a public event is there more than once"


def _by_aggregate(numbered: list[tuple[str, str, int]]) -> dict[tuple[str, str], list[int]]:
    found: dict[tuple[str, str], list[int]] = {}
    for aggregate, identifier, number in numbered:
        found.setdefault((aggregate, identifier), []).append(number)
    return found


def positions_are_gap_free(world: World) -> Broken:
    """I-4, for readers of pages: every published row has its place, 1..n, in the order of its aggregate."""
    rows = [row for row in world.postgres.rows("event") if row["position"] is not None]
    if sorted(row["position"] for row in rows) != list(range(1, len(rows) + 1)):
        yield "the positions have a gap"
    rows.sort(key=lambda row: row["position"])
    events = [(r["aggregate"], r["aggregate_id"], r["sequence"]) for r in rows if r["stream"] == "EVENTS"]
    for aggregate, numbers in _by_aggregate(events).items():
        if numbers != sorted(numbers):
            yield f"the positions of {aggregate} are out of order"


def readers_heard_everything(world: World) -> Broken:
    """I-5: a reader that came back heard what the stream holds for it, each event once, and was never sent back."""
    for name, heard in world.heard.items():
        wanted = expected(world, name)
        if heard.events != wanted:
            yield f"the reader of {name} heard {len(heard.events)} of {len(wanted)} events, or not in order"
        if heard.resets:
            yield f"the reader of {name} was told {heard.resets} times that something is lost"


def the_index_is_the_projection(world: World) -> Broken:
    """I-6: the index holds what the compendia say."""
    projected = {}
    for row in world.postgres.rows("compendium"):
        if row["status"] == "ready":
            source = search_document(Compendium.model_validate(row["document"])).source
            projected[row["id"]] = (row["version"], source["title"], source["created"])
    indexed = {
        row["compendium_id"]: (row["version"], row["document"]["title"], row["document"]["created"])
        for row in world.postgres.rows("search_document")
    }
    if indexed != projected:
        yield f"the index holds {len(indexed)} compendia, the table {len(projected)}, or others"


def nothing_is_left(world: World) -> Broken:
    """Everything came to rest: no slot, no lock, no message is left."""
    if not settled(world):
        yield "the service did not come to rest"
    if world.postgres.rows("waiting"):
        yield f"a slot is held by {[(row['job_id'], row['worker']) for row in world.postgres.rows('waiting')]}"
    if world.postgres.locks:
        yield f"locks are held: {list(world.postgres.locks)}"


def nobody_gives_up(world: World) -> Broken:
    """No transaction is lost to a circle of locks, and no handler raises what its caller does not expect."""
    if world.postgres.deadlocks:
        yield f"{world.postgres.deadlocks} transactions waited for each other"
    if world.network.raised:
        yield f"{world.network.raised} times a handler raised"


def all_went_well_at_once(world: World) -> Broken:
    """Where nothing fails, nothing is tried twice, however long it takes."""
    for table in ("workspace", "description", "environment", "image", "execution", "check", "package"):
        for row in world.postgres.rows(table):
            if row["attempt"] > 1:
                yield f"the {table} {row['id']} took {row['attempt']} attempts"


def new_work_succeeds_soon(world: World) -> Broken:
    """I-10: after the faults, new work is done without help."""
    if world.new_work_seconds > NEW_WORK_SECONDS:
        yield f"new work took {world.new_work_seconds:.0f} s"


INVARIANTS: dict[str, Callable[[World], Broken]] = {
    "I-1": uploads_are_there,
    "I-2": nothing_is_there_twice,
    "I-2 (repeats)": repeats_follow_from_each_other,
    "I-3": everything_ends_once,
    "I-3 (workers)": ends_are_last,
    "I-4": events_are_in_order,
    "I-4 (pages)": positions_are_gap_free,
    "I-5": readers_heard_everything,
    "I-6": the_index_is_the_projection,
    "rest": nothing_is_left,
    "locks": nobody_gives_up,
    "I-10": new_work_succeeds_soon,
}
