"""`erc plan`: what environment a folder would get, and why; nothing is built and nothing is kept."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from erc.gateway.client.failures import ExitCode
from erc.gateway.client.pack import Packed
from erc.gateway.client.seen import seen
from erc.gateway.client.session import AsJson, Url, connected, told
from erc.gateway.client.terminal import Terminal, one_line
from erc.schemas.environment import Plan

_WHOLE = 40
"""How many characters of a place are kept on one line."""

Where = Annotated[
    Path,
    typer.Argument(metavar="DIR", exists=True, file_okay=False, help="A folder with the analysis."),
]


@told
def plan(where: Where, as_json: AsJson = False, url: Url = "") -> ExitCode:
    """Tell what environment a folder would get, package by package, with the file and line that asks for it.

    Only the names of the files and the texts of code and of files that describe an environment are sent. What
    .ercignore names is left out. To change the plan, write `environment` into erc.yml.
    """
    terminal = Terminal(as_json=as_json)
    files = seen(Packed(where))
    with connected(url) as client:
        found = client.plan(files)
    terminal.document({"plan": found.model_dump(mode="json"), "exit_code": int(ExitCode.REPRODUCED)})
    if not as_json:
        _show(terminal, found)
    return ExitCode.REPRODUCED


def _show(terminal: Terminal, found: Plan) -> None:
    languages = [f"{name} {version}" for name, version in (("Python", found.python), ("R", found.r)) if version]
    terminal.show(" · ".join([f"{found.distribution.capitalize()} {found.suite}", *languages]), "bold")
    table = Table("package", "version", "why", "where", box=None, pad_edge=False)
    for one in found.packages:
        name = Text(one_line(one.name), no_wrap=True)
        where = one_line(place(one.path, one.line))
        # A place is to be copied: it stays whole, unless it would leave no room for the reason.
        shown = Text(where, no_wrap=len(where) <= _WHOLE)
        table.add_row(name, one_line(one.version), one_line(one.reason), shown)
    terminal.out.print(table)
    deviations = [
        (f"{one.subject}: wanted {one.wanted}, got {one.got}. {one.reason}", one.path, one.line)
        for one in found.deviations
    ]
    decisions = [(f"{one.subject}: {one.choice}. {one.reason}", one.path, one.line) for one in found.decisions]
    _section(terminal, "What could not be had exactly", deviations, "yellow")
    _section(terminal, "How it was decided", decisions)
    _section(terminal, "Hints", [(note, "", 0) for note in found.notes])


def _section(terminal: Terminal, title: str, rows: list[tuple[str, str, int]], style: str = "") -> None:
    if not rows:
        return
    terminal.show(f"\n{title}", "bold")
    for said, path, line in rows:
        where = place(path, line)
        terminal.show(f"  {one_line(said)}{f' [{one_line(where)}]' if where else ''}", style)


def place(path: str, line: int) -> str:
    """Return where something was asked for: `requirements.txt:3`."""
    return f"{path}:{line}" if line else path
