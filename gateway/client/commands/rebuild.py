"""`erc rebuild`: the index and the streams again from PostgreSQL, while the service runs."""

from __future__ import annotations

import time
from typing import Annotated, Any

import typer

from erc.gateway.client.client import Client
from erc.gateway.client.failures import ExitCode
from erc.gateway.client.session import AsJson, Url, connected, told
from erc.gateway.client.sse import Deadline, Patience
from erc.gateway.client.terminal import Terminal

POLL_SECONDS = 0.5

Wait = Annotated[bool, typer.Option("--wait/--no-wait", help="Stay until it is done, or only begin it.")]
Timeout = Annotated[float | None, typer.Option(metavar="S", min=0, help="Stop waiting after S seconds (exit code 6).")]

app = typer.Typer(
    name="rebuild", help="Make the index or the streams again from what PostgreSQL holds.", no_args_is_help=True
)


@app.command("index")
@told
def index(wait: Wait = True, timeout: Timeout = None, as_json: AsJson = False, url: Url = "") -> ExitCode:
    """Write every search document again and remove what belongs to no compendium. Search goes on meanwhile."""
    return _rebuild("index", wait, timeout, Terminal(as_json=as_json), url)


@app.command("events")
@told
def events(wait: Wait = True, timeout: Timeout = None, as_json: AsJson = False, url: Url = "") -> ExitCode:
    """Make the streams EVENTS and PUBLIC anew and fill them from the event log. Work goes on meanwhile.

    Whoever follows events by a stream's id is told to begin again.
    """
    return _rebuild("events", wait, timeout, Terminal(as_json=as_json), url)


def _rebuild(what: str, wait: bool, timeout: float | None, terminal: Terminal, url: str) -> ExitCode:
    path = f"/api/v1/admin/rebuild/{what}"
    with connected(url) as client:
        deadline = Deadline(timeout)
        progress = client.document("POST", path, json={})
        if wait:
            progress = _until_done(client, path, deadline, terminal)
    terminal.document({**progress, "exit_code": int(ExitCode.REPRODUCED)})
    if not terminal.as_json:
        terminal.show(f"{'Done' if progress['ended'] else 'Begun'}: {_said(progress)}.")
    return ExitCode.REPRODUCED


def _until_done(client: Client, path: str, deadline: Deadline, terminal: Terminal) -> dict[str, Any]:
    patience, told_last = Patience(deadline, terminal.say), ""
    while True:
        progress = patience.ask(client, lambda: client.document("GET", path))
        if progress["ended"]:
            return progress
        said = _said(progress)
        if said != told_last:
            terminal.say(said)
            told_last = said
        time.sleep(deadline.at_most(POLL_SECONDS))


def _said(progress: dict[str, Any]) -> str:
    """Return how far it is, in words."""
    if "streams" in progress:
        return ", ".join(
            f"{name} {one['messages']:,} of {one['of']:,} messages" for name, one in progress["streams"].items()
        )
    said = f"{progress.get('compendia', 0):,} compendia"
    removed, unreadable = progress.get("removed", 0), progress.get("unreadable", 0)
    return said + (f", {removed:,} removed" if removed else "") + (f", {unreadable:,} unreadable" if unreadable else "")
