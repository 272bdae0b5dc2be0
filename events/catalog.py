"""Every command (imperative, one taker) and every event (past, numbered 1..n by its owner, the aggregate).

Messages carry ids, digests and states, never titles, names, file names or log text.
"""

from __future__ import annotations

from pydantic import Field

from erc.events.message import COMMANDS as COMMANDS
from erc.events.message import EVENTS as EVENTS
from erc.events.message import Command as Command
from erc.events.message import Event as Event
from erc.schemas.check import Verdict
from erc.schemas.compendium import CompendiumStatus, SourceKind
from erc.schemas.ids import Digest, Id
from erc.schemas.job import JobStatus, StepName, StepStatus
from erc.schemas.repeat import Variation


class LoadWorkspace(Command):
    """Bring a source in as blobs and a manifest: `upload` is the blob of an archive or, of `git`, of a document."""

    WORKER, VERB, ID_FIELD = "loader", "load", "compendium_id"
    compendium_id: Id
    upload: Digest
    kind: SourceKind = SourceKind.ARCHIVE


class DescribeWorkspace(Command):
    """Read what the workspace says about itself; `description` is one by which a person chose main and display."""

    WORKER, VERB, ID_FIELD = "metadata", "describe", "compendium_id"
    compendium_id: Id
    manifest: Digest
    description: Digest | None = None


class PrepareEnvironment(Command):
    """Complete the workspace (`erc.yml`, runtime manifest) and make its environment's image."""

    WORKER, VERB = "builder", "prepare"
    job_id: Id
    compendium_id: Id
    manifest: Digest
    description: Digest


class SaveImage(Command):
    """Keep the image of an environment as a blob, once for each environment."""

    WORKER, VERB = "builder", "save"
    job_id: Id
    environment_key: Digest
    image_id: str


class ExecuteWorkspace(Command):
    """Run the plan's command on the workspace in a sandbox; in a repeat, with these things otherwise."""

    WORKER, VERB = "executor", "execute"
    job_id: Id
    manifest: Digest
    description: Digest
    plan: Digest
    image_id: str
    variables: Digest | None = None
    """Blob of the variables that are set for this run."""
    variations: list[Variation] = Field(default_factory=list)


class CheckOutputs(Command):
    """Compare what the run made with what the author published."""

    WORKER, VERB = "checker", "check"
    job_id: Id
    manifest: Digest
    outputs: Digest
    description: Digest


class PackShipment(Command):
    """Pack a compendium as a BagIt bag in a zip; `record` is the blob of the documents to pack with it."""

    WORKER, VERB, ID_FIELD = "shipper", "pack", "shipment_id"
    shipment_id: Id
    compendium_id: Id
    record: Digest


class WorkspaceLoaded(Event):
    """The workspace's manifest is kept; `size_bytes` of its files is said where it was not known before."""

    AGGREGATE, TYPE, ID_FIELD = "workspace", "workspace.loaded.v1", "compendium_id"
    compendium_id: Id
    manifest: Digest
    bag: bool = False
    compendium: bool = False
    size_bytes: int | None = None


class WorkspaceRejected(Event):
    """The upload cannot be used; `problem` is the blob that says why. Terminal."""

    AGGREGATE, TYPE, ID_FIELD = "workspace", "workspace.rejected.v1", "compendium_id"
    compendium_id: Id
    problem: Digest


class WorkspaceDescribed(Event):
    """The description document is kept."""

    AGGREGATE, TYPE, ID_FIELD = "description", "description.made.v1", "compendium_id"
    compendium_id: Id
    description: Digest


class DescriptionRejected(Event):
    """The workspace cannot be described: it has no main file, say. Terminal."""

    AGGREGATE, TYPE, ID_FIELD = "description", "description.rejected.v1", "compendium_id"
    compendium_id: Id
    problem: Digest


class EnvironmentPlanned(Event):
    """The workspace is complete, the plan is kept; a build follows unless the environment is there."""

    AGGREGATE, TYPE = "environment", "environment.planned.v1"
    job_id: Id
    manifest: Digest
    plan: Digest
    environment_key: Digest
    configuration_made: bool
    runtime_manifest_made: bool


