"""Named runs over the web API, and what people call them: `NAME`, `NAME@VERSION`, a folder, `build://…`, a job's id."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from erc.gateway.client.client import Client, is_id
from erc.gateway.client.failures import ClientError, ExitCode
from erc.gateway.client.naming import whose_path
from erc.gateway.client.run_documents import BuildDocument, EnvironmentDocument, PurgedRun, RunDocument, RunList
from erc.schemas.problem import Problem
from erc.schemas.run import BUILD, LATEST, RunNameError, parse_build, parse_name

PAGE = 1000
API = "/api/v1/runs"


def find_run(client: Client, name: str, version: str) -> RunDocument | None:
    """Return what a name means now; None when nobody has it."""
    try:
        return client.read(RunDocument, "GET", f"{API}/{name}", params={"version": version})
    except ClientError as error:
        if error.exit_code is ExitCode.NOT_FOUND:
            return None
        raise


def named_run(client: Client, text: str) -> RunDocument:
    """Return the run that somebody means; raises ClientError (not found) when it is none."""
    name, version = name_of(text)
    found = find_run(client, name, version)
    if found is None:
        raise not_found(f"There is no run {name}@{version}", "See what there is with: erc status")
    return found


def name_of(text: str) -> tuple[str, str]:
    """Return name and version of `NAME[@VERSION]`, or of a path with `.` or a separator: the name that it gets.

    Raises ClientError (not found) for what is neither.
    """
    if _is_path(text):
        path = Path(text)
        if not path.exists():
            raise not_found(f"“{text}” does not exist", "Give the name of a run, its folder, or the id of a job.")
        return whose_path(path).name, LATEST
    try:
        return parse_name(text)
    except RunNameError as error:
        raise not_found(f"“{text}” is no name of a run", str(error)) from error


def job_of(client: Client, text: str) -> str:
    """Return the id of the job that somebody means: by its id, the name of a run, its folder, or a build's name."""
    if is_id(text):
        return text
    if text.startswith(BUILD):
        return _built(client, text).job_id
    return named_run(client, text).job_id


def list_runs(client: Client) -> list[RunDocument]:
    """Return all your runs, by name and version."""
    found: list[RunDocument] = []
    while True:
        query = {"start": len(found) + 1, "limit": PAGE}
        page = client.read(RunList, "GET", API, params=query).results
        found += page
        if len(page) < PAGE:
            return found


def start_run(client: Client, document: dict[str, Any], key: str) -> RunDocument:
    """Run a compendium under a name."""
    return client.read(RunDocument, "POST", API, json=document, headers={"Idempotency-Key": key})


def kill_run(client: Client, name: str, version: str) -> RunDocument:
    """End the job of a run; one that has ended stays as it is."""
    return client.read(RunDocument, "POST", f"{API}/{name}/kill", params={"version": version})


def purge_run(client: Client, name: str, version: str) -> PurgedRun:
    """Forget a name, and delete the compendia that only it holds."""
    return client.read(PurgedRun, "DELETE", f"{API}/{name}", params={"version": version})


def environment(client: Client, job_id: str) -> EnvironmentDocument:
    """Return the environment of a job."""
    return client.read(EnvironmentDocument, "GET", f"/api/v1/job/{job_id}/environment")


def not_found(title: str, detail: str) -> ClientError:
    """Return the error for what is not there."""
    return ClientError(Problem(code="no_run", title=title, detail=detail), ExitCode.NOT_FOUND)


def _built(client: Client, text: str) -> BuildDocument:
    try:
        name, version = parse_build(text)
    except RunNameError as error:
        raise not_found(f"“{text}” is no name of a build", str(error)) from error
    return client.read(BuildDocument, "GET", f"{API}/{name}/build", params={"version": version})


def _is_path(text: str) -> bool:
    return text in {".", ".."} or any(mark in text for mark in filter(None, (os.sep, os.altsep, "/")))
