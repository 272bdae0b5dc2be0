"""`erc status`: your named runs, the newest jobs, or one run, job or compendium."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from erc.gateway.client.client import Client, is_id
from erc.gateway.client.documents import CompendiumDocument, JobDocument
from erc.gateway.client.failures import ClientError, ExitCode
from erc.gateway.client.progress import LABELS, waiting_sentence
from erc.gateway.client.run_documents import RunDocument
from erc.gateway.client.run_table import NOTHING, table
from erc.gateway.client.runs import list_runs, named_run
from erc.gateway.client.session import AsJson, Url, connected, told
from erc.gateway.client.terminal import VERDICT_STYLES, Terminal, moment, one_line
from erc.gateway.client.verdict import job_document, show_verdict
from erc.schemas.job import StepName

Which = Annotated[
    str,
    typer.Argument(
        metavar="[NAME[@VERSION]|ID]", help="A run, a job or a compendium; a folder for its run; without it all runs."
    ),
]
OfVersion = Annotated[str, typer.Argument(metavar="[VERSION]", help="The same as @VERSION.")]
Wide = Annotated[
    bool, typer.Option("--wide", "-w", help="Cut nothing off; generation, job, compendium and origin too.")
]
OfJobs = Annotated[bool, typer.Option("--jobs", help="The newest jobs, with and without a name.")]
Limit = Annotated[int, typer.Option(min=1, max=1000, help="How many jobs are listed at most.")]


@told
def status(
    which: Which = "",
    version: OfVersion = "",
    wide: Wide = False,
    jobs: OfJobs = False,
    limit: Limit = 20,
    as_json: AsJson = False,
    url: Url = "",
) -> ExitCode:
    """Tell how your named runs are, or everything about one run, job or compendium."""
    terminal = Terminal(as_json=as_json)
    with connected(url) as client:
        if jobs:
            _list(client, terminal, limit)
        elif not which:
            _show_runs(client, terminal, wide=wide)
        else:
            _show(client, terminal, f"{which}@{version}" if version else which)
    return ExitCode.REPRODUCED


def _show(client: Client, terminal: Terminal, which: str) -> None:
    if not is_id(which):
        _show_run(client, terminal, named_run(client, which))
        return
    found = job_or_compendium(client, which)
    if isinstance(found, JobDocument):
        _show_job(client, terminal, found)
    else:
        _show_compendium(client, terminal, found)


def _show_runs(client: Client, terminal: Terminal, *, wide: bool) -> None:
    runs = list_runs(client)
    terminal.document({"runs": [run.model_dump(mode="json") for run in runs]})
    if not terminal.as_json:
        for line in table(runs, datetime.now(UTC), wide=wide):
            terminal.show(line)


def _show_run(client: Client, terminal: Terminal, run: RunDocument) -> None:
    job = client.job(run.job_id)
    page = client.page(f"/job/{job.id}")
    terminal.document(run.model_dump(mode="json") | {"job": job_document(job, page)})
    if terminal.as_json:
        return
    terminal.show(f"run {run.name}@{run.version}, generation {run.generation}, {run.status}")
    terminal.show(f"source {one_line(run.source) or NOTHING}, origin {one_line(run.origin) or NOTHING}")
    if run.entrypoint:
        terminal.show(f"entrypoint {one_line(run.entrypoint)}")
    if run.variables:
        terminal.show(f"variables {one_line(' '.join(f'{name}={value}' for name, value in run.variables.items()))}")
    terminal.show(f"image {run.image or NOTHING}")
    _show_job(client, terminal, job)


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
