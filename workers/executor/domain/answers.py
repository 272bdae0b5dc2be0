"""The event that tells what came of a command when nothing could be done. Pure."""

from __future__ import annotations

from erc.events.catalog import ExecuteWorkspace, ExecutionFailed
from erc.events.errors import Rejected
from erc.schemas.ids import Digest


def failed(command: ExecuteWorkspace, problem: Digest, _error: Rejected | None) -> ExecutionFailed:
    """Return the terminal event of a run that could not be done."""
    return ExecutionFailed(job_id=command.job_id, problem=problem)
