"""Upload of 1 GiB against a bare ASGI handler that parses, hashes, writes and fsyncs the same body."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import uvicorn
from bench.report import Figure
from python_multipart.multipart import MultipartParser
from support.service import Service, free_port

SIZE, PIECE = 1 << 30, 1 << 20
BOUNDARY = b"erc-bench-boundary"


def _body() -> Iterator[bytes]:
    yield b"--" + BOUNDARY + b'\r\nContent-Disposition: form-data; name="compendium"; filename="w.bin"\r\n\r\n'
    piece = os.urandom(PIECE)
    for _ in range(SIZE // PIECE):
        yield piece
    yield b"\r\n--" + BOUNDARY + b"--\r\n"


def _send(port: int, path: str, headers: dict[str, str]) -> float:
    """Send the body over a plain socket; return the seconds until the answer's first line."""
    length = sum(len(piece) for piece in _body())
    head = [f"POST {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", f"Content-Length: {length}", "Connection: close"]
    head += [f"Content-Type: multipart/form-data; boundary={BOUNDARY.decode()}"]
    head += [f"{name}: {value}" for name, value in headers.items()]
    with socket.create_connection(("127.0.0.1", port)) as connection:
        begun = time.perf_counter()
        connection.sendall(("\r\n".join(head) + "\r\n\r\n").encode())
        for piece in _body():
            connection.sendall(piece)
        answer = connection.recv(200)
        seconds = time.perf_counter() - begun
    assert b" 20" in answer.split(b"\r\n")[0], answer
    return seconds


def bare(folder: Path, port: int) -> None:
    """Serve the bare handler."""

    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        digest = hashlib.sha256()
        with (folder / "bare.bin").open("wb", buffering=0) as file:

            def data(piece: bytes, start: int, end: int) -> None:
                view = memoryview(piece)[start:end]
                digest.update(view)
                file.write(view)

            parser = MultipartParser(BOUNDARY, {"on_part_data": data})
            more = True
            while more:
                message = await receive()
                parser.write(message.get("body", b""))
                more = message.get("more_body", False)
            os.fsync(file.fileno())
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})

    uvicorn.run(app, port=port, log_level="error", lifespan="off")


def _rss_bytes(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) * 1024


@contextlib.contextmanager
def watched(pid: int) -> Iterator[list[int]]:
    """Yield a list that ends with the largest resident size of a process, in bytes, seen every 20 ms."""
    peak, over = [_rss_bytes(pid)], threading.Event()

    def watch() -> None:
        while not over.wait(0.02):
            peak[0] = max(peak[0], _rss_bytes(pid))

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield peak
    finally:
        over.set()
        thread.join()


def gateway_pid(service: Service) -> int:
    port = int(service.url.rsplit(":", 1)[1])
    found = subprocess.run(["ss", "-Hltnp", f"sport = :{port}"], capture_output=True, text=True, check=True).stdout
    return int(found.partition("pid=")[2].partition(",")[0])


def figures(service: Service) -> list[Figure]:
    headers = {"Authorization": f"Bearer {service.token}", "Prefer": "respond-async"}
    pid = gateway_pid(service)
    before, peak = _rss_bytes(pid), 0
    ours, floor = [], []
    with tempfile.TemporaryDirectory(dir=service.home) as name:
        port = free_port()
        code = f"from bench.uploads import bare; from pathlib import Path; bare(Path({name!r}), {port})"
        other = subprocess.Popen([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": ".:tests"})
        try:
            asyncio.run(_listening(port))
            for _ in range(5):
                floor.append(_send(port, "/", {}))
                with watched(pid) as seen:
                    ours.append(_send(int(service.url.rsplit(":", 1)[1]), "/api/v1/compendium", headers))
                peak = max(peak, *seen)
        finally:
            other.terminate()
            other.wait()
    share = min(floor) / min(ours)
    growth = (peak - before) / (1 << 20)
    return [
        Figure(
            "upload of 1 GiB, share of a bare handler's speed",
            100 * share,
            "%",
            "≥ 85 %",
            share >= 0.85,
            f"bare {1024 / min(floor):.0f} MiB/s",
        ),
        Figure("gateway memory growth during it", growth, "MiB", "< 64 MiB", growth < 64, "–"),
    ]


async def _listening(port: int) -> None:
    for _ in range(200):
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.05)
        else:
            writer.close()
            return
