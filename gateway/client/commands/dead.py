"""`erc dead`: messages that nobody could handle."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from erc.gateway.client.client import Client
from erc.gateway.client.failures import ExitCode
from erc.gateway.client.session import AsJson, Url, connected, told
from erc.gateway.client.terminal import Terminal, one_line
from erc.schemas.problem import Problem

PAGE = 100

Number = Annotated[int, typer.Argument(min=1, metavar="NUMBER", help="The letter's number; erc dead list tells it.")]
Limit = Annotated[int, typer.Option(min=1, max=10_000, help="How many of the newest are listed at most.")]

app = typer.Typer(name="dead", help="Look at dead letters: messages that nobody could handle.", no_args_is_help=True)


@app.command("list")
@told
def list_letters(limit: Limit = 50, as_json: AsJson = False, url: Url = "") -> ExitCode:
    """List the newest dead letters, oldest first, with why they were buried."""
    terminal = Terminal(as_json=as_json)
    with connected(url) as client:
        letters = list(_letters(client))[-limit:]
    terminal.document({"dead": letters, "exit_code": int(ExitCode.REPRODUCED)})
    if as_json:
        return ExitCode.REPRODUCED
    if not letters:
        terminal.show("There are no dead letters: every message found somebody who could handle it.")
        return ExitCode.REPRODUCED
    table = Table("number", "buried", "message", "of", "why", box=None, pad_edge=False)
    for letter in letters:
        about = one_line(letter.get("type") or letter["subject"])
        of, why = one_line(letter.get("aggregate") or "-"), one_line(letter["problem"]["title"])
        table.add_row(str(letter["dead"]), str(letter["buried"])[:19], about, Text(of, no_wrap=True), why)
    terminal.out.print(table)
    return ExitCode.REPRODUCED


@app.command("show")
@told
def show(number: Number, as_json: AsJson = False, url: Url = "") -> ExitCode:
    """Print a dead letter: why it was buried, and its message."""
    terminal = Terminal(as_json=as_json)
    with connected(url) as client:
        letter = client.document("GET", f"/api/v1/admin/dead/{number}")
    terminal.document(letter)
    if not as_json:
        terminal.show(f"dead letter {letter['dead']}, buried {letter['buried']}")
        terminal.show(f"subject {letter['subject']}")
        terminal.show(Problem.model_validate(letter["problem"]).sentence(), "red")
        terminal.show(_pretty(letter["message"]))
    return ExitCode.REPRODUCED


@app.command("retry")
@told
def retry(number: Number, as_json: AsJson = False, url: Url = "") -> ExitCode:
    """Do the command of a dead letter again and forget the letter.

    Exit code 5, with the reason, when its work cannot go on: a job ends once, say.
    """
    terminal = Terminal(as_json=as_json)
    with connected(url) as client:
        answer = client.document("POST", f"/api/v1/admin/dead/{number}/retry")
    terminal.document({**answer, "exit_code": int(ExitCode.REPRODUCED)})
    if not as_json:
        terminal.show(f"It is done again, as {answer['sent']}. See it with: erc events show {answer['sent']}")
    return ExitCode.REPRODUCED


@app.command("drop")
@told
def drop(number: Number, as_json: AsJson = False, url: Url = "") -> ExitCode:
    """Forget a dead letter. The service keeps a record of who did it."""
    terminal = Terminal(as_json=as_json)
    with connected(url) as client:
        answer = client.document("DELETE", f"/api/v1/admin/dead/{number}")
    terminal.document({**answer, "exit_code": int(ExitCode.REPRODUCED)})
    if not as_json:
        terminal.show(f"The dead letter {number} is gone.")
    return ExitCode.REPRODUCED


def _letters(client: Client) -> Iterator[dict[str, Any]]:
    after: int | None = 0
    while after is not None:
        page = client.document("GET", "/api/v1/admin/dead", params={"after": after, "limit": PAGE})
        yield from page["results"]
        after = page["next"]


def _pretty(message: str) -> str:
    try:
        return json.dumps(json.loads(message), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return message
