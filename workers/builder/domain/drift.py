"""Compares what a plan wanted with what the image has and what the suite has by now."""

from __future__ import annotations

import re
from collections.abc import Mapping

from erc.schemas.environment import Deviation, Plan, PlannedPackage
from erc.schemas.evidence import Drift, DriftReport, Reproducibility
from erc.workers.builder.domain.inventory import Installed, Inventory

_LANGUAGES = {"python": "python3", "r": "r-base-core"}
_EXACT = re.compile(r"={2,3}\s*([A-Za-z0-9.+!_-]+)")
_MOST_PATHS = 1000


def drift_report(key: str, plan: Plan, inventory: Inventory, current: Mapping[str, str]) -> DriftReport:
    """Return what deviates in an image; `current` holds the newest versions of the suite by package."""
    drifts = [
        *_languages(plan, inventory, current),
        *(_deviation(deviation) for deviation in plan.deviations),
        *(_package(package, inventory, current) for package in plan.packages),
    ]
    drifts.sort(key=lambda drift: (drift.met, drift.system, drift.name))
    return DriftReport(environment_key=key, suite=f"{plan.distribution} {plan.suite}", drifts=drifts)


def _languages(plan: Plan, inventory: Inventory, current: Mapping[str, str]) -> list[Drift]:
    found = []
    for name, wanted, built in (("python", plan.python, inventory.python), ("R", plan.r, inventory.r)):
        if wanted or built:
            now = _upstream(current.get(_LANGUAGES[name.lower()], ""))
            met = not wanted or built == wanted or built.startswith(f"{wanted}.")
            found.append(Drift(system=name, name=name, wanted=wanted, built=built, current=now, met=met))
    return found


def _deviation(deviation: Deviation) -> Drift:
    return Drift(
        system="plan",
        name=deviation.subject,
        wanted=deviation.wanted,
        built=deviation.got,
        met=False,
        reason=deviation.reason,
        path=deviation.path,
        line=deviation.line,
    )


def _package(package: PlannedPackage, inventory: Inventory, current: Mapping[str, str]) -> Drift:
    built = inventory.version(package.system, package.name)
    return Drift(
        system=package.system,
        name=package.name,
        wanted=package.version,
        built=built,
        current=current.get(package.name, "") if package.system == "apt" else "",
        met=bool(built) and _meets(_upstream(built) if package.system == "apt" else built, package.version),
        reason=package.reason,
        path=package.path,
        line=package.line,
    )


def _meets(built: str, wanted: str) -> bool:
    """Return whether a version is the exact one that was wanted; ranges were the installer's business."""
    exact = _EXACT.fullmatch(wanted.strip())
    return exact is None or built == exact[1]


def _upstream(version: str) -> str:
    """Return the version of the software in a package's version: `4.2.2` of `2:4.2.2.20221110-2`, as far as it goes."""
    bare = version.partition(":")[2] or version
    return re.split(r"\.20\d{6}", bare.rpartition("-")[0] or bare)[0]


def reproducibility(
    packages: tuple[set[Installed], set[Installed]],
    trees: tuple[Mapping[str, str], Mapping[str, str]],
    layers: tuple[list[str], list[str]],
) -> Reproducibility:
    """Compare two builds of a plan: packages, files (path to what it is), and the digests of layers."""
    (first, second), (before, after) = packages, trees
    differing = sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path))
    changed = [(sign, one) for sign, only in (("-", first - second), ("+", second - first)) for one in only]
    lines = sorted(f"{sign} {one.system} {one.name} {one.version}" for sign, one in changed)
    return Reproducibility(
        reproducible=not differing and not lines,
        layers=layers[0] == layers[1],
        packages=lines[:_MOST_PATHS],
        paths=differing[:_MOST_PATHS],
        differing=len(differing),
    )
