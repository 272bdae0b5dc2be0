"""A volume that runs full refuses work, shows nothing half-written, and goes on when there is space again."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import secrets
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.kernel import alive, descendants, name
from support.service import TEXT_PAPER, Service, packed, running
from system.chaos.caller import Caller, GaveUp
from system.invariants.journal import Journal
from system.invariants.readers import Sources
from system.invariants.verdict import report, settled

pytestmark = [pytest.mark.engine, pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a volume")]

VOLUME_BYTES = 6 << 30
"""Sparse: NATS wants to know that its streams would have room."""
NOISE_BYTES = 4 << 20
SETTLING_SECONDS = 100.0
"""A command that was tried four times while the volume was full comes again after a minute."""


@pytest.fixture
def volume(tmp_path: Path) -> Iterator[Path]:
    image, folder = tmp_path / "volume.img", tmp_path / "volume"
    folder.mkdir()
    with image.open("wb") as file:
        file.truncate(VOLUME_BYTES)
    subprocess.run(["mkfs.ext4", "-q", "-F", "-m", "0", image], check=True)
    subprocess.run(["mount", "-o", "loop", image, folder], check=True)
    yield folder
    subprocess.run(["umount", folder], check=True)


def _fill(ballast: Path) -> None:
    """Take every byte that is left, in ever smaller pieces."""
    size = VOLUME_BYTES
    with ballast.open("wb") as file:
        while size >= 4096:
            try:
                os.posix_fallocate(file.fileno(), file.seek(0, os.SEEK_END), size)
            except OSError:
                size //= 2


def _restart_nats(service: Service) -> None:
    """What a watchdog does: NATS stays silent after its disk was full."""
    below = alive(descendants(service.process.pid))
    os.kill(next(pid for pid in below if name(pid) == "nats-server"), signal.SIGKILL)


def test_a_full_volume_refuses_and_recovers(volume: Path, tmp_path: Path) -> None:
    home = volume / "home"
    home.mkdir()
    journal = Journal(tmp_path / "journal.jsonl")
    lease = {"EVENTS_ACK_WAIT_SECONDS": "2", "EVENTS_HEARTBEAT_SECONDS": "0.5", "DEPLOY_RESTART_SECONDS": "0.5"}
    with running(home, BUILDER_SAVE_IMAGE="false", **lease) as service:
        caller = Caller(service.url, service.token, journal)
        paper = _uploaded(caller, service, b"before")
        service.ended(caller.job(paper))
        _fill(volume / "ballast")
        hasty, begun = Caller(service.url, service.token, journal, patience=3), []
        with contextlib.suppress(GaveUp):
            # Small rows may find room in files that are there.
            begun.append(hasty.job(paper))
        with pytest.raises(GaveUp):
            _upload(hasty, secrets.token_bytes(NOISE_BYTES))
        (volume / "ballast").unlink()
        _restart_nats(service)
        freed = time.monotonic()
        service.ended(caller.job(_uploaded(caller, service, b"after")))
        journal.write("recovered", seconds=round(time.monotonic() - freed, 2))
        for job in begun:
            service.ended(job)
        results, _ = asyncio.run(settled(Sources.of(home, [journal.path]), SETTLING_SECONDS))
    assert not any(result.violations for result in results), report(results)


def _upload(caller: Caller, noise: bytes) -> str:
    files = {name: text.encode() for name, text in TEXT_PAPER.items()} | {"noise.bin": noise}
    return caller.upload(packed(files), {name: hashlib.sha256(data).hexdigest() for name, data in files.items()})


def _uploaded(caller: Caller, service: Service, noise: bytes) -> str:
    compendium = _upload(caller, noise)
    found = service.until(f"/api/v1/compendium/{compendium}", lambda it: it.get("status") in {"ready", "rejected"})
    assert found["status"] == "ready", found
    return compendium
