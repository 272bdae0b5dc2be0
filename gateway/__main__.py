"""`python -m erc.gateway`: the web API and pages, the content origin, and the followers of events, in one process."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from typing import Any

from starlette.types import ASGIApp

from erc.events import metrics, telemetry
from erc.events.bus import Client, Hints, Wakeup, connect
from erc.events.dead import exhume
from erc.events.ending import run_to_the_end
from erc.events.errors import Unavailable
from erc.events.faults import Faults
from erc.events.intake import lasting_intake
from erc.events.outbox import Database, create_engine, utc_now
from erc.events.pending import Pending
from erc.gateway.answering import answering
from erc.gateway.app import create_app
from erc.gateway.content import content_app
from erc.gateway.follow import GAVE_UP, Follower, Undertaker
from erc.gateway.identity.settings import Misconfigured
from erc.gateway.janitor import Janitor
from erc.gateway.metrics import observe
from erc.gateway.routes.metrics import metrics_app
from erc.gateway.services import Services
from erc.gateway.serving import allow_many_connections, serve_all
from erc.gateway.settings import GatewaySettings
from erc.gateway.staging import keep_swept
from erc.gateway.store.abandoned import SqlCare
from erc.gateway.store.queue import fill_all
from erc.gateway.store.records import Records
from erc.gateway.store.sessions import Sessions
from erc.gateway.store.sources import KEPT
from erc.gateway.telemetry import Telemetry
from erc.gateway.wiring import wire

log = logging.getLogger("erc.gateway")

FOLLOWERS = 4
FILL_SECONDS = 2.0
SWEEP_SECONDS = 900.0


def main() -> None:
    """Serve until SIGTERM or SIGINT; exit code 1 when a server does not answer at the start."""
    with telemetry.process("gateway"):
        allow_many_connections()
        try:
            run_to_the_end(serve(GatewaySettings.read()))
        except (Misconfigured, Unavailable) as error:
            log.error("The gateway stops: %s", error)  # noqa: TRY400 - a sentence, not a trace
            sys.exit(1)


async def serve(settings: GatewaySettings) -> None:
    """Wire everything and serve. Raises Unavailable when a server does not answer at the start."""
    client = await connect(settings.nats_url, "erc-gateway")
    hints, faults = Hints(client), Faults.from_environment("gateway")
    database = Database(create_engine(settings.database_url, size=20), hints.wake_relay, faults)
    services = wire(settings, client, hints, database, await Sessions(database).key("content"))
    if settings.one_time_token:
        services.links.add(settings.one_time_token)
    followed = Faults.from_environment("follower")
    records = Records(Database(database.engine, hints.wake_relay, followed), services.queue, moved=observe)
    follower = Follower(records, services.blobs, followed)
    undertaker = Undertaker(records, _fetcher(client), utc_now)
    async with (
        lasting_intake(settings.nats_url, "erc-follower", "EVENTS", "gateway", FOLLOWERS, follower.take),
        lasting_intake(settings.nats_url, "erc-undertaker", "DEAD", "undertaker", 1, undertaker.take),
    ):
        sweeping = asyncio.ensure_future(
            keep_swept(services.staging, KEPT.total_seconds(), partial(asyncio.sleep, SWEEP_SECONDS))
        )
        filling = asyncio.ensure_future(_fill(services, hints))
        tidying = asyncio.ensure_future(_tidy(services, client, undertaker))
        try:
            app = create_app(services)
            pages = Telemetry(answering(app, faults) if faults.ordered else app)
            await serve_all(_served(settings, services, pages), services.streams.end)
        finally:
            await services.streams.close()
            sweeping.cancel()
            filling.cancel()
            tidying.cancel()
    await database.close()
    await client.close()


def _served(settings: GatewaySettings, services: Services, pages: ASGIApp) -> list[tuple[ASGIApp, str, int]]:
    served: list[tuple[ASGIApp, str, int]] = [
        (pages, settings.host, settings.port),
        (Telemetry(content_app(services)), settings.host, settings.content_port),
    ]
    if place := metrics.address("gateway"):
        served.append((metrics_app(services.metrics), *place))
    return served


async def _fill(services: Services, hints: Hints) -> None:
    """Fill free slots whenever a worker announces itself, and every few seconds."""
    wakeup = Wakeup()
    await hints.on("erc.control.gateway.capacity", wakeup.set)
    while True:
        try:
            await fill_all(services.records.database, services.queue)
        except Unavailable as error:
            log.warning("The queue waits: %s", error)
        await wakeup(FILL_SECONDS)


async def _tidy(services: Services, client: Client, undertaker: Undertaker) -> None:
    """Care for what nobody does any more, for ever."""
    rows = SqlCare(services.records.database, services.queue)
    patience = timedelta(seconds=services.settings.abandoned_seconds)
    janitor = Janitor(rows, Pending(client), undertaker, utc_now, patience)
    await janitor.run(asyncio.sleep, services.settings.janitor_seconds)


def _fetcher(client: Client) -> Callable[[dict[str, Any]], Awaitable[bytes | None]]:
    return lambda advisory: exhume(client.jetstream(), advisory, GAVE_UP)


if __name__ == "__main__":
    main()
