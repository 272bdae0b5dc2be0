"""`erc repeat`: find out whether the outputs of a job are deterministic."""

from __future__ import annotations

from typing import Annotated

import typer

from erc.gateway.client.client import new_key
from erc.gateway.client.determinism import examined, exit_code_of_repeats, show_determinism
from erc.gateway.client.failures import ExitCode
from erc.gateway.client.session import AsJson, Url, connected, told
from erc.gateway.client.sse import Deadline
from erc.gateway.client.terminal import Terminal

Job = Annotated[str, typer.Argument(metavar="JOB", help="The id of a job whose analysis ran to its end.")]
Timeout = Annotated[float | None, typer.Option(metavar="S", min=0, help="Stop waiting after S seconds (exit code 6).")]


@told
def repeat(identifier: Job, timeout: Timeout = None, as_json: AsJson = False, url: Url = "") -> ExitCode:
    """Run a job's analysis again with another date, locale, time zone, host name, user, CPU count and file order.

    Where outputs differ, further runs find out what makes them change. Ends with 0 when every output came out the
    same, with 1 when one is not deterministic or the analysis could not be run again, with 3 when some could not be
    compared.
    """
    terminal, deadline = Terminal(as_json=as_json), Deadline(timeout)
    with connected(url) as client:
        client.repeat(identifier, new_key())
        job = examined(client, terminal, identifier, deadline)
        found = job.determinism.model_dump(mode="json") if job.determinism else None
        code = exit_code_of_repeats(job)
        terminal.document({"job_id": job.id, "determinism": found, "exit_code": int(code)})
        show_determinism(terminal, job)
        terminal.show(f"  Page: {client.page(f'/job/{job.id}')}", "dim")
        return code
