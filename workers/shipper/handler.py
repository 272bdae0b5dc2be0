"""Packs shipments."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from datetime import datetime

from pydantic import ValidationError

from erc.events.blobs import BlobStore, read_manifest
from erc.events.catalog import PackingFailed, PackShipment, ShipmentPacked
from erc.events.errors import Rejected
from erc.schemas.ids import Digest
from erc.schemas.shipment import PackRecord
from erc.workers.shipper.domain import BagFile, bag_files
from erc.workers.store import Work, WorkStore

WriteZip = Callable[[BlobStore, str, Sequence[BagFile], Callable[[], bool]], Digest]
"""Writes the files of a bag into a zip, all in one folder, and returns its blob; ends when the last one says so."""


class Shipper:
    """Packs a compendium as a bag on request."""

    def __init__(self, blobs: BlobStore, write_zip: WriteZip, store: WorkStore, now: Callable[[], datetime]) -> None:
        self._blobs, self._write_zip, self._store, self._now = blobs, write_zip, store, now

    async def pack(self, command: PackShipment, work: Work) -> None:
        """Write the zip and say so. Raises Rejected when a blob is missing."""
        stopped = threading.Event()
        try:
            package = await asyncio.to_thread(self._pack, command.record, stopped.is_set)
        finally:
            stopped.set()
        packed = ShipmentPacked(shipment_id=command.shipment_id, package=package, record=command.record)
        await self._store.emit(work, packed, status="done")

    def _pack(self, digest: Digest, stopped: Callable[[], bool]) -> Digest:
        try:
            record = PackRecord.model_validate_json(self._blobs.read(digest))
        except ValidationError as error:
            raise Rejected("The order to pack cannot be read", str(error)) from error
        manifest = read_manifest(self._blobs, record.manifest)
        files = bag_files(record, manifest, self._size, self._now().date().isoformat())
        return self._write_zip(self._blobs, record.compendium_id, files, stopped)

    def _size(self, digest: Digest) -> int:
        size = self._blobs.size(digest)
        if size is None:
            raise Rejected("A blob is missing", f"There are no bytes named {digest}.", code="blob_missing")
        return size


def failed(command: PackShipment, problem: Digest, _error: Rejected | None) -> PackingFailed:
    """Return the terminal event of a shipment that cannot be packed."""
    return PackingFailed(shipment_id=command.shipment_id, problem=problem)
