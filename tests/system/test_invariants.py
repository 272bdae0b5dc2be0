"""Each invariant finds what was planted against it, and nothing else is broken by that."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from system.invariants.checks import CHECKS, check, count
from system.invariants.journal import Journal, read
from system.invariants.verdict import report
from system.invariants.world import Leftover, Logged, Message, Row, World

PAPER, JOB, BAG = "c" * 26, "j" * 26, "s" * 26
UPLOAD, MANIFEST, OUTPUTS, MAIN, PACKAGE = ("a" * 64, "b" * 64, "d" * 64, "e" * 64, "f" * 64)


def _event(row: int, aggregate: str, identifier: str, sequence: int, kind: str, **data: Any) -> Logged:
    message_id = f"{aggregate}:{identifier}:{sequence}:{kind}.v1"
    return Logged(row, "EVENTS", message_id, aggregate, identifier, sequence, f"{kind}.v1", data, None, True, row)


def sound_world() -> World:
    """One upload, one job with one reader, one shipment: all as it should be."""
    logged = [
        _event(1, "compendium", PAPER, 1, "compendium.changed", status="loading"),
        _event(2, "compendium", PAPER, 2, "compendium.changed", status="ready"),
        _event(3, "job", JOB, 1, "job.changed", status="running"),
        _event(4, "job", JOB, 2, "job.ended", status="success", verdict="reproduced"),
        _event(5, "package", BAG, 1, "package.packed"),
    ]
    logged[1] = dataclasses.replace(logged[1], public=f"erc.public.{PAPER}.compendium.changed")
    streamed = [
        Message(it.row, it.message_id, it.aggregate, it.aggregate_id, it.sequence, it.type, it.data) for it in logged
    ]
    jobs = [it for it in streamed if it.aggregate == "job"]
    shown = [it for it in streamed if it.aggregate in {"compendium", "job"}]
    answer = {"kind": "answered", "status": 202, "honoured": True}
    heard = [
        {"kind": "heard", "reader": reader, "event": "job", "message": it.message_id, "place": f"x.{it.place}"}
        for reader, messages in ((f"job:{JOB}", jobs), ("all:1", shown))
        for it in messages
    ]
    return World(
        compendia={PAPER: Row(PAPER, "ready", 2, {"upload": UPLOAD, "manifest": MANIFEST})},
        jobs={JOB: Row(JOB, "success", 2, {"compendium_id": PAPER, "verdict": "reproduced", "outputs": OUTPUTS})},
        shipments={BAG: Row(BAG, "shipped", 1, {"compendium_id": PAPER, "package": PACKAGE})},
        logged=logged,
        streams={"EVENTS": streamed, "PUBLIC": [streamed[1]]},
        index={PAPER: "1"},
        projection={PAPER: "1"},
        manifests={MANIFEST: {"main.py": MAIN}, OUTPUTS: {}},
        journal=[
            {"kind": "sent", "what": "compendium", "key": "k1", "sha256": UPLOAD, "files": {"main.py": MAIN}},
            {"kind": "sent", "what": "job", "key": "k2", "of": PAPER},
            {"kind": "sent", "what": "shipment", "key": "k3", "of": PAPER},
            answer | {"what": "compendium", "key": "k1", "id": PAPER},
            answer | {"what": "job", "key": "k2", "id": JOB},
            answer | {"what": "shipment", "key": "k3", "id": BAG},
            *({"kind": "joined", "reader": reader} for reader in (f"job:{JOB}", "all:1", "nobody:1")),
            *heard,
            {"kind": "heard", "reader": f"job:{JOB}", "event": "log", "place": "x.4.1"},
            {"kind": "left", "reader": f"job:{JOB}", "why": "end"},
            {"kind": "recovered", "seconds": 2.0},
            {"kind": "deposited", "shipment": BAG, "deposit": "1"},
        ],
    )


def _document(row: Row, **changes: Any) -> Row:
    return dataclasses.replace(row, document=row.document | changes)


def _another(world: World, what: str, identifier: str) -> None:
    rows = world.rows(what)
    first = next(iter(rows.values()))
    rows[identifier] = dataclasses.replace(first, id=identifier)


def _swap(messages: list[Message], a: int, b: int) -> None:
    messages[a], messages[b] = messages[b], messages[a]


def _move_ends_of_streams(world: World) -> None:
    """Swap a job's two events, in the stream and for its readers."""
    _swap(world.streams["EVENTS"], 2, 3)
    for reader in (f"job:{JOB}", "all:1"):
        mine = [place for place, it in enumerate(world.journal) if it.get("message", "").startswith("job:")]
        mine = [place for place in mine if world.journal[place]["reader"] == reader]
        world.journal[mine[0]], world.journal[mine[1]] = world.journal[mine[1]], world.journal[mine[0]]


