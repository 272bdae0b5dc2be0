"""`erc kill`: end the jobs of runs by their names."""

from __future__ import annotations

from typing import Annotated

import typer

from erc.gateway.client.failures import ClientError, ExitCode
from erc.gateway.client.runs import kill_run, name_of
from erc.gateway.client.session import AsJson, Url, connected, told
from erc.gateway.client.terminal import Terminal
from erc.schemas.problem import Problem

Names = Annotated[list[str], typer.Argument(metavar="NAME[@VERSION]|DIR...", help="Runs, or the folders of runs.")]


@told
def kill(names: Names, as_json: AsJson = False, url: Url = "") -> ExitCode:
    """End the jobs of runs now. A run that has ended stays as it is; each name is tried, whatever comes of another."""
    terminal = Terminal(as_json=as_json)
    runs, failed = [], ExitCode.REPRODUCED
    problems: list[Problem] = []
    with connected(url) as client:
        for name in names:
            try:
                run = kill_run(client, *name_of(name))
            except ClientError as error:
                if error.exit_code not in {ExitCode.NOT_FOUND, ExitCode.NOT_PERMITTED}:
                    raise
                failed = failed or error.exit_code
                problems.append(error.problem)
                terminal.say(f"{name}: {error.problem.sentence()}", "red")
                continue
            runs.append(run)
            if not as_json:
                terminal.show(f"{run.name}@{run.version}: {run.status}")
    told_of = {"runs": [run.model_dump(mode="json") for run in runs]}
    terminal.document({**told_of, "problems": [problem.model_dump() for problem in problems], "exit_code": int(failed)})
    return failed
