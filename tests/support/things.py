"""What is asked for in the matrix: a compendium in one of four states, with a job, a shipment and a webhook."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import insert
from support.askers import OWNER

from erc.events.blobs import put_document
from erc.gateway.identifiers import new_id, new_link_id
from erc.gateway.pipeline import cancel_job, start_job
from erc.gateway.services import Services
from erc.gateway.store.rows import compendium_row, job_row, row_of
from erc.schemas import tables
from erc.schemas.compendium import Compendium, CompendiumStatus
from erc.schemas.job import Job
from erc.schemas.metadata import Description, Kind
from erc.schemas.shipment import Shipment
from erc.schemas.webhook import Webhook
from erc.schemas.workspace import Entry, Manifest

MADE = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
FILES = {"main.R": b"plot(1)\n", "display.html": b"<p>4.2</p>\n", "data.csv": b"a\n1\n"}


class State(StrEnum):
    """What has become of a compendium."""

    CANDIDATE = "candidate"
    PUBLISHED = "published"
    DELETED = "deleted after its publication"
    FORGOTTEN = "deleted as a candidate"


@dataclass(frozen=True)
class Things:
    """Ids: of the compendium and its public link, of a job of its owner's and of one that the link started, …"""

    state: State
    compendium: str
    link: str
    job: str
    job_by_link: str
    shipment: str
    webhook: str
    run: str
    """The name of a run of its owner's."""

    @property
    def candidate(self) -> bool:
        """Whether what belongs to the compendium is hidden: what belonged to one that is gone is."""
        return self.state is not State.PUBLISHED


class World:
    """Makes things with plain rows."""

    def __init__(self, services: Services) -> None:
        self._services = services
        put = services.blobs.put
        entries = [Entry(path=path, digest=put(data), size_bytes=len(data)) for path, data in FILES.items()]
        self._manifest = put(Manifest(entries).document())
        about = Description(kind=Kind.R_SCRIPT, main="main.R", display="display.html", manifest=self._manifest)
        self._description, self._upload = put_document(services.blobs, about), put(b"archive")

    async def make(self, state: State) -> Things:
        """Make a compendium in a state with all that belongs to it."""
        compendium = self._compendium(state)
        link = new_link_id()
        jobs = [_job(compendium, OWNER, None), _job(compendium, f"link.{link}", link)]
        shipment = Shipment(id=new_id(), compendium_id=compendium.id, owner=OWNER, created=MADE)
        webhook = Webhook(
            id=new_id(), owner=OWNER, address="https://example.org/hook", secret="whsec_eA==", created=MADE
        )
        rows: list[tuple[Any, dict[str, Any]]] = [
            *((tables.job, job_row(job)) for job in jobs),
            (tables.shipment, row_of(shipment) | {"compendium_id": compendium.id, "owner": OWNER}),
            (tables.webhook, _webhook_row(webhook)),
            (tables.run, _run_row(jobs[0])),
        ]
        if state in {State.CANDIDATE, State.PUBLISHED}:
            rows.append((tables.compendium, compendium_row(compendium)))
        else:
            rows.append((tables.tombstone, _tombstone(compendium)))
        if state is State.CANDIDATE:
            about = {"id": link, "compendium_id": compendium.id, "owner": OWNER, "created": MADE}
            rows.append((tables.link, about))
        async with self._services.records.database.transaction() as transaction:
            for table, row in rows:
                await transaction.connection.execute(insert(table).values(**row))
        return Things(state, compendium.id, link, jobs[0].id, jobs[1].id, shipment.id, webhook.id, _run_name(jobs[0]))

    def _compendium(self, state: State) -> Compendium:
        published = state in {State.PUBLISHED, State.DELETED}
        return Compendium(
            id=new_id(),
            owner=OWNER,
            candidate=not published,
            status=CompendiumStatus.READY,
            version=1,
            upload=self._upload,
            manifest=self._manifest,
            description=self._description,
            metadata={"o2r": {"title": "Rain by month"}},
            created=MADE,
            published=MADE if published else None,
        )


def _job(compendium: Compendium, owner: str, link: str | None) -> Job:
    job = Job(id=new_id(), compendium_id=compendium.id, owner=owner, link=link, created=MADE)
    ended = cancel_job(start_job(job, compendium).state, MADE)
    assert ended
    return ended.state


def _tombstone(compendium: Compendium) -> dict[str, Any]:
    about = {"compendium_id": compendium.id, "owner": OWNER, "deleted": MADE}
    return {**about, "candidate": compendium.candidate, "published": compendium.published}


def _webhook_row(webhook: Webhook) -> dict[str, Any]:
    document = webhook.model_dump(mode="json")
    return {"id": webhook.id, "owner": webhook.owner, "document": document, "created": webhook.created}


def _run_name(job: Job) -> str:
    return f"run-{job.id}"


def _run_row(job: Job) -> dict[str, Any]:
    key = {"owner": OWNER, "name": _run_name(job), "version": "latest", "generation": 1}
    about = {"origin": "/home/ada/rain", "source": ".", "entrypoint": ""}
    return {**key, **about, "compendium_id": job.compendium_id, "job_id": job.id, "created": MADE}
