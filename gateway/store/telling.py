"""What the gateway says of its aggregates: the event of a transition, and where it is published."""

from __future__ import annotations

from typing import Any

from erc.events.catalog import CompendiumChanged, CompendiumPublished, Event, JobChanged, JobEnded
from erc.events.envelope import Outgoing
from erc.schemas.check import Verdict
from erc.schemas.compendium import Compendium
from erc.schemas.job import Job


def public_subject(message: Outgoing, event: Event) -> str:
    """Return the subject of an event of a published compendium on the PUBLIC stream."""
    compendium_id = getattr(event, "compendium_id", message.aggregate_id)
    return f"erc.public.{compendium_id}.{message.aggregate}.{message.subject.rsplit('.', 1)[-1]}"


def compendium_event(before: Compendium, after: Compendium) -> Event:
    """Return the event of a compendium's transition."""
    if before.candidate and not after.candidate and after.snapshot:
        return CompendiumPublished(compendium_id=after.id, snapshot=after.snapshot)
    return CompendiumChanged(compendium_id=after.id, status=after.status, candidate=after.candidate)


def job_event(before: Job | None, job: Job) -> JobChanged:
    """Return the event of a job's transition: the steps that changed, and how it ended when it did."""
    old = before.steps if before else {}
    steps = {name: step.status for name, step in job.steps.items() if name not in old or old[name] != step}
    about: dict[str, Any] = {
        "job_id": job.id,
        "compendium_id": job.compendium_id,
        "status": job.status,
        "steps": steps,
        "repeats_id": job.repeat.of if job.repeat else None,
    }
    if not job.terminal:
        return JobChanged(**about)
    chunks = {name: step.log_chunks for name, step in job.steps.items() if step.log_chunks}
    return JobEnded(**about, verdict=job.verdict or Verdict.FAILED, log_chunks=chunks)
