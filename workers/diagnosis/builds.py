"""From the log of a build that failed to a diagnosis. Pure."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from packaging.version import InvalidVersion, Version

from erc.schemas.diagnosis import Diagnosis, Edit
from erc.schemas.environment import Plan, PlannedPackage
from erc.schemas.problem import Problem
from erc.workers.code.python_script import DISTRIBUTIONS
from erc.workers.diagnosis.build_rules import (
    CHANGED,
    HASH,
    HEADERS,
    LIBRARIES,
    OTHER_PYTHON,
    PYTHON,
    RULES,
    BuildRule,
    Remedy,
)
from erc.workers.diagnosis.explain import diagnose
from erc.workers.diagnosis.mends import DEBIAN_PACKAGES, Read, added, edited
from erc.workers.diagnosis.rule import Mend

SCRIPTS = "scripts"
"""The phase of a build in which the author's scripts run."""
_INSTALLING = re.compile(
    r"(?:Collecting|Failed building wheel for|Failed to build|Building wheels? for collected packages:) "
    r"'?([A-Za-z0-9._-]{1,100})|Processing \S{0,300}/([A-Za-z0-9_.]{1,100})-\d"
)
_VERSIONS = re.compile(r"\(from versions: ([^()]{1,5000})\)")
_WANTED = re.compile(r"satisfies the requirement [A-Za-z0-9._-]{1,100}(?:\[[^\]]{0,100}\])?==([0-9][\w.+!-]{0,60})")
_CONFLICTING = re.compile(r"^\s{1,8}(?:The user requested )?([A-Za-z0-9._-]{1,100})(?:[=<>!~ ]|$)")
_SEPARATORS = re.compile(r"[-_.]+")
_REQUIREMENT = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]{0,99})((?:\[[^\]]{0,100}\])?)\s*([=<>!~][^;#]{0,200})?")
_EDITABLE = (".txt",)


class _Found(NamedTuple):
    rule: BuildRule
    number: int
    groups: tuple[str, ...]


def diagnose_build(problem: Problem, plan: Plan, read: Read, known: Callable[[str], bool]) -> Diagnosis | None:
    """Return what the log of a failed build tells, None when it tells nothing that its problem does not say.

    `plan` says which file asked for which package, `read` returns the text of a file of the workspace.
    """
    build = problem.build
    if build is None or not build.log:
        return None
    lines = build.log
    found = _matched(lines)
    if found is None or (build.phase == SCRIPTS and found.rule.remedy not in {Remedy.SYSTEM, Remedy.NAME}):
        return _of_script(lines, build.path, read, known) if build.phase == SCRIPTS else None
    installing = _installing(lines, plan)
    subject = (found.groups[0] if found.rule.about and found.groups else installing) or installing
    package = _planned(plan, subject) or _planned(plan, installing)
    texts = {"package": installing or "A package"}
    return Diagnosis(
        cause=found.rule.cause,
        subject=subject,
        sentence=found.rule.sentence.format(*found.groups, **texts),
        advice=found.rule.advice.format(*found.groups, **texts),
        evidence=lines[found.number].strip(),
        evidence_line=found.number + 1,
        path=package.path if package else build.path,
        line=package.line if package else build.line,
        edits=_edits(found, subject, package, lines, read, scripts=build.phase == SCRIPTS),
    )


def _of_script(lines: Sequence[str], path: str, read: Read, known: Callable[[str], bool]) -> Diagnosis | None:
    """Explain a script that runs in a build as a run, at the script where no other place is told."""
    found = diagnose("\n".join(lines), path, read, known)
    return found.model_copy(update={"path": path}) if found and not found.path else found


def _matched(lines: Sequence[str]) -> _Found | None:
    said = "\n".join(lines)
    special = [HASH] if CHANGED.search(said) else [PYTHON] if OTHER_PYTHON.search(said) else []
    for rule in (*special, *RULES):
        for number, line in enumerate(lines):
            if match := rule.pattern.search(line):
                return _Found(rule, number, tuple(text or "" for text in match.groups()))
    return None


def _installing(lines: Sequence[str], plan: Plan) -> str:
    """Return the package that was being installed: the last one told of, else the only one that is built."""
    told = next((one[1] or one[2] for line in reversed(lines) if (one := _INSTALLING.search(line))), "")
    built = [one.name for one in plan.packages if one.system == "pip" and one.source]
    return told or (built[0] if len(built) == 1 else "")


def _planned(plan: Plan, name: str) -> PlannedPackage | None:
    wanted = _plain(name)
    return next((one for one in plan.packages if one.path and _plain(one.name) == wanted), None) if name else None


def _plain(name: str) -> str:
    return _SEPARATORS.sub("-", name).lower()


def _edits(
    found: _Found, subject: str, package: PlannedPackage | None, lines: Sequence[str], read: Read, *, scripts: bool
) -> list[Edit]:
    remedy = found.rule.remedy
    if remedy is Remedy.SYSTEM:
        folder = subject.partition("/")[0]
        named = HEADERS.get(subject) or HEADERS.get(folder) or LIBRARIES.get(subject)
        return added("apt.txt", named, read, mend=Mend.SYSTEM) if named and scripts else []
    if package is None or not package.path.endswith(_EDITABLE):
        return []
    text = _text(read, package.path)
    if text is None:
        return []
    names = {_plain(package.name)}
    if remedy is Remedy.UNPIN:
        names |= {_plain(one[1]) for line in lines if (one := _CONFLICTING.match(line))}
        return edited(package.path, text, _changed(text, names, lambda name: name))
    if remedy is Remedy.VERSION:
        version = _best(lines[found.number])
        return edited(package.path, text, _changed(text, names, lambda name: f"{name}=={version}")) if version else []
    return edited(package.path, text, _renamed(text, package, subject)) if remedy is Remedy.NAME else []


def _text(read: Read, path: str) -> str | None:
    try:
        return read(path)
    except ValueError:
        return None


def _best(line: str) -> str:
    """Return the nearest version at or below the wanted one else the lowest; nothing if there is none."""
    listed = _VERSIONS.search(line)
    versions = sorted(filter(None, (_version(one) for one in (listed[1] if listed else "").split(","))))
    if not versions:
        return ""
    wanted = _WANTED.search(line)
    limit = _version(wanted[1]) if wanted else None
    below = [one for one in versions if limit is None or one <= limit]
    return str(below[-1] if below else versions[0])


def _version(text: str) -> Version | None:
    try:
        return Version(text.strip())
    except InvalidVersion:
        return None


def _changed(text: str, names: set[str], line_for: Callable[[str], str]) -> str:
    """Return requirements with other versions for these packages; lines with hashes or markers stay."""
    kept = []
    for line in text.splitlines(keepends=True):
        match = _REQUIREMENT.match(line)
        plain = match is not None and "--hash" not in line and ";" not in line
        if match is not None and plain and _plain(match[1]) in names:
            rest = line[match.end() :].strip()
            kept.append(line_for(match[1] + match[2]) + (f"  {rest}" if rest else "") + "\n")
        else:
            kept.append(line)
    return "".join(kept)


def _renamed(text: str, package: PlannedPackage, subject: str) -> str:
    """Return a list of packages with the name that was meant, as far as that is known, else without that of apt."""
    if package.system == "pip":
        meant = DISTRIBUTIONS.get(package.name, package.name)
        return text if meant == package.name else _changed(text, {_plain(package.name)}, lambda _name: meant)
    known = sorted({*DEBIAN_PACKAGES.values(), *HEADERS.values(), *LIBRARIES.values()})
    near = difflib.get_close_matches(subject, known, 1, 0.85)
    lines = text.splitlines(keepends=True)
    kept = [line if line.strip() != subject else f"{near[0]}\n" if near else "" for line in lines]
    return "".join(kept)
