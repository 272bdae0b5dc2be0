"""Gathers the evidence of a build and keeps it as blobs: package list, provenance, drift, a second build compared."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping
from typing import Any, Protocol

from erc.events.blobs import BlobStore, put_document
from erc.events.errors import Rejected, Unavailable
from erc.schemas.evidence import Evidence, Origin, Reproducibility
from erc.schemas.ids import Digest
from erc.workers.builder.domain.drift import drift_report, reproducibility
from erc.workers.builder.domain.inventory import Inventory
from erc.workers.builder.domain.provenance import Build, provenance
from erc.workers.builder.domain.rules import Base
from erc.workers.builder.domain.sbom import bill_of_materials

log = logging.getLogger("erc.worker")


class Inspected(Protocol):
    """Images that can be looked into."""

    async def inventory(self, image_id: str) -> Inventory:
        """Return what an image holds."""
        ...

    async def versions(self, base: Base) -> dict[str, str]:
        """Return what the suite of a base has."""
        ...

    async def layers(self, image_id: str) -> list[str]:
        """Return the digests of an image's layers."""
        ...

    async def tree(self, image_id: str) -> Mapping[str, str]:
        """Return what each path of an image is."""
        ...


class Evidences:
    """Makes evidence."""

    def __init__(self, images: Inspected, blobs: BlobStore) -> None:
        self._images, self._blobs = images, blobs

    async def gather(self, build: Build, again: str | None = None) -> Digest | None:
        """Keep the evidence of a build and return the blob of its index; None when the image cannot be looked into.

        `again` is the id of the image of a second build of the same plan. A failure harms no environment.
        """
        try:
            inventory = await self._images.inventory(build.image_id)
            brought = build.origin is Origin.BROUGHT
            current = {} if brought else await self._images.versions(build.base)
            compared = await self._compared(build.image_id, again, inventory) if again else None
            return await asyncio.to_thread(self._keep, build, inventory, current, compared)
        except (Unavailable, Rejected) as error:
            log.warning("The evidence of %s is not had: %s", build.key, error)
            return None

    async def _compared(self, image_id: str, again: str, inventory: Inventory) -> Reproducibility:
        other = await self._images.inventory(again)
        trees = (await self._images.tree(image_id), await self._images.tree(again))
        layers = (await self._images.layers(image_id), await self._images.layers(again))
        packages = (set(inventory.packages), set(other.packages))
        return await asyncio.to_thread(reproducibility, packages, trees, layers)

    def _keep(
        self, build: Build, inventory: Inventory, current: Mapping[str, str], compared: Reproducibility | None
    ) -> Digest:
        build = build.seen(inventory)
        plan, name = build.plan, f"erc-environment:{build.key}"
        base = Base("", "") if build.origin is Origin.BROUGHT else build.base
        bill = bill_of_materials(inventory, build.image_id, name, plan.distribution, plan.suite, build.finished)
        packages = self._put(bill)
        evidence = Evidence(
            environment_key=build.key,
            image_id=build.image_id,
            origin=build.origin,
            base=base.image_id,
            base_name=base.name,
            packages=packages,
            provenance=self._put(provenance(build, inventory, packages)),
            drift=put_document(self._blobs, drift_report(build.key, plan, inventory, current)),
            reproducibility=put_document(self._blobs, compared) if compared else None,
            reproducible=compared.reproducible if compared else None,
        )
        return put_document(self._blobs, evidence)

    def _put(self, document: dict[str, Any]) -> Digest:
        return self._blobs.put(json.dumps(document, sort_keys=True, indent=1).encode())
