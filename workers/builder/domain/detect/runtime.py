"""`runtime.txt` (as Binder reads it) and `.python-version`: the version of Python or R, and a day."""

from __future__ import annotations

import re
from datetime import date

from erc.workers.builder.domain.detect.asked import Asked, refused, shown
from erc.workers.builder.domain.detect.sources import Sources
from erc.workers.builder.domain.suites import Wish

_PYTHON = re.compile(r"(?:python-|cpython-)?(3(?:\.[0-9]{1,3}){1,2})")
_R = re.compile(
    r"r-(?:([0-9]{1,2}(?:\.[0-9]{1,2}){1,2})-)?([0-9]{4}-[0-9]{2}-[0-9]{2})|r-([0-9]{1,2}(?:\.[0-9]{1,2}){1,2})"
)
_MEND = "Write python-3.11, r-4.2, or r-4.2-2023-06-10."


def read_runtime(sources: Sources, path: str) -> Asked:
    """Return the version and day that the file asks for; raises Rejected when it says something else."""
    asked = Asked(path)
    for number, line in enumerate(sources.text(path).split("\n"), 1):
        word = line.partition("#")[0].strip().lower()
        if not word:
            continue
        if match := _PYTHON.fullmatch(word):
            asked.python = asked.python or Wish(match[1], path, number)
        elif match := _R.fullmatch(word):
            version = match[1] or match[3]
            asked.r = asked.r or (Wish(version, path, number) if version else None)
            asked.date = asked.date or (Wish(day(match[2], path, number), path, number) if match[2] else None)
        else:
            raise refused(path, number, f"{shown(word)} names no runtime that is known", _MEND, "runtime_unknown")
    return asked


def read_python_version(sources: Sources, path: str) -> Asked:
    """Return the version of a `.python-version`; one that is no CPython's is a note."""
    asked = Asked(path)
    for number, line in enumerate(sources.text(path).split("\n"), 1):
        word = line.partition("#")[0].strip()
        if not word:
            continue
        if match := _PYTHON.fullmatch(word):
            asked.python = Wish(match[1], path, number)
        else:
            asked.note(f"{path}:{number}: {shown(word)} is not used, as it is no version of Python 3.")
        break
    return asked


def day(text: str, path: str, line: int) -> str:
    """Return an ISO day; raises Rejected when there is no such day."""
    try:
        found = date.fromisoformat(text)
    except ValueError as error:
        raise refused(path, line, f"{shown(text)} is no day", "Write it as 2023-06-10.", "date_invalid") from error
    if found.year < 1990 or found.year > 2100:
        raise refused(path, line, f"{shown(text)} is not a day of this time", code="date_invalid")
    return found.isoformat()
