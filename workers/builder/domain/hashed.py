"""Reads the requirements of a plan: packages with versions, and the digests of their files where all are locked."""

from __future__ import annotations

import re
from typing import NamedTuple

from erc.workers.builder.domain.packages import parse_requirement

_HASH = re.compile(r"sha(?:256:[0-9a-f]{64}|384:[0-9a-f]{96}|512:[0-9a-f]{128})")


class Hashed(NamedTuple):
    """What is handed to pip."""

    lines: list[str]
    hashed: bool
    """Whether every line tells the digests of its files, so that pip takes no others."""


def pip_lines(text: str) -> Hashed:
    """Return the lines of a plan's requirements in their safe form; raises ValueError with a line that is none.

    pip checks either all packages or none: digests that only some lines have are left out.
    """
    read = [_line(line) for line in text.splitlines() if line.strip()]
    if read and all(hashes for _, hashes in read):
        joined = (" ".join([requirement, *(f"--hash={one}" for one in hashes)]) for requirement, hashes in read)
        return Hashed(list(joined), hashed=True)
    return Hashed([requirement for requirement, _ in read], hashed=False)


def _line(line: str) -> tuple[str, list[str]]:
    bare, *options = re.split(r"\s+--hash[=\s]", line)
    hashes = [option.strip() for option in options]
    requirement = parse_requirement(bare)
    if requirement is None or not all(_HASH.fullmatch(one) for one in hashes):
        raise ValueError(line)
    return requirement.line, hashes
