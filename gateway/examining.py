"""Has jobs repeated, and reads what came of it."""

from __future__ import annotations

import asyncio
import contextlib

from erc.events.blobs import BlobStore, read_manifest
from erc.events.errors import Rejected
from erc.events.outbox import Transaction, utc_now
from erc.gateway.auth import Principal
from erc.gateway.content import read_report
from erc.gateway.determinism import amended, determinism
from erc.gateway.errors import Refused
from erc.gateway.identifiers import new_id
from erc.gateway.repeats import first_repeat, repeatable, start_repeat
from erc.gateway.services import Services
from erc.gateway.store.records import Also, nothing
from erc.schemas.check import CheckReport
from erc.schemas.compendium import Compendium
from erc.schemas.ids import Digest, Id
from erc.schemas.job import Job
from erc.schemas.repeat import Determinism

JOBS = 20
"""How many of the newest jobs are looked at for one that can be repeated."""
LOOK_SECONDS = 0.5
RULES = ("erc.yml", ".ercignore")
"""Files that say what is compared; those of the author hold, whatever a run made of them."""


async def repeat(services: Services, principal: Principal, job: Job, also: Also = nothing, identifier: Id = "") -> Id:
    """Have a job repeated and return the id of the first repeat.

    Raises Refused: 409 when the job made nothing that could be compared or is being repeated, 429 when
    whoever asks has too many jobs.
    """
    if not repeatable(job):
        detail = "Only a job that has ended, and whose analysis ran to its end, can be repeated."
        raise Refused(409, "The job cannot be repeated", detail, "not_repeatable")
    reference = await asyncio.to_thread(_reference, services.blobs, job)
    report = await read_report(services, job.report) if job.report else None
    begun = first_repeat(job, reference, report)
    advance = start_repeat(identifier or new_id(), job, begun, principal.name, utc_now())

    async def within(transaction: Transaction) -> None:
        if await services.repeats.going_on(transaction, job.id):
            raise Refused(409, "The job is being repeated", "Wait until its repeats have ended.", "repeats_go_on")
        await services.quotas.admit_job(transaction, principal, principal.name)
        await also(transaction)

    await services.records.add_job(advance, within)
    return advance.state.id


async def examine_before(services: Services, principal: Principal, compendium: Compendium) -> None:
    """Have the newest job of a compendium repeated, unless it was, before the compendium is published.

    Waits for the repeats no longer than the settings say; they go on afterwards. Never keeps anything from publication.
    """
    seconds = services.settings.repeat_seconds
    if not seconds:
        return
    jobs = await services.records.jobs(principal, compendium.id, limit=JOBS)
    job = next((job for job in jobs if repeatable(job)), None)
    if job is None:
        return
    clock = asyncio.get_running_loop().time
    deadline = clock() + seconds
    what = await found(services, job)
    if what is None:
        with contextlib.suppress(Refused, Rejected):
            await repeat(services, principal, job)
            what = await found(services, job)
    while what is not None and not what.complete and clock() < deadline:
        await asyncio.sleep(min(LOOK_SECONDS, seconds))
        what = await found(services, job)


async def found(services: Services, job: Job) -> Determinism | None:
    """Return what the repeats of a job tell; None when it was never repeated, or is itself a repeat."""
    return None if job.repeat else determinism(await services.repeats.of(job.id))


def seen(job: Job, report: CheckReport | None, what: Determinism | None) -> tuple[Job, CheckReport | None]:
    """Return a job and its check report as they are shown: what is not deterministic is not held against the author."""
    if report is None:
        return job, None
    after = amended(report, what)
    reason = after.reason if job.reason == report.reason else job.reason
    return job.model_copy(update={"reason": reason}), after


async def as_shown(services: Services, job: Job, what: Determinism | None) -> Job:
    """Return a job as it is shown, without its report."""
    if job.report is None or what is None or not what.findings:
        return job
    try:
        return seen(job, await read_report(services, job.report), what)[0]
    except Rejected:
        return job


def _reference(blobs: BlobStore, job: Job) -> Digest:
    assert job.manifest, "what ran has a workspace"
    assert job.outputs, "what is repeatable has outputs"
    made = [entry for entry in read_manifest(blobs, job.outputs).entries() if entry.path not in RULES]
    return blobs.put(read_manifest(blobs, job.manifest).with_entries(made).document())
