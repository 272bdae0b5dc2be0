"""What the routes work with, wired once in `app`."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from starlette.requests import HTTPConnection

from erc.events.blobs import FileBlobStore
from erc.events.bus import Hints
from erc.events.dead import DeadLetters
from erc.events.hub import Hub
from erc.events.inspection import Inspection
from erc.events.outbox import Transaction, utc_now
from erc.gateway.auth import ANONYMOUS, Action, Principal, Thing, authorise
from erc.gateway.auth import OPERATOR as OPERATOR
from erc.gateway.errors import Refused, refuse_unless_allowed
from erc.gateway.files.library import Library
from erc.gateway.health import Health
from erc.gateway.idempotency import Idempotency
from erc.gateway.identity.holders import Kind, shown_by
from erc.gateway.identity.renewal import to_be_renewed
from erc.gateway.identity.wiring import wire_identity
from erc.gateway.metrics import MetricsPage
from erc.gateway.settings import GatewaySettings
from erc.gateway.signer import Signer
from erc.gateway.store.idempotency import SqlAnswers
from erc.gateway.store.operations import Operations
from erc.gateway.store.queue import Queue
from erc.gateway.store.quotas import Quotas
from erc.gateway.store.records import Records
from erc.gateway.store.removal import RemovedCompendia
from erc.gateway.store.revisions import Revisions
from erc.gateway.store.search import Search
from erc.gateway.store.sessions import Sessions
from erc.gateway.store.visibility import Visibility
from erc.gateway.streaming.streams import Streams
from erc.schemas.compendium import Compendium
from erc.schemas.job import Job
from erc.schemas.shipment import Shipment

LOADING_WORKERS = ("loader", "metadata")
JOB_WORKERS = ("builder", "executor", "checker")
SHIPPING_WORKERS = ("shipper",)
"""Who works for a compendium that comes in, for a job, for a shipment."""


@dataclass
class Services:
    """Ports and settings of the gateway."""

    settings: GatewaySettings
    records: Records
    queue: Queue
    sessions: Sessions
    search: Search
    blobs: FileBlobStore
    hub: Hub
    hints: Hints
    operations: Operations
    inspection: Inspection
    dead: DeadLetters
    health: Health
    signer: Signer
    metrics: MetricsPage
    uploads: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(16))
    links: set[str] = field(default_factory=set)
    """One-time sign-in tokens that have not been used."""

    def __post_init__(self) -> None:
        self.idempotency: Idempotency[Transaction] = Idempotency(SqlAnswers(self.records.database), utc_now)
        self.quotas = Quotas(self.records.database, self.settings.quota)
        self.revisions = Revisions(self.records.database)
        self.removed = RemovedCompendia(self.records.database)
        self.files = Library(self.blobs, self.settings.home)
        about = self.settings
        self.identity = wire_identity(
            about.identity, self.records.database, self.sessions, about.public_url, about.operator_token
        )
        self.streams = Streams(self.hub, Visibility(self.records.database).of, self.identity.holders.of_streams)

    async def principal(self, connection: HTTPConnection) -> Principal:
        """Return who asks: the bearer of a token, the holder of a session, or nobody."""
        identity = self.identity
        shown = shown_by(connection.headers, connection.cookies, identity.cookies.session)
        if shown is None:
            return ANONYMOUS
        found = await identity.holders.find(shown, partial(to_be_renewed, connection, shown.secret))
        if found is None and shown.kind is Kind.BEARER:
            raise Refused(401, "user is not authenticated", "The token is not known, or it is over.")
        return found or ANONYMOUS

    async def tell_to_stop(self, work: Mapping[str, Sequence[str]]) -> None:
        """Tell workers at once that work was cancelled, by its id; they would find out at their next heartbeat."""
        for identifier, workers in work.items():
            for worker in workers:
                await self.hints.cancel(worker, identifier)

    def new_link(self) -> str:
        """Return the address of a new one-time sign-in."""
        token = secrets.token_urlsafe(24)
        self.links.add(token)
        return f"{self.settings.public_url}/sign-in?token={token}"

    async def compendium(self, principal: Principal, identifier: str, action: Action = Action.VIEW) -> Compendium:
        """Return a compendium that the principal may do this to; raises Refused."""
        found = await self.records.compendium(identifier)
        thing = self.thing(found) if found else None
        if found is None:
            await self._refuse_gone(identifier)
        refuse_unless_allowed(authorise(principal, action, thing), "no compendium with this id")
        assert found
        return found

    @staticmethod
    def thing(compendium: Compendium) -> Thing:
        """Return what `authorise` is asked about."""
        return Thing(compendium.owner, compendium.candidate, compendium.id)

    async def _refuse_gone(self, identifier: str) -> None:
        """Raise Refused (410) for a compendium that was public and is deleted; a candidate was never known."""
        grave = (await Visibility(self.records.database).of([identifier])).get(identifier)
        if grave and not grave.now.candidate:
            raise Refused(410, "the compendium was deleted", "It was public; an administrator has deleted it.")

    async def job(self, principal: Principal, identifier: str, action: Action = Action.VIEW) -> Job:
        """Return a job that the principal may do this to; raises Refused."""
        found = await self.records.job(identifier)
        thing = None
        if found:
            compendium = await self.records.compendium(found.compendium_id)
            thing = Thing(found.owner, compendium.candidate if compendium else True, found.compendium_id)
        refuse_unless_allowed(authorise(principal, action, thing), "no job with this id")
        assert found
        return found

    async def shipment(self, principal: Principal, identifier: str, action: Action = Action.FOLLOW) -> Shipment:
        """Return a shipment that the principal may do this to; raises Refused."""
        found = await self.records.shipment(identifier)
        thing = Thing(found.owner, candidate=True) if found else None
        refuse_unless_allowed(authorise(principal, action, thing), "no shipment with this id")
        assert found
        return found
