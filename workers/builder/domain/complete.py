"""Completes a workspace: its plan, the runtime manifest, and an `erc.yml` where it has none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import yaml

from erc.events.blobs import BlobStore, put_document
from erc.events.errors import Rejected
from erc.schemas.environment import Plan
from erc.schemas.ids import Digest
from erc.schemas.metadata import Description
from erc.schemas.workspace import Entry, Manifest
from erc.workers.builder.domain.binds import BindError, bound
from erc.workers.builder.domain.configuration import configuration, validate_configuration
from erc.workers.builder.domain.dockerfile import dockerfile
from erc.workers.builder.domain.plan import plan as make_plan

CONFIGURATION, RUNTIME_MANIFEST = "erc.yml", "Dockerfile"
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


class Invalid(Rejected):
    """The configuration is at fault: the step `validate_compendium` fails."""


def draft(blobs: BlobStore, workspace: Digest, described: Digest) -> Draft:
    """Return the plan for a workspace by its manifest and description; raises Rejected, Invalid for its `erc.yml`."""
    manifest = _bound(blobs, Manifest.parse(blobs.read(workspace)))
    description = Description.model_validate_json(blobs.read(described))
    return Draft(manifest, description, make_plan(description, manifest, lambda path: _read(blobs, manifest, path)))


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
