"""Reads an author's `requirements.txt`, and what it includes, so that only names, versions and hashes reach pip."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from packaging.requirements import InvalidRequirement
from packaging.requirements import Requirement as Standard

from erc.events.errors import Rejected
from erc.schemas.limits import MIB
from erc.workers.builder.domain.detect.asked import Asked, Pip, refused, shown
from erc.workers.builder.domain.detect.sources import Sources
from erc.workers.builder.domain.packages import Requirement, is_hash, parse_requirement

LIMIT_LINES = 20_000
"""A thousand packages with twenty hashes each."""
LIMIT_BYTES = 2 * MIB
LIMIT_FILES = 20
_INCLUDE = re.compile(r"(-r|-c|--requirement|--constraint)(?:[ \t]{1,20}|=|(?<=-[rc]))(\S.{0,1000})")
_NEVER = frozenset({"pkg-resources"})
"""What `pip freeze` of Debian lists though nobody can install it."""
_HASH_OPTION = re.compile(r"--hash[= ](\S{1,200})")


def read_requirements(sources: Sources, path: str) -> Asked:
    """Return what a file asks for, in its order, with one note for each line that is left out.

    `-r` and `-c` are followed within the workspace. Other options (`--index-url`), addresses, paths and anything with
    a variable are left out: they would let a file choose where packages come from. Raises `Rejected`, with the line at
    fault, when the file is too long, includes itself or what is not there, or has a version that is none.
    """
    reading = _Reading(sources, Asked(path, speaks={"python"}))
    reading.file(path, (), constrains=False)
    return reading.finished()


class _Reading:
    def __init__(self, sources: Sources, asked: Asked) -> None:
        self._sources, self._asked = sources, asked
        self._constraints: dict[str, Pip] = {}
        self._files = 0

    def file(self, path: str, above: tuple[str, ...], *, constrains: bool) -> None:
        text = _bounded(self._sources, path)
        self._files += 1
        if self._files > LIMIT_FILES:
            raise refused(path, 0, f"more than {LIMIT_FILES} files include each other")
        for number, line in _logical_lines(text):
            if include := _INCLUDE.fullmatch(line):
                kind, target = include[1], include[2].strip().strip("\"'")
                inner = self._inner(path, number, target, (*above, path))
                self.file(inner, (*above, path), constrains=constrains or kind in {"-c", "--constraint"})
            else:
                self._line(path, number, line, constrains)

    def _inner(self, path: str, number: int, target: str, above: tuple[str, ...]) -> str:
        inner = within(path.rpartition("/")[0], target)
        if inner in above:
            raise refused(path, number, f"{shown(target)} includes this file again", "Remove one of the two lines.")
        if not inner or inner not in self._sources:
            raise refused(path, number, f"{shown(target)} is not in the workspace", "Add the file or remove the line.")
        return inner

    def _line(self, path: str, number: int, line: str, constrains: bool) -> None:
        bare, _, options = line.partition(" --")
        requirement = parse_requirement(bare)
        if requirement is None:
            self._asked.note(f"{path}:{number} is not used: only package names with versions are taken over.")
            return
        if requirement.name in _NEVER:
            return
        check_requirement(requirement, path, number)
        hashes = tuple(_HASH_OPTION.findall(f"--{options}")) if options else ()
        if options and not (hashes and all(map(is_hash, hashes))):
            self._asked.note(f"{path}:{number}: the options after the version are not used.")
            hashes = ()
        pip = Pip(requirement, path, number, f"{path}:{number}", hashes)
        if constrains:
            self._constraints[requirement.name] = pip
        else:
            self._asked.pip.append(pip)

    def finished(self) -> Asked:
        self._asked.pip = [self._constrained(pip) for pip in self._asked.pip]
        if self._constraints:
            names = ", ".join(sorted(self._constraints)[:5])
            self._asked.note(
                f"{self._asked.path}: constraints on packages that no line asks for are not used ({names})."
            )
        refuse_contradictions(self._asked.pip)
        return locked(self._asked)

    def _constrained(self, pip: Pip) -> Pip:
        constraint = self._constraints.pop(pip.requirement.name, None)
        if constraint is None or not constraint.requirement.version:
            return pip
        asked, limit = pip.requirement, constraint.requirement
        version = ",".join(part for part in (asked.version, limit.version) if part)
        bare, _, marker = asked.line.partition(" ; ")
        line = f"{bare.removesuffix(asked.version)}{version}" + (f" ; {marker}" if marker else "")
        both = parse_requirement(line)
        reason = f"{pip.reason}, with the version of {constraint.path}:{constraint.line}"
        return Pip(both, pip.path, pip.line, reason, pip.hashes) if both else pip


def locked(asked: Asked) -> Asked:
    """Keep the hashes when every package has some and one version; else none, as pip wants all or nothing."""
    hashed = [pip for pip in asked.pip if pip.hashes]
    asked.complete = bool(hashed) and all(
        pip.hashes and pip.requirement.version.startswith("==") and "*" not in pip.requirement.version
        for pip in asked.pip
    )
    if hashed and not asked.complete:
        asked.note(f"{asked.path}: hashes are not used, as not every package has one version and a hash.")
        asked.pip = [pip._replace(hashes=()) for pip in asked.pip]
    return asked


def check_requirement(requirement: Requirement, path: str, line: int) -> None:
    """Raise Rejected, with the line, for a version or marker that is none."""
    try:
        Standard(requirement.line)
    except (InvalidRequirement, RecursionError) as error:
        raise refused(
            path, line, f"{shown(requirement.line)} is no requirement that pip understands", "Write it as name==1.2.3."
        ) from error


def refuse_contradictions(pips: Iterable[Pip]) -> None:
    """Raise Rejected, with both lines, when one package is asked for in two exact versions."""
    first: dict[str, Pip] = {}
    for pip in pips:
        if not pip.requirement.version.startswith("==") or " ; " in pip.requirement.line:
            continue
        other = first.setdefault(pip.requirement.name, pip)
        if other.requirement.version != pip.requirement.version:
            raise refused(
                pip.path,
                pip.line,
                f"{pip.requirement.name} is wanted as {pip.requirement.version} here and as "
                f"{other.requirement.version} in {other.path}:{other.line}",
                "Remove one of the two.",
            )


def within(folder: str, name: str) -> str:
    """Return the path that a file in `folder` means by `name`; '' when it leaves the workspace."""
    if not name or name.startswith(("/", "~")) or len(name) > 1000 or "\0" in name or "\\" in name:
        return ""
    parts = folder.split("/") if folder else []
    for part in name.split("/"):
        if part == "..":
            if not parts:
                return ""
            parts.pop()
        elif part not in {"", "."}:
            parts.append(part)
    return "/".join(parts)


def _bounded(sources: Sources, path: str) -> str:
    entry = sources.entry(path)
    if entry and entry.size_bytes > LIMIT_BYTES:
        raise _too_long(path)
    text = sources.text(path, LIMIT_BYTES)
    if text.count("\n") > LIMIT_LINES:
        raise _too_long(path)
    return text


def _too_long(path: str) -> Rejected:
    return Rejected(
        f"{path} is too long",
        f"At most {LIMIT_LINES} lines and {LIMIT_BYTES // MIB} MiB are read. List the packages that you import.",
        code="requirements_too_long",
    )


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield the lines that say something, with their number, as pip joins them and without comments."""
    pending: list[str] = []
    start = 0
    for number, line in enumerate([*text.splitlines(), ""], start=1):
        start = start if pending else number
        pending.append(line.removesuffix("\\"))
        if line.endswith("\\"):
            continue
        whole = re.sub(r"(^|\s)#.*$", "", " ".join(pending)).strip()
        pending = []
        if whole:
            yield start, whole
