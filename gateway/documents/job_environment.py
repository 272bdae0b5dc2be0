"""The environment of a job: what was wanted, what was built, what it holds."""

from __future__ import annotations

from erc.gateway.documents.document import Document
from erc.schemas.evidence import Drift


class InstalledPackage(Document):
    """A package in an image."""

    system: str
    """`apt`, `pip` or `r`."""
    name: str
    version: str


class JobEnvironmentDocument(Document):
    """The environment of a job, as far as it has come."""

    job_id: str
    sentence: str
    """What it is, in one sentence."""
    environment_key: str | None
    """Equal keys mean an equal environment."""
    image: str | None
    """`sha256:` and its digest; null until it is built."""
    base: str | None
    """The base image: its name and id."""
    origin: str | None
    """Where the image came from: `built` here, `found` on the engine, `brought` by the compendium; more may come.

    Of one that was not built here, only what it says itself is known. Null until it was looked into.
    """
    reproducible: bool | None
    """Whether a second build from nothing gave the same; null where that was not tried."""
    drifts: list[Drift]
    """What was wanted, what was built, and what the suite had then; what is not met comes first."""
    packages: list[InstalledPackage]
    """All that the image holds, by system and name; empty until it was looked into."""
