"""Which names a member of an archive may have: rules that hold on every file system that may meet them later."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field

from erc.events.errors import Rejected
from erc.workers.loader.domain.refusals import shown

COMPONENT_BYTES = 255
PATH_BYTES = 1024
DEPTH = 64
UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Unicode categories that nobody sees but programs act on: control, format, surrogate, line and paragraph ends."""


def clean_path(name: str, *, folder: bool = False) -> str:
    """Return the path of a member, relative, with no `.` and no slash at its end; `""` is the root folder itself.

    Applying it to a path that it returned changes nothing. Raises `Rejected` (`archive_name`) with the reason.
    """
    parts = name.split("/")
    if folder and len(parts) > 1 and not parts[-1]:
        parts.pop()
    if parts[0] == "." and (folder or len(parts) > 1):
        parts.pop(0)
    reason = _fault_of_text(name) or _fault_of_parts(parts)
    if reason:
        raise Rejected(
            "A name in the archive cannot be used",
            f"{shown(name)} {reason}. Rename it and pack the archive again.",
            code="archive_name",
        )
    return "/".join(parts)


def _fault_of_text(name: str) -> str:
    if not (name.isascii() and name.isprintable()) and any(unicodedata.category(sign) in UNSEEN for sign in name):
        return "has control or invisible characters"
    if "\\" in name or ":" in name:
        return "has a backslash or a colon"
    if name.startswith("/"):
        return "is absolute; paths must be relative"
    if len(name.encode()) > PATH_BYTES:
        return f"is longer than {PATH_BYTES} bytes"
    return ""


def _fault_of_parts(parts: list[str]) -> str:
    if "" in parts:
        return "has an empty part (two slashes, or a slash at the end of a file's name)"
    if ".." in parts or "." in parts:
        return "has a part “.” or “..”"
    if len(parts) > DEPTH:
        return f"lies more than {DEPTH} folders deep"
    if any(len(part.encode()) > COMPONENT_BYTES for part in parts):
        return f"has a part of more than {COMPONENT_BYTES} bytes"
    return ""


def folded(part: str) -> str:
    """Return what a file system that ignores case and the way accents are written would compare."""
    if part.isascii():
        return part.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", part).casefold())


def left_out(path: str) -> str:
    """Return why a clean path is left out of every workspace (`macOS`, `git`), or `""`."""
    parts = path.split("/")
    if parts[0] == "__MACOSX" or parts[-1] == ".DS_Store":
        return "macOS"
    return "git" if ".git" in parts else ""


@dataclass(slots=True)
class _Node:
    name: str
    children: dict[str, _Node] | None
    """None for a file."""


@dataclass(slots=True)
class Tree:
    """The files and folders met so far, to find two that would fall on one another. `grow` is told of each new one."""

    grow: Callable[[], None]
    _top: dict[str, _Node] = field(default_factory=dict)

    def add(self, path: str, *, folder: bool = False) -> None:
        """Take in a clean path with its folders; raises `Rejected` (`archive_collision`)."""
        parts = path.split("/")
        children = self._top
        for number, part in enumerate(parts, start=1):
            wants_folder = folder or number < len(parts)
            node = children.get(folded(part))
            if node is None:
                self.grow()
                node = children[folded(part)] = _Node(part, {} if wants_folder else None)
            elif node.name != part or not wants_folder or node.children is None:
                raise _collision("/".join(parts[:number]), "/".join([*parts[: number - 1], node.name]))
            children = node.children if node.children is not None else {}

    def only_folder(self) -> str:
        """Return the name of the one folder in which everything lies, or `""`."""
        if len(self._top) != 1:
            return ""
        (node,) = self._top.values()
        return "" if node.children is None else node.name

    def empty_folders(self) -> list[str]:
        """Return the folders that hold nothing, in order."""
        found: list[str] = []
        waiting = [(node.name, node) for node in self._top.values()]
        while waiting:
            path, node = waiting.pop()
            if node.children == {}:
                found.append(path)
            waiting += [(f"{path}/{child.name}", child) for child in (node.children or {}).values()]
        return sorted(found)


def _collision(path: str, earlier: str) -> Rejected:
    detail = (
        f"{shown(path)} is there twice, or both as a file and as a folder."
        if path == earlier
        else f"{shown(path)} and {shown(earlier)} differ only in case or in how accents are written."
    )
    return Rejected(
        "Two files of the archive would have the same name",
        f"{detail} Rename or remove one of them and pack the archive again.",
        code="archive_collision",
    )
