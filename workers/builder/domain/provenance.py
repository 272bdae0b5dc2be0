"""Writes how an environment was built: SLSA v1 provenance as an in-toto statement, not signed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from erc.schemas.environment import BUILDER_VERSION, Plan
from erc.schemas.ids import Digest
from erc.workers.builder.domain.inventory import Inventory
from erc.workers.builder.domain.rules import Base
from erc.workers.builder.domain.sbom import package_url

STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://slsa.dev/provenance/v1"
BUILD_TYPE = f"urn:erc:environment:{BUILDER_VERSION}"


@dataclass(frozen=True)
class Build:
    """A build that has ended: what it was asked for and when."""

    key: Digest
    plan: Plan
    plan_digest: Digest
    base: Base
    image_id: str
    platform: str
    invocation: str
    """The id of the job that it was made for."""
    started: datetime
    finished: datetime


def provenance(build: Build, inventory: Inventory, packages: Digest) -> dict[str, Any]:
    """Return the statement of a build; `packages` is the blob of its package list."""
    return {
        "_type": STATEMENT,
        "subject": [{"name": f"erc-environment:{build.key}", "digest": _sha256(build.image_id)}],
        "predicateType": PREDICATE,
        "predicate": {
            "buildDefinition": {
                "buildType": BUILD_TYPE,
                "externalParameters": {"plan": build.plan.model_dump(mode="json")},
                "internalParameters": {"environmentKey": build.key, "platform": build.platform},
                "resolvedDependencies": _dependencies(build, inventory),
            },
            "runDetails": {
                "builder": {"id": "urn:erc:builder", "version": {"erc": BUILDER_VERSION}},
                "metadata": {
                    "invocationId": build.invocation,
                    "startedOn": _moment(build.started),
                    "finishedOn": _moment(build.finished),
                },
                "byproducts": [
                    {"name": "packages", "digest": _sha256(packages), "mediaType": "application/vnd.cyclonedx+json"}
                ],
            },
        },
    }


def _dependencies(build: Build, inventory: Inventory) -> list[dict[str, Any]]:
    plan = build.plan
    hashes = {package.name: package.hashes for package in plan.packages if package.system == "pip" and package.hashes}
    found: list[dict[str, Any]] = [
        {"name": build.base.name, "digest": _sha256(build.base.image_id)},
        *([{"name": "earlier environment", "digest": _sha256(inventory.ground)}] if inventory.ground else []),
        {"name": "plan", "digest": _sha256(build.plan_digest)},
        *({"name": script.path, "digest": _sha256(script.digest)} for script in plan.scripts),
    ]
    for package in inventory.packages:
        entry: dict[str, Any] = {"uri": package_url(package, plan.distribution, plan.suite)}
        if allowed := hashes.get(package.name if package.system == "pip" else ""):
            entry["annotations"] = {"allowed": allowed}
        found.append(entry)
    return found


def _sha256(digest: str) -> dict[str, str]:
    return {"sha256": digest.removeprefix("sha256:")}


def _moment(time: datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")
