"""What can be done about a dead command."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from erc.events.catalog import CheckOutputs, Command, DescribeWorkspace, ExecuteWorkspace, LoadWorkspace, PackShipment
from erc.gateway.revival import refusal_by_kind, reopen_compendium, reopen_shipment
from erc.gateway.transition import Advance
from erc.schemas.compendium import Compendium, CompendiumStatus
from erc.schemas.problem import Problem
from erc.schemas.shipment import Shipment, ShipmentStatus

ID, DIGEST = "0" * 26, "a" * 64
LOAD = LoadWorkspace(compendium_id=ID, upload=DIGEST)
DESCRIBE = DescribeWorkspace(compendium_id=ID, manifest=DIGEST)
PACK = PackShipment(shipment_id=ID, compendium_id=ID, record=DIGEST)
EXECUTE = ExecuteWorkspace(job_id=ID, manifest=DIGEST, description=DIGEST, plan=DIGEST, image_id="x")
CHECK = CheckOutputs(job_id=ID, manifest=DIGEST, outputs=DIGEST, description=DIGEST)
WHY = Problem(code="unavailable", title="The service could not do this")


def a_compendium(status: CompendiumStatus, manifest: str | None = None) -> Compendium:
    problem = WHY if status is CompendiumStatus.REJECTED else None
    return Compendium(
        id=ID, owner="o", status=status, version=4, upload=DIGEST, manifest=manifest, problem=problem,
        created=datetime(2026, 1, 1, tzinfo=UTC),
    )  # fmt: skip


def a_shipment(status: ShipmentStatus) -> Shipment:
    created = datetime(2026, 1, 1, tzinfo=UTC)
    return Shipment(id=ID, compendium_id=ID, owner="o", status=status, version=1, problem=WHY, created=created)


@pytest.mark.parametrize("command", [EXECUTE, CHECK])
def test_a_job_ends_once(command: Command) -> None:
    refusal = refusal_by_kind(command)
    assert refusal
    assert (refusal.code, "Start a new job" in refusal.detail) == ("job_ended", True)


@pytest.mark.parametrize("command", [LOAD, DESCRIBE, PACK])
def test_compendia_and_shipments_decide_themselves(command: Command) -> None:
    assert refusal_by_kind(command) is None


@pytest.mark.parametrize(
    ("command", "manifest", "status"),
    [(LOAD, None, CompendiumStatus.LOADING), (DESCRIBE, DIGEST, CompendiumStatus.DESCRIBING)],
)
def test_a_rejected_compendium_is_opened_where_it_failed(
    command: Command, manifest: str | None, status: CompendiumStatus
) -> None:
    answer = reopen_compendium(a_compendium(CompendiumStatus.REJECTED, manifest), command)
    assert isinstance(answer, Advance)
    assert (answer.state.status, answer.state.version, answer.state.problem) == (status, 5, None)
    assert answer.commands == [command]


@pytest.mark.parametrize(
    ("status", "manifest", "command", "code"),
    [
        (CompendiumStatus.READY, DIGEST, LOAD, "compendium_ready"),
        (CompendiumStatus.LOADING, None, LOAD, "compendium_in_work"),
        (CompendiumStatus.DESCRIBING, DIGEST, DESCRIBE, "compendium_in_work"),
        (CompendiumStatus.REJECTED, DIGEST, LOAD, "command_outdated"),
        (CompendiumStatus.REJECTED, None, DESCRIBE, "command_outdated"),
    ],
)
def test_a_compendium_that_cannot_go_on_says_why(
    status: CompendiumStatus, manifest: str | None, command: Command, code: str
) -> None:
    answer = reopen_compendium(a_compendium(status, manifest), command)
    assert isinstance(answer, Problem)
    assert answer.code == code


def test_a_failed_shipment_is_opened_again_and_no_other() -> None:
    answer = reopen_shipment(a_shipment(ShipmentStatus.ERROR), PACK)
    assert isinstance(answer, Advance)
    assert (answer.state.status, answer.state.version) == (ShipmentStatus.TO_BE_SHIPPED, 2)
    for status in (ShipmentStatus.SHIPPED, ShipmentStatus.TO_BE_SHIPPED):
        assert isinstance(reopen_shipment(a_shipment(status), PACK), Problem)
