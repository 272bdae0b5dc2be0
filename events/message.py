"""What a command and an event are, and the catalogue that every one of them enters."""

from __future__ import annotations

from typing import ClassVar

from pydantic import BaseModel, ConfigDict

from erc.schemas.ids import Id

COMMANDS: dict[str, type[Command]] = {}
EVENTS: dict[str, type[Event]] = {}
"""Every command by worker and verb (`loader.load`), every event by its type (`workspace.loaded.v1`)."""


class Command(BaseModel):
    """Something that one worker is asked to do. `id_field` names the work it belongs to."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    WORKER: ClassVar[str]
    VERB: ClassVar[str]
    ID_FIELD: ClassVar[str] = "job_id"

    @classmethod
    def __pydantic_init_subclass__(cls, **_: object) -> None:
        """Enter the command into the catalogue."""
        COMMANDS[f"{cls.WORKER}.{cls.VERB}"] = cls

    @property
    def work_id(self) -> Id:
        """The id of the work: a job's, a compendium's or a shipment's."""
        return str(getattr(self, self.ID_FIELD))


class Event(BaseModel):
    """Something that happened to an aggregate."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    AGGREGATE: ClassVar[str]
    TYPE: ClassVar[str]
    ID_FIELD: ClassVar[str] = "job_id"

    @classmethod
    def __pydantic_init_subclass__(cls, **_: object) -> None:
        """Enter the event into the catalogue."""
        EVENTS[cls.TYPE] = cls

    @property
    def aggregate_id(self) -> Id:
        """The id of the aggregate."""
        return str(getattr(self, self.ID_FIELD))
