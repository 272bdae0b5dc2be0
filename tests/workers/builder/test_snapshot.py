"""Bases of a day: the real tools at a snapshot service of this machine, over HTTP.

What the service has is signed and long out of date, as snapshots are. It holds no packages, so that nothing is made in
the end: how far a tool came is told by what it asked for.
"""

from __future__ import annotations

import functools
import hashlib
import http.server
import shutil
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from erc.workers.builder.bootstrap import ToolFailed, bootstrapped, tools
from erc.workers.builder.domain.archives import Archive, BaseWanted, TimeMachine, archive

pytestmark = pytest.mark.skipif(not tools() or not shutil.which("gpg"), reason="needs debootstrap or mmdebstrap, gpg")

DAY = "debian/20240131T235959Z"
PACKAGES = b""
RELEASE = f"""Origin: Debian
Label: Debian
Suite: {{suite}}
Codename: {{suite}}
Date: Wed, 31 Jan 2024 20:00:00 UTC
Valid-Until: Wed, 07 Feb 2024 20:00:00 UTC
Architectures: amd64 arm64
Components: main
Description: a snapshot
SHA256:
 {hashlib.sha256(PACKAGES).hexdigest()} {len(PACKAGES)} main/binary-amd64/Packages
 {hashlib.sha256(PACKAGES).hexdigest()} {len(PACKAGES)} main/binary-arm64/Packages
"""


class Told(http.server.SimpleHTTPRequestHandler):
    """Serves a folder, and keeps what it was asked for."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
        self.server.asked.append(self.path)  # type: ignore[attr-defined]


@dataclass
class Snapshots:
    """A snapshot service with one day, and the keys that it is signed with."""

    address: str
    keys: Path
    asked: list[str]

    def of(self, day: str, keys: Path | None = None) -> Archive:
        """Return the archive that a plan of this day is built from, whose keys are those of the service or others."""
        machine = TimeMachine(snapshot=f"{self.address}/{{distribution}}/{{timestamp}}", day="2020-01-01")
        found = archive(BaseWanted("debian", "bookworm", day), machine)
        return replace(found, keyring=str(keys or self.keys), updates=False)


def signed(folder: Path, home: Path) -> Path:
    """Sign the folder's Release with a new key, and return the file of its public half."""
    home.mkdir(mode=0o700)
    gpg = ["gpg", "--homedir", str(home), "--batch", "--quiet", "--pinentry-mode", "loopback", "--passphrase", ""]
    run = functools.partial(subprocess.run, check=True, capture_output=True)
    run([*gpg, "--quick-generate-key", "snapshot@example.org", "ed25519", "sign", "never"])
    run([*gpg, "--clearsign", "-o", str(folder / "InRelease"), str(folder / "Release")])
    run([*gpg, "--detach-sign", "--armor", "-o", str(folder / "Release.gpg"), str(folder / "Release")])
    (home / "keys.gpg").write_bytes(run([*gpg, "--export"]).stdout)
    subprocess.run(["gpgconf", "--homedir", str(home), "--kill", "all"], check=False, capture_output=True)
    return home / "keys.gpg"


@pytest.fixture(scope="module")
def snapshots(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Snapshots]:
    top, home = tmp_path_factory.mktemp("snapshots"), tmp_path_factory.mktemp("gpg")
    for machine in ("amd64", "arm64"):
        folder = top / DAY / "dists/bookworm/main" / f"binary-{machine}"
        folder.mkdir(parents=True)
        (folder / "Packages").write_bytes(PACKAGES)
    (top / DAY / "dists/bookworm/Release").write_text(RELEASE.format(suite="bookworm"))
    keys = signed(top / DAY / "dists/bookworm", home / "own")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Told, directory=str(top))) as server:
        server.asked = []  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield Snapshots(f"http://127.0.0.1:{server.server_port}", keys, server.asked)  # type: ignore[attr-defined]
        server.shutdown()


async def said_by(tool: str, source: Archive) -> str:
    """Return what a tool says in the end; it cannot succeed here."""
    with pytest.raises(ToolFailed) as failure:
        async for _ in bootstrapped(tool, source):
            pass
    return str(failure.value)


@pytest.mark.parametrize("tool", tools())
async def test_the_day_of_a_plan_is_asked_for_and_an_archive_that_has_expired_is_taken(
    snapshots: Snapshots, tool: str
) -> None:
    snapshots.asked.clear()

    said = await said_by(tool, snapshots.of("2024-01-31"))

    assert any(f"/{DAY}/dists/bookworm/main/binary-" in path for path in snapshots.asked), (said, snapshots.asked)
    assert "expired" not in said.lower()


@pytest.mark.parametrize("tool", tools())
async def test_what_is_signed_by_others_is_not_taken(snapshots: Snapshots, tool: str, tmp_path: Path) -> None:
    snapshots.asked.clear()
    (tmp_path / "Release").write_text("x")
    others = signed(tmp_path, tmp_path / "other")

    await said_by(tool, snapshots.of("2024-01-31", others))

    assert any(f"/{DAY}/dists/bookworm/" in path for path in snapshots.asked)
    assert not [path for path in snapshots.asked if "/main/" in path]


@pytest.mark.parametrize("tool", tools())
async def test_a_day_that_the_service_has_not_is_no_other_day(snapshots: Snapshots, tool: str) -> None:
    snapshots.asked.clear()

    await said_by(tool, snapshots.of("2023-05-05"))

    assert snapshots.asked
    assert all(path.startswith("/debian/20230505T235959Z/") for path in snapshots.asked)
