"""The whole service as real processes, started as a user starts it, and a small client that waits for ends."""

from __future__ import annotations

import contextlib
import io
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

ROOT = Path(__file__).parents[2]

TEXT_PAPER = {
    "main.py": "from pathlib import Path\nPath('display.txt').write_text('The mean is 4.2\\n')\nprint('done')\n",
    "display.txt": "The mean is 4.2\n",
}
"""The smallest compendium that reproduces."""


def free_port() -> int:
    """Return a free port below those that the system gives away, from the range of this process of the tests.

    A service that starts again finds it free: neither an outgoing connection nor another test process takes it.
    """
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw9").removeprefix("gw")) % 10
    while True:
        port = 12_000 + 2_000 * worker + random.randrange(2_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def packed(files: dict[str, str | bytes]) -> bytes:
    """Return a tar.gz of these files."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, content in files.items():
            data = content.encode() if isinstance(content, str) else content
            about = tarfile.TarInfo(name)
            about.size = len(data)
            archive.addfile(about, io.BytesIO(data))
    return buffer.getvalue()


def packed_folder(folder: Path) -> bytes:
    """Return a tar.gz of a folder's files."""
    files = {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
    return packed(files)


@dataclass
class Service:
    """A running service."""

    url: str
    token: str
    home: Path
    process: subprocess.Popen[bytes]

    def client(self) -> httpx2.Client:
        return httpx2.Client(base_url=self.url, headers={"Authorization": f"Bearer {self.token}"}, timeout=30)

    def get(self, path: str) -> dict[str, Any]:
        """Return a document; a gateway that restarts is asked again."""
        return self._asked("GET", path).json()

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        return self._asked("POST", path, json=body).json()

    def _asked(self, method: str, path: str, **request: Any) -> httpx2.Response:
        deadline = time.monotonic() + 30
        while True:
            try:
                with self.client() as client:
                    answer = client.request(method, path, **request)
                if answer.status_code != 503 or time.monotonic() > deadline:
                    return answer
            except httpx2.TransportError:
                if time.monotonic() > deadline:
                    raise
            time.sleep(0.2)

    def servers(self) -> tuple[str, str]:
        """Return the addresses of the embedded PostgreSQL (its owner's) and NATS."""
        ports = json.loads((self.home / "ports.json").read_text())
        secret = {name: (self.home / "secrets" / name).read_text().strip() for name in ("postgres", "nats")}
        return (
            f"postgresql://postgres:{secret['postgres']}@127.0.0.1:{ports['postgres']}/postgres",
            f"nats://erc:{secret['nats']}@127.0.0.1:{ports['nats']}",
        )

    def upload(self, archive: bytes) -> str:
        """Upload and return the id, without waiting."""
        answer = self._asked(
            "POST",
            "/api/v1/compendium",
            files={"compendium": ("workspace.tar.gz", archive)},
            data={"content_type": "workspace"},
            headers={"Prefer": "respond-async"},
        )
        assert answer.status_code == 202, answer.text
        return str(answer.json()["id"])

    def ready(self, archive: bytes) -> str:
        """Upload and return the id of the compendium once it is ready."""
        identifier = self.upload(archive)
        found = self.until(f"/api/v1/compendium/{identifier}", lambda it: it["status"] in {"ready", "rejected"})
        assert found["status"] == "ready", found
        return identifier

    def start(self, compendium: str) -> str:
        """Start a job and return its id."""
        answer = self.post("/api/v1/job", {"compendium_id": compendium})
        assert "job_id" in answer, answer
        return str(answer["job_id"])

    def ended(self, job: str, seconds: float = 120) -> dict[str, Any]:
        """Return the job once it has ended."""
        return self.until(
            f"/api/v1/job/{job}?steps=all", lambda it: it.get("verdict") is not None and "ended" in it, seconds
        )

    def until(self, path: str, holds: Any, seconds: float = 60) -> dict[str, Any]:
        deadline = time.monotonic() + seconds
        while not holds(found := self.get(path)):
            assert time.monotonic() < deadline, json.dumps(found)[:2000]
            time.sleep(0.1)
        return found


@contextlib.contextmanager
def running(home: Path, **environment: str) -> Iterator[Service]:
    """Run `python -m erc.deploy` until the end of the block."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "erc.deploy", "--home", str(home), "--port", str(port)],
        env={**os.environ, "GATEWAY_CONTENT_PORT": str(free_port()), **environment},
        stdout=(home.parent / f"{home.name}.log").open("wb"),
        stderr=subprocess.STDOUT,
    )
    try:
        about = home / "service.json"
        deadline = time.monotonic() + 240
        while not about.exists():
            assert process.poll() is None, (home.parent / f"{home.name}.log").read_text()[-3000:]
            assert time.monotonic() < deadline, "the service did not become ready"
            time.sleep(0.05)
        url = json.loads(about.read_text())["url"]
        token = (home / "secrets" / "operator_token").read_text().strip()
        yield Service(url, token, home, process)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
