"""`erc status`: the newest jobs, or one job or compendium."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from erc.gateway.client.client import Client
from erc.gateway.client.documents import CompendiumDocument, JobDocument
from erc.gateway.client.failures import ClientError, ExitCode
from erc.gateway.client.progress import LABELS, waiting_sentence
from erc.gateway.client.session import AsJson, Url, connected, told
from erc.gateway.client.terminal import VERDICT_STYLES, Terminal, moment, one_line
from erc.gateway.client.verdict import job_document, show_verdict
from erc.schemas.job import StepName

Which = Annotated[str, typer.Argument(metavar="[ID]", help="A job or a compendium; without it the newest jobs.")]
Limit = Annotated[int, typer.Option(min=1, max=1000, help="How many jobs are listed at most.")]


@told
def status(identifier: Which = "", limit: Limit = 20, as_json: AsJson = False, url: Url = "") -> ExitCode:
    """Tell how the newest jobs are, or everything about one job or compendium."""
    terminal = Terminal(as_json=as_json)
    with connected(url) as client:
        if not identifier:
            _list(client, terminal, limit)
            return ExitCode.REPRODUCED
        found = job_or_compendium(client, identifier)
        if isinstance(found, JobDocument):
            _show_job(client, terminal, found)
        else:
            _show_compendium(client, terminal, found)
    return ExitCode.REPRODUCED


def job_or_compendium(client: Client, identifier: str) -> JobDocument | CompendiumDocument:
    """Return what has this id; raises ClientError (not found) when neither has."""
    try:
        return client.job(identifier)
    except ClientError as error:
        if error.exit_code is not ExitCode.NOT_FOUND:
            raise
    return client.compendium(identifier)


def _list(client: Client, terminal: Terminal, limit: int) -> None:
    jobs = [job for identifier in client.jobs(limit) if (job := _still_there(client, identifier))]
    terminal.document({"jobs": [job_document(job, client.page(f"/job/{job.id}")) for job in jobs]})
    if terminal.as_json:
        return
    if not jobs:
        terminal.show("There is no job yet; start one with: erc run DIR")
        return
    table = Table("id", "status", "verdict", "created", box=None, pad_edge=False)
    for job in jobs:
        verdict = job.verdict or ""
        style = VERDICT_STYLES.get(verdict, ("", ""))[1]
        table.add_row(
            Text(job.id, no_wrap=True), one_line(job.status), Text(one_line(verdict), style), moment(job.created)
        )
    terminal.out.print(table)


def _still_there(client: Client, identifier: str) -> JobDocument | None:
    try:
        return client.job(identifier)
    except ClientError as error:
        if error.exit_code is ExitCode.NOT_FOUND:
            return None
        raise


def _show_job(client: Client, terminal: Terminal, job: JobDocument) -> None:
    page = client.page(f"/job/{job.id}")
    terminal.document(job_document(job, page))
    if terminal.as_json:
        return
    terminal.show(f"job {job.id}, {job.status}, created {moment(job.created)}")
    terminal.show(f"compendium {job.compendium_id}")
    if job.waiting:
        terminal.show(waiting_sentence(job.waiting))
    for name in StepName:
        step = job.steps.get(name.value)
        if step:
            said = f": {one_line(' '.join(step.text))}" if step.text else ""
            terminal.show(f"  {step.status:8} {LABELS[name]}{said}")
    if job.terminal:
        show_verdict(terminal, job, page)


def _show_compendium(client: Client, terminal: Terminal, compendium: CompendiumDocument) -> None:
    page = client.page(f"/compendium/{compendium.id}")
    document: dict[str, Any] = {
        "compendium_id": compendium.id,
        "status": compendium.status,
        "user": compendium.user,
        "candidate": compendium.candidate,
        "created": compendium.created.isoformat() if compendium.created else None,
        "problem": compendium.problem.model_dump() if compendium.problem else None,
        "url": page,
    }
    terminal.document(document)
    if terminal.as_json:
        return
    terminal.show(f"compendium {compendium.id}, {compendium.status}, created {moment(compendium.created)}")
    if compendium.problem:
        terminal.show(compendium.problem.sentence(), "red")
    terminal.show(f"  Page: {page}", "dim")
