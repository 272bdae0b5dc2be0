"""The comparison of what a run made with what the author published."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from erc.schemas.ids import Digest


class Verdict(StrEnum):
    """How a job came out."""

    REPRODUCED = "reproduced"
    RENDERED_DIFFERENTLY = "reproduced, rendered differently"
    """Everything agrees, but a figure is drawn in another way: other fonts, another theme, another version."""
    DIFFERS = "differs"
    FAILED = "failed"
    NOT_COMPARABLE = "not comparable"
    """It ran, but nothing tells whether it agrees: nothing was published, or what is left cannot be compared."""
    CANCELLED = "cancelled"

    @property
    def well(self) -> bool:
        """Whether the results came out again."""
        return self in {Verdict.REPRODUCED, Verdict.RENDERED_DIFFERENTLY}


class Outcome(StrEnum):
    """How one compared thing came out."""

    IDENTICAL = "identical"
    """Equal bytes."""
    EQUIVALENT = "equivalent"
    """Not the same bytes, but no difference that a reader would see."""
    OTHER_RENDERING = "other rendering"
    """A figure that shows the same content, drawn in another way that a reader sees: fonts, theme, library."""
    DIFFERENT = "different"
    MISSING = "missing"
    """Published, but not made by this run."""
    EXTRA = "extra"
    """Made by this run, but not published."""
    UNCOMPARED = "uncompared"
    """Too large or not readable; `finding` says why."""
    IGNORED = "ignored"
    """Not compared because a rule says so; `rule` says which."""
    NOT_DETERMINISTIC = "not deterministic"
    """Differs from the published one, but also between runs of the service's own; said where a job is shown."""

    @property
    def agrees(self) -> bool:
        """Whether both sides say the same, or it does not count."""
        return self in {Outcome.IDENTICAL, Outcome.EQUIVALENT, Outcome.OTHER_RENDERING, Outcome.IGNORED}

    @property
    def word(self) -> str:
        """What people read."""
        return "failed to compare" if self is Outcome.UNCOMPARED else self.value


class IgnoredPart(BaseModel):
    """Something of a compared thing that differs and does not count, with the rule why."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    rule: str
    """`memory address`, `number written in another way`, `erc.yml ignores “…”`."""
    published: str = ""
    reproduced: str = ""
    """What stands there on each side, shortened; empty where a side has nothing."""


class ChangedPart(BaseModel):
    """One difference that counts; a side is empty where it has nothing there."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    place: str = ""
    """`line 3`, `row 2 “Bonn”, column “mean”`, or nothing."""
    published: str = ""
    reproduced: str = ""
    """What stands there on each side, shortened."""


class Origin(BaseModel):
    """The place in the author's code that made a compared thing."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    path: str
    """The main file, from the workspace's root."""
    line: int = 0
    """From 1; 0 for notebooks."""
    cell: int = 0
    """Of a notebook, from 1, counting cells of every kind; else 0."""
    label: str = ""
    """The chunk's label, if it has one."""


class Likeness(StrEnum):
    """How two pictures of a figure compare."""

    IDENTICAL = "identical"
    SAME_PICTURE = "same picture"
    """But for encoding, size, shift or the smoothing of edges."""
    OTHER_RENDERING = "same content, other rendering"
    DIFFERENT = "different content"
    UNSURE = "unsure"
    """Not decided; counts as different until a person has looked."""


class Place(BaseModel):
    """A place that differs, in pixels of the published picture."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    left: int
    top: int
    width: int
    height: int
    what: str = ""
    """`marks` or `words`."""


class Comparison(BaseModel):
    """One row of a check: a text, a figure or a file, in the order of the document."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: str
    """What a reader would call it: `Text of display.html`, `Figure 2 (rainfall by month)`."""
    kind: str
    """`text`, `image`, `table` or `bytes`."""
    outcome: Outcome
    path: str = ""
    """Of a file that is compared beside the display; else empty."""
    finding: str = ""
    """One sentence: what differs, in a reader's terms."""
    measure: float = 0.0
    """Share of the thing that differs, 0 to 1."""
    original: Digest | None = None
    reproduced: Digest | None = None
    difference: Digest | None = None
    """Blobs to show side by side: images (PNG) for figures, texts otherwise."""
    likeness: Likeness | None = None
    """For pictures."""
    confidence: float | None = None
    """How sure the likeness is, 0.5 (not at all) to 1."""
    places: list[Place] = Field(default_factory=list)
    """Where pictures differ, the largest first."""
    rule: str = ""
    """Why the thing is ignored as a whole, else empty."""
    tolerance: str = ""
    """The tolerance of `erc.yml` under which numbers were compared, in words; else empty."""
    ignored: list[IgnoredPart] = Field(default_factory=list)
    """The first of what differs and does not count."""
    ignored_count: int = 0
    """How much of that there is."""
    changes: list[ChangedPart] = Field(default_factory=list)
    """The first differences that count, of texts and tables; the report as a page shows more."""
    changed: int = 0
    """How many of them there are."""
    made_by: Origin | None = None
    """What made it, where that is certain."""


class CheckReport(BaseModel):
    """The outcome of a check: one verdict, one sentence why, one row for each compared thing."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    verdict: Verdict
    reason: str
    display: str
    comparisons: list[Comparison] = Field(default_factory=list)
    code: str = ""
    """Why nothing was compared, for programs: `no_display`, `not_comparable`; else empty."""
    html: Digest | None = None
    """The report as a page of its own, with the differences marked."""
    warnings: list[str] = Field(default_factory=list)
    """Sentences about rules of `erc.yml` that were not understood or name nothing."""
    unclaimed: list[str] = Field(default_factory=list)
    """Paths of files that the run made and nothing claims; they do not count. The first of them."""
