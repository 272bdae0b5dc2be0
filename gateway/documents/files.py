"""Lists of files."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, NonNegativeInt


class FileNode(BaseModel):
    """A file: where it is served, its name, its size in bytes, its extension with the dot, its media type."""

    path: str
    name: str
    size: NonNegativeInt
    extension: str
    type: str


class FolderNode(BaseModel):
    """A folder: its files and folders, and the sum of their sizes in bytes."""

    path: str
    name: str
    children: list[FolderNode | FileNode]
    size: NonNegativeInt
    type: Literal["directory"]
