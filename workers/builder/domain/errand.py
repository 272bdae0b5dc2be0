"""What is told to a builder elsewhere, and what it tells in the end."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, PositiveInt

from erc.schemas.environment import Plan
from erc.schemas.ids import Digest
from erc.schemas.limits import BuildLimits
from erc.schemas.problem import Problem
from erc.workers.builder.domain.rules import Base, Order


class BuildErrand(BaseModel):
    """An order, with digests in the place of bytes; those are to be had at `address`."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    address: str
    platform: str
    plan: Plan
    base_name: str
    base_id: str
    base_image: Digest | None = None
    """Blob of the base image, where it is kept."""
    tag: str
    scripts: list[tuple[str, Digest]] = []
    cold: bool = False
    limits: BuildLimits
    user: tuple[PositiveInt, PositiveInt]
    """As whom a run will be: the author's scripts run as this user and group, and leave files of theirs."""

    def order(self, scripts: tuple[tuple[str, bytes], ...]) -> Order:
        """Return the order, with the bytes of its scripts."""
        return Order(self.plan, Base(self.base_name, self.base_id), self.tag, scripts, self.cold)


class BuildOutcome(BaseModel):
    """The image that was brought, or the problem that the author can mend."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    image_id: str = ""
    problem: Problem | None = None
