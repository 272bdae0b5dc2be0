"""Writes how an environment was built: SLSA v1 provenance as an in-toto statement, not signed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from erc.schemas.environment import BUILDER_VERSION, Plan
from erc.schemas.evidence import Origin
from erc.schemas.ids import Digest
from erc.workers.builder.domain.inventory import Inventory
from erc.workers.builder.domain.rules import Base
from erc.workers.builder.domain.sbom import package_url

STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://slsa.dev/provenance/v1"
BUILD_TYPE = f"urn:erc:environment:{BUILDER_VERSION}"
BROUGHT_TYPE = "urn:erc:image-brought:1"
"""Of an image whose making is not known."""


@dataclass(frozen=True)
class Build:
    """An image, and what is known of its making: what it was asked for and when."""

    key: Digest
    plan: Plan
    plan_digest: Digest
    base: Base
    """Of an image that was brought, its id stands for the archive."""
    image_id: str
    platform: str
    invocation: str
    """The id of the job that it was made for, or looked into for."""
    started: datetime | None
    """When the build began; None where another began it."""
    finished: datetime
    """When the build ended, else when the image was looked into."""
    origin: Origin = Origin.BUILT

    def seen(self, inventory: Inventory) -> Build:
        """Return it as far as it is known: of an image that was brought, its system is what it says itself.

        What the plan chose of a suite, and what that lacks, were never used for it.
        """
        if self.origin is not Origin.BROUGHT:
            return self
        distribution, _, version = inventory.distribution.partition(" ")
        change = {"distribution": distribution or "unknown", "suite": version or "unknown", "deviations": []}
        return replace(self, plan=self.plan.model_copy(update=change))


def provenance(build: Build, inventory: Inventory, packages: Digest) -> dict[str, Any]:
    """Return the statement of a build; `packages` is the blob of its package list."""
    return {
        "_type": STATEMENT,
        "subject": [{"name": f"erc-environment:{build.key}", "digest": _sha256(build.image_id)}],
        "predicateType": PREDICATE,
        "predicate": {
            "buildDefinition": {
                "buildType": BROUGHT_TYPE if build.origin is Origin.BROUGHT else BUILD_TYPE,
                "externalParameters": _asked(build),
                "internalParameters": {
                    "environmentKey": build.key,
                    "platform": build.platform,
                    "origin": build.origin.value,
                },
                "resolvedDependencies": _dependencies(build, inventory),
            },
            "runDetails": {
                **_making(build),
                "byproducts": [
                    {"name": "packages", "digest": _sha256(packages), "mediaType": "application/vnd.cyclonedx+json"}
                ],
            },
        },
    }


def _asked(build: Build) -> dict[str, Any]:
    if build.origin is Origin.BROUGHT:
        return {"image": _sha256(build.base.image_id)}
    return {"plan": build.plan.model_dump(mode="json")}


def _making(build: Build) -> dict[str, Any]:
    """Return who made it and when; nothing is claimed of what others made."""
    if build.started is None:
        return {"builder": {"id": "urn:erc:builder:unknown"}}
    return {
        "builder": {"id": "urn:erc:builder", "version": {"erc": BUILDER_VERSION}},
        "metadata": {
            "invocationId": build.invocation,
            "startedOn": _moment(build.started),
            "finishedOn": _moment(build.finished),
        },
    }


def _dependencies(build: Build, inventory: Inventory) -> list[dict[str, Any]]:
    plan = build.plan
    brought = build.origin is Origin.BROUGHT
    hashes = {package.name: package.hashes for package in plan.packages if package.system == "pip" and package.hashes}
    found: list[dict[str, Any]] = (
        []
        if brought
        else [
            {"name": build.base.name, "digest": _sha256(build.base.image_id)},
            *([{"name": "earlier environment", "digest": _sha256(inventory.ground)}] if inventory.ground else []),
            {"name": "plan", "digest": _sha256(build.plan_digest)},
            *({"name": script.path, "digest": _sha256(script.digest)} for script in plan.scripts),
        ]
    )
    for package in inventory.packages:
        entry: dict[str, Any] = {"uri": package_url(package, plan.distribution, plan.suite)}
        if not brought and (allowed := hashes.get(package.name if package.system == "pip" else "")):
            entry["annotations"] = {"allowed": allowed}
        found.append(entry)
    return found


def _sha256(digest: str) -> dict[str, str]:
    return {"sha256": digest.removeprefix("sha256:")}


def _moment(time: datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")
