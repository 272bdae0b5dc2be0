"""The example clients of `docs/subscribing.md`, as they are written there, on the real service."""

from __future__ import annotations

import contextlib
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from support.service import TEXT_PAPER, Service, free_port, packed

PAGE = (Path(__file__).parents[2] / "docs" / "subscribing.md").read_text()
EXAMPLES = dict(re.findall(r"^```python (\w+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))


@contextlib.contextmanager
def example(name: str, folder: Path, **environment: str) -> Iterator[Path]:
    """Run an example until the end of the block; yield the file that it prints to."""
    printed = folder / f"{name}.txt"
    with printed.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-c", EXAMPLES[name]],
            env={**os.environ, **environment},
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    try:
        yield printed
    finally:
        process.kill()
        process.wait()


def until(printed: Path, *words: str) -> str:
    """Return the first line that has all these words, as soon as there is one."""
    deadline = time.monotonic() + 60
    while True:
        text = printed.read_text()
        found = [line for line in text.splitlines() if all(word in line for word in words)]
        if found:
            return found[0]
        assert time.monotonic() < deadline, text[-2000:]
        time.sleep(0.05)


def listening(port: int) -> None:
    """Wait until a server listens on this port."""
    deadline = time.monotonic() + 60
    while True:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture(scope="module")
def published(service: Service) -> str:
    """Publish a compendium and return its id."""
    compendium = service.ready(packed(TEXT_PAPER))
    answer = service.post(f"/api/v1/compendium/{compendium}/publish", {})
    assert answer["snapshot"] == f"/api/v1/compendium/{compendium}/snapshot"
    return compendium


def test_there_are_four_examples_of_about_ten_lines() -> None:
    assert set(EXAMPLES) == {"nats", "sse", "pages", "webhook"}
    assert all(len([line for line in text.splitlines() if line]) <= 18 for text in EXAMPLES.values())


def test_nats_reads_what_is_public_and_goes_on_from_a_sequence_number(
    service: Service, published: str, tmp_path: Path
) -> None:
    url = (service.home / "secrets" / "nats_subscriber_url").read_text().strip()
    with example("nats", tmp_path, ERC_NATS_URL=url) as printed:
        line = until(printed, "compendium.published.v1", published)
        assert "compendium.changed.v1" not in printed.read_text().partition(line)[0].rpartition(published)[0]
    number = line.partition(" ")[0]
    with example("nats", tmp_path, ERC_NATS_URL=url, AFTER=number) as printed:
        service.start(published)
        until(printed, "job.changed.v1", published)
        assert line not in printed.read_text()


@pytest.mark.parametrize("name", ["sse", "pages"])
def test_streams_and_pages_hold_everything_from_the_beginning(
    service: Service, published: str, tmp_path: Path, name: str
) -> None:
    with example(name, tmp_path, ERC_URL=service.url, ERC_TOKEN=service.token) as printed:
        until(printed, "compendium.changed.v1", published, '"loading"')
        until(printed, "compendium.published.v1", published)


def test_a_webhook_is_called_and_only_with_a_right_signature(service: Service, published: str, tmp_path: Path) -> None:
    port = free_port()
    address = f"http://127.0.0.1:{port}/hook"
    made = service.post("/api/v1/webhook", {"address": address, "after": "0", "compendium": published})
    with example("webhook", tmp_path, WEBHOOK_SECRET=made["secret"], PORT=str(port)) as printed:
        listening(port)
        service.post(f"/api/v1/webhook/{made['id']}/test", {})
        until(printed, "webhook.tested.v1", made["id"])
        until(printed, "compendium.published.v1", published)
        headers = {"webhook-id": "x", "webhook-timestamp": str(int(time.time())), "webhook-signature": "v1,AAAA"}
        assert httpx2.post(address, content=b"{}", headers=headers).status_code == 400
    with service.client() as client:
        assert client.delete(f"/api/v1/webhook/{made['id']}").status_code == 204


def test_a_stranger_finds_what_is_published_by_searching(service: Service, published: str) -> None:
    def found(_: object) -> bool:
        with httpx2.Client(base_url=service.url) as stranger:
            return published in stranger.get("/api/v1/search", params={"q": published}).text

    service.until("/api/v1", found)
