"""200 uploads of 5 MB at once: errors, the gateway's memory, and how long reads take meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

from bench.report import Figure
from bench.uploads import BOUNDARY, gateway_pid, watched
from support.service import TEXT_PAPER, Service, packed

UPLOADS, SIZE = 200, 5_000_000
IDLE_SECONDS = 5


async def _upload(service: Service, number: int, shared: memoryview) -> int:
    """Send an archive that no other is equal to, over a connection of its own; return the status."""
    place = urlsplit(service.url)
    head = b"--" + BOUNDARY + b'\r\nContent-Disposition: form-data; name="compendium"; filename="w.bin"\r\n\r\n'
    first, last = head + number.to_bytes(16, "big"), b"\r\n--" + BOUNDARY + b"--\r\n"
    lines = [
        "POST /api/v1/compendium HTTP/1.1",
        f"Host: {place.netloc}",
        f"Authorization: Bearer {service.token}",
        "Prefer: respond-async",
        f"Content-Type: multipart/form-data; boundary={BOUNDARY.decode()}",
        f"Content-Length: {len(first) + len(shared) + len(last)}",
        "Connection: close",
    ]
    reader, writer = await asyncio.open_connection(place.hostname, place.port)
    writer.write("\r\n".join([*lines, "", ""]).encode() + first)
    for begin in range(0, len(shared), 1 << 16):
        writer.write(shared[begin : begin + (1 << 16)])
        await writer.drain()
    writer.write(last)
    answer = await reader.read(200)
    writer.close()
    return int(answer.split(b" ", 2)[1])


def read(url: str, token: str, path: str) -> None:
    """Read one after the other until the input ends, then print how many seconds each took."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc)
    over, took = threading.Event(), []
    threading.Thread(target=lambda: (sys.stdin.read(), over.set()), daemon=True).start()
    while not over.is_set():
        begun = time.perf_counter()
        connection.request("GET", path, headers={"Authorization": f"Bearer {token}"})
        answer = connection.getresponse()
        answer.read()
        took.append(time.perf_counter() - begun)
        assert answer.status == 200
        time.sleep(0.005)
    print(json.dumps(took))


@contextlib.contextmanager
def _reading(service: Service, path: str) -> Iterator[list[float]]:
    """Read in a process of its own; the list holds the seconds once the block has ended."""
    code = f"from bench.many_uploads import read; read({service.url!r}, {service.token!r}, {path!r})"
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    process = subprocess.Popen([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": ".:tests"}, **pipes)
    took: list[float] = []
    yield took
    took += json.loads(process.communicate()[0])


async def _sent(service: Service) -> list[int]:
    shared = memoryview(os.urandom(SIZE))
    return list(await asyncio.gather(*(_upload(service, number, shared) for number in range(UPLOADS))))


def figures(service: Service) -> list[Figure]:
    path = f"/api/v1/compendium/{service.ready(packed(TEXT_PAPER))}"
    with _reading(service, path) as idle:
        time.sleep(IDLE_SECONDS)
    with watched(gateway_pid(service)) as peak, _reading(service, path) as busy:
        statuses = asyncio.run(_sent(service))
    errors = sum(status != 202 for status in statuses)
    memory, times = peak[0] / (1 << 20), _p99(busy) / _p99(idle)
    said = f"idle p99 {1000 * _p99(idle):.1f} ms, {len(busy)} reads meanwhile p99 {1000 * _p99(busy):.1f} ms"
    return [
        Figure("errors of 200 uploads of 5 MB at once", errors, "", "0", errors == 0, "–"),
        Figure("gateway memory during them", memory, "MiB", "< 400 MiB", memory < 400, "–"),
        Figure("reads during them, p99 to idle", times, "×", "≤ 3 ×", times <= 3, said),
    ]


def _p99(seconds: list[float]) -> float:
    return sorted(seconds)[int(len(seconds) * 0.99)]
