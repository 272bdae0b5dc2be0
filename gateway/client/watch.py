"""Watches a job to its end and tells its steps; waits for a compendium to be ready."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from erc.gateway.client.client import Client
from erc.gateway.client.documents import CompendiumDocument, JobDocument
from erc.gateway.client.failures import ClientError, ExitCode
from erc.gateway.client.progress import Steps
from erc.gateway.client.sse import Heard, Patience, follow
from erc.schemas.compendium import CompendiumStatus
from erc.schemas.problem import Problem

QUEUE_SECONDS = 5.0
"""How often a job that waits asks for its place: a place changes without an event of the job."""


def wait_until_ready(client: Client, identifier: str, patience: Patience) -> CompendiumDocument:
    """Return the compendium when a job can be started on it; raises ClientError with why it was rejected."""
    while True:
        found = patience.ask(client, lambda: client.compendium(identifier))
        if found.status == CompendiumStatus.READY.value:
            return found
        if found.status == CompendiumStatus.REJECTED.value:
            unexplained = Problem(code="compendium_rejected", title="The compendium was rejected")
            raise ClientError(found.problem or unexplained, ExitCode.FAILED)
        patience.pause()


def watch(client: Client, identifier: str, steps: Steps, patience: Patience) -> JobDocument:
    """Tell the steps of a job until it has ended; return it as it is then."""
    with _queue_shown(client, identifier, steps):
        for heard in follow(client, identifier, patience):
            _tell(client, identifier, heard, steps, patience)
    job = patience.ask(client, lambda: client.job(identifier))
    _tell_all(job, steps)
    return job


def _tell(client: Client, identifier: str, heard: Heard, steps: Steps, patience: Patience) -> None:
    if heard.kind == "log":
        text = str(heard.document.get("text", "")).rstrip()
        steps.said(text.rpartition("\n")[2])
    elif heard.kind == "reset":
        _tell_all(patience.ask(client, lambda: client.job(identifier)), steps)
    else:
        steps.changed(_states(heard.document))


def _tell_all(job: JobDocument, steps: Steps) -> None:
    steps.changed({name: step.status for name, step in job.steps.items()})


def _states(envelope: dict[str, Any]) -> dict[str, str]:
    data = envelope.get("data")
    found = data.get("steps") if isinstance(data, dict) else None
    return {str(name): str(state) for name, state in found.items()} if isinstance(found, dict) else {}


@contextmanager
def _queue_shown(client: Client, identifier: str, steps: Steps) -> Iterator[None]:
    """Show the place in the queue while the block runs: a second conversation, beside the stream of events."""
    over = threading.Event()

    def ask() -> None:
        while True:
            try:
                job = client.job(identifier)
            except (ClientError, RuntimeError):
                # The stream of events tells of trouble, and takes up a new connection when the old one was closed.
                job = None
            if over.is_set() or (job and job.terminal):
                return
            if job:
                steps.waits(job.waiting)
            if over.wait(QUEUE_SECONDS):
                return

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    try:
        yield
    finally:
        over.set()
        asking.join(QUEUE_SECONDS)
