"""How a shipment ends without a package, is published, and is packed again. Pure."""

from __future__ import annotations

from datetime import datetime

from erc.events.catalog import PackShipment
from erc.gateway.transition import Advance
from erc.schemas.ids import Digest
from erc.schemas.problem import Problem
from erc.schemas.shipment import Shipment, ShipmentStatus

CANCELLED = Problem(code="shipment_cancelled", title="The shipment was cancelled")


def fail_shipment(shipment: Shipment, problem: Problem) -> Advance[Shipment] | None:
    """End a shipment that has not come to its end, with the problem that its owner is told."""
    if shipment.status is not ShipmentStatus.TO_BE_SHIPPED:
        return None
    changes = {"status": ShipmentStatus.ERROR, "problem": problem, "version": shipment.version + 1}
    return Advance(shipment.model_copy(update=changes))


def cancel_shipment(shipment: Shipment) -> Advance[Shipment] | None:
    """End a shipment because somebody asked for it; None when it has ended already."""
    return fail_shipment(shipment, CANCELLED)


def publish_shipment(shipment: Shipment, now: datetime) -> Advance[Shipment] | None:
    """Publish a shipment that is packed; None in every other state."""
    if shipment.status is not ShipmentStatus.SHIPPED:
        return None
    changes = {"status": ShipmentStatus.PUBLISHED, "modified": now, "version": shipment.version + 1}
    return Advance(shipment.model_copy(update=changes))


def pack_again(shipment: Shipment, package: Digest, record: Digest, now: datetime) -> Advance[Shipment] | None:
    """Pack a shipment anew by another record; None unless it is packed as this package."""
    if shipment.status is not ShipmentStatus.SHIPPED or shipment.package != package:
        return None
    changes = {"status": ShipmentStatus.TO_BE_SHIPPED, "package": None, "record": record, "modified": now}
    after = shipment.model_copy(update={**changes, "version": shipment.version + 1})
    command = PackShipment(shipment_id=shipment.id, compendium_id=shipment.compendium_id, record=record)
    return Advance(after, [command])
