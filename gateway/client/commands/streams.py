"""`erc streams`: the message streams, who reads them, and what is wrong."""

from __future__ import annotations

from typing import Any

import typer
from rich.table import Table
from rich.text import Text

from erc.gateway.client.failures import ExitCode
from erc.gateway.client.session import AsJson, Url, connected, told
from erc.gateway.client.terminal import Terminal, one_line

app = typer.Typer(name="streams", help="Look at the message streams.", no_args_is_help=True)


@app.callback()
def _streams() -> None:
    """Look at the message streams."""


@app.command("status")
@told
def status(as_json: AsJson = False, url: Url = "") -> ExitCode:
    """Tell how streams, their readers, the relay and the workers are; exit code 1 when something is wrong."""
    terminal = Terminal(as_json=as_json)
    with connected(url) as client:
        found = client.document("GET", "/api/v1/admin/streams")
    problems = found.get("problems", [])
    code = ExitCode.FAILED if problems else ExitCode.REPRODUCED
    terminal.document({**found, "exit_code": int(code)})
    if not as_json:
        _show(terminal, found)
        for problem in problems:
            terminal.show(f"{problem['title']}. {problem['detail']}", "red")
        if not problems:
            terminal.show("Everything is well.", "bold")
    return code


def _show(terminal: Terminal, found: dict[str, Any]) -> None:
    table = Table("stream", "messages", "bytes", "of", "made", box=None, pad_edge=False)
    for one in found["streams"]:
        if one["present"]:
            made = str(one["created"] or "")[:19]
            table.add_row(one["name"], f"{one['messages']:,}", f"{one['size_bytes']:,}", f"{one['most_bytes']:,}", made)
        else:
            table.add_row(one["name"], Text("is missing", "red"))
    terminal.out.print(table)
    readers = Table("reader", "waiting", "in work", "again", "asking", box=None, pad_edge=False)
    for one in found["consumers"]:
        name = f"{one['stream']}/{one['name']}"
        if one["present"]:
            readers.add_row(name, *(f"{one[key]:,}" for key in ("pending", "unacknowledged", "redelivered", "waiting")))
        else:
            readers.add_row(name, Text("is missing", "red"))
    terminal.show("")
    terminal.out.print(readers)
    outbox, relay, slots = found["outbox"], found["relay"], found["slots"]
    oldest = f", the oldest for {outbox['oldest_seconds']:.1f} s" if outbox["oldest_seconds"] is not None else ""
    terminal.show(f"\noutbox   {outbox['waiting']:,} messages wait{oldest}")
    silent = relay["silent_seconds"]
    heard = f"{relay['instance']}, heard {silent:.1f} s ago" if silent is not None else "was never heard"
    terminal.show(f"relay    {one_line(heard)}")
    listed = ", ".join(f"{worker} {count}" for worker, count in sorted(slots.items()))
    terminal.show(f"slots    {listed or 'no worker is here'}\n")
