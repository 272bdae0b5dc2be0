"""What a worker announces of its container engine."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from erc.workers.docker import engine_about, tell_engine

INFO = {"OperatingSystem": "Debian GNU/Linux 12 (bookworm)", "OSVersion": "12", "KernelVersion": "6.1"}


def test_an_engine_and_its_machine_are_told() -> None:
    version = {"Version": "20.10.24", "ApiVersion": "1.41", "Arch": "amd64", "Components": [{"Name": "Engine"}]}
    assert engine_about(version, INFO) == {
        "architecture": "amd64",
        "os": {"name": "Debian GNU/Linux 12 (bookworm)", "version": "12"},
        "container_runtime": {"name": "docker", "api_version": "1.41", "version": "20.10.24"},
    }
    podman = version | {"Components": [{"Name": "Podman Engine"}]}
    assert engine_about(podman, INFO)["container_runtime"]["name"] == "podman"


@pytest.mark.engine
async def test_a_real_engine_is_told() -> None:
    about: dict[str, Any] = {}
    async with asyncio.timeout(30):
        await tell_engine(None, about)
    assert about["architecture"]
    assert about["os"]["version"]
    assert about["container_runtime"]["version"]
