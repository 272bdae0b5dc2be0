"""The bind mounts that `erc.yml` names (`execution.bind_mounts`): files of the workspace in the place of others.

They are honoured in the manifest: the file at the destination *is* the source's blob. A run sees what a mount would
show it, nothing is copied, and what a run writes there stays in its own copy.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from erc.schemas.workspace import Entry, Manifest

ROOT = "/erc/"
"""Where the workspace lies in a run."""
_MOST = 1000


class BindError(ValueError):
    """A bind mount that cannot be: a sentence for its author."""


def bound(manifest: Manifest, document: Any) -> Manifest:
    """Return the workspace as its configuration binds it, in the order of the list; raises BindError.

    `document` is the parsed `erc.yml`; one without bind mounts changes nothing.
    """
    for source, destination in _mounts(document):
        found = _under(manifest, source)
        if not found:
            raise BindError(f"the workspace has no {_shown(source)}, which execution.bind_mounts names")
        entries = [entry.model_copy(update={"path": f"{destination}{entry.path[len(source) :]}"}) for entry in found]
        manifest = manifest.without(entry.path for entry in _under(manifest, destination)).with_entries(entries)
    return manifest


def _mounts(document: Any) -> list[tuple[str, str]]:
    execution = document.get("execution") if isinstance(document, Mapping) else None
    mounts = execution.get("bind_mounts") if isinstance(execution, Mapping) else None
    if mounts is None:
        return []
    if not isinstance(mounts, list) or len(mounts) > _MOST:
        raise BindError(f"execution.bind_mounts is not a list of at most {_MOST} mounts")
    return [_mount(mount) for mount in mounts]


def _mount(mount: Any) -> tuple[str, str]:
    source = mount.get("source") if isinstance(mount, Mapping) else None
    destination = mount.get("destination") if isinstance(mount, Mapping) else None
    if not isinstance(source, str) or not isinstance(destination, str):
        raise BindError("each of execution.bind_mounts needs a source and a destination")
    if not destination.startswith(ROOT):
        raise BindError(f"{_shown(destination)} is no destination below {ROOT}")
    return _relative(source.removeprefix("./")), _relative(destination.removeprefix(ROOT))


def _relative(path: str) -> str:
    path = path.rstrip("/")
    if any(part in {"", ".", ".."} for part in path.split("/")):
        raise BindError(f"{_shown(path)} is no path within the workspace")
    return path


def _under(manifest: Manifest, path: str) -> list[Entry]:
    """Return the file of this path, or the files of the folder."""
    entry = manifest.get(path)
    return [entry] if entry else [entry for entry in manifest.entries() if entry.path.startswith(f"{path}/")]


def _shown(path: str) -> str:
    return f"“{path[:100]}”"
