"""What can be done about a command that is dead: do it again when its work may go on, else say why not."""

from __future__ import annotations

from typing import TypeVar

from pydantic import BaseModel

from erc.events.catalog import Command, DescribeWorkspace, LoadWorkspace, PackShipment
from erc.events.dead import DeadLetter
from erc.events.envelope import Envelope
from erc.gateway.errors import Refused
from erc.gateway.store.records import Records
from erc.gateway.transition import Advance
from erc.schemas.compendium import Compendium, CompendiumStatus
from erc.schemas.problem import Problem
from erc.schemas.shipment import Shipment, ShipmentStatus

M = TypeVar("M", bound=BaseModel)


def refusal_by_kind(command: Command) -> Problem | None:
    """Return why this kind of command is never done again, None when its compendium or shipment decides."""
    if isinstance(command, (LoadWorkspace, DescribeWorkspace, PackShipment)):
        return None
    return Problem(
        code="job_ended",
        title="A job ends once",
        detail="Its end has been told already. Start a new job on its compendium; what is built is not built again.",
    )


def reopen_compendium(compendium: Compendium, command: Command) -> Advance[Compendium] | Problem:
    """Return the compendium on its way again, or why it cannot be."""
    if compendium.status is CompendiumStatus.READY:
        return Problem(code="compendium_ready", title="The compendium is ready", detail="There is nothing left to do.")
    if compendium.status is not CompendiumStatus.REJECTED:
        return Problem(
            code="compendium_in_work", title="The compendium is in work", detail="Wait until it is ready or rejected."
        )
    describing = isinstance(command, DescribeWorkspace)
    if describing != (compendium.manifest is not None):
        return Problem(
            code="command_outdated",
            title="The compendium has come to another step",
            detail="Retry the letter of that step.",
        )
    status = CompendiumStatus.DESCRIBING if describing else CompendiumStatus.LOADING
    changes = {"status": status, "problem": None, "version": compendium.version + 1}
    return Advance(compendium.model_copy(update=changes), [command])


def reopen_shipment(shipment: Shipment, command: Command) -> Advance[Shipment] | Problem:
    """Return the shipment on its way again, or why it cannot be."""
    if shipment.status is not ShipmentStatus.ERROR:
        return Problem(
            code="shipment_not_failed", title="The shipment has not failed", detail=f"Its state: {shipment.status}."
        )
    changes = {"status": ShipmentStatus.TO_BE_SHIPPED, "problem": None, "version": shipment.version + 1}
    return Advance(shipment.model_copy(update=changes), [command])


async def revive(records: Records, letter: DeadLetter) -> str:
    """Open the work of a dead command again and send it under a new cause; return what was sent.

    Raises Refused (409) with the reason when the letter is no command or its work cannot go on.
    """
    command = _command(letter)
    _refuse(refusal_by_kind(command))
    why: list[Problem] = []

    def opened(answer: Advance[M] | Problem) -> Advance[M] | None:
        if isinstance(answer, Problem):
            why.append(answer)
            return None
        return answer

    name = f"{command.WORKER}.{command.VERB}"
    if isinstance(command, PackShipment):
        shipment = await records.move_shipment(command.work_id, lambda it: opened(reopen_shipment(it, command)))
        version = shipment.version if shipment else None
    else:
        compendium = await records.move_compendium(command.work_id, lambda it: opened(reopen_compendium(it, command)))
        version = compendium.version if compendium else None
    _refuse(*why)
    if version is None:
        _refuse(Problem(code="work_gone", title="What this was about is gone", detail="Drop the letter."))
    return f"command:{command.work_id}:{name}:{version}"


def _command(letter: DeadLetter) -> Command:
    try:
        return Envelope.model_validate_json(letter.message).command()
    except ValueError as error:
        detail = "Only commands can be done again. Events are kept: erc rebuild events hands all of them out again."
        raise Refused(409, "The letter holds no command that is known here", detail, "letter_no_command") from error


def _refuse(*problems: Problem | None) -> None:
    for problem in problems:
        if problem:
            raise Refused(409, problem.title, problem.detail, problem.code)
