"""`erc events`: the event log, as it was published and live."""

from __future__ import annotations

import functools
import json
import sys
import time
from collections.abc import Iterator
from typing import Annotated, Any
from urllib.parse import quote

import typer

from erc.gateway.client.client import Client
from erc.gateway.client.failures import ExitCode
from erc.gateway.client.session import AsJson, Url, connected, told
from erc.gateway.client.sse import Deadline, Patience
from erc.gateway.client.terminal import Terminal, one_line

POLL_SECONDS = 1.0
PAGE = 500

AsLines = Annotated[bool, typer.Option("--json", help="Print one JSON document a line instead of text.")]
Of = Annotated[str, typer.Option("--of", metavar="ID", help="Only of this compendium, job or shipment.")]
Kind = Annotated[str, typer.Option("--type", metavar="TYPE", help="Only of this type, as in job.ended.v1.")]
Stream = Annotated[str, typer.Option(metavar="STREAM", help="Only of this stream: EVENTS or COMMANDS.")]
Last = Annotated[int, typer.Option("--last", "-n", min=1, max=1000, help="How many of the newest come first.")]
After = Annotated[int, typer.Option(min=0, metavar="N", help="Begin behind the event at position N.")]
Which = Annotated[str, typer.Argument(metavar="ID", help="An event's id or its position.")]

app = typer.Typer(name="events", help="Look at what happened, and follow what happens.", no_args_is_help=True)


@app.command("tail")
@told
def tail(
    of: Of = "", kind: Kind = "", stream: Stream = "", last: Last = 20, as_json: AsLines = False, url: Url = ""
) -> ExitCode:
    """Print the newest events, then every new one until Ctrl-C."""
    terminal, wanted = Terminal(), {"aggregate": of, "type": kind, "stream": stream}
    with connected(url) as client:
        patience = Patience(Deadline(None), terminal.say)
        newest = _page(client, {"last": 1})["results"]
        found = _page(client, {**wanted, "last": last})["results"]
        after = _print(terminal, found, as_json, newest[-1]["position"] if newest else 0)
        if not found:
            terminal.say("Nothing like this has happened yet. Waiting; Ctrl-C ends this.", "dim")
        while True:
            time.sleep(POLL_SECONDS)
            ask = functools.partial(_page, client, {**wanted, "after": after, "limit": PAGE})
            after = _print(terminal, patience.ask(client, ask)["results"], as_json, after)


@app.command("replay")
@told
def replay(
    after: After = 0, of: Of = "", kind: Kind = "", stream: Stream = "", as_json: AsLines = False, url: Url = ""
) -> ExitCode:
    """Print the event log from its beginning, or from behind a position, in the order of its publication."""
    terminal, printed = Terminal(), 0
    with connected(url) as client:
        for rows in _pages(client, {"aggregate": of, "type": kind, "stream": stream}, after):
            printed += len(rows)
            _print(terminal, rows, as_json, after)
    if not printed:
        terminal.say("There is no such event.", "dim")
    return ExitCode.REPRODUCED


@app.command("show")
@told
def show(identifier: Which, as_json: AsJson = False, url: Url = "") -> ExitCode:
    """Print one event with all that it says."""
    terminal = Terminal(as_json=as_json)
    with connected(url) as client:
        event = client.document("GET", f"/api/v1/admin/events/{quote(identifier, safe='')}")
    terminal.document(event)
    if not as_json:
        for name in ("id", "position", "stream", "subject", "public", "created", "sent"):
            terminal.show(f"{name:9} {event.get(name) if event.get(name) is not None else '-'}")
        terminal.show(json.dumps(event.get("message"), indent=2, ensure_ascii=False))
    return ExitCode.REPRODUCED


def _page(client: Client, query: dict[str, Any]) -> dict[str, Any]:
    given = {name: value for name, value in query.items() if value != ""}
    return client.document("GET", "/api/v1/admin/events", params=given)


def _pages(client: Client, wanted: dict[str, str], after: int) -> Iterator[list[dict[str, Any]]]:
    while rows := _page(client, {**wanted, "after": after, "limit": PAGE})["results"]:
        yield rows
        after = rows[-1]["position"]


def _print(terminal: Terminal, rows: list[dict[str, Any]], as_json: bool, after: int) -> int:
    """Print events and return the position of the last."""
    for row in rows:
        if as_json:
            sys.stdout.write(json.dumps(row) + "\n")
            continue
        message = row.get("message") or {}
        data = json.dumps(message.get("data", {}), ensure_ascii=False)
        place = f"{row['position']:>8}  {str(row['created'])[:19]}"
        terminal.show(one_line(f"{place}  {message.get('type', '')}  {message.get('subject', '')}  {data}"))
    sys.stdout.flush()
    return int(rows[-1]["position"]) if rows else after
