"""`erc kill`: end the jobs of runs by their names."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from erc.gateway.client.client import Client
from erc.gateway.client.failures import ClientError, ExitCode
from erc.gateway.client.runs import kill_run, name_of, purge_run
from erc.gateway.client.session import AsJson, Url, connected, told
from erc.gateway.client.terminal import Terminal
from erc.schemas.problem import Problem

Names = Annotated[list[str], typer.Argument(metavar="NAME[@VERSION]|DIR...", help="Runs, or the folders of runs.")]
Purge = Annotated[bool, typer.Option("--purge", help="Forget the names too, and delete what only they hold.")]


@told
def kill(names: Names, purge: Purge = False, as_json: AsJson = False, url: Url = "") -> ExitCode:
    """End the jobs of runs now. A run that has ended stays as it is; each name is tried, whatever comes of another.

    With --purge the name is free again, and the compendia of its generations are deleted, but for what is published,
    and what another name, a public link, a shipment or another job holds.
    """
    terminal = Terminal(as_json=as_json)
    runs: list[dict[str, Any]] = []
    failed, problems = ExitCode.REPRODUCED, list[Problem]()
    with connected(url) as client:
        for name in names:
            try:
                runs.append(_end(client, terminal, name, purge=purge))
            except ClientError as error:
                if error.exit_code not in {ExitCode.NOT_FOUND, ExitCode.NOT_PERMITTED}:
                    raise
                failed = failed or error.exit_code
                problems.append(error.problem)
                terminal.say(f"{name}: {error.problem.sentence()}", "red")
    told_of = {"runs": runs, "problems": [problem.model_dump() for problem in problems]}
    terminal.document({**told_of, "exit_code": int(failed)})
    return failed


def _end(client: Client, terminal: Terminal, text: str, *, purge: bool) -> dict[str, Any]:
    """End the job of a run, and tell what it is then."""
    run = kill_run(client, *name_of(text))
    purged = purge_run(client, run.name, run.version) if purge else None
    if not terminal.as_json:
        number = len(purged.deleted) if purged else 0
        gone = f", forgotten with {number} {'compendium' if number == 1 else 'compendia'}" if purged else ""
        kept = f", {len(purged.kept)} kept" if purged and purged.kept else ""
        terminal.show(f"{run.name}@{run.version}: {run.status}{gone}{kept}")
    return run.model_dump(mode="json") | ({"purged": purged.model_dump(mode="json")} if purged else {})
