"""Saves metadata: one transaction for the compendium, its revision and, if that is wanted, its publication."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from erc.events.blobs import BlobStore
from erc.events.outbox import utc_now
from erc.gateway.auth import Action, Answer, Principal
from erc.gateway.editing import edited, etag, matches, published, saved
from erc.gateway.errors import Refused
from erc.gateway.examining import examine_before
from erc.gateway.o2r import Fault
from erc.gateway.preparing import Invalid, Prepared, prepare
from erc.gateway.publication import public_snapshot, publishable
from erc.gateway.services import Services
from erc.gateway.transition import Advance
from erc.schemas.compendium import Compendium, CompendiumStatus
from erc.schemas.ids import Digest
from erc.schemas.job import Job

READ_SECONDS = 10.0
"""How long a save waits for the code of another main file to be read."""
_SENTENCES = 5


@dataclass(frozen=True)
class Save:
    """What is asked for: `propose` makes the new o2r document from the present one, at most from `if_match`."""

    propose: Callable[[dict[str, Any]], Any]
    publish: bool
    if_match: str | None = None


async def editable(services: Services, principal: Principal, identifier: str, action: Action) -> Compendium:
    """Return a compendium that the principal may edit; raises Refused (401, 403, 404, 410) in the reference's words."""
    try:
        return await services.compendium(principal, identifier, action)
    except Refused as refused:
        if refused.error != Answer.FORBIDDEN.value:
            raise
        advice = "Only its author and editors may change it."
        raise Refused(403, f"not authorized to edit/view {identifier}", advice) from refused


async def save(services: Services, principal: Principal, identifier: str, wanted: Save) -> Compendium:
    """Save and perhaps publish; return the compendium as it is then.

    Raises Refused: 400 with every error, 401, 403, 404, 409 when it is not ready, 410, 412 when somebody else saved.
    """
    action = Action.PUBLISH if wanted.publish else Action.EDIT
    found = await editable(services, principal, identifier, action)
    if wanted.publish and publishable(found):
        await examine_before(services, principal, found)

    async def decide(before: Compendium, jobs: Callable[[], Awaitable[Sequence[Job]]]) -> Advance[Compendium] | None:
        check_revision(before, wanted.if_match)
        _check_ready(before)
        document = wanted.propose(before.metadata.get("o2r", {}))
        after = edited(before, await _prepared(services, before, document))
        if not (wanted.publish and before.candidate):
            return saved(before, after)
        now = utc_now()
        return published(before, after, await keep_snapshot(services.blobs, after, await jobs(), now), now)

    also = services.revisions.by(principal.name)
    after = await services.records.edit_compendium(found.id, decide, also)
    return await _when_read(services, after or await services.compendium(principal, identifier))


def check_revision(compendium: Compendium, if_match: str | None) -> None:
    """Raise Refused (412), with the number of the newer revision, unless the header names the present one."""
    if if_match is None or matches(if_match, compendium.revision):
        return
    raise Refused(
        412,
        "The metadata were changed meanwhile",
        f"Their revision is now {compendium.revision}. Read it, and save again on top of it.",
        "revision_newer",
        {"revision": compendium.revision},
        {"ETag": etag(compendium.revision)},
    )


async def keep_snapshot(blobs: BlobStore, compendium: Compendium, jobs: Sequence[Job], now: datetime) -> Digest:
    """Keep what is public of a compendium from now on, and return its digest."""
    document = json.dumps(public_snapshot(compendium, jobs, now), ensure_ascii=False).encode()
    return await asyncio.to_thread(blobs.put, document)


def _check_ready(compendium: Compendium) -> None:
    if compendium.status is CompendiumStatus.REJECTED:
        raise Refused(409, "The compendium was rejected", "Mend it and upload it again.", "compendium_rejected")
    if compendium.status is not CompendiumStatus.READY:
        raise Refused(409, "The compendium is not ready yet", "Wait until it is loaded.", "compendium_not_ready")


async def _prepared(services: Services, compendium: Compendium, document: Any) -> Prepared:
    try:
        return await asyncio.to_thread(prepare, services.blobs, compendium, document)
    except Invalid as invalid:
        raise refusal(invalid.faults) from invalid


def refusal(faults: Sequence[Fault]) -> Refused:
    """Return the refusal of invalid metadata: the reference's text and log, and each fault with its pointer."""
    sentences = [fault.sentence() for fault in faults]
    more = f"; and {len(sentences) - _SENTENCES} more" if len(sentences) > _SENTENCES else ""
    return Refused(
        400,
        "Error updating metadata file, see log for details",
        f"{'; '.join(sentences[:_SENTENCES])}{more}.",
        "metadata_invalid",
        {
            "log": "\n".join(f"!invalid: {sentence}" for sentence in sentences),
            "errors": [{"pointer": fault.pointer, "message": fault.message} for fault in faults],
        },
    )


async def _when_read(services: Services, compendium: Compendium) -> Compendium:
    """Return the compendium once the code of its main file has been read, or after a while as it is."""
    pause, waited = 0.05, 0.0
    while compendium.choice and waited < READ_SECONDS:
        await asyncio.sleep(pause)
        waited += pause
        pause = min(pause * 1.5, 1.0)
        compendium = await services.records.compendium(compendium.id) or compendium
    return compendium
