"""Substitution: a new compendium from the code of one, the base, with data of another, the overlay. Pure.

Nothing is copied: the new workspace is a manifest that names blobs of both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from erc.gateway.identifiers import is_text
from erc.schemas.compendium import Substitution, SubstitutionFile
from erc.schemas.workspace import Entry, Manifest

CONFIGURATION = "erc.yml"
CLASH = "overlay_"
MOST_FILES = 100
HANDLINGS = ("keepBase", "extract", "extractAndMerge")


class SubstitutionError(ValueError):
    """What is asked for cannot be done: the o2r service's text, and how to mend it."""

    def __init__(self, error: str, detail: str = "") -> None:
        super().__init__(error)
        self.error, self.detail = error, detail


@dataclass(frozen=True)
class Pair:
    """A file of the base, and the file of the overlay that takes its place; paths within the workspaces."""

    base: str
    overlay: str


def pairs_of(given: Any) -> list[Pair]:
    """Return the pairs that a request names; raises SubstitutionError."""
    if not isinstance(given, list) or not given:
        raise SubstitutionError("substitution files missing", "Give at least one pair of files: {base, overlay}.")
    if len(given) > MOST_FILES:
        raise SubstitutionError("too many substitution files", f"At most {MOST_FILES} files can be substituted.")
    pairs = [Pair(_path(one, "base"), _path(one, "overlay")) for one in given]
    if len({pair.base for pair in pairs}) < len(pairs):
        raise SubstitutionError("a base file is substituted twice", "Name each file of the base once.")
    return pairs


def _path(pair: Any, side: str) -> str:
    path = pair.get(side) if isinstance(pair, dict) else None
    if not isinstance(path, str) or not path or not is_text(path):
        raise SubstitutionError(
            f"{side} file is undefined", "Each pair names a file of the base and one of the overlay."
        )
    return path


def placed(
    base: Manifest, overlay: Manifest, pairs: Sequence[Pair], display: str
) -> tuple[list[SubstitutionFile], Manifest]:
    """Return where each file of the overlay lies, at the root, and the base's workspace with them.

    A file keeps its base name; one that is taken gets `overlay_` before it until it is free. Raises SubstitutionError.
    """
    files, manifest = [], base
    for pair in pairs:
        _substitutable(base, pair.base, display)
        entry = overlay.get(pair.overlay)
        if entry is None:
            raise SubstitutionError(f'overlay file "{pair.overlay}" does not exist', "It is a path of the overlay.")
        name = pair.overlay.rsplit("/", 1)[-1]
        while name in manifest or _is_folder(manifest, name):
            name = f"{CLASH}{name}"
        manifest = manifest.with_entries([entry.model_copy(update={"path": name})])
        files.append(SubstitutionFile(base=pair.base, overlay=pair.overlay, filename=name))
    return files, manifest


def _substitutable(base: Manifest, path: str, display: str) -> None:
    if path not in base:
        raise SubstitutionError(f'base file "{path}" does not exist', "It is a path of the base.")
    if path in {CONFIGURATION, display}:
        detail = "erc.yml is written anew, and the display is what the new run is compared with."
        raise SubstitutionError(f'base file "{path}" cannot be substituted', detail)


def _is_folder(manifest: Manifest, name: str) -> bool:
    return any(entry.path.startswith(f"{name}/") for entry in manifest.entries())


def configured(content: bytes, identifier: str, files: Sequence[SubstitutionFile]) -> bytes:
    """Return the base's `erc.yml` with the new id and the bind mounts of a substitution; raises SubstitutionError."""
    try:
        document = yaml.safe_load(content)
        if not isinstance(document, dict):
            raise SubstitutionError("the configuration file of the base cannot be read", "erc.yml is no mapping.")
        execution = document.get("execution")
        kept = execution if isinstance(execution, dict) else {}
        before = kept.get("bind_mounts")
        mounts = before if isinstance(before, list) else []
        binds = [{"source": file.filename, "destination": f"/erc/{file.base}"} for file in files]
        document |= {"id": identifier, "execution": {**kept, "bind_mounts": [*mounts, *binds]}}
        return yaml.safe_dump(document, sort_keys=False, allow_unicode=True).encode()
    except (yaml.YAMLError, RecursionError, UnicodeError) as error:
        raise SubstitutionError("the configuration file of the base cannot be read", str(error)[:200]) from error


def with_configuration(manifest: Manifest, digest: str, size_bytes: int) -> Manifest:
    """Return the workspace with its new `erc.yml`."""
    entry = Entry(path=CONFIGURATION, digest=digest, size_bytes=size_bytes, media_type="text/yaml")
    return manifest.with_entries([entry])


def metadata_of(base: dict[str, Any], substitution: Substitution) -> dict[str, Any]:
    """Return the metadata of the base, with how the new compendium was made."""
    said = {
        "base": substitution.base,
        "overlay": substitution.overlay,
        "substitutionFiles": [file.model_dump() for file in substitution.files],
        "metadataHandling": substitution.handling,
    }
    return {**base, "substitution": said}
