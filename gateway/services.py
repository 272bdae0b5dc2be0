"""What the routes work with, wired once in `app`."""

from __future__ import annotations

import asyncio
import hmac
import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from starlette.requests import HTTPConnection

from erc.events.blobs import FileBlobStore
from erc.events.bus import Hints
from erc.events.dead import DeadLetters
from erc.events.hub import Hub
from erc.events.inspection import Inspection
from erc.events.outbox import Transaction, utc_now
from erc.gateway.auth import ADMIN, ANONYMOUS, Action, Principal, Thing, authorise
from erc.gateway.errors import Refused, refuse_unless_allowed
from erc.gateway.files.library import Library
from erc.gateway.files.views import Views
from erc.gateway.health import Health
from erc.gateway.idempotency import Idempotency
from erc.gateway.metrics import MetricsPage
from erc.gateway.settings import GatewaySettings
from erc.gateway.signer import Signer
from erc.gateway.store.idempotency import SqlAnswers
from erc.gateway.store.operations import Operations
from erc.gateway.store.queue import Queue
from erc.gateway.store.records import Records
from erc.gateway.store.search import Search
from erc.gateway.store.sessions import Sessions
from erc.gateway.store.versions import Versions
from erc.gateway.store.visibility import Visibility
from erc.gateway.streaming.streams import Streams
from erc.schemas.compendium import Compendium
from erc.schemas.job import Job
from erc.schemas.shipment import Shipment

COOKIE = "erc_session"
OPERATOR = "operator"
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
        self.files = Library(self.blobs, self.settings.home)
        self.versions, self.views = Versions(self.records.database), Views()
        self.streams = Streams(self.hub, Visibility(self.records.database).of, self._session_holders)

    async def principal(self, connection: HTTPConnection) -> Principal:
        """Return who asks: the bearer of a token, the holder of a session, or nobody."""
        scheme, _, token = connection.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            expected = self.settings.operator_token
            if expected and hmac.compare_digest(token.encode(), expected.encode()):
                return Principal(OPERATOR, ADMIN)
            raise Refused(401, "user is not authenticated", "The token is not known.")
        cookie = connection.cookies.get(COOKIE)
        name = await self.sessions.principal(cookie) if cookie else None
        return _holder(name) if name else ANONYMOUS

    async def _session_holders(self, cookies: Collection[str]) -> dict[str, Principal]:
        names = await self.sessions.principals(cookies)
        return {cookie: _holder(name) for cookie, name in names.items()}

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
        thing = Thing(found.owner, found.candidate, found.id) if found else None
        refuse_unless_allowed(authorise(principal, action, thing), "no compendium with this id")
        assert found
        return found

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


def _holder(name: str) -> Principal:
    """Return who the holder of a session is."""
    return Principal(name, ADMIN)
