"""How two environments differ, and how many packages one holds. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from erc.gateway.client.run_documents import InstalledPackage


@dataclass(frozen=True, order=True)
class Difference:
    """A package whose versions differ; an empty version means that it is not there."""

    system: str
    name: str
    first: str
    second: str


def differences(first: Iterable[InstalledPackage], second: Iterable[InstalledPackage]) -> list[Difference]:
    """Return the packages that only one of two environments has, or that have other versions, by system and name."""
    before, after = _versions(first), _versions(second)
    return sorted(
        Difference(*key, before.get(key, ""), after.get(key, ""))
        for key in before.keys() | after.keys()
        if before.get(key) != after.get(key)
    )


def counts(packages: Iterable[InstalledPackage]) -> dict[str, int]:
    """Return how many packages there are of each system."""
    return dict(sorted(Counter(package.system for package in packages).items()))


def _versions(packages: Iterable[InstalledPackage]) -> Mapping[tuple[str, str], str]:
    """Return the versions by system and name; R may keep a package in several libraries."""
    found: dict[tuple[str, str], set[str]] = {}
    for package in packages:
        found.setdefault((package.system, package.name), set()).add(package.version)
    return {key: ", ".join(sorted(versions)) for key, versions in found.items()}
