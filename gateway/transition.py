"""What a decision of the pipeline is made of: facts in, an advance out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, TypeVar

from erc.events.catalog import Command
from erc.events.errors import Unavailable
from erc.schemas.check import CheckReport
from erc.schemas.metadata import Description
from erc.schemas.problem import Problem
from erc.schemas.repeat import Conditions

T = TypeVar("T")


class TooEarly(Unavailable):
    """The event overtook its predecessor: later."""


@dataclass(frozen=True)
class Facts:
    """The documents that an event points to, and when it happened."""

    time: datetime
    problem: Problem | None = None
    report: CheckReport | None = None
    description: Description | None = None
    conditions: Conditions | None = None


@dataclass(frozen=True)
class Advance(Generic[T]):
    """A transition: the new state and what is asked of whom; `stops` when a worker that is still at it should end."""

    state: T
    commands: Sequence[Command] = field(default=())
    stops: bool = False
