"""A Docker engine of the run's own, with its own files, that may be killed and stopped without harm to others."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import asyncpg
from support.kernel import until
from support.service import TEXT_PAPER, packed, running
from system.invariants.readers import Sources

STOP_SECONDS = 5.0


class Engine:
    """A dockerd without a network, in one folder. Needs root."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.address = f"unix://{folder}/docker.sock"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers; one that was killed may fail at the first attempts."""
        for _attempt in range(5):
            with (self._folder / "dockerd.log").open("ab") as words:
                self._process = subprocess.Popen(self._command(), stdout=words, stderr=words, start_new_session=True)
            if until(lambda: self.answers() or self._ended(), 40) and self.answers():
                return
            self._process.kill()
            self._process.wait()
        raise AssertionError((self._folder / "dockerd.log").read_text()[-2000:])

    def _command(self) -> list[str]:
        folder = self._folder
        places = ("--data-root", f"{folder}/data", "--exec-root", f"{folder}/exec", "--pidfile", f"{folder}/pid")
        alone = ("--bridge", "none", "--iptables=false", "--ip6tables=false")
        # In a network of its own: an engine without a bridge removes the bridge of the machine's engine.
        return ["unshare", "--net", "dockerd", *places, *alone, "--host", self.address]

    def _ended(self) -> bool:
        return self._process is None or self._process.poll() is not None

    def answers(self) -> bool:
        """Return whether it answers."""
        asked = ["docker", "--host", self.address, "version"]
        with contextlib.suppress(subprocess.TimeoutExpired):
            return not subprocess.run(asked, capture_output=True, check=False, timeout=10).returncode
        return False

    def load(self, images: list[str]) -> None:
        """Take images over from the engine of this machine."""
        with subprocess.Popen(["docker", "save", *images], stdout=subprocess.PIPE) as saving:
            subprocess.run(
                ["docker", "--host", self.address, "load"], stdin=saving.stdout, check=True, capture_output=True
            )

    def disturb(self, how: str) -> None:
        """Kill it and start it again, or stop it for some seconds."""
        assert self._process
        if how == "kill":
            self._process.kill()
            self._process.wait()
            self.start()
            return
        self._process.send_signal(signal.SIGSTOP)
        time.sleep(STOP_SECONDS)
        self._process.send_signal(signal.SIGCONT)

    def end(self) -> None:
        """End it with what it started."""
        if self._process:
            self._process.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(30)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()


@contextlib.contextmanager
def engine(work: Path) -> Iterator[Engine]:
    """Run an engine that has the environment of the smallest paper."""
    folder = work / "engine"
    folder.mkdir()
    images = [os.environ.get("BUILDER_BASE") or "erc-base:bookworm", _environment(work / "warm" / "home")]
    own = Engine(folder)
    own.start()
    try:
        own.load(images)
        yield own
    finally:
        own.end()


def _environment(home: Path) -> str:
    """Have the engine of this machine build the paper's environment; return the name of its image."""
    home.mkdir(parents=True)
    with running(home, BUILDER_SAVE_IMAGE="false") as service:
        job = service.ended(service.start(service.ready(packed(TEXT_PAPER))), 300)
        assert job["verdict"] == "reproduced", job
        return f"erc-environment:{asyncio.run(_key(Sources.of(home).database_url))[:40]}"


async def _key(database_url: str) -> str:
    connection = await asyncpg.connect(database_url)
    try:
        return str(await connection.fetchval("SELECT document->>'environment_key' FROM job"))
    finally:
        await connection.close()
