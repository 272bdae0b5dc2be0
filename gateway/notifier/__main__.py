"""`python -m erc.gateway.notifier`: send events to webhooks until SIGTERM or SIGINT."""

from __future__ import annotations

import asyncio
import logging
import secrets
import signal
import sys

from erc.events.bus import Hints, Wakeup, connect
from erc.events.ending import run_to_the_end
from erc.events.errors import Unavailable
from erc.events.faults import Faults
from erc.events.outbox import WAKE, Database, create_engine, utc_now
from erc.gateway.notifier.delivering import Notifier
from erc.gateway.notifier.sender import Sender
from erc.gateway.notifier.settings import NotifierSettings
from erc.gateway.notifier.store import Deliveries, Leadership
from erc.gateway.store.event_log import EventLog

log = logging.getLogger("erc.notifier")

FINISH_SECONDS = 2.0


def main() -> None:
    """Deliver until a signal; exit code 1 when a server does not answer at the start."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("httpx2").setLevel(logging.WARNING)
    try:
        run_to_the_end(_notify(NotifierSettings.read()))
    except Unavailable as error:
        log.error("The notifier stops: %s", error)  # noqa: TRY400 - a sentence, not a trace
        sys.exit(1)


async def _notify(settings: NotifierSettings) -> None:
    client = await connect(settings.nats_url, "erc-notifier")
    hints, woken = Hints(client), Wakeup()
    await hints.on(WAKE, woken.set)
    await hints.on("erc.control.notifier.*", woken.set)
    database = Database(create_engine(settings.database_url), hints.wake_relay)
    sender = Sender(utc_now, settings.seconds, loopback=settings.allow_loopback)
    leadership = Leadership(database)
    notifier = Notifier(
        Deliveries(database),
        EventLog(database),
        sender,
        utc_now,
        secrets.SystemRandom().random,
        settings.patience,
        Faults.from_environment("notifier"),
    )
    stop, loop = asyncio.Event(), asyncio.get_running_loop()

    def end() -> None:
        stop.set()
        woken.wake()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end)
    try:
        await notifier.run(leadership.held, woken, stop.is_set)
        await notifier.finish(FINISH_SECONDS)
    finally:
        await sender.close()
        await leadership.close()
        await database.close()
        await client.close()


if __name__ == "__main__":
    main()
