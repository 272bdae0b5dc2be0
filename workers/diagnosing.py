"""Explains the failure of a step from its log and its workspace."""

from __future__ import annotations

import logging
from collections.abc import Callable

from erc.events.blobs import BlobStore, put_document, read_manifest
from erc.schemas.diagnosis import Diagnosis
from erc.schemas.environment import Plan
from erc.schemas.ids import Digest
from erc.schemas.metadata import Description
from erc.schemas.problem import Problem
from erc.workers.diagnosis import diagnose, diagnose_build

log = logging.getLogger("erc.worker")

LOG_LINES = 400
"""How many of the last lines of a log tell why a step failed."""
FILE_BYTES = 1 << 18
"""The largest file of the environment for which a change is proposed."""


def explained(problem: Problem, said: str, blobs: BlobStore, manifest: Digest, description: Digest) -> Problem:
    """Return the problem of a step with what its log (`said`) tells about it, if anything. Never raises."""
    try:
        return problem.model_copy(update={"diagnosis": _diagnosis(said, blobs, manifest, description)})
    except Exception:
        # The step is over and has failed; why it did so is worth no second run.
        log.exception("A failure could not be explained")
        return problem


def explained_build(problem: Digest, blobs: BlobStore, plan: Plan, manifest: Digest) -> Digest:
    """Return the problem of a build, kept with what its log tells, if anything. Never raises.

    The changes that it proposes hold text of one workspace, so it is for its job alone, and not for the environment.
    """
    try:
        document = Problem.model_validate_json(blobs.read(problem))
        found = diagnose_build(document, plan, *_files(blobs, manifest))
        return put_document(blobs, document.model_copy(update={"diagnosis": found})) if found else problem
    except Exception:
        log.exception("The failure of a build could not be explained")
        return problem


def _diagnosis(said: str, blobs: BlobStore, manifest: Digest, description: Digest) -> Diagnosis | None:
    main = Description.model_validate_json(blobs.read(description)).main
    return diagnose(said, main, *_files(blobs, manifest))


def _files(blobs: BlobStore, manifest: Digest) -> tuple[Callable[[str], str | None], Callable[[str], bool]]:
    """Return what reads the files of a workspace that are texts, and what knows their paths."""
    files = read_manifest(blobs, manifest)

    def read(path: str) -> str | None:
        entry = files.get(path)
        if entry and entry.size_bytes > FILE_BYTES:
            raise ValueError(path)
        return blobs.read(entry.digest).decode() if entry else None

    return read, files.__contains__
