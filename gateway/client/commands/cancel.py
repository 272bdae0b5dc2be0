"""`erc cancel`: end a job."""

from __future__ import annotations

from typing import Annotated

import typer

from erc.gateway.client.failures import ExitCode
from erc.gateway.client.session import AsJson, Url, connected, told
from erc.gateway.client.terminal import Terminal

Job = Annotated[str, typer.Argument(metavar="JOB", help="The job's id.")]


@told
def cancel(identifier: Job, as_json: AsJson = False, url: Url = "") -> ExitCode:
    """End a job now, whatever it waits for or does. A job that has ended already is a conflict (exit code 5)."""
    terminal = Terminal(as_json=as_json)
    with connected(url) as client:
        client.cancel(identifier)
    terminal.document({"job_id": identifier, "cancelled": True, "exit_code": int(ExitCode.REPRODUCED)})
    if not as_json:
        terminal.show(f"The job {identifier} is cancelled.")
    return ExitCode.REPRODUCED
