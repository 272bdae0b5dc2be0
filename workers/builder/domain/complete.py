"""Completes a workspace: its plan, the runtime manifest, and an `erc.yml` where it has none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import yaml

from erc.events.blobs import BlobStore, put_document, read_document
from erc.events.errors import Rejected
from erc.schemas.environment import Plan
from erc.schemas.ids import Digest
from erc.schemas.metadata import Description
from erc.schemas.problem import FailedBuild
from erc.schemas.workspace import Entry, Manifest
from erc.workers.builder.domain.binds import BindError, bound
from erc.workers.builder.domain.configuration import configuration, validate_configuration
from erc.workers.builder.domain.dockerfile import dockerfile
from erc.workers.builder.domain.plan import plan as make_plan
from erc.workers.builder.domain.saved_image import NoImage, read_saved, unusable

CONFIGURATION, RUNTIME_MANIFEST = "erc.yml", "Dockerfile"
IMAGE = "image.tar"
"""Where a compendium carries the image of its environment."""
_FILE_BYTES = 32 << 20


@dataclass(frozen=True)
class Draft:
    """A workspace as it came, and the environment that is planned for it."""

    manifest: Manifest
    description: Description
    plan: Plan


@dataclass(frozen=True)
class Completed:
    """A workspace with everything that the ERC specification asks for."""

    manifest: Digest
    plan: Plan
    plan_digest: Digest
    configuration_made: bool
    runtime_manifest_made: bool


@dataclass(frozen=True)
class Outline:
    """What a workspace needs, in short: the blob of its plan, and that of the image that it may bring with it."""

    plan: Digest
    image: Digest | None


class Invalid(Rejected):
    """The configuration is at fault: the step `validate_compendium` fails."""

    def __reduce__(self) -> tuple[type[Rejected], tuple[str, str, str, FailedBuild | None]]:
        """Come back from a child process as what it is."""
        return Invalid, super().__reduce__()[1]


def draft(blobs: BlobStore, workspace: Digest, described: Digest) -> Draft:
    """Return the plan for a workspace by its manifest and description; raises Rejected, Invalid for its `erc.yml`."""
    manifest, description = _opened(blobs, workspace, described)
    return Draft(manifest, description, make_plan(description, manifest, lambda path: _read(blobs, manifest, path)))


def outline(blobs: BlobStore, workspace: Digest, described: Digest, platform: str) -> Outline:
    """Keep the plan for a workspace and return what it needs.

    Raises like `draft`, and `Rejected` when it brings an image that cannot run here. `platform`: of this service, or
    empty where what is brought is not used.
    """
    drafted = draft(blobs, workspace, described)
    carried = drafted.manifest.get(IMAGE) if platform else None
    image = carried.digest if carried and _runs(blobs, carried.digest, platform) else None
    return Outline(put_document(blobs, drafted.plan), image)


def _runs(blobs: BlobStore, image: Digest, platform: str) -> bool:
    """Return whether it is an image and runs on a platform; raises `Rejected` for an image that does not."""
    try:
        with blobs.open(image) as file:
            saved = read_saved(file)
    except NoImage as error:
        raise unusable(str(error)) from error
    if saved and saved.platform != platform:
        raise unusable(f"it is for {saved.platform}, and this service runs {platform}")
    return saved is not None


def drafted(blobs: BlobStore, workspace: Digest, described: Digest, plan: Digest) -> Draft:
    """Return what `draft` returned, by the plan that was kept of it; raises like `draft`."""
    manifest, description = _opened(blobs, workspace, described)
    return Draft(manifest, description, read_document(blobs, plan, Plan))


def _opened(blobs: BlobStore, workspace: Digest, described: Digest) -> tuple[Manifest, Description]:
    manifest = _bound(blobs, Manifest.parse(blobs.read(workspace)))
    return manifest, Description.model_validate_json(blobs.read(described))


def complete(blobs: BlobStore, draft: Draft, compendium_id: str, base: str) -> Completed:
    """Return the completed workspace, its plan standing on a base image of this name; raises like `draft`."""
    manifest, description, plan = draft.manifest, draft.description, draft.plan
    made = [
        _entry(blobs, path, content)
        for path, content in (
            (CONFIGURATION, configuration(description, compendium_id)),
            (RUNTIME_MANIFEST, dockerfile(plan, base)),
        )
        if path not in manifest
    ]
    completed = manifest.with_entries(made)
    _validate(_read(blobs, completed, CONFIGURATION))
    return Completed(
        manifest=blobs.put(completed.document()),
        plan=plan,
        plan_digest=put_document(blobs, plan),
        configuration_made=CONFIGURATION not in manifest,
        runtime_manifest_made=RUNTIME_MANIFEST not in manifest,
    )


def _bound(blobs: BlobStore, manifest: Manifest) -> Manifest:
    if CONFIGURATION not in manifest:
        return manifest
    try:
        return bound(manifest, _parsed(_read(blobs, manifest, CONFIGURATION)))
    except BindError as error:
        raise Invalid("erc.yml binds what is not there", f"{error}.", "erc_yml_invalid") from error


def _parsed(content: bytes) -> Any:
    try:
        return yaml.safe_load(content)
    except (yaml.YAMLError, RecursionError) as error:
        raise Invalid("erc.yml is not valid YAML", str(error), "erc_yml_invalid") from error


def _validate(content: bytes) -> None:
    errors = validate_configuration(_parsed(content))
    if errors:
        raise Invalid("erc.yml is not complete", "; ".join(errors) + ".", "erc_yml_invalid")


def _read(blobs: BlobStore, manifest: Manifest, path: str) -> bytes:
    entry = manifest.get(path)
    if entry is None:
        raise Rejected("A file is missing", f"The workspace has no {path}.", "file_missing")
    return blobs.read(entry.digest, _FILE_BYTES)


def _entry(blobs: BlobStore, path: str, content: str) -> Entry:
    data = content.encode()
    return Entry(path=path, digest=blobs.put(data), size_bytes=len(data), media_type="text/plain")
