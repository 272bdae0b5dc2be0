"""The wire's own processes, and its tools for the day when nothing else runs.

provision  declare every stream and consumer, or change them to what is declared; safe to repeat
relay      publish the outbox until SIGTERM, and fill lost streams again
status     tell how streams, consumers and the outbox are
replay     print the event log as JSON lines
rebuild    make streams anew and fill them from the event log; needs that no relay runs

Settings: `NATS_URL` and `DATABASE_URL`; `NATS_SUBSCRIBERS_URL` declares the mirror that subscribers read;
`EVENTS_ACK_WAIT_SECONDS` is how long a worker may be silent,
`RELAY_PUBLISH_SECONDS` how long the relay waits for NATS to take a message.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import os
import secrets
import signal
import sys
from collections.abc import Callable, Coroutine, Sequence
from datetime import timedelta
from functools import partial

import uvloop

from erc.events import metrics, telemetry, tool
from erc.events.bus import Client, Hints, StreamPublisher, Wakeup, connect
from erc.events.errors import NoAnswer, Unavailable
from erc.events.eventlog import PostgresEventLog
from erc.events.faults import Faults
from erc.events.inspection import Inspection
from erc.events.outbox import WAKE
from erc.events.refill import REFILLED, Keeper
from erc.events.relay import PostgresOutbox, Relay
from erc.events.streams import Lease
from erc.events.streams import provision as declare
from erc.events.subscribers import provision_mirror

log = logging.getLogger("erc.events")

NATS_MUST_RESTART = 75
"""Exit code of a relay whose NATS is there and takes nothing, as after its disk was full; the supervisor acts on it."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Do what the command line says; exit code 1 when a server does not answer."""
    parser = argparse.ArgumentParser(
        prog="python -m erc.events", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    for name in ("provision", "relay", "status"):
        verbs.add_parser(name)
    replaying = verbs.add_parser("replay")
    replaying.add_argument("--after", type=int, default=0, metavar="N", help="print what comes behind position N")
    replaying.add_argument("--aggregate", default="", metavar="ID", help="only of the aggregate with this id")
    rebuilding = verbs.add_parser("rebuild")
    rebuilding.add_argument(
        "--stream", action="append", choices=REFILLED, help="which stream; may be repeated (default: all of them)"
    )
    given = parser.parse_args(arguments)
    _VERBS[given.verb](given)


def status(_given: argparse.Namespace) -> None:
    """Print how everything is; exit code 1 when something is missing."""
    _run(tool.status(_setting("NATS_URL"), os.environ.get("DATABASE_URL", "")))


def replay(given: argparse.Namespace) -> None:
    """Print the event log."""
    _run(tool.replay(_setting("DATABASE_URL"), given.after, given.aggregate))


def rebuild(given: argparse.Namespace) -> None:
    """Make streams anew and fill them."""
    streams = given.stream or REFILLED
    _run(tool.rebuild(_setting("DATABASE_URL"), _setting("NATS_URL"), streams, _lease()))


def provision() -> None:
    """Create or update every stream and consumer; safe to repeat."""
    with telemetry.process("provision"):
        _run(_provision(_setting("NATS_URL"), os.environ.get("NATS_SUBSCRIBERS_URL", ""), _lease()))


def relay() -> None:
    """Publish the outbox until SIGTERM or SIGINT; exit code 75 when NATS is there and takes nothing any more."""
    with telemetry.process("relay"):
        metrics.serve("relay")
        _run(_relay(_setting("DATABASE_URL"), _setting("NATS_URL"), f"relay-{secrets.token_hex(4)}", _lease()))


def _lease() -> Lease:
    return Lease(ack_wait=timedelta(seconds=float(os.environ.get("EVENTS_ACK_WAIT_SECONDS", "30"))))


def _setting(name: str) -> str:
    value = os.environ.get(name)
    if not value:
        log.critical("%s is not set; `erc up` sets it, otherwise give the server's address.", name)
        sys.exit(1)
    return value


def _run(work: Coroutine[None, None, None]) -> None:
    try:
        uvloop.run(work)
    except NoAnswer as error:
        log.error("NATS takes nothing any more and must be started again: %s", error)  # noqa: TRY400
        sys.exit(NATS_MUST_RESTART)
    except Unavailable as error:
        log.error("%s", error)  # noqa: TRY400 - a sentence, not a trace
        sys.exit(1)


async def _provision(nats_url: str, subscribers_url: str, lease: Lease) -> None:
    client = await connect(nats_url, "erc-provision")
    try:
        await declare(client.jetstream(), lease)
        if subscribers_url:
            await _mirror(client, subscribers_url)
    finally:
        await client.close()


async def _mirror(client: Client, subscribers_url: str) -> None:
    """Create or update what subscribers read, in their own account."""
    theirs = await connect(subscribers_url, "erc-provision")
    try:
        await provision_mirror(client.jetstream(), theirs.jetstream())
    finally:
        await theirs.close()


async def _relay(database_url: str, nats_url: str, instance: str, lease: Lease) -> None:
    client = await connect(nats_url, "erc-relay")
    woken = Wakeup()
    await Hints(client).on(WAKE, woken.set)
    outbox = PostgresOutbox(database_url, instance)
    loop, publisher = (
        asyncio.get_running_loop(),
        StreamPublisher(client, float(os.environ.get("RELAY_PUBLISH_SECONDS", "5"))),
    )
    subscribers_url = os.environ.get("NATS_SUBSCRIBERS_URL", "")
    mirror = partial(_mirror, client, subscribers_url) if subscribers_url else None
    keeper = Keeper(Inspection(client, lease, mirror), PostgresEventLog(outbox), publisher, loop.time)
    faults = Faults.from_environment("relay")
    publishing = asyncio.create_task(Relay(outbox, publisher, asyncio.sleep, faults, keeper).run(woken))
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, publishing.cancel)
    try:
        with contextlib.suppress(asyncio.CancelledError):
            await publishing
    finally:
        await outbox.close()
        await client.close()


_VERBS: dict[str, Callable[[argparse.Namespace], None]] = {
    "provision": lambda _given: provision(),
    "relay": lambda _given: relay(),
    "status": status,
    "replay": replay,
    "rebuild": rebuild,
}


if __name__ == "__main__":
    main()
