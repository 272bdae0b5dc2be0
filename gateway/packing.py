"""How a shipment ends without a package. Pure."""

from __future__ import annotations

from erc.gateway.transition import Advance
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
