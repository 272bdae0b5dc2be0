"""How a job came out: the block at the end, the JSON document and the exit code."""

from __future__ import annotations

from typing import Any

from rich.text import Text

from erc.gateway.client.determinism import show_determinism
from erc.gateway.client.documents import ComparisonDocument, JobDocument
from erc.gateway.client.failures import ExitCode
from erc.gateway.client.terminal import VERDICT_STYLES, Terminal, one_line, plain
from erc.schemas.check import Outcome, Verdict
from erc.schemas.diagnosis import Diagnosis


def exit_code_of_job(job: JobDocument) -> ExitCode:
    """Return the exit code for a job that has ended."""
    if job.verdict in {Verdict.REPRODUCED.value, Verdict.RENDERED_DIFFERENTLY.value}:
        return ExitCode.REPRODUCED
    return ExitCode.FAILED if job.comparable else ExitCode.NOT_COMPARABLE


def show_verdict(terminal: Terminal, job: JobDocument, page: str) -> None:
    """Show the verdict, why, each difference as a line, and where to see more."""
    verdict = job.verdict or job.status
    mark, style = VERDICT_STYLES.get(verdict, ("?", "bold"))
    terminal.show("")
    terminal.out.print(Text(f"{mark} {one_line(verdict)}", style), soft_wrap=True)
    if job.reason:
        terminal.show(f"  {_indented(job.reason)}")
    if job.problem and job.problem.diagnosis:
        _show_diagnosis(terminal, job.problem.diagnosis, job.id)
    for row in job.differences:
        terminal.show(f"  - {one_line(_difference(row))}")
    show_determinism(terminal, job)
    terminal.show(f"  Page: {page}", "dim")


def _show_diagnosis(terminal: Terminal, found: Diagnosis, job_id: str) -> None:
    place = f" ({found.path}:{found.line})" if found.path and found.line else ""
    terminal.show(f"  Why: {one_line(found.sentence + place)}")
    if found.advice:
        terminal.show(f"  Advice: {one_line(found.advice)}")
    for edit in found.edits:
        terminal.show(f"  Proposed change of {one_line(edit.path)}:")
        terminal.show(f"    {plain(edit.patch).strip()}".replace("\n", "\n    "))
    if found.edits:
        terminal.show(f"  Accept it with: erc fix {job_id}", "dim")


def _difference(row: ComparisonDocument) -> str:
    """Return a row as a line: its finding with its place in the code, or its name with its class."""
    word = "failed to compare" if row.outcome == Outcome.UNCOMPARED.value else row.outcome
    said = row.finding if row.finding.startswith(row.name) else f"{row.name}: {row.finding or word}"
    made = row.made_by
    if made is None:
        return said
    place = f"{made.path}, cell {made.cell}" if made.cell else f"{made.path}:{made.line}"
    return f"{said} ({place})"


def _indented(text: str) -> str:
    return plain(text).strip().replace("\n", "\n  ")


def job_document(job: JobDocument, page: str) -> dict[str, Any]:
    """Return a job for programs; the keys are stable."""
    document: dict[str, Any] = {
        "job_id": job.id,
        "compendium_id": job.compendium_id,
        "status": job.status,
        "verdict": job.verdict,
        "reason": job.reason,
        "differences": [row.model_dump() for row in job.differences],
        "determinism": job.determinism.model_dump(mode="json") if job.determinism else None,
        "problem": job.problem.model_dump() if job.problem else None,
        "steps": {name: step.status for name, step in job.steps.items()},
        "created": job.created.isoformat() if job.created else None,
        "ended": job.ended.isoformat() if job.ended else None,
        "position": job.waiting.position if job.waiting else None,
        "url": page,
    }
    if job.terminal:
        document["exit_code"] = int(exit_code_of_job(job))
    return document