def _heard(world: World, reader: str) -> list[dict[str, Any]]:
    return [it for it in world.journal if it["kind"] == "heard" and it["reader"] == reader]


PLANTED: dict[str, tuple[set[str], Callable[[World], Any]]] = {
    "an upload is gone": ({"I-1", "I-3", "I-6"}, lambda it: (it.compendia.clear(), it.projection.clear())),
    "an upload holds other bytes": (
        {"I-1"},
        lambda it: it.compendia.update({PAPER: _document(it.compendia[PAPER], upload="0" * 64)}),
    ),
    "the bytes of an upload are damaged": ({"I-1"}, lambda it: it.damage.update({UPLOAD: "other bytes"})),
    "a key was answered with two ids": (
        {"I-2"},
        lambda it: (
            _another(it, "shipment", "t" * 26),
            it.logged.append(_event(6, "package", "t" * 26, 1, "package.packed")),
            it.streams["EVENTS"].append(
                Message(6, f"package:{'t' * 26}:1:package.packed.v1", "package", "t" * 26, 1, "package.packed.v1")
            ),
            it.journal.append(
                {"kind": "answered", "what": "shipment", "key": "k3", "status": 202, "id": "t" * 26, "honoured": True}
            ),
        ),
    ),
    "an unanswered request made a second compendium": (
        {"I-2", "I-6"},
        lambda it: (_another(it, "compendium", "k" * 26), it.projection.update({"k" * 26: "1"})),
    ),
    "an accepted job is gone": ({"I-3"}, lambda it: it.jobs.clear()),
    "a job is stuck": ({"I-3"}, lambda it: it.jobs.update({JOB: dataclasses.replace(it.jobs[JOB], status="running")})),
    "a compendium is stuck": (
        {"I-3"},
        lambda it: it.compendia.update({PAPER: dataclasses.replace(it.compendia[PAPER], status="loading")}),
    ),
    "the row says another verdict than the event": (
        {"I-3"},
        lambda it: it.jobs.update({JOB: _document(it.jobs[JOB], verdict="differs")}),
    ),
    "a job ended twice": (
        {"I-3", "I-4"},
        lambda it: it.logged.append(
            _event(6, "job", JOB, 3, "job.ended", status="success", verdict="reproduced"),
        ),
    ),
    "an event number is missing": (
        {"I-4"},
        lambda it: it.logged.__setitem__(2, _event(3, "job", JOB, 0, "job.changed")),
    ),
    "the stream lost an event": ({"I-4"}, lambda it: it.streams["EVENTS"].pop(4)),
    "the public stream lost an event": ({"I-4"}, lambda it: it.streams["PUBLIC"].clear()),
    "an event was published that was never committed": (
        {"I-4"},
        lambda it: it.streams["EVENTS"].append(Message(9, "package:x:2:y.v1", "package", "x" * 26, 1, "y.v1")),
    ),
    "two events changed places": ({"I-4"}, _move_ends_of_streams),
    "an event waits in the outbox": (
        {"I-4"},
        lambda it: it.logged.__setitem__(4, dataclasses.replace(it.logged[4], sent=False)),
    ),
    "two positions are the same": (
        {"I-4"},
        lambda it: it.logged.__setitem__(4, dataclasses.replace(it.logged[4], position=4)),
    ),
    "positions turn an aggregate round": (
        {"I-4"},
        lambda it: (
            it.logged.__setitem__(2, dataclasses.replace(it.logged[2], position=4)),
            it.logged.__setitem__(3, dataclasses.replace(it.logged[3], position=3)),
        ),
    ),
    "a command waits": ({"I-4"}, lambda it: setattr(it, "waiting_commands", 1)),
    "a reader missed an event": ({"I-5"}, lambda it: it.journal.remove(_heard(it, "all:1")[2])),
    "a reader missed the last event": ({"I-5"}, lambda it: it.journal.remove(_heard(it, "all:1")[-1])),
    "a reader heard an event twice": ({"I-5"}, lambda it: it.journal.append(_heard(it, "all:1")[-1])),
    "a reader of a job did not hear the end": ({"I-5"}, lambda it: it.journal.remove(it.of("left")[0])),
    "a reader heard a piece of the log twice": (
        {"I-5"},
        lambda it: it.journal.append({"kind": "heard", "reader": f"job:{JOB}", "event": "log", "place": "x.4.1"}),
    ),
    "a reader was reset": (
        {"I-5"},
        lambda it: it.journal.append({"kind": "heard", "reader": "all:1", "event": "reset", "place": "y.0"}),
    ),
    "a stranger heard an event": (
        {"I-5"},
        lambda it: it.journal.append(_heard(it, "all:1")[0] | {"reader": "nobody:1"}),
    ),
    "a search document is missing": ({"I-6"}, lambda it: it.index.clear()),
    "a search document is old": ({"I-6"}, lambda it: it.index.update({PAPER: "0"})),
    "a search document outlived its compendium": ({"I-6"}, lambda it: it.index.update({"k" * 26: "1"})),
    "the events do not lead to the index": (
        {"I-6"},
        lambda it: it.streams["EVENTS"].__setitem__(
            1, dataclasses.replace(it.streams["EVENTS"][1], data={"status": "loading"})
        ),
    ),
    "a container is left": ({"I-7"}, lambda it: it.leftovers.append(Leftover("a container", JOB))),
    "a folder of nobody is left": ({"I-7"}, lambda it: it.leftovers.append(Leftover("a folder", "probe-1"))),
    "a file is damaged": ({"I-8"}, lambda it: it.damage.update({MAIN: "is missing"})),
    "a file is not what was sent": ({"I-8"}, lambda it: it.manifests[MANIFEST].update({"main.py": "0" * 64})),
    "a job lost its outputs": ({"I-8"}, lambda it: it.manifests.pop(OUTPUTS)),
    "a shipment was packed twice": (
        {"I-9"},
        lambda it: (
            it.logged.append(_event(6, "package", BAG, 2, "package.packed")),
            it.streams["EVENTS"].append(
                Message(6, f"package:{BAG}:2:package.packed.v1", "package", BAG, 2, "package.packed.v1")
            ),
        ),
    ),
    "a shipment was deposited twice": (
        {"I-9"},
        lambda it: it.journal.append({"kind": "deposited", "shipment": BAG, "deposit": "2"}),
    ),
    "a package is damaged": ({"I-9"}, lambda it: it.damage.update({PACKAGE: "is missing"})),
    "new work took too long": ({"I-10"}, lambda it: it.journal.append({"kind": "recovered", "seconds": 31.0})),
}


