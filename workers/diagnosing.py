"""Explains the failure of a step from its log and its workspace."""

from __future__ import annotations

import logging

from erc.events.blobs import BlobStore, read_manifest
from erc.schemas.diagnosis import Diagnosis
from erc.schemas.ids import Digest
from erc.schemas.metadata import Description
from erc.schemas.problem import Problem
from erc.workers.diagnosis import diagnose

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


def _diagnosis(said: str, blobs: BlobStore, manifest: Digest, description: Digest) -> Diagnosis | None:
    main = Description.model_validate_json(blobs.read(description)).main
    files = read_manifest(blobs, manifest)

    def read(path: str) -> str | None:
        entry = files.get(path)
        if entry and entry.size_bytes > FILE_BYTES:
            raise ValueError(path)
        return blobs.read(entry.digest).decode() if entry else None

    return diagnose(said, main, read, files.__contains__)
