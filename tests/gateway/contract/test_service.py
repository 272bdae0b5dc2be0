"""What the service says about itself is what the o2r service says, and true."""

from __future__ import annotations

from erc.gateway.auth import ADMIN, EDITOR
from erc.gateway.environment import environment_view
from erc.workers.store import CapacityStore

REFERENCE = {
    "auth": "/api/v1/auth",
    "compendia": "/api/v1/compendium",
    "jobs": "/api/v1/job",
    "users": "/api/v1/user",
    "search": "/api/v1/search",
    "shipments": "/api/v1/shipment",
    "recipients": "/api/v1/recipient",
    "substitutions": "/api/v1/substitution",
    "links": "/api/v1/link",
}
EXECUTOR = {
    "architecture": "amd64",
    "os": {"name": "Debian GNU/Linux 12 (bookworm)", "version": "12"},
    "container_runtime": {"name": "docker", "api_version": "1.41", "version": "20.10.24"},
    "execution": {
        "memory_bytes": 8 << 30,
        "disk_bytes": 20 << 30,
        "processes": 512,
        "cpus": 2.0,
        "wall_clock_seconds": 7200,
    },
}


async def test_the_index_names_every_resource_of_the_o2r_service(gateway) -> None:
    async with gateway.client() as client:
        about = (await client.get("/api")).json()
        assert about["versions"] == {"current": "/api/v1", "v1": "/api/v1"}
        assert {"about", "quote"} <= set(about)
        assert (await client.get("/api/v1")).json().items() >= REFERENCE.items()
        assert (await client.get("/api/v1/")).status_code in {200, 307}


async def test_the_environment_is_what_the_workers_announce(gateway) -> None:
    database = gateway.services.records.database
    async with gateway.client() as client:
        empty = (await client.get("/api/v1/environment")).json()
        assert empty == {
            "architecture": [],
            "os": [],
            "container_runtimes": [],
            "erc": {"manifest": {}, "execution": {}},
        }
        builder = {"manifest": {"memory": 4 << 30, "base_image": "erc-base:bookworm"}}
        for worker, about in (("executor", EXECUTOR), ("executor", EXECUTOR), ("builder", builder), ("loader", None)):
            await CapacityStore(database, f"{worker}-{id(about)}", worker, 2, about).announce()
        found = (await client.get("/api/v1/environment")).json()
    assert found["architecture"] == ["amd64"]
    assert found["os"] == [EXECUTOR["os"]]
    assert found["container_runtimes"] == [EXECUTOR["container_runtime"]]
    assert found["erc"]["manifest"] == builder["manifest"]
    assert found["erc"]["execution"]["memory"] == 8 << 30
    assert found["erc"]["execution"]["wall_clock_seconds"] == 7200


def test_each_kind_of_machine_is_told_once() -> None:
    other = {**EXECUTOR, "architecture": "arm64"}
    found = environment_view([EXECUTOR, other, EXECUTOR])
    assert found["architecture"] == ["amd64", "arm64"]
    assert len(found["os"]) == len(found["container_runtimes"]) == 1


async def test_the_status_is_for_administrators(gateway) -> None:
    async with gateway.client() as nobody, gateway.operator() as operator:
        refused = await nobody.get("/status")
        assert (refused.status_code, refused.json()["error"]) == (401, "not authenticated")
        found = (await operator.get("/status")).json()
    assert {"name", "version", "levels", "problems", "slots"} <= set(found)
    assert found["levels"]["create_compendium"] == 100
    assert found["levels"]["edit_others"] == found["levels"]["view_candidates"] == EDITOR
    assert found["levels"]["delete_compendium"] == found["levels"]["view_status"] == ADMIN
