"""Running a job again to find out whether its outputs are deterministic: what was varied, and what came of it."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from erc.schemas.ids import Digest, Id

ITEMS_KEPT = 200
"""How many outputs that differ are kept of one repeat."""


class Variation(StrEnum):
    """What a repeat can have otherwise than the run that it repeats, in the order in which it is tried."""

    CLOCK = "time and date"
    LOCALE = "locale"
    ZONE = "time zone"
    HOST = "host name"
    USER = "user id"
    CPUS = "CPU count"
    ORDER = "file order"


class Tried(BaseModel):
    """Something that a repeat had otherwise: as it was, and as it became."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    variation: Variation
    was: str
    became: str


class NotTried(BaseModel):
    """Something that this machine or image cannot have otherwise, and why."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    variation: Variation
    reason: str


class Conditions(BaseModel):
    """Under which conditions a repeat ran."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    tried: list[Tried] = Field(default_factory=list)
    not_tried: list[NotTried] = Field(default_factory=list)


class Varying(BaseModel):
    """An output that is not the same in a repeat: its name as a check names it, and what differs in one sentence."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: str
    kind: str
    finding: str = ""
    made: Digest | None = None
    """What the job itself made of it, where that has bytes of its own: the same output whatever it is called."""


class Lacking(BaseModel):
    """What the repeated job did not make although it was published, each at most ITEMS_KEPT."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    code: str = ""
    """Why its display could not be compared at all, as its check says."""
    digests: list[Digest] = Field(default_factory=list)
    names: list[str] = Field(default_factory=list)


class Repeat(BaseModel):
    """What makes a job a repeat: the job that it repeats, what it varies, and what it found."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    of: Id
    variations: list[Variation] = Field(default_factory=list)
    """Empty: nothing is varied on purpose."""
    reference: Digest
    """Manifest of the workspace with what the repeated job made: what the repeat's outputs are compared with."""
    lacking: Lacking = Lacking()
    suspects: list[Varying] = Field(default_factory=list)
    """Outputs that differed before, for which the cause is looked for."""
    conditions: Conditions = Conditions()
    """What an earlier repeat could vary and what not; of the repeat itself once it has run."""
    varying: list[Varying] = Field(default_factory=list)
    """Outputs that differ from those of the job, at most ITEMS_KEPT."""
    uncompared: int = 0
    """How many outputs could not be compared."""


class Cause(StrEnum):
    """Why an output differs between two runs, beside the variations."""

    NOTHING = "nothing was varied"
    """Random numbers without a seed, an order among parallel parts, or the clock."""
    TOGETHER = "several variations together"
    """None of those that were tried alone made it differ."""
    UNKNOWN = "not found out"
    """The runs that would tell were not made or did not end."""


class Finding(BaseModel):
    """An output that is not deterministic, and what made it change: values of `Variation` or `Cause`."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: str
    kind: str
    causes: list[str]
    finding: str = ""
    made: Digest | None = None
    """What the job itself made of it, where that has bytes of its own."""


class Determinism(BaseModel):
    """What the repeats of a job showed."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    complete: bool
    """Whether all repeats have ended."""
    runs: int
    """How many runs there were in all, with that of the job itself; those that were cancelled or not made left out."""
    sentence: str
    findings: list[Finding] = Field(default_factory=list)
    uncompared: int = 0
    """How many outputs could not be compared, so that nothing is known of them."""
    tried: list[Tried] = Field(default_factory=list)
    not_tried: list[NotTried] = Field(default_factory=list)
    repeats: list[Id] = Field(default_factory=list)
    """The jobs that repeated this one, the first of them first."""
