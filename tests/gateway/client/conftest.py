from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.fake_gateway import FakeGateway
from typer.testing import CliRunner, Result

from erc.gateway.client.cli import app


@pytest.fixture
def gateway() -> Iterator[FakeGateway]:
    running = FakeGateway()
    yield running
    running.stop()


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of its own, in which no service runs."""
    folder = tmp_path / "home"
    for name in ("ERC_URL", "ERC_TOKEN", "DISPLAY", "WAYLAND_DISPLAY", "GATEWAY_PORT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ERC_HOME", str(folder))
    return folder


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    folder = tmp_path / "paper"
    folder.mkdir()
    (folder / "main.R").write_text("cat(1)\n")
    return folder


@pytest.fixture
def erc(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Call the command line; the result has `exit_code`, `stdout` and `stderr`."""

    def call(*arguments: object, url: str = "") -> Result:
        if url:
            monkeypatch.setenv("ERC_URL", url)
        return CliRunner().invoke(app, [str(argument) for argument in arguments])

    return call
