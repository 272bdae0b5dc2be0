"""What the repeats of a job told, in the terminal."""

from __future__ import annotations

from erc.gateway.client.client import Client
from erc.gateway.client.documents import JobDocument
from erc.gateway.client.failures import ExitCode
from erc.gateway.client.progress import showing_wait
from erc.gateway.client.sse import Deadline, Patience
from erc.gateway.client.terminal import Terminal, one_line


def exit_code_of_repeats(job: JobDocument) -> ExitCode:
    """Return the exit code for a job that was repeated."""
    found = job.determinism
    steady = found is not None and found.complete and found.runs > 1 and not found.findings
    if not steady:
        return ExitCode.FAILED
    return ExitCode.NOT_COMPARABLE if found and found.uncompared else ExitCode.REPRODUCED


def show_determinism(terminal: Terminal, job: JobDocument) -> None:
    """Show what came of the repeats of a job, if it was repeated."""
    found = job.determinism
    if found is None:
        return
    terminal.show(f"  Determinism: {one_line(found.sentence)}")
    for one in found.findings:
        terminal.show(f"  - {one_line(one.name)}: {one_line(', '.join(one.causes))}")
    for left in found.not_tried:
        terminal.show(f"  Not tried: {left.variation}. {one_line(left.reason)}", "dim")


def examined(client: Client, terminal: Terminal, identifier: str, deadline: Deadline) -> JobDocument:
    """Return a job once all its repeats have ended."""
    patience = Patience(deadline, terminal.say)
    with showing_wait(terminal, "Running the analysis again"):
        while True:
            job = patience.ask(client, lambda: client.job(identifier))
            if job.determinism is None or job.determinism.complete:
                return job
            patience.pause()
