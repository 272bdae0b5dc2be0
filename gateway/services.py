"""What the routes work with, wired once in `app`."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from starlette.requests import HTTPConnection

from erc.events.asking import Asking
from erc.events.blobs import BlobStore
from erc.events.bus import Hints
from erc.events.dead import DeadLetters
from erc.events.hub import Hub
from erc.events.inspection import Inspection
from erc.events.outbox import Transaction, utc_now
from erc.gateway.auth import ANONYMOUS, Action, Answer, Principal, Thing, authorise
from erc.gateway.auth import OPERATOR as OPERATOR
from erc.gateway.errors import Refused, refuse_unless_allowed
from erc.gateway.files.library import Library
from erc.gateway.files.views import Views
from erc.gateway.health import Health
from erc.gateway.idempotency import Idempotency
from erc.gateway.identifiers import is_id, is_link_id
from erc.gateway.identity.holders import Kind, shown_by
from erc.gateway.identity.renewal import to_be_renewed
from erc.gateway.identity.wiring import wire_identity
from erc.gateway.metrics import MetricsPage
from erc.gateway.settings import GatewaySettings
from erc.gateway.signer import Signer
from erc.gateway.slots import Slots
from erc.gateway.staging import Staging
from erc.gateway.store.idempotency import SqlAnswers
from erc.gateway.store.links import PublicLinks
from erc.gateway.store.lists import Lists
from erc.gateway.store.operations import Operations
from erc.gateway.store.queue import Queue
from erc.gateway.store.quotas import Quotas
from erc.gateway.store.records import Records
from erc.gateway.store.removal import RemovedCompendia
from erc.gateway.store.repeats import Repeats
from erc.gateway.store.revisions import Revisions
from erc.gateway.store.runs import Runs
from erc.gateway.store.search import SearchEngine
from erc.gateway.store.sessions import Sessions
from erc.gateway.store.sources import Sources
from erc.gateway.store.versions import Versions
from erc.gateway.store.visibility import Visibility
from erc.gateway.streaming.streams import Streams
from erc.schemas.compendium import Compendium
from erc.schemas.job import Job
from erc.schemas.shipment import Shipment

NO_COMPENDIUM = "no compendium with this id"
NO_SHIPMENT = "a compendium with that id does not exist"
"""The o2r service's words."""
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
    search: SearchEngine
    blobs: BlobStore
    hub: Hub
    hints: Hints
    asking: Asking
    operations: Operations
    inspection: Inspection
    dead: DeadLetters
    health: Health
    signer: Signer
    metrics: MetricsPage
    uploads: Slots = field(default_factory=Slots)
    links: set[str] = field(default_factory=set)
    """One-time sign-in tokens that have not been used."""

    def __post_init__(self) -> None:
        self.idempotency: Idempotency[Transaction] = Idempotency(SqlAnswers(self.records.database), utc_now)
        self.lists = Lists(self.records.database, time.monotonic)
        self.quotas = Quotas(self.records.database, self.settings.quota)
        self.sources, self.staging = Sources(self.records.database), Staging(self.settings.home / "staging")
        self.runs = Runs(self.records.database)
        self.public_links = PublicLinks(self.records.database)
        self.revisions = Revisions(self.records.database)
        self.removed, self.repeats = RemovedCompendia(self.records.database), Repeats(self.records.database)
        self.files = Library(self.blobs, self.settings.home)
        self.versions, self.views = Versions(self.records.database), Views()
        about = self.settings
        self.identity = wire_identity(
            about.identity, self.records.database, self.sessions, about.public_url, about.operator_token
        )
        self.streams = Streams(
            self.hub,
            Visibility(self.records.database).of,
            self.identity.holders.of_streams,
            links=self.public_links.good,
        )

    async def principal(self, connection: HTTPConnection) -> Principal:
        """Return who asks: the bearer of a token, the holder of a session, or nobody."""
        identity = self.identity
        shown = shown_by(connection, identity.cookies.session)
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

    async def opened(self, principal: Principal, identifier: str) -> tuple[Principal, str]:
        """Return who asks and the id of the compendium, which a public link's id stands for.

        Whoever comes by a link may do what the link opens and no more, whoever that is. Raises Refused (404) for a
        link that is not known, was revoked or has expired.
        """
        if not is_link_id(identifier):
            return principal, identifier
        compendium_id = await self.public_links.opens(identifier)
        if compendium_id is None:
            raise Refused(404, NO_COMPENDIUM)
        return Principal("", link=identifier, opens=compendium_id), compendium_id

    async def compendium(
        self, principal: Principal, identifier: str, action: Action = Action.VIEW, missing: str = NO_COMPENDIUM
    ) -> Compendium:
        """Return a compendium, by its id or its public link's, that the principal may do this to; raises Refused."""
        answer, found = await self.asked(principal, identifier, action)
        refuse_unless_allowed(answer, missing)
        assert found
        return found

    async def asked(
        self, principal: Principal, identifier: str, action: Action = Action.VIEW
    ) -> tuple[Answer, Compendium | None]:
        """Return whether the principal may do this to a compendium, by its id or its public link's, and what it is."""
        principal, identifier = await self.opened(principal, identifier)
        found = await self.records.compendium(identifier) if is_id(identifier) else None
        if found is None and is_id(identifier):
            await self._refuse_gone(identifier)
        return authorise(principal, action, self.thing(found) if found else None), found

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
        return (await self.opened_job(principal, identifier, action))[1]

    async def opened_job(
        self, principal: Principal, identifier: str, action: Action = Action.VIEW
    ) -> tuple[Principal, Job]:
        """Return a job and who asks for it; raises Refused.

        A job that a public link started is opened by its own id to whoever knows it, as long as the link is good.
        """
        found = await self.records.job(identifier) if is_id(identifier) else None
        answers = [authorise(principal, action, thing) for thing in await self._things(found)] or [Answer.NOT_FOUND]
        if found and found.link and set(answers) == {Answer.NOT_FOUND}:
            opened = (await self.public_links.good({found.link})).get(found.link, "")
            principal = Principal("", link=found.link, opens=opened)
            answers = [authorise(principal, action, Thing(found.owner, candidate=True, id=found.compendium_id))]
        answer = Answer.ALLOWED if Answer.ALLOWED in answers else answers[0]
        refuse_unless_allowed(answer, "no job with this id")
        assert found
        return principal, found

    async def _things(self, job: Job | None) -> list[Thing]:
        """Return a job as its starter's, and on a candidate as the owner's of the compendium too."""
        if job is None:
            return []
        compendium = await self.records.compendium(job.compendium_id)
        candidate = compendium.candidate if compendium else True
        owners = [job.owner, compendium.owner] if compendium and candidate else [job.owner]
        return [Thing(owner, candidate, job.compendium_id) for owner in dict.fromkeys(owners)]

    async def shipment(self, principal: Principal, identifier: str, action: Action = Action.FOLLOW) -> Shipment:
        """Return a shipment that the principal may do this to; raises Refused."""
        found = await self.records.shipment(identifier) if is_id(identifier) else None
        thing = Thing(found.owner, candidate=True) if found else None
        refuse_unless_allowed(authorise(principal, action, thing), NO_SHIPMENT)
        assert found
        return found
