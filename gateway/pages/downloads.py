"""The downloads that the page of a compendium offers."""

from __future__ import annotations

from dataclasses import dataclass

from erc.events.blobs import size_of
from erc.events.errors import Rejected
from erc.gateway.services import Services
from erc.gateway.store.images import made_by_jobs
from erc.schemas.compendium import Compendium


@dataclass(frozen=True)
class Offer:
    """A download: its address, what it is, and about how large."""

    address: str
    label: str
    size_bytes: int


async def downloads_of(services: Services, compendium: Compendium) -> list[Offer]:
    """Return the downloads of a compendium; those with the image once there is one."""
    if not compendium.manifest:
        return []
    try:
        manifest = await services.files.manifests.of(compendium.manifest)
    except Rejected:
        return []
    address = f"/api/v1/compendium/{compendium.id}"
    own = manifest.get("image.tar")
    size = manifest.size_bytes - (own.size_bytes if own else 0)
    offers = [
        Offer(f"{address}.zip?image=false", "zip", size),
        Offer(f"{address}.tar.gz?image=false", "tar.gz", size),
    ]
    made = await made_by_jobs(services.records.database, compendium.id)
    image = await size_of(services.blobs, made.image) if made.image else own.size_bytes if own else None
    if image is not None:
        offers.append(Offer(f"{address}.zip", "zip with the image", size + image))
    return offers