class EnvironmentReady(Event):
    """The image is there; `cached` when nothing had to be built, `image` when it is kept as a blob already."""

    AGGREGATE, TYPE = "environment", "environment.ready.v1"
    job_id: Id
    image_id: str
    environment_key: Digest
    cached: bool
    brought: bool = False
    """Whether the compendium brought the image with it."""
    image: Digest | None = None
    evidence: Digest | None = None
    """Blob of the index of what the build left as evidence: package list, provenance, drift."""
    log: Digest | None = None
    log_chunks: int = 0


class EnvironmentFailed(Event):
    """The environment cannot be made. Terminal."""

    AGGREGATE, TYPE = "environment", "environment.failed.v1"
    job_id: Id
    step: StepName
    problem: Digest
    log: Digest | None = None
    log_chunks: int = 0


class ImageSaved(Event):
    """The environment's image is kept as a blob, or could not be (`problem`), which harms no verdict."""

    AGGREGATE, TYPE = "image", "image.saved.v1"
    job_id: Id
    image: Digest | None = None
    problem: Digest | None = None


class ExecutionStarted(Event):
    """The container was asked to start."""

    AGGREGATE, TYPE = "execution", "execution.started.v1"
    job_id: Id


class ExecutionFinished(Event):
    """The script ended with exit code 0; `outputs` is the manifest of what the run made or changed."""

    AGGREGATE, TYPE = "execution", "execution.finished.v1"
    job_id: Id
    outputs: Digest
    conditions: Digest | None = None
    """Blob of the conditions of a run that varied something."""
    log: Digest | None = None
    log_chunks: int = 0


class ExecutionFailed(Event):
    """The script failed, ran out of a limit, or was stopped. Terminal."""

    AGGREGATE, TYPE = "execution", "execution.failed.v1"
    job_id: Id
    problem: Digest
    exit_code: int | None = None
    conditions: Digest | None = None
    log: Digest | None = None
    log_chunks: int = 0


class CheckFinished(Event):
    """The comparison is done; `report` is the blob of the check report."""

    AGGREGATE, TYPE = "check", "check.finished.v1"
    job_id: Id
    verdict: Verdict
    report: Digest


class CheckFailed(Event):
    """The comparison could not be done. Terminal."""

    AGGREGATE, TYPE = "check", "check.failed.v1"
    job_id: Id
    problem: Digest


class ShipmentPacked(Event):
    """The bag is a blob, ready to be fetched; `record` is what was to be packed."""

    AGGREGATE, TYPE, ID_FIELD = "package", "package.packed.v1", "shipment_id"
    shipment_id: Id
    package: Digest
    record: Digest | None = None


class PackingFailed(Event):
    """The bag cannot be packed. Terminal."""

    AGGREGATE, TYPE, ID_FIELD = "package", "package.failed.v1", "shipment_id"
    shipment_id: Id
    problem: Digest


class CompendiumChanged(Event):
    """A compendium came further; `ready` and `rejected` are terminal."""

    AGGREGATE, TYPE, ID_FIELD = "compendium", "compendium.changed.v1", "compendium_id"
    compendium_id: Id
    status: CompendiumStatus
    candidate: bool = True


class CompendiumPublished(Event):
    """A compendium is public from now on; `snapshot` is the document that its public history begins with."""

    AGGREGATE, TYPE, ID_FIELD = "compendium", "compendium.published.v1", "compendium_id"
    compendium_id: Id
    snapshot: Digest


class CompendiumDeleted(Event):
    """A compendium is gone. Terminal."""

    AGGREGATE, TYPE, ID_FIELD = "compendium", "compendium.deleted.v1", "compendium_id"
    compendium_id: Id


class WebhookTested(Event):
    """The owner of a webhook asked for a test of it. It goes to this webhook only, never to a stream."""

    AGGREGATE, TYPE, ID_FIELD = "webhook", "webhook.tested.v1", "webhook_id"
    webhook_id: Id


class JobChanged(Event):
    """A job came further; `steps` holds the steps whose state changed."""

    AGGREGATE, TYPE = "job", "job.changed.v1"
    job_id: Id
    compendium_id: Id
    status: JobStatus
    steps: dict[StepName, StepStatus] = Field(default_factory=dict)
    repeats_id: Id | None = None
    """The job that this one repeats: its verdict compares two runs of the service, not a run with the publication."""


class JobEnded(JobChanged):
    """A job came to its end: the one terminal event that every accepted job gets."""

    TYPE = "job.ended.v1"

    verdict: Verdict
    log_chunks: dict[StepName, int] = Field(default_factory=dict)
