"""`erc download`: save a compendium as a zip."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    ProgressColumn,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from erc.gateway.client.client import checked_id
from erc.gateway.client.failures import ExitCode
from erc.gateway.client.saving import save
from erc.gateway.client.session import AsJson, Url, connected, told
from erc.gateway.client.terminal import Terminal

Compendium = Annotated[str, typer.Argument(metavar="COMPENDIUM", help="The compendium's id.")]
NoImage = Annotated[bool, typer.Option("--no-image", help="Leave out the saved image of its environment.")]
Output = Annotated[
    Path | None, typer.Option("--output", "-o", metavar="FILE", help="Where to save it; COMPENDIUM.zip by default.")
]


@told
def download(
    identifier: Compendium, no_image: NoImage = False, output: Output = None, as_json: AsJson = False, url: Url = ""
) -> ExitCode:
    """Save a compendium with all its files as a zip. Called again after it broke, it goes on where it ended."""
    terminal = Terminal(as_json=as_json)
    path = f"/api/v1/compendium/{checked_id(identifier, 'compendium')}.zip?image={'false' if no_image else 'true'}"
    target = output or Path(f"{identifier}.zip")
    with connected(url) as client, Progress(*_columns(), console=terminal.err, transient=True) as progress:
        task = progress.add_task("Downloading", total=None)
        size = save(client, path, target, lambda there, all_: progress.update(task, completed=there, total=all_))
    done = {"id": identifier, "file": str(target), "size_bytes": size}
    terminal.document(done | {"exit_code": int(ExitCode.REPRODUCED)})
    if not as_json:
        terminal.show(f"Saved as {target}, {size} bytes.")
    return ExitCode.REPRODUCED


def _columns() -> list[ProgressColumn]:
    shown = TextColumn("{task.description}")
    return [shown, BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn()]