def test_a_sound_world_breaks_nothing_and_everything_is_checked() -> None:
    results = check(sound_world())
    assert not any(result.violations for result in results), report(results)
    assert all(result.checked for result in results), report(results)
    assert [result.name for result in results] == [f"I-{number}" for number in range(1, 11)]


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_violation_is_found(name: str) -> None:
    expected, plant = PLANTED[name]
    world = copy.deepcopy(sound_world())
    plant(world)
    assert {result.name for result in check(world) if result.violations} == expected


def test_every_invariant_has_a_planted_violation() -> None:
    assert len(set.union(*(names for names, _ in PLANTED.values()))) == len(CHECKS)


def test_a_repeated_message_is_no_disorder() -> None:
    world = sound_world()
    world.streams["EVENTS"].append(dataclasses.replace(world.streams["EVENTS"][4], place=6))
    assert not any(result.violations for result in check(world))


def test_what_was_accepted_is_counted() -> None:
    world = sound_world()
    assert dataclasses.astuple(count(world)) == (3, 3, 0, 0, 0)
    world.shipments.clear()
    world.jobs[JOB] = dataclasses.replace(world.jobs[JOB], status="running")
    assert dataclasses.astuple(count(world)) == (3, 1, 1, 0, 1)


def test_a_journal_is_read_as_it_was_written(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    journal.write("recovered", seconds=1.5)
    journal.write("left", reader="all:1", why="cut")
    assert [(it["kind"], it.get("seconds")) for it in read([journal.path])] == [("recovered", 1.5), ("left", None)]
