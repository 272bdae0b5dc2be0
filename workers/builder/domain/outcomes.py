"""The events that tell what came of a command of the builder's. Pure."""

from __future__ import annotations

from erc.events.catalog import EnvironmentFailed, EnvironmentReady, ImageSaved, PrepareEnvironment, SaveImage
from erc.events.errors import GIVEN_UP, Rejected
from erc.schemas.ids import Digest
from erc.schemas.job import StepName
from erc.workers.builder.domain.complete import Invalid
from erc.workers.builder.domain.rules import Built


def ready(command: PrepareEnvironment, key: Digest, built: Built) -> EnvironmentReady:
    """Return the event of an environment that is there."""
    return EnvironmentReady(
        job_id=command.job_id,
        image_id=built.image_id,
        environment_key=key,
        cached=True,
        image=built.image,
        evidence=built.evidence,
    )


def prepare_failed(command: PrepareEnvironment, problem: Digest, error: Rejected | None) -> EnvironmentFailed:
    """Return the terminal event of an environment that cannot be made."""
    step = StepName.VALIDATE_COMPENDIUM if isinstance(error, Invalid) else StepName.GENERATE_MANIFEST
    if error and error.problem.code in GIVEN_UP:
        step = StepName.IMAGE_BUILD
    return EnvironmentFailed(job_id=command.job_id, step=step, problem=problem)


def save_failed(command: SaveImage, problem: Digest, _error: Rejected | None) -> ImageSaved:
    """Return the last event of an image that could not be saved."""
    return ImageSaved(job_id=command.job_id, problem=problem)
