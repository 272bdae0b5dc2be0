"""The limits that people meet when they upload, build and run; shown where they matter, each a setting."""

from __future__ import annotations

from datetime import timedelta

from pydantic import BaseModel, ConfigDict

KIB = 1024
MIB = 1024 * KIB
GIB = 1024 * MIB


class ArchiveLimits(BaseModel):
    """What an uploaded archive may hold; sizes in bytes."""

    model_config = ConfigDict(frozen=True)

    upload_bytes: int = 5 * GIB
    unpacked_bytes: int = 20 * GIB
    file_bytes: int = 10 * GIB
    entries: int = 200_000
    ratio: int = 200
    """How many times larger than the archive its content may be, once it exceeds `ratio_from_bytes`."""
    ratio_from_bytes: int = 64 * MIB


class Quota(BaseModel):
    """What one account may have; sizes in bytes, 0 for no limit."""

    model_config = ConfigDict(frozen=True)

    candidates: int = 100
    """Compendia that are not published."""
    size_bytes: int = 100 * GIB
    """Of all its compendia."""
    jobs: int = 50
    """Jobs that have not ended."""


class RunLimits(BaseModel):
    """What one execution may use; sizes in bytes."""

    model_config = ConfigDict(frozen=True)

    memory_bytes: int = 8 * GIB
    disk_bytes: int = 20 * GIB
    processes: int = 512
    cpus: float = 2.0
    wall_clock: timedelta = timedelta(hours=2)
    log_bytes: int = 10 * MIB


class BuildLimits(BaseModel):
    """What one build of an environment may use; sizes in bytes."""

    model_config = ConfigDict(frozen=True)

    memory_bytes: int = 8 * GIB
    image_bytes: int = 20 * GIB
    wall_clock: timedelta = timedelta(hours=2)
    log_bytes: int = 10 * MIB
