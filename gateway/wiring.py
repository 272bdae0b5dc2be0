"""Wires what the routes work with to PostgreSQL, NATS and the blob store."""

from __future__ import annotations

import asyncio
import time
from functools import partial

from erc.events.asking import Asking
from erc.events.blobs import FileBlobStore
from erc.events.bus import Client, Hints
from erc.events.dead import DeadLetters
from erc.events.hub import Hub
from erc.events.inspection import Inspection
from erc.events.outbox import Database, utc_now
from erc.events.survey import survey
from erc.gateway.health import Health
from erc.gateway.metrics import MetricsPage, observe
from erc.gateway.services import Services
from erc.gateway.settings import GatewaySettings
from erc.gateway.signer import Signer
from erc.gateway.store.figures import figures
from erc.gateway.store.operations import Operations
from erc.gateway.store.queue import Queue
from erc.gateway.store.records import Records
from erc.gateway.store.search import PostgresSearch
from erc.gateway.store.sessions import Sessions


def wire(
    settings: GatewaySettings, client: Client, hints: Hints, database: Database, key: bytes, queue: Queue | None = None
) -> Services:
    """Return the services of a gateway; `key` signs addresses of user content. Needs a running event loop."""
    queue, inspection, operations = queue or Queue(), Inspection(client), Operations(database)
    return Services(
        settings=settings,
        records=Records(database, queue, moved=observe),
        queue=queue,
        sessions=Sessions(database),
        search=PostgresSearch(database),
        blobs=FileBlobStore(settings.home / "blobs"),
        hub=Hub(client),
        hints=hints,
        asking=Asking(client),
        operations=operations,
        inspection=inspection,
        dead=DeadLetters(client),
        health=Health(operations, inspection, asyncio.get_running_loop().time, settings.stalled_seconds),
        signer=Signer(key, settings.content_url),
        metrics=MetricsPage(partial(figures, database), partial(survey, client), utc_now, time.monotonic),
    )
