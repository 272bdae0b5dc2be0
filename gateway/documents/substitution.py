"""Substitutions."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field


class FilePair(BaseModel):
    """A file of the base and the file of the overlay that takes its place."""

    base: str
    overlay: str


class NewSubstitution(BaseModel):
    """What to make: the code of `base` with data of `overlay`."""

    base: str = Field(pattern=r"^[0-9a-z]{26}$")
    overlay: str = Field(pattern=r"^[0-9a-z]{26}$")
    files: list[FilePair] = Field(min_length=1, max_length=100, alias="substitutionFiles")
    handling: Literal["keepBase", "extract", "extractAndMerge"] = Field("keepBase", alias="metadataHandling")


class Made(BaseModel):
    """The id of what was made."""

    id: str


class Identifiers(BaseModel):
    """Ids, newest first."""

    results: list[str]
