"""The environment of a job as its page tells it: decisions, deviations, packages with file and line, hints."""

from __future__ import annotations

from dataclasses import dataclass

from erc.events.blobs import BlobStore
from erc.events.errors import Rejected
from erc.gateway.planning import read_plan
from erc.schemas.environment import Decision, Deviation, Plan, PlannedPackage
from erc.schemas.job import Job

SHOWN = 300
"""How many packages the page shows; the plan as JSON has all."""
_SUBJECTS = {"base": "Base", "python": "Python", "r": "R", "date": "Day", "packages": "Packages", "file": "File"}
_SYSTEMS = {"apt": "the distribution", "pip": "PyPI"}


@dataclass(frozen=True)
class Line:
    """A line of one of the lists: what it is about, what came of it, why, and where that was asked for."""

    subject: str
    choice: str
    reason: str
    place: str


@dataclass(frozen=True)
class Environment:
    """A plan as its page shows it."""

    sentence: str
    decisions: list[Line]
    deviations: list[Line]
    packages: list[Line]
    left: int
    """Packages that are not shown."""
    notes: list[str]


async def environment_of(blobs: BlobStore, job: Job) -> Environment | None:
    """Return the environment of a job, None while there is no plan or when it is not kept any more."""
    if job.plan is None:
        return None
    try:
        plan = await read_plan(blobs, job.plan)
    except (Rejected, ValueError):
        return None
    return Environment(
        sentence=sentence(plan),
        decisions=[_decision(one) for one in plan.decisions],
        deviations=[_deviation(one) for one in plan.deviations],
        packages=[_package(one) for one in plan.packages[:SHOWN]],
        left=max(0, len(plan.packages) - SHOWN),
        notes=plan.notes,
    )


def sentence(plan: Plan) -> str:
    """Return the environment in one sentence."""
    languages = [f"{name} {version}" for name, version in (("Python", plan.python), ("R", plan.r)) if version]
    base = f"{plan.distribution.capitalize()} {plan.suite}"
    number = len(plan.packages)
    packages = f"{number} package{'' if number == 1 else 's'} asked for"
    return f"{base}{' with ' + ' and '.join(languages) if languages else ''}, {packages}."


def _place(path: str, line: int) -> str:
    return f"{path}:{line}" if line else path


def _decision(one: Decision) -> Line:
    return Line(_SUBJECTS.get(one.subject, one.subject), one.choice, one.reason, _place(one.path, one.line))


def _deviation(one: Deviation) -> Line:
    return Line(one.subject, f"wanted {one.wanted}, got {one.got}", one.reason, _place(one.path, one.line))


def _package(one: PlannedPackage) -> Line:
    return Line(one.name, one.version, one.reason or _SYSTEMS.get(one.system, one.system), _place(one.path, one.line))
