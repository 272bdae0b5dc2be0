"""What is packed of a compendium: its workspace as the newest job completed it, documents, the image if wanted."""

from __future__ import annotations

import json
from typing import Any

from erc.gateway.errors import Refused
from erc.gateway.services import Services
from erc.gateway.views import job_view
from erc.schemas.compendium import Compendium
from erc.schemas.job import Job
from erc.schemas.shipment import PackRecord


async def record_of(services: Services, compendium: Compendium, job: Job | None, wants_image: bool) -> PackRecord:
    """Return the order to pack; raises Refused (400) when an image is wanted and none is kept."""
    image = await services.records.saved_image(job.environment_key) if job and job.environment_key else None
    if wants_image and image is None:
        raise Refused(
            400,
            "Image tarball is missing, so it cannot be included. Please ensure a successful job execution first.",
        )
    documents = {
        ".erc/metadata_raw.json": _text(compendium.metadata.get("raw", {})),
        ".erc/metadata_o2r_1.json": _text(compendium.metadata.get("o2r", {})),
    }
    if job:
        documents[".erc/job.json"] = _text(job_view(job, None, {"all"}, None))
    return PackRecord(
        compendium_id=compendium.id,
        manifest=(job.manifest if job else None) or compendium.manifest or "",
        image=image if wants_image else None,
        documents=documents,
        contact_name=compendium.owner,
        external_identifier=compendium.id,
    )


def _text(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=4, ensure_ascii=False, sort_keys=True)
