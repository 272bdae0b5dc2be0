"""The file tree of the o2r web API."""

from __future__ import annotations

from typing import Any

from erc.schemas.media import listed_type
from erc.schemas.workspace import Entry, Manifest

REPORT, REPORT_PAGE = "check.json", "check.html"
REPORTS = frozenset({REPORT, REPORT_PAGE})
"""Where the report of a job's check is served among the files of its run."""


def served(address: str, path: str) -> str:
    """Return the address of a file; what a run itself calls as a report is called is told apart from that."""
    own = path in REPORTS and address.startswith("/api/v1/job/")
    return f"{address}/{path}?made=true" if own else f"{address}/{path}"


def file_tree(address: str, name: str, manifest: Manifest) -> dict[str, Any]:
    """Return the files as the reference's tree: folders with `children` and summed sizes, files with type and size.

    `address` is where the files are served, `name` the root's; files that begin with a dot are listed like others.
    """
    root = _folder(address, name)
    folders = {"": root}
    for entry in manifest.entries():
        above = root
        above["size"] += entry.size_bytes
        *parents, leaf = entry.path.split("/")
        for depth, parent in enumerate(parents, 1):
            path = "/".join(parents[:depth])
            if path not in folders:
                folders[path] = _folder(f"{address}/{path}", parent)
                above["children"].append(folders[path])
            above = folders[path]
            above["size"] += entry.size_bytes
        above["children"].append(_file(address, leaf, entry))
    return root


def _folder(path: str, name: str) -> dict[str, Any]:
    return {"path": path, "name": name, "children": [], "size": 0, "type": "directory"}


def _file(address: str, name: str, entry: Entry) -> dict[str, Any]:
    return {
        "path": served(address, entry.path),
        "name": name,
        "size": entry.size_bytes,
        "extension": f".{name.rsplit('.', 1)[1].lower()}" if "." in name.lstrip(".") else "",
        "type": listed_type(entry.path),
    }
