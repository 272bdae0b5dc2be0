"""The phases of a build, and the one line of its log that begins each."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import NamedTuple

_LINE = re.compile(r"\[erc phase=([a-z_]{1,40}) step=(\d{1,6})/(\d{1,6})\]")
_STEP = re.compile(r"Step (\d{1,6})/(\d{1,6}) : ")


class Phase(StrEnum):
    """What a build is at."""

    BASE = "base"
    SYSTEM_PACKAGES = "system_packages"
    PYTHON_PACKAGES = "python_packages"
    ASSEMBLY = "assembly"
    SCRIPTS = "scripts"
    EVIDENCE = "evidence"


class Mark(NamedTuple):
    """A line that begins a phase: the phase, and the step of the runtime manifest that it begins with."""

    phase: str
    step: int
    steps: int


def mark(phase: Phase, step: int = 0, steps: int = 0) -> str:
    """Return the line that begins a phase in a log."""
    return f"[erc phase={phase} step={step}/{steps}]"


def read_mark(line: str) -> Mark | None:
    """Return what a line of a log begins, None when it is any other line."""
    match = _LINE.fullmatch(line.strip())
    return Mark(match[1], int(match[2]), int(match[3])) if match else None


def read_step(line: str) -> tuple[int, int] | None:
    """Return number and count of the step that the engine begins with this line."""
    match = _STEP.match(line)
    return (int(match[1]), int(match[2])) if match else None
