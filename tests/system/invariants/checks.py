"""The ten invariants as pure functions: a world in, how much was checked and what is broken out."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from .world import TERMINAL, Entry, Message, World

_SHOWN = {"compendium", "job"}
"""Aggregates whose events readers see."""


@dataclass
class Result:
    """One invariant: how many things were looked at, a sentence for each that breaks it."""

    name: str
    title: str
    checked: int = 0
    violations: list[str] = field(default_factory=list)

    def expect(self, holds: bool, sentence: str) -> None:
        """Count one more thing, and what is wrong with it."""
        self.checked += 1
        if not holds:
            self.violations.append(sentence)

    def line(self) -> str:
        """Return the line that is printed."""
        word = "ok" if not self.violations else "BROKEN"
        return f"{self.name:<5}{word:<7} checked={self.checked} violations={len(self.violations)}  {self.title}"


def uploads_exist(world: World) -> Result:
    result = Result("I-1", "every accepted upload is there with the client's bytes")
    sent = {entry["key"]: entry for entry in world.of("sent") if entry["what"] == "compendium"}
    for identifier, answer in world.accepted("compendium").items():
        row, digest = world.compendia.get(identifier), sent[answer["key"]]["sha256"]
        if row is None:
            result.expect(False, f"compendium {identifier} was accepted and is gone")
            continue
        result.expect(row.document.get("upload") == digest, f"compendium {identifier} holds other bytes than were sent")
        result.expect(digest not in world.damage, f"upload of {identifier}: {world.damage.get(digest)}")
    return result


def nothing_is_doubled(world: World) -> Result:
    result = Result("I-2", "nothing exists twice for one key")
    if not any(entry.get("honoured") for entry in world.of("answered")):
        return result
    answers: dict[str, set[str]] = defaultdict(set)
    for what in ("compendium", "job", "shipment"):
        for identifier, answer in world.accepted(what).items():
            answers[answer["key"]].add(identifier)
    for key, identifiers in answers.items():
        result.expect(len(identifiers) == 1, f"key {key} was answered with {', '.join(sorted(identifiers))}")
    for what in ("compendium", "job", "shipment"):
        keys: dict[str, set[str]] = defaultdict(set)
        for entry in world.of("sent"):
            if entry["what"] == what:
                keys[entry.get("sha256") or entry["of"]].add(entry["key"])
        origin = "upload" if what == "compendium" else "compendium_id"
        made = Counter(str(row.document.get(origin)) for row in world.rows(what).values())
        for subject, asked in keys.items():
            result.expect(made[subject] <= len(asked), f"{made[subject]} of {what} for {len(asked)} keys of {subject}")
    return result


def everything_ends_once(world: World) -> Result:
    result = Result("I-3", "everything accepted ends, with one terminal event that equals its row")
    for what in TERMINAL:
        for identifier in world.accepted(what):
            result.expect(identifier in world.rows(what), f"{what} {identifier} was accepted and is gone")
        for row in world.rows(what).values():
            result.expect(row.status in TERMINAL[what], f"{what} {row.id} is stuck: {row.status}")
    ends: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for event in world.logged:
        if event.type.startswith("job.ended."):
            ends[event.aggregate_id].append((event.data["status"], event.data["verdict"]))
    streamed = Counter(
        message.aggregate_id
        for message in {it.message_id: it for it in world.streams.get("EVENTS", [])}.values()
        if message.type.startswith("job.ended.")
    )
    for job in world.jobs.values():
        if job.status not in TERMINAL["job"]:
            continue
        expected = [(job.status, job.document.get("verdict"))]
        result.expect(ends[job.id] == expected, f"job {job.id} is {expected}, its terminal events say {ends[job.id]}")
        result.expect(streamed[job.id] == 1, f"job {job.id} has {streamed[job.id]} terminal events in the stream")
    return result


def order_is_kept(world: World) -> Result:
    result = Result("I-4", "each aggregate counts 1..n without gaps, in table and streams; streams miss nothing")
    events = [event for event in world.logged if event.stream == "EVENTS"]
    for aggregate, numbers in _numbers(events).items():
        result.expect(
            sorted(numbers) == list(range(1, len(numbers) + 1)), f"{aggregate} has the events {sorted(numbers)}"
        )
    for aggregate, numbers in _numbers(_first(world.streams.get("EVENTS", []))).items():
        result.expect(numbers == list(range(1, len(numbers) + 1)), f"{aggregate} is streamed as {numbers}")
    _complete(result, world, "EVENTS", [event.message_id for event in events])
    _complete(result, world, "PUBLIC", [event.message_id for event in events if event.public])
    for event in world.logged:
        result.expect(event.sent, f"{event.message_id} waits in the outbox")
    places = sorted(event.position for event in world.logged if event.position is not None)
    result.expect(places == list(range(1, len(places) + 1)), "the positions are not 1..n")
    ordered = sorted((event for event in events if event.position is not None), key=lambda it: it.position or 0)
    for aggregate, numbers in _numbers(ordered).items():
        result.expect(numbers == sorted(numbers), f"{aggregate} is paged as {numbers}")
    result.expect(not world.waiting_commands, f"{world.waiting_commands} commands wait for a worker")
    return result


def _complete(result: Result, world: World, stream: str, expected: Sequence[str]) -> None:
    there = {message.message_id for message in world.streams.get(stream, [])}
    for message_id in expected:
        result.expect(message_id in there, f"{message_id} is not in {stream}")
    for message_id in sorted(there - set(expected)):
        result.expect(False, f"{message_id} is in {stream}, and nobody committed it")


def _first(messages: Iterable[Message]) -> list[Message]:
    """Return the messages in the order of the stream, each id once: what a reader keeps."""
    kept: dict[str, Message] = {}
    for message in messages:
        kept.setdefault(message.message_id, message)
    return list(kept.values())


def _numbers(events: Iterable[object]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = defaultdict(list)
    for event in events:
        found[f"{event.aggregate} {event.aggregate_id}"].append(event.sequence)  # type: ignore[attr-defined]
    return found


def readers_miss_nothing(world: World) -> Result:
    result = Result("I-5", "a reader that comes back ends with the stream's own list")
    heard: dict[str, list[Entry]] = defaultdict(list)
    ended = {entry["reader"] for entry in world.of("left") if entry.get("why") == "end"}
    begun = {entry["reader"] for entry in world.of("joined")}
    for entry in world.of("heard"):
        heard[entry["reader"]].append(entry)
    shown = [it for it in world.streams.get("EVENTS", []) if it.aggregate in _SHOWN]
    for reader in sorted(begun):
        kind, _, identifier = reader.partition(":")
        told = heard[reader]
        result.expect(not any(it["event"] == "reset" for it in told), f"{reader} was reset, and no stream was remade")
        messages = [it["message"] for it in told if it.get("message")]
        if kind == "job":
            expected = [it.message_id for it in _first(shown) if it.aggregate_id == identifier]
            result.expect(messages == expected, f"{reader} heard {_difference(messages, expected)}")
            result.expect(reader in ended, f"{reader} did not hear the end")
            chunks = [it["place"] for it in told if it["event"] == "log"]
            result.expect(len(chunks) == len(set(chunks)), f"{reader} heard a piece of the log twice")
        elif kind == "nobody":
            result.expect(not messages, f"{reader} heard {len(messages)} events of others' candidates")
        else:
            ids = [it.message_id for it in shown]
            expected = ids[ids.index(messages[0]) :] if messages and messages[0] in ids else ids
            result.expect(messages == expected, f"{reader} heard {_difference(messages, expected)}")
    return result


def _difference(heard: Sequence[str], expected: Sequence[str]) -> str:
    missing, strange = set(expected) - set(heard), set(heard) - set(expected)
    doubled = [message for message, times in Counter(heard).items() if times > 1]
    disorder = next((f"{b} after {a}" for a, b in pairwise(heard) if (a, b) not in set(pairwise(expected))), "nothing")
    return (
        f"{len(heard)} of {len(expected)} events: missing {sorted(missing)[:3]}, strange {sorted(strange)[:3]}, "
        f"twice {doubled[:3]}, first odd step: {disorder}"
    )


def index_is_the_projection(world: World) -> Result:
    result = Result("I-6", "the index equals what events and rows make of it")
    alive: dict[str, bool] = {}
    for message in _first(world.streams.get("EVENTS", [])):
        if message.type.startswith("compendium.changed.") and message.data.get("status") == "ready":
            alive[message.aggregate_id] = True
        elif message.type.startswith("compendium.deleted."):
            alive[message.aggregate_id] = False
    rebuilt = {identifier for identifier, there in alive.items() if there}
    for identifier in sorted(rebuilt | world.index.keys() | world.projection.keys()):
        live, should = world.index.get(identifier), world.projection.get(identifier)
        result.expect(live == should, f"compendium {identifier} is indexed as {live}, its row makes {should}")
        result.expect(
            (identifier in rebuilt) == (should is not None), f"the events do not make {identifier}'s document"
        )
    return result


def nothing_is_left(world: World) -> Result:
    result = Result("I-7", "nothing of an ended job is left in engine and folders")
    left = defaultdict(list)
    for leftover in world.leftovers:
        left[leftover.job_id].append(leftover.kind)
    for job in world.jobs.values():
        if job.status in TERMINAL["job"]:
            result.expect(job.id not in left, f"job {job.id} has left {', '.join(left[job.id])}")
    for identifier in sorted(left.keys() - world.jobs.keys()):
        result.expect(False, f"{identifier}, which is no job, has left {', '.join(left[identifier])}")
    return result


def files_are_as_sent(world: World) -> Result:
    result = Result("I-8", "no file of a compendium or job has changed or vanished")
    for row in [*world.compendia.values(), *world.jobs.values()]:
        for name in ("manifest", "outputs"):
            digest = row.document.get(name)
            for path, blob in world.manifests.get(digest, {}).items() if digest else ():
                result.expect(blob not in world.damage, f"{row.id} {path}: {world.damage.get(blob)}")
            result.expect(not digest or digest in world.manifests, f"{row.id} has lost its {name}")
    for entry in world.of("sent"):
        for identifier in _made_by(world, entry) if entry["what"] == "compendium" else ():
            manifest = world.manifests.get(world.compendia[identifier].document.get("manifest") or "", {})
            for path, digest in entry.get("files", {}).items():
                result.expect(manifest.get(path) == digest, f"{identifier} {path} is not what was sent")
    return result


def _made_by(world: World, sent: Entry) -> list[str]:
    ready = {identifier for identifier, row in world.compendia.items() if row.status == "ready"}
    return [it for it, answer in world.accepted("compendium").items() if it in ready and answer["key"] == sent["key"]]


def shipments_are_made_once(world: World) -> Result:
    result = Result("I-9", "a shipment is made once")
    ends = Counter(it.aggregate_id for it in world.logged if it.aggregate == "package")
    deposits: dict[str, set[str]] = defaultdict(set)
    for entry in world.of("deposited"):
        deposits[entry["shipment"]].add(entry["deposit"])
    for shipment in world.shipments.values():
        made = ends[shipment.id]
        # One that was cancelled or lost has an end without a package, or one that came too late to be used.
        result.expect(
            made == 1 if shipment.status == "shipped" else made <= 1, f"shipment {shipment.id} was packed {made} times"
        )
        package = shipment.document.get("package")
        result.expect(not package or package not in world.damage, f"shipment {shipment.id} has lost its package")
    for shipment_id, made in deposits.items():
        result.expect(len(made) == 1, f"shipment {shipment_id} was deposited as {', '.join(sorted(made))}")
    return result


def new_work_succeeds(world: World) -> Result:
    result = Result("I-10", "new work succeeds within 30 s after a fault, without a human")
    for entry in world.of("recovered"):
        result.expect(entry["seconds"] <= 30, f"new work took {entry['seconds']} s")
    return result


CHECKS: tuple[Callable[[World], Result], ...] = (
    uploads_exist,
    nothing_is_doubled,
    everything_ends_once,
    order_is_kept,
    readers_miss_nothing,
    index_is_the_projection,
    nothing_is_left,
    files_are_as_sent,
    shipments_are_made_once,
    new_work_succeeds,
)


def check(world: World) -> list[Result]:
    """Check every invariant."""
    return [one(world) for one in CHECKS]


@dataclass(frozen=True)
class Counts:
    """What became of what was accepted."""

    accepted: int
    ended: int
    lost: int
    doubled: int
    stuck: int


def count(world: World) -> Counts:
    """Count what was accepted: compendia, jobs and shipments together."""
    accepted = [(what, identifier) for what in TERMINAL for identifier in world.accepted(what)]
    rows = [(what, world.rows(what).get(identifier)) for what, identifier in accepted]
    ended = sum(row is not None and row.status in TERMINAL[what] for what, row in rows)
    lost = sum(row is None for _, row in rows)
    ends = Counter(it.aggregate_id for it in world.logged if it.type.startswith("job.ended."))
    doubled = sum(times > 1 for times in ends.values()) + len(nothing_is_doubled(world).violations)
    return Counts(len(accepted), ended, lost, doubled, stuck=len(rows) - ended - lost)
