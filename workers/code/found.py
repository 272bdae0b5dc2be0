"""What one file's code says: packages, names of files, and the header above it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from erc.schemas.metadata import Dependency


@dataclass
class Found:
    """Findings in one file or in several; `merge` adds those of another file."""

    header: dict[str, Any] = field(default_factory=dict)
    """Metadata under the names of an R Markdown header: title, author, date, …"""
    dependencies: list[Dependency] = field(default_factory=list)
    literals: list[str] = field(default_factory=list)
    """Texts in the code that may be names of files."""
    outputs: list[str] = field(default_factory=list)
    """Texts that a writing call takes: names of files that a run makes."""
    modules: list[str] = field(default_factory=list)
    """Files of the workspace that may be imported, as paths relative to the importing file."""
    warnings: list[str] = field(default_factory=list)

    def merge(self, other: Found) -> None:
        """Add the other file's findings, but not its header."""
        self.dependencies += other.dependencies
        self.literals += other.literals
        self.outputs += other.outputs
        self.modules += other.modules
        self.warnings += other.warnings


def may_be_path(text: str) -> bool:
    """Tell whether a text in code may name a file."""
    return 0 < len(text) <= 1000 and text.isprintable()
