"""What the shell, the system and programs of every language say when they fail."""

from __future__ import annotations

from erc.schemas.diagnosis import Cause
from erc.workers.diagnosis.rule import Mend, rule

RULES = (
    rule(
        Cause.DISK,
        r"No space left on device|Disk quota exceeded",
        "The script wrote more than a run may write.",
        "Write fewer or smaller files, or remove what is not needed.",
        subject=0,
    ),
    rule(
        Cause.LICENCE_KEY,
        r"(?i)(?:no|invalid|expired|missing|cannot find|could not find)(?: a| valid| the)? ?([a-z]{0,20}) ?"
        r"licen[cs]e(?: key| file| found)?\b",
        "A program asks for a licence.",
        "Use a program that runs without one, or ship the results that need it.",
        subject=0,
    ),
    rule(
        Cause.LICENCE_KEY,
        r"(?i)(?:API[ _-]?key|access token|api_token)s? (?:is |was |are )?(?:missing|required|must be|"
        r"not (?:set|found|provided))|(?:no|missing|provide an?|set (?:an?|your)|need an?) API[ _-]?key",
        "The script asks for a key of a service, which no run has.",
        "Put what it fetches with it into the workspace, and let the analysis begin there.",
        subject=0,
    ),
    rule(
        Cause.NEEDS_NETWORK,
        r"(?:fatal: unable to access|curl: \(6\)|wget: unable to resolve host address) ?['‘\"]?([^\s'’\":]{0,300})",
        "The script asks the network for {0}.",
        "A run has no network. Put what it fetches into the workspace, and read it from there.",
    ),
    rule(
        Cause.MISSING_PROGRAM,
        r"FileNotFoundError: \[Errno 2\] No such file or directory: '([a-z][A-Za-z0-9+_-]{0,40})'",
        "The program or file {0} is not there.",
        "If it is a program, name the Debian package that holds it in apt.txt; else add the file to the workspace.",
        mend=Mend.SYSTEM,
    ),
    rule(
        Cause.MISSING_PROGRAM,
        r"(?:^|[\s:])(?:\d+: )?([A-Za-z0-9._+-]{1,60}): (?:command )?not found\s*$",
        "The program {0} is not in the environment.",
        "Name the Debian package that holds it in apt.txt.",
        mend=Mend.SYSTEM,
    ),
    rule(
        Cause.PERMISSION,
        r"Permission denied(?::? ['‘\"]?([^'’\"]{1,300}))?|Read-only file system(?::? ['‘\"]?([^'’\"]{1,300}))?",
        "The script may not write or read there.",
        "Write into the workspace only; everything else is read-only in a run.",
        subject=0,
    ),
    rule(
        Cause.OUT_OF_MEMORY,
        r"^(?:Killed|Cannot allocate memory)|\bCannot allocate memory\b",
        "The script ran out of memory.",
        "Read or keep less data at once.",
        subject=0,
    ),
)
"""In the order of trying, for one line."""
