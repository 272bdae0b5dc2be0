"""The product's own objects that a run is made of; a planted bug puts another one in the place of one of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from erc.events.bus import StreamPublisher
from erc.events.intake import NatsDelivery
from erc.events.outbox import Database
from erc.events.relay import PostgresOutbox, Relay
from erc.events.streams import DEDUPLICATION, Lease
from erc.gateway.__main__ import _fetcher
from erc.gateway.follow import Follower, Undertaker
from erc.gateway.idempotency import Idempotency
from erc.gateway.janitor import Janitor
from erc.gateway.pipeline import cancel_job, start_job
from erc.gateway.store.abandoned import SqlCare
from erc.gateway.store.queue import Queue, fill_all
from erc.gateway.store.records import Records
from erc.gateway.streaming.everything import Begin, begin
from erc.workers.indexer.handler import Indexer
from erc.workers.indexer.store import SearchDocuments
from erc.workers.run import Desk
from erc.workers.store import CapacityStore, WorkStore


@dataclass(frozen=True)
class Parts:
    """Everything here is the product's unless a mutant changed it."""

    relay: Callable[..., Relay] = Relay
    outbox: Callable[..., PostgresOutbox] = PostgresOutbox
    publisher: Callable[..., StreamPublisher] = StreamPublisher
    database: Callable[..., Database] = Database
    records: Callable[..., Records] = Records
    queue: Callable[..., Queue] = Queue
    fill_all: Callable[..., Any] = fill_all
    follower: Callable[..., Follower] = Follower
    undertaker: Callable[..., Undertaker] = Undertaker
    fetcher: Callable[..., Any] = _fetcher
    work_store: Callable[..., WorkStore] = WorkStore
    capacity: Callable[..., CapacityStore] = CapacityStore
    desk: Callable[..., Desk] = Desk
    delivery: Callable[..., NatsDelivery] = NatsDelivery
    indexer: Callable[..., Indexer] = Indexer
    documents: Callable[..., SearchDocuments] = SearchDocuments
    idempotency: Callable[..., Idempotency[Any]] = Idempotency
    janitor: Callable[..., Janitor] = Janitor
    care: Callable[..., SqlCare] = SqlCare
    start_job: Callable[..., Any] = start_job
    cancel_job: Callable[..., Any] = cancel_job
    lease: Lease = field(default_factory=Lease)
    window: timedelta = DEDUPLICATION
    begin: Callable[..., Awaitable[Begin]] = begin
    """Decides where a reader of events goes on."""
