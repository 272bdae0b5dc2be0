"""The wire's own processes: `python -m erc.events provision` declares streams, `relay` publishes the outbox.

Settings: `NATS_URL`; for the relay `DATABASE_URL` too; for the mirror that subscribers read `NATS_SUBSCRIBERS_URL`;
`EVENTS_ACK_WAIT_SECONDS` is how long a worker may be silent.
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
from collections.abc import Coroutine, Sequence
from datetime import timedelta

import uvloop

from erc.events.bus import Hints, StreamPublisher, Wakeup, connect
from erc.events.errors import Unavailable
from erc.events.faults import Faults
from erc.events.outbox import WAKE
from erc.events.relay import PostgresOutbox, Relay
from erc.events.streams import Lease
from erc.events.streams import provision as declare
from erc.events.subscribers import provision_mirror

log = logging.getLogger("erc.events")


def main(arguments: Sequence[str] | None = None) -> None:
    """Do what the command line says; exit code 1 when a server does not answer."""
    parser = argparse.ArgumentParser(prog="python -m erc.events", description=__doc__)
    verbs = {"provision": provision, "relay": relay}
    parser.add_argument("verb", choices=verbs)
    verbs[parser.parse_args(arguments).verb]()


def provision() -> None:
    """Create or update every stream and consumer; safe to repeat."""
    lease = Lease(ack_wait=timedelta(seconds=float(os.environ.get("EVENTS_ACK_WAIT_SECONDS", "30"))))
    _run(_provision(_setting("NATS_URL"), os.environ.get("NATS_SUBSCRIBERS_URL", ""), lease))


def relay() -> None:
    """Publish the outbox until SIGTERM or SIGINT."""
    _run(_relay(_setting("DATABASE_URL"), _setting("NATS_URL"), f"relay-{secrets.token_hex(4)}"))


def _setting(name: str) -> str:
    value = os.environ.get(name)
    if not value:
        sys.exit(f"{name} is not set; `erc up` sets it, otherwise give the server's address.")
    return value


def _run(work: Coroutine[None, None, None]) -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    try:
        uvloop.run(work)
    except Unavailable as error:
        log.error("%s", error)  # noqa: TRY400 - a sentence, not a trace
        sys.exit(1)


async def _provision(nats_url: str, subscribers_url: str, lease: Lease) -> None:
    client = await connect(nats_url, "erc-provision")
    try:
        await declare(client.jetstream(), lease)
        if subscribers_url:
            theirs = await connect(subscribers_url, "erc-provision")
            try:
                await provision_mirror(client.jetstream(), theirs.jetstream())
            finally:
                await theirs.close()
    finally:
        await client.close()


async def _relay(database_url: str, nats_url: str, instance: str) -> None:
    client = await connect(nats_url, "erc-relay")
    woken = Wakeup()
    await Hints(client).on(WAKE, woken.set)
    outbox = PostgresOutbox(database_url, instance)
    publishing = asyncio.create_task(
        Relay(outbox, StreamPublisher(client), asyncio.sleep, Faults.from_environment("relay")).run(woken)
    )
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, publishing.cancel)
    try:
        with contextlib.suppress(asyncio.CancelledError):
            await publishing
    finally:
        await outbox.close()
        await client.close()


if __name__ == "__main__":
    main()
