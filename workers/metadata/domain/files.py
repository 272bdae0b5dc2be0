"""A workspace as the describer sees it: paths, bounded reading, and the warnings that arise on the way."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePosixPath

from erc.schemas.limits import MIB
from erc.schemas.workspace import Entry, Manifest
from erc.workers.code.text import clean, decode

CODE_BYTES = 8 * MIB
NOTEBOOK_BYTES = 32 * MIB
ERC_YML_BYTES = MIB
TOTAL_BYTES = 128 * MIB
"""All that one description reads."""
MAX_WARNINGS = 100

_FOREIGN = {"__pycache__", "__MACOSX", "node_modules", "packrat", "renv", "site-packages", "venv"}


class Files:
    """The workspace's files, without those of tools (`.git`, `renv`, …), and the warnings so far."""

    def __init__(self, manifest: Manifest, read: Callable[[Entry], bytes]) -> None:
        self.manifest = manifest
        self._read, self._left = read, TOTAL_BYTES
        self.paths = [entry.path for entry in manifest.entries() if not _foreign(entry.path)]
        self._warnings: dict[str, None] = {}

    @property
    def warnings(self) -> list[str]:
        """The warnings in the order in which they arose, each once."""
        return list(self._warnings)

    def warn(self, sentence: str) -> None:
        """Keep a sentence for the author; the hundred-and-first is not kept."""
        if len(self._warnings) < MAX_WARNINGS:
            self._warnings[clean(sentence, 1000)] = None

    def with_suffix(self, *suffixes: str) -> list[str]:
        """Return the paths that end so (lower case, with the dot), ordered."""
        return [path for path in self.paths if suffix(path) in suffixes]

    def data(self, path: str, limit_bytes: int = CODE_BYTES) -> bytes | None:
        """Return the file's bytes, or None when there is no such file or (with a warning) when it is too large."""
        entry = self.manifest.get(path)
        if entry is None:
            return None
        if entry.size_bytes > min(limit_bytes, self._left):
            self.warn(f"“{path}” is too large to be read for metadata ({entry.size_bytes} bytes, {limit_bytes} may be)")
            return None
        self._left -= entry.size_bytes
        return self._read(entry)[:limit_bytes]

    def text(self, path: str, limit_bytes: int = CODE_BYTES) -> str | None:
        """Return the file's text, or None as `data` does; warns when it is not UTF-8."""
        data = self.data(path, limit_bytes)
        if data is None:
            return None
        text, encoding = decode(data)
        if encoding != "utf-8":
            self.warn(f"“{path}” is not UTF-8; it was read as {encoding}. Save it as UTF-8")
        return text

    def beside(self, path: str, name: str) -> str:
        """Return the path of the file that is called `name` from the folder of `path`, else from the top; or ''."""
        for folder in (folder_of(path), ""):
            if (found := joined(folder, name)) and found in self.manifest:
                return found
        return ""


def suffix(path: str) -> str:
    """Return the path's suffix with its dot, in lower case."""
    return PurePosixPath(path).suffix.lower()


def stem(path: str) -> str:
    """Return the file's name without folder and suffix."""
    return PurePosixPath(path).stem


def folder_of(path: str) -> str:
    """Return the folder that holds the file; the top is ''."""
    return path.rpartition("/")[0]


def joined(folder: str, name: str) -> str:
    """Return the path that code in `folder` means by `name`, following `.` and `..`; '' when it leaves the workspace.

    An absolute name under `/erc`, where workspaces are mounted, is one of the workspace.
    """
    if name.startswith("/erc/"):
        folder, name = "", name.removeprefix("/erc/")
    if not name or name.startswith(("/", "~")) or len(name) > 4096 or "\0" in name:
        return ""
    parts = folder.split("/") if folder else []
    for part in name.split("/"):
        if part == "..":
            if not parts:
                return ""
            parts.pop()
        elif part not in {"", "."}:
            parts.append(part)
    return "/".join(parts)


def _foreign(path: str) -> bool:
    return any(part.startswith(".") or part in _FOREIGN for part in path.split("/")[:-1])
