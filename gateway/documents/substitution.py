"""Substitutions."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from erc.gateway.documents.document import Document


class FilePair(Document):
    """A file of the base and the file of the overlay that takes its place."""

    base: str
    overlay: str


class NewSubstitution(Document):
    """What to make: the code of `base` with data of `overlay`."""

    base: str = Field(pattern=r"^[0-9a-z]{26}$")
    overlay: str = Field(pattern=r"^[0-9a-z]{26}$")
    files: list[FilePair] = Field(min_length=1, max_length=100, alias="substitutionFiles")
    handling: Literal["keepBase", "extract", "extractAndMerge"] = Field("keepBase", alias="metadataHandling")


class Made(Document):
    """The id of the new compendium."""

    id: str


class Identifiers(Document):
    """Compendia that were made by substitution, newest first."""

    results: list[str]
