"""Downloads against nginx that serves the same bytes; the view of a large compendium against a bare Starlette route."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import socket
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import uvicorn
from bench.report import Figure
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from support.service import TEXT_PAPER, Service, free_port

LARGE = 200 << 20
FILES = 1000
ROUNDS = 7
CONNECTIONS, REQUESTS = 32, 60

_NGINX = """
daemon off; master_process off; worker_processes 1; pid {folder}/pid; error_log {folder}/errors;
events {{ worker_connections 64; }}
http {{
  access_log off; sendfile on; tcp_nopush on; default_type application/octet-stream;
  client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
  uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
  server {{ listen 127.0.0.1:{port}; root {folder}/www; }}
}}
"""


def _program(folder: Path) -> str:
    """Return nginx: the one that is installed, else Debian's package, unpacked beside and not installed."""
    if found := shutil.which("nginx"):
        return found
    subprocess.run(["apt-get", "download", "nginx"], cwd=folder, check=True, capture_output=True)
    subprocess.run(["dpkg-deb", "-x", *map(str, folder.glob("nginx_*.deb")), folder], check=True)
    return str(folder / "usr/sbin/nginx")


@contextlib.contextmanager
def _ended(command: list[str], port: int) -> Iterator[None]:
    process = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": ".:tests:.import"})
    try:
        deadline = time.monotonic() + 20
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                break
            assert process.poll() is None, "the floor does not start"
            assert time.monotonic() < deadline, "the floor does not answer"
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait()


class _Client:
    """A connection that is kept; answers are read and forgotten, or kept."""

    def __init__(self, port: int, headers: str = "") -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._head = f"Host: 127.0.0.1:{port}\r\n{headers}\r\n"
        self._buffer = bytearray(1 << 20)

    def get(self, path: str, keep: io.BufferedIOBase | None = None) -> int:
        self._socket.sendall(f"GET {path} HTTP/1.1\r\n{self._head}".encode())
        seen = b""
        while b"\r\n\r\n" not in seen:
            seen += self._socket.recv(1 << 16)
        head, _, body = seen.partition(b"\r\n\r\n")
        assert b" 200 " in head.split(b"\r\n")[0], head
        length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
        left = length - len(body)
        if keep:
            keep.write(body)
        while left:
            count = self._socket.recv_into(self._buffer, min(left, len(self._buffer)))
            assert count, "the answer is cut"
            if keep:
                keep.write(memoryview(self._buffer)[:count])
            left -= count
        return length

    def close(self) -> None:
        self._socket.close()


def _speed(port: int, path: str, headers: str = "") -> float:
    """Return the MiB a second of one download."""
    client = _Client(port, headers)
    begun = time.perf_counter()
    size = client.get(path)
    seconds = time.perf_counter() - begun
    client.close()
    return size / seconds / (1 << 20)


def _rate(port: int, path: str, headers: str = "") -> float:
    """Return the requests a second over a few connections at once."""

    def ask() -> None:
        client = _Client(port, headers)
        for _ in range(REQUESTS):
            client.get(path)
        client.close()

    threads = [threading.Thread(target=ask) for _ in range(CONNECTIONS)]
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return CONNECTIONS * REQUESTS / (time.perf_counter() - begun)


def _archive(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, data in files.items():
            about = tarfile.TarInfo(name)
            about.size = len(data)
            archive.addfile(about, io.BytesIO(data))
    return buffer.getvalue()


def bare(document: str, port: int) -> None:
    """Serve a document from a bare route."""
    content = Path(document).read_bytes()

    async def view(_request: Request) -> Response:
        return Response(content, media_type="application/json")

    uvicorn.run(Starlette(routes=[Route("/", view)]), port=port, log_level="error", access_log=False, lifespan="off")


def _against_nginx(service: Service, folder: Path, headers: str) -> list[Figure]:
    texts = {name: text.encode() for name, text in TEXT_PAPER.items()}
    identifier = service.ready(_archive({**texts, "large.bin": os.urandom(LARGE)}))
    port, place = int(service.url.rsplit(":", 1)[1]), free_port()
    paths = {
        "file": (f"/api/v1/compendium/{identifier}/data/large.bin", 0.70, "file download of 200 MiB"),
        "zip": (f"/api/v1/compendium/{identifier}.zip?image=false", 0.60, "zip download of 200 MiB"),
    }
    (folder / "www").mkdir()
    for name, (path, *_) in paths.items():
        with (folder / "www" / name).open("wb") as file:
            _Client(port, headers).get(path, file)
    (folder / "nginx.conf").write_text(_NGINX.format(folder=folder, port=place))
    found = []
    with _ended([_program(folder), "-p", str(folder), "-c", str(folder / "nginx.conf")], place):
        for name, (path, goal, words) in paths.items():
            ours, floor = [], []
            for _ in range(ROUNDS):
                floor.append(_speed(place, f"/{name}"))
                ours.append(_speed(port, path, headers))
            share = max(ours) / max(floor)
            said = f"nginx {max(floor):,.0f} MiB/s, ours {max(ours):,.0f}"
            about = f"{words}, share of nginx's speed"
            found.append(Figure(about, 100 * share, "%", f"≥ {100 * goal:.0f} %", share >= goal, said))
    return found


def _against_bare(service: Service, folder: Path, headers: str) -> Figure:
    texts = {name: text.encode() for name, text in TEXT_PAPER.items()}
    many = {
        f"data/part-{number % 20:02}/file-{number:04}.csv": b"%d\n" % number for number in range(FILES - len(texts))
    }
    identifier = service.ready(_archive({**texts, **many}))
    port, place, path = int(service.url.rsplit(":", 1)[1]), free_port(), f"/api/v1/compendium/{identifier}"
    with (folder / "view.json").open("wb") as file:
        _Client(port, headers).get(path, file)
    code = f"from bench.downloads import bare; bare({str(folder / 'view.json')!r}, {place})"
    ours, floor = [], []
    with _ended([sys.executable, "-c", code], place):
        for _ in range(ROUNDS):
            floor.append(_rate(place, "/"))
            ours.append(_rate(port, path, headers))
    share = max(ours) / max(floor)
    said = f"bare {max(floor):,.0f}/s, ours {max(ours):,.0f}/s"
    about = "view of a compendium of 1,000 files, share of a bare route's rate"
    return Figure(about, 100 * share, "%", "≥ 50 %", share >= 0.5, said)


def figures(service: Service) -> list[Figure]:
    headers = f"Authorization: Bearer {service.token}\r\n"
    with tempfile.TemporaryDirectory(dir=service.home) as name:
        folder = Path(name)
        return [*_against_nginx(service, folder, headers), _against_bare(service, folder, headers)]
