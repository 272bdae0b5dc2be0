"""`python -m erc.gateway`: the web API and pages, the content origin, and the followers of events, in one process."""

from __future__ import annotations

import asyncio
import logging
import resource
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import uvicorn
import uvloop
from starlette.types import ASGIApp

from erc.events.blobs import FileBlobStore
from erc.events.bus import Client, Hints, Wakeup, connect, fetch_dead
from erc.events.errors import Unavailable
from erc.events.faults import Faults
from erc.events.hub import Hub
from erc.events.intake import intake
from erc.events.outbox import Database, create_engine, utc_now
from erc.gateway.app import create_app
from erc.gateway.content import content_app
from erc.gateway.follow import Follower, Undertaker
from erc.gateway.services import Services
from erc.gateway.settings import GatewaySettings
from erc.gateway.signer import Signer
from erc.gateway.store.queue import Queue, fill_all
from erc.gateway.store.records import Records
from erc.gateway.store.search import PostgresSearch
from erc.gateway.store.sessions import Sessions

log = logging.getLogger("erc.gateway")

FOLLOWERS = 4
FILL_SECONDS = 2.0


def main() -> None:
    """Serve until SIGTERM or SIGINT; exit code 1 when a server does not answer at the start."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    _allow_many_connections()
    try:
        uvloop.run(serve(GatewaySettings.read()))
    except Unavailable as error:
        log.error("The gateway stops: %s", error)  # noqa: TRY400 - a sentence, not a trace
        sys.exit(1)


def _allow_many_connections() -> None:
    """Use all the files that the system allows: every open stream of events is one."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


async def serve(settings: GatewaySettings) -> None:
    """Wire everything and serve. Raises Unavailable when a server does not answer at the start."""
    client = await connect(settings.nats_url, "erc-gateway")
    hints, faults = Hints(client), Faults.from_environment("gateway")
    database = Database(create_engine(settings.database_url, size=20), hints.wake_relay, faults)
    services = await _services(settings, client, hints, database)
    follower = Follower(services.records, services.blobs, faults)
    undertaker = Undertaker(services.records, _fetcher(client), utc_now)
    async with (
        intake(settings.nats_url, "erc-follower", "EVENTS", "gateway", FOLLOWERS, follower.take),
        intake(settings.nats_url, "erc-undertaker", "DEAD", "undertaker", 1, undertaker.take),
    ):
        filling = asyncio.ensure_future(_fill(services, hints))
        try:
            await _serve_both(settings, create_app(services), content_app(services), services.streams.end)
        finally:
            await services.streams.close()
            filling.cancel()
    await database.close()
    await client.close()


async def _services(settings: GatewaySettings, client: Client, hints: Hints, database: Database) -> Services:
    queue, sessions = Queue(), Sessions(database)
    services = Services(
        settings=settings,
        records=Records(database, queue),
        queue=queue,
        sessions=sessions,
        search=PostgresSearch(database),
        blobs=FileBlobStore(settings.home / "blobs"),
        hub=Hub(client),
        hints=hints,
        signer=Signer(await sessions.key("content"), settings.content_url),
    )
    if settings.one_time_token:
        services.links.add(settings.one_time_token)
    return services


class _Server(uvicorn.Server):
    """A server that tells of the signal to end: it would wait for open streams, which end for nothing else."""

    def __init__(self, config: uvicorn.Config, ending: Callable[[], None]) -> None:
        super().__init__(config)
        self._ending, self._loop = ending, asyncio.get_running_loop()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Take the signal."""
        super().handle_exit(sig, frame)
        self._loop.call_soon_threadsafe(self._ending)


async def _serve_both(settings: GatewaySettings, pages: ASGIApp, content: ASGIApp, ending: Callable[[], None]) -> None:
    """Serve both origins; the first one that ends takes the other with it. `ending` is called at the signal."""

    def server(app: ASGIApp, port: int) -> uvicorn.Server:
        return _Server(
            uvicorn.Config(
                app,
                host=settings.host,
                port=port,
                log_level="warning",
                access_log=False,
                server_header=False,
                lifespan="off",
                timeout_graceful_shutdown=2,
                proxy_headers=False,
            ),
            ending,
        )

    servers = [server(pages, settings.port), server(content, settings.content_port)]
    serving = [asyncio.ensure_future(one.serve()) for one in servers]
    await asyncio.wait(serving, return_when=asyncio.FIRST_COMPLETED)
    for one in servers:
        one.should_exit = True
    await asyncio.gather(*serving)


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


def _fetcher(client: Client) -> Any:
    async def fetch(advisory: dict[str, Any]) -> bytes | None:
        message = await fetch_dead(client.jetstream(), advisory)
        return message.data if message else None

    return fetch


if __name__ == "__main__":
    main()
