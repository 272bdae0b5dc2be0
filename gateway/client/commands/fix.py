"""`erc fix`: accept the change that a failed job proposes, and run the new candidate."""

from __future__ import annotations

from typing import Annotated

import typer

from erc.gateway.client.client import new_key
from erc.gateway.client.failures import ExitCode
from erc.gateway.client.progress import showing_steps, showing_wait
from erc.gateway.client.session import AsJson, Url, connected, told
from erc.gateway.client.sse import Deadline, Patience
from erc.gateway.client.terminal import Terminal
from erc.gateway.client.verdict import exit_code_of_job, job_document, show_verdict
from erc.gateway.client.watch import wait_until_ready, watch

Job = Annotated[str, typer.Argument(metavar="JOB", help="The id of a job that failed.")]
Timeout = Annotated[float | None, typer.Option(metavar="S", min=0, help="Stop waiting after S seconds (exit code 6).")]


@told
def fix(identifier: Job, timeout: Timeout = None, as_json: AsJson = False, url: Url = "") -> ExitCode:
    """Accept the change that a failed job proposes: make a new candidate with it, run that, and tell the verdict.

    Your files, the first compendium and its job stay as they are. A job that proposes nothing is a conflict (exit
    code 5).
    """
    terminal, deadline = Terminal(as_json=as_json), Deadline(timeout)
    with connected(url) as client:
        compendium_id = client.mend(identifier, new_key())
        terminal.say(f"Compendium {compendium_id}")
        with showing_wait(terminal, "Describing the workspace"):
            wait_until_ready(client, compendium_id, Patience(deadline, terminal.say))
        job_id = client.start_job(compendium_id, new_key())
        terminal.say(f"Job {job_id}")
        with showing_steps(terminal) as steps:
            job = watch(client, job_id, steps, Patience(deadline, steps.trouble))
        page = client.page(f"/job/{job.id}")
        terminal.document(job_document(job, page))
        show_verdict(terminal, job, page)
        return exit_code_of_job(job)
