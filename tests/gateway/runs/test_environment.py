"""The environment of a job over the web API: what was wanted, what was built, what the image holds."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from erc.events.blobs import put_document
from erc.gateway.transition import Advance
from erc.schemas.environment import Plan
from erc.schemas.evidence import Drift, DriftReport, Evidence
from erc.schemas.metadata import Kind
from erc.workers.builder.domain.inventory import Installed, Inventory
from erc.workers.builder.domain.sbom import bill_of_materials

IMAGE = f"sha256:{'1' * 64}"
PLAN = Plan(kind=Kind.R_SCRIPT, r="4.2.2", command=["Rscript", "main.R"])
DRIFT = Drift(system="R", name="R", wanted="4.1.2", built="4.2.2", current="4.2.2", met=False, path="erc.yml", line=3)
INSTALLED = (
    Installed("r", "sf", "1.0-9"),
    Installed("apt", "libc6", "2.36-9+deb12u7", "amd64"),
    Installed("pip", "numpy", "2.2.4"),
)


async def with_plan(gateway, ada, **changes: Any) -> str:
    """Start a run and give its job a plan, and what else is said; return its id."""
    job_id = (await ada.run(await ada.compendium())).json()["job_id"]
    about = {"plan": put_document(gateway.services.blobs, PLAN), "environment_key": "d" * 64} | changes
    await gateway.services.records.move_job(
        job_id, lambda job: Advance(job.model_copy(update={**about, "version": job.version + 1}))
    )
    return job_id


def evidence(blobs) -> str:
    """Keep the evidence of a build as the builder does, and return its index."""
    inventory = Inventory(packages=INSTALLED)
    bill = bill_of_materials(inventory, IMAGE, "erc", "debian", "bookworm", datetime(2026, 1, 1, tzinfo=UTC))
    report = DriftReport(environment_key="d" * 64, suite="debian bookworm", drifts=[DRIFT])
    index = Evidence(
        environment_key="d" * 64,
        image_id=IMAGE,
        base="sha256:base",
        base_name="debian-bookworm",
        packages=blobs.put(json.dumps(bill).encode()),
        provenance=blobs.put(b"{}"),
        drift=put_document(blobs, report),
        reproducible=True,
    )
    return put_document(blobs, index)


async def test_what_was_built_is_told_with_its_packages_and_what_deviates(gateway, ada) -> None:
    job_id = await with_plan(gateway, ada, image_id=IMAGE, evidence=evidence(gateway.services.blobs))
    said = (await ada.client.get(f"/api/v1/job/{job_id}/environment")).json()
    assert said["sentence"] == "Debian bookworm with R 4.2.2, 0 packages asked for."
    assert (said["image"], said["base"], said["reproducible"]) == (IMAGE, "debian-bookworm sha256:base", True)
    assert said["origin"] == "built"
    assert said["drifts"] == [DRIFT.model_dump(mode="json")]
    assert [(one["system"], one["name"], one["version"]) for one in said["packages"]] == [
        ("apt", "libc6", "2.36-9+deb12u7"),
        ("pip", "numpy", "2.2.4"),
        ("r", "sf", "1.0-9"),
    ]


async def test_before_it_is_built_the_plan_is_told(gateway, ada) -> None:
    job_id = await with_plan(gateway, ada)
    said = (await ada.client.get(f"/api/v1/job/{job_id}/environment")).json()
    assert (said["image"], said["base"], said["drifts"], said["packages"]) == (None, None, [], [])
    assert said["environment_key"] == "d" * 64


async def test_without_a_plan_there_is_none_and_others_know_of_nothing(gateway, ada, person) -> None:
    job_id = (await ada.run(await ada.compendium())).json()["job_id"]
    path = f"/api/v1/job/{job_id}/environment"
    missing = await ada.client.get(path)
    assert (missing.status_code, missing.json()["code"]) == (404, "plan_missing")
    bob = await person("bob")
    assert (await bob.client.get(path)).json()["title"] == "no job with this id"
