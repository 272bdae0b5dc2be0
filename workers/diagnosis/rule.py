"""A rule: what a line of a log looks like, and what it means."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from erc.schemas.diagnosis import Cause


class Mend(Enum):
    """Which file of the environment a failure is mended in."""

    NONE = ""
    PYTHON = "python"
    R = "r"
    SYSTEM = "system"


@dataclass(frozen=True)
class Rule:
    """A pattern searched in single lines; `{0}` … in the texts are its groups.

    Patterns are matched against lines of bounded length and have no nested repetition.
    """

    cause: Cause
    pattern: re.Pattern[str]
    sentence: str
    advice: str = ""
    subject: int = 1
    """Number of the group that names the subject; 0 for none."""
    mend: Mend = Mend.NONE


def rule(cause: Cause, pattern: str, sentence: str, advice: str = "", subject: int = 1, mend: Mend = Mend.NONE) -> Rule:
    """Return a rule of this pattern."""
    return Rule(cause, re.compile(pattern), sentence, advice, subject, mend)
