"""`requirements.txt`: one requirement a line, name and version specifier; options are never followed."""

from __future__ import annotations

import re

from erc.schemas.metadata import Dependency
from erc.workers.code.found import Found
from erc.workers.code.text import lines

NAME = "requirements.txt"
MAX_LINES = 2000
_NAME = r"([A-Za-z0-9](?:[A-Za-z0-9._-]{0,100}[A-Za-z0-9])?)"
_REQUIREMENT = re.compile(
    rf"{_NAME}[ \t]{{0,20}}(?:\[[A-Za-z0-9._, -]{{0,200}}\])?[ \t]{{0,20}}\(?([^;()]{{0,200}})\)?"
)
_CLAUSE = re.compile(r"(?:===|~=|==|!=|<=|>=|<|>)[ \t]{0,20}[A-Za-z0-9.*+!_-]{1,100}")
_COMMENT = re.compile(r"(?:^|\s)#")
_HASH = re.compile(r"\s--hash")


def read_requirements(text: str, path: str) -> Found:
    """Return the requirements; a line that is an option, an address or nothing known is a warning and not taken."""
    found = Found()
    for number, row in _logical(text):
        statement = _HASH.split(_COMMENT.split(row, maxsplit=1)[0], maxsplit=1)[0].strip()
        if not statement:
            continue
        if dependency := read_requirement(statement, f"{path}:{number}"):
            found.dependencies.append(dependency)
        else:
            found.warnings.append(
                f"Line {number} of “{path}” was not taken: only `name` and `name==version` are, not “{statement[:80]}”"
            )
    return found


def read_requirement(text: str, source: str) -> Dependency | None:
    """Return the dependency of one requirement as `pip` writes it, None for options, addresses and files."""
    statement, _, _marker = text.partition(";")
    match = _REQUIREMENT.fullmatch(statement.strip())
    if match is None:
        return None
    clauses = [clause.strip() for clause in match[2].split(",") if clause.strip()]
    if not all(_CLAUSE.fullmatch(clause) for clause in clauses):
        return None
    version = ",".join("".join(clause.split()) for clause in clauses)
    return Dependency(name=match[1], language="python", version=version, source=source)


def canonical(name: str) -> str:
    """Return the name by which two spellings of one Python package are equal."""
    return re.sub(r"[-_.]{1,200}", "-", name).lower()


def _logical(text: str) -> list[tuple[int, str]]:
    """Return the lines with their numbers; a line that ends with a backslash goes on in the next one."""
    result: list[tuple[int, str]] = []
    open_line = False
    for number, row in enumerate(lines(text)[:MAX_LINES], 1):
        body = row[:10_000].removesuffix("\\")
        if open_line:
            result[-1] = (result[-1][0], result[-1][1] + " " + body)
        else:
            result.append((number, body))
        open_line = row.endswith("\\")
    return result
