"""`erc download` saves a compendium, and goes on where a broken connection ended."""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from erc.gateway.files.pieces import stored
from erc.gateway.files.sending import Sent

COMPENDIUM = "0" * 25 + "c"
SIZE = 9 << 20


class Serving:
    """Serves a file as the service does; cuts a connection after so many bytes, as often as it should."""

    def __init__(self, file: Path) -> None:
        self.file, self.etag = file, '"first"'
        self.breaks, self.after = 0, 3 << 20
        self.ranges: list[str] = []
        self.queries: list[str] = []
        listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        app = Starlette(routes=[Route("/api/v1/compendium/{id}.zip", self._zip)])
        self._server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="off"))
        self._thread = threading.Thread(target=self._server.run, args=([listener],), daemon=True)
        self._thread.start()
        while not self._server.started:
            time.sleep(0.005)

    async def _zip(self, request: Request) -> Any:
        self.queries.append(request.url.query)
        asked = request.headers.get("range", "")
        self.ranges.append(asked)
        if request.path_params["id"] != COMPENDIUM:
            return JSONResponse({"title": "no compendium with this id", "code": "http_404"}, 404)
        sent = Sent(stored(self.file, self.file.stat().st_size), self.etag, "application/zip", {})
        if asked == "bytes=0-0" or not self.breaks:
            return sent
        self.breaks -= 1
        return _Broken(sent, self.after)

    def stop(self) -> None:
        self._server.should_exit = self._server.force_exit = True
        self._thread.join(10)


class _Broken(Response):
    def __init__(self, whole: Sent, after: int) -> None:
        self._whole, self._after = whole, after

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        left = self._after

        async def cutting(message: dict[str, Any]) -> None:
            nonlocal left
            left -= len(message.get("body", b""))
            if left < 0:
                raise ConnectionResetError
            await send(message)

        await self._whole(scope, receive, cutting)


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Serving]:
    file = tmp_path / "whole"
    file.write_bytes(os.urandom(SIZE))
    running = Serving(file)
    yield running
    running.stop()


@pytest.fixture
def target(tmp_path: Path) -> Path:
    (tmp_path / "saved").mkdir()
    return tmp_path / "saved" / "a.zip"


def test_a_compendium_is_saved(serving, erc, target) -> None:
    ran = erc("download", COMPENDIUM, "-o", target, url=serving.url)
    assert ran.exit_code == 0, ran.stderr
    assert f"Saved as {target}, {SIZE} bytes." in ran.stdout.replace("\n", "")
    assert target.read_bytes() == serving.file.read_bytes()
    assert list(target.parent.iterdir()) == [target]
    assert set(serving.queries) == {"image=true"}


def test_without_the_image_and_as_json(serving, erc, target) -> None:
    ran = erc("download", COMPENDIUM, "--no-image", "--json", "-o", target, url=serving.url)
    assert json.loads(ran.stdout) == {"id": COMPENDIUM, "file": str(target), "size_bytes": SIZE, "exit_code": 0}
    assert set(serving.queries) == {"image=false"}


def test_a_broken_connection_is_taken_up_again(serving, erc, target) -> None:
    serving.breaks = 2
    ran = erc("download", COMPENDIUM, "-o", target, url=serving.url)
    assert ran.exit_code == 0, ran.stderr
    assert target.read_bytes() == serving.file.read_bytes()
    first, *rest = (int(one.removeprefix("bytes=").partition("-")[0]) for one in serving.ranges[1:] if one)
    assert 0 < first < rest[-1] < SIZE


def test_a_later_call_goes_on_where_the_first_gave_up(serving, erc, target) -> None:
    serving.breaks, serving.after = 6, 0
    assert erc("download", COMPENDIUM, "-o", target, url=serving.url).exit_code == 7
    serving.breaks, serving.after = 1, 4 << 20
    (partial,) = target.parent.iterdir()
    partial.write_bytes(serving.file.read_bytes()[: 5 << 20])
    serving.breaks, serving.ranges = 0, []
    assert erc("download", COMPENDIUM, "-o", target, url=serving.url).exit_code == 0
    assert serving.ranges == ["bytes=0-0", f"bytes={5 << 20}-"]
    assert target.read_bytes() == serving.file.read_bytes()


def test_what_belongs_to_other_bytes_is_not_used(serving, erc, target) -> None:
    serving.breaks, serving.after = 6, 0
    erc("download", COMPENDIUM, "-o", target, url=serving.url)
    (partial,) = target.parent.iterdir()
    partial.write_bytes(b"old" * 100)
    serving.breaks, serving.etag = 0, '"second"'
    assert erc("download", COMPENDIUM, "-o", target, url=serving.url).exit_code == 0
    assert target.read_bytes() == serving.file.read_bytes()


def test_what_is_not_there_or_cannot_be_written_is_said(serving, erc, target) -> None:
    unknown = erc("download", "0" * 26, "-o", target, url=serving.url)
    assert (unknown.exit_code, target.exists()) == (4, False)
    assert "no compendium with this id" in unknown.stderr
    assert erc("download", "not-an-id", url=serving.url).exit_code == 4
    ran = erc("download", COMPENDIUM, "-o", target / "no" / "folder", url=serving.url)
    assert (ran.exit_code, "cannot be written" in ran.stderr.replace("\n", " ")) == (1, True)
