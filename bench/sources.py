"""A source of 1 GiB in pieces, with a break in the middle: how fast, and what memory the client and the gateway take."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from bench.report import Figure
from bench.uploads import _rss_bytes, gateway_pid, watched
from support.service import Service

SIZE, PIECE = 1 << 30, 1 << 20
CLIENT = """
import sys, time
from pathlib import Path
from erc.gateway.client.client import Client
from erc.gateway.client.discovery import Service
from erc.gateway.client.failures import Unreachable
from erc.gateway.client.pack import Packed
from erc.gateway.client.sending import send_source
from erc.gateway.client.sse import Deadline, Patience

folder, url, token = sys.argv[1:]
peak = lambda: int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0]) * 1024
with Client(lambda: Service(url, token)) as client:
    client.healthy()
    packed, before, begun, sent = Packed(Path(folder)), peak(), time.perf_counter(), 0
    def progress(added):
        global sent
        sent += added
        if sent >= packed.size_bytes // 2 and sent - added < packed.size_bytes // 2:
            raise Unreachable("The connection broke")  # once
    source = send_source(client, packed.pieces, packed.size_bytes, progress, Patience(Deadline(None), lambda _said: None))
    print(time.perf_counter() - begun, peak() - before, source)
"""


def figures(service: Service) -> list[Figure]:
    pid = gateway_pid(service)
    with tempfile.TemporaryDirectory(dir=service.home) as name:
        folder = Path(name)
        with (folder / "data.bin").open("wb") as file:
            for _ in range(SIZE // PIECE):
                file.write(os.urandom(PIECE))
        (folder / "main.R").write_text("cat(1)\n")
        before = _rss_bytes(pid)
        with watched(pid) as seen:
            ran = subprocess.run(
                [sys.executable, "-c", CLIENT, name, service.url, service.token],
                capture_output=True,
                text=True,
                check=False,
            )
    assert ran.returncode == 0, ran.stderr[-2000:]
    seconds, growth_bytes, source = ran.stdout.split()
    assert source.startswith("source://sha256:")
    client, gateway = int(growth_bytes) / (1 << 20), (seen[0] - before) / (1 << 20)
    return [
        Figure("client memory growth while it sends 1 GiB in pieces", client, "MiB", "< 64 MiB", client < 64, "–"),
        Figure("gateway memory growth during it", gateway, "MiB", "< 64 MiB", gateway < 64, "–"),
        Figure("speed of it, digest, break and check included", 1024 / float(seconds), "MiB/s", "–", True, "–"),
    ]
