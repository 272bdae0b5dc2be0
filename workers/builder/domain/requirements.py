"""Reads an author's `requirements.txt` so that only names and versions reach pip."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from erc.events.errors import Rejected
from erc.workers.builder.domain.packages import Requirement, parse_requirement

LIMIT_BYTES = 256 * 1024
LIMIT_LINES = 2000


class Declared(NamedTuple):
    """A requirement and where it was written: `requirements.txt:3`."""

    requirement: Requirement
    source: str


def read_requirements(path: str, content: bytes) -> tuple[list[Declared], list[str]]:
    """Return the usable requirements of a file in its order, and one note for each line that is left out.

    Options (`-r`, `--index-url`), addresses, paths and anything with a variable are left out: they would let a
    file choose where packages come from. Raises `Rejected` when the file is too long.
    """
    if len(content) > LIMIT_BYTES or content.count(b"\n") > LIMIT_LINES:
        raise Rejected(
            f"{path} is too long",
            f"At most {LIMIT_LINES} lines and {LIMIT_BYTES // 1024} KiB are read. List the packages that you import.",
            code="requirements_too_long",
        )
    declared, notes = [], []
    for number, line in _logical_lines(content.decode("utf-8-sig", errors="replace")):
        bare, _, options = line.partition(" --")
        requirement = parse_requirement(bare)
        if requirement is None:
            notes.append(f"{path}:{number} is not used: only package names with versions are taken over.")
            continue
        if options:
            notes.append(f"{path}:{number}: the options after the version are not used.")
        declared.append(Declared(requirement, f"{path}:{number}"))
    return declared, notes


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield the lines that say something, with their number, as pip joins them and without comments."""
    pending, start = "", 0
    for number, line in enumerate(text.splitlines(), start=1):
        start = start if pending else number
        if line.endswith("\\"):
            pending += line[:-1] + " "
            continue
        whole = re.sub(r"(^|\s)#.*$", "", pending + line).strip()
        pending = ""
        if whole:
            yield start, whole
    if pending.strip():
        yield start, pending.strip()
