"""What was found about one thing that the service needs."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict


class State(StrEnum):
    """How the thing is; only the last keeps the service from working."""

    FINE = "fine"
    NOTE = "note"
    MISSING = "missing"


class Finding(BaseModel):
    """One thing: its name, how it is, what was found, and how to mend it (empty when there is nothing to mend)."""

    model_config = ConfigDict(frozen=True)

    name: str
    state: State
    found: str
    mend: str = ""


def fine(name: str, found: str) -> Finding:
    """Return that the thing is there."""
    return Finding(name=name, state=State.FINE, found=found)


def note(name: str, found: str, mend: str) -> Finding:
    """Return that the service works, but something should be known."""
    return Finding(name=name, state=State.NOTE, found=found, mend=mend)


def missing(name: str, found: str, mend: str) -> Finding:
    """Return that the service does not work without this."""
    return Finding(name=name, state=State.MISSING, found=found, mend=mend)
