"""How a message travels: CloudEvents 1.0 as a structured JSON body, and its form in the outbox."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, JsonValue

from erc.events.catalog import COMMANDS, EVENTS, Command, Event


class Envelope(BaseModel):
    """CloudEvents 1.0, structured mode. `sequence` numbers the aggregate's events from 1; 0 for commands."""

    model_config = ConfigDict(extra="ignore")

    specversion: str = "1.0"
    id: str
    source: str
    type: str
    subject: str
    time: AwareDatetime
    datacontenttype: str = "application/json"
    sequence: int = 0
    data: dict[str, JsonValue]

    def event(self) -> Event:
        """Return the event inside; raises ValueError for an unknown type or an invalid body."""
        known = EVENTS.get(self.type)
        if known is None:
            raise ValueError(f"The event type {self.type} is not known here.")
        return known.model_validate(self.data)

    def command(self) -> Command:
        """Return the command inside; raises ValueError for an unknown type or an invalid body."""
        known = COMMANDS.get(self.type.removesuffix(".v1"))
        if known is None:
            raise ValueError(f"The command {self.type} is not known here.")
        return known.model_validate(self.data)


class Outgoing(BaseModel):
    """A message on its way into the outbox: where it goes, under which id, with which body."""

    model_config = ConfigDict(frozen=True)

    stream: str
    subject: str
    message_id: str
    aggregate: str
    aggregate_id: str
    sequence: int
    body: dict[str, Any]


def outgoing_event(event: Event, sequence: int, time: datetime, source: str) -> Outgoing:
    """Return the outbox form of an event that is number `sequence` of its aggregate."""
    identifier = event.aggregate_id
    message_id = f"{event.AGGREGATE}:{identifier}:{sequence}:{event.TYPE}"
    envelope = Envelope(
        id=message_id,
        source=f"erc/{source}",
        type=event.TYPE,
        subject=identifier,
        time=time,
        sequence=sequence,
        data=event.model_dump(mode="json"),
    )
    kind = event.TYPE.split(".")[1]
    return Outgoing(
        stream="EVENTS",
        subject=f"erc.event.{event.AGGREGATE}.{identifier}.{kind}",
        message_id=message_id,
        aggregate=event.AGGREGATE,
        aggregate_id=identifier,
        sequence=sequence,
        body=envelope.model_dump(mode="json"),
    )


def outgoing_command(command: Command, cause: str, time: datetime) -> Outgoing:
    """Return the outbox form of a command; `cause` (such as the job's version) makes its id unique and repeatable."""
    identifier = command.work_id
    name = f"{command.WORKER}.{command.VERB}"
    message_id = f"command:{identifier}:{name}:{cause}"
    envelope = Envelope(
        id=message_id,
        source="erc/gateway",
        type=f"{name}.v1",
        subject=identifier,
        time=time,
        data=command.model_dump(mode="json"),
    )
    return Outgoing(
        stream="COMMANDS",
        subject=f"erc.command.{command.WORKER}.default.{command.VERB}.{identifier}",
        message_id=message_id,
        aggregate="command",
        aggregate_id=message_id,
        sequence=0,
        body=envelope.model_dump(mode="json"),
    )
