"""Named runs."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from erc.gateway.documents.document import Document, NamedProblem
from erc.schemas.check import Verdict
from erc.schemas.run import LATEST, NAME_CHARACTERS, ORIGIN_CHARACTERS, RunStatus, Version, parse_name
from erc.schemas.variables import Variables


def _checked(name: str) -> str:
    """Return a name; raises RunNameError, which is a ValueError."""
    return parse_name(name.replace("@", "\0"))[0]


Name = Annotated[str, StringConstraints(max_length=NAME_CHARACTERS), AfterValidator(_checked)]
Said = Annotated[str, StringConstraints(max_length=ORIGIN_CHARACTERS, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$")]


class RunStart(Document):
    """A compendium that is to be run under a name."""

    compendium_id: str
    name: Name
    """Small letters, digits, `.`, `_` and `-`, with a letter or digit first and last; no id."""
    version: Version = LATEST
    origin: Said = ""
    """Whose name it is: an address, an id, or a path. Of a repository it is known anyway."""
    source: Said = ""
    """What you wrote; shown again as it is."""
    entrypoint: Said = ""
    """The main file, where you named one."""
    variables: Variables = Field(default_factory=dict)
    """Variables that are set for the run, beside those of its environment. They are kept and shown: no secrets."""
    update: bool = False
    """The name must be there: its job ends if it goes on, and this becomes the next generation."""
    force: bool = False
    """Replace whatever has the name."""


class RunDocument(Document):
    """What a name means now."""

    name: str
    version: str
    generation: int
    """How often the name has got a meaning; the highest counts."""
    user: str
    """Whose name it is."""
    origin: str
    source: str
    entrypoint: str
    status: RunStatus
    """Told from the steps of the job."""
    compendium_id: str
    job_id: str
    variables: dict[str, str]
    """Set for this run by whoever started it."""
    content: str | None
    """SHA-256 of what was sent, or of the document that names the commit; null when the compendium is gone."""
    image: str | None
    """The image of its environment, `sha256:` and its digest; null until it is built."""
    environment_key: str | None
    verdict: Verdict | None
    problem: NamedProblem | None
    created: datetime
    """When it got this meaning."""
    updated: datetime
    """When the job last changed."""


class PurgedRun(Document):
    """A name that was forgotten."""

    name: str
    version: str
    deleted: list[str]
    """Ids of the compendia that only this name held."""
    kept: list[str]
    """Ids of the compendia that stay: published, or held by something else."""


class RunList(Document):
    """Named runs, by name and version."""

    results: list[RunDocument]


class BuildDocument(Document):
    """What `build://NAME:VERSION` means now: the newest image of that name."""

    build: str
    generation: int
    """The generation that it was built for or found built."""
    image: str
    """`sha256:` and its digest."""
    environment_key: str | None
    job_id: str
