"""Interim: compares bytes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from erc.events.blobs import FileBlobStore, read_manifest
from erc.schemas.check import CheckReport, Verdict
from erc.schemas.ids import Digest


@dataclass(frozen=True)
class CheckRequest:
    """What to compare."""

    store: Path
    published: Digest
    reproduced: Digest
    display: str


def check_files(request: CheckRequest) -> CheckReport:
    """Compare bytes."""
    blobs = FileBlobStore(request.store)
    a = read_manifest(blobs, request.published).get(request.display)
    b = read_manifest(blobs, request.reproduced).get(request.display)
    if b is None:
        return CheckReport(verdict=Verdict.FAILED, reason="No display was made.", display=request.display)
    same = a is not None and a.digest == b.digest
    verdict = Verdict.REPRODUCED if same else Verdict.DIFFERS
    return CheckReport(verdict=verdict, reason="bytes", display=request.display)
