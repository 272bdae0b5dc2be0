"""Variables of an environment or of a run: which may be set, and those of a run as they are kept. Pure."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict

from erc.schemas.ids import Digest

MOST, MAX_VALUE = 100, 1000
"""How many variables there may be, and how many characters the value of one may have."""
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")
_RESERVED = re.compile(
    r"PATH|HOME|USER|SHELL|LD_.*|PYTHONHOME|PYTHONSTARTUP|BASH_ENV|ENV|IFS|.*_PROXY|PIP_.*", re.IGNORECASE
)


def is_variable(name: str, value: str) -> bool:
    """Return whether an environment variable may be set: no name that programs trust, a value of one line."""
    good = _VARIABLE.fullmatch(name) and not _RESERVED.fullmatch(name)
    return bool(good) and len(value) <= MAX_VALUE and value.isprintable()


def _checked(values: dict[str, str]) -> dict[str, str]:
    """Return variables in the order of their names; raises ValueError with what to change."""
    if len(values) > MOST:
        raise ValueError(f"at most {MOST} variables can be set")
    for name, value in values.items():
        if not is_variable(name, value):
            shown = "".join(character if character.isprintable() else "?" for character in name[:60])
            raise ValueError(
                f"“{shown}” cannot be set: take a name of letters, digits and _ that programs do not trust (PATH, "
                f"HOME, LD_… are such), and a value of one line, at most {MAX_VALUE} characters"
            )
    return dict(sorted(values.items()))


Variables = Annotated[dict[str, str], AfterValidator(_checked)]
"""Values by name; they are kept and shown, and no place for secrets."""


class Setting(BaseModel):
    """Variables as a document of their own."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    values: Variables


class RunVariables(Setting):
    """The variables of a run, and the blob of the document (`Setting`) that hands them over."""

    kept: Digest
