"""`pyproject.toml` (PEP 621, Poetry), `setup.cfg` and `setup.py`, which is parsed and never run."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from typing import Any

from packaging.version import Version

from erc.schemas.limits import KIB
from erc.workers.builder.domain.detect.asked import Asked, Pip, refused, shown
from erc.workers.builder.domain.detect.requirements import check_requirement, refuse_contradictions
from erc.workers.builder.domain.detect.sources import Lines, Sources, ini_of, listing, mapping, toml_of, words
from erc.workers.builder.domain.packages import parse_requirement
from erc.workers.builder.domain.suites import Wish, is_specifier
from erc.workers.code.python_script import parse_python

MAX_DEPENDENCIES = 2000
SETUP_BYTES = 64 * KIB


def read_pyproject(sources: Sources, path: str) -> Asked:
    """Return what `[project]` or `[tool.poetry]` asks for; raises Rejected with the line at fault."""
    text = sources.text(path)
    document, asked = toml_of(text, path), Asked(path)
    lines = Lines(text)
    project, poetry = mapping(document.get("project")), mapping(mapping(document.get("tool")).get("poetry"))
    if version := words(project.get("requires-python")):
        asked.python = python_wish(version, path, lines.of("requires-python"))
    if dependencies := listing(project.get("dependencies")):
        asked.speaks.add("python")
        take(asked, map(words, dependencies), lines)
    elif poetry:
        _poetry(asked, mapping(poetry.get("dependencies")), lines)
    if listing(project.get("dynamic")) and "dependencies" in project.get("dynamic", []):
        asked.note(f"{path}: dependencies that a build finds out (`dynamic`) are not known; list them.")
    return asked


def _poetry(asked: Asked, dependencies: dict[str, Any], lines: Lines) -> None:
    found = []
    for name, value in list(dependencies.items())[:MAX_DEPENDENCIES]:
        constraint = words(mapping(value).get("version")) if isinstance(value, dict) else words(value)
        line = lines.of(name)
        if name.lower() == "python":
            asked.python = python_wish(caret(constraint), asked.path, line)
        elif isinstance(value, dict) and not constraint:
            asked.note(f"{asked.path}:{line}: {shown(name)} is not used: only versions of packages are taken over.")
        elif not (isinstance(value, dict) and value.get("optional") is True):
            found.append(f"{name}{caret(constraint)}")
    asked.speaks.add("python")
    take(asked, found, lines)


def caret(constraint: str) -> str:
    """Return a constraint of Poetry (`^1.2`, `~1.2`, `1.2`, `*`) as pip writes it; of alternatives the last."""
    parts = [part.strip() for part in constraint[-200:].rpartition("||")[2].split(",")]
    return ",".join(part for part in map(_clause, parts) if part)


def _clause(part: str) -> str:
    if part in {"", "*"}:
        return ""
    if part[0] in "^~" and not part.startswith("~="):
        bare = part[1:].strip()
        try:
            release = list(Version(bare).release)
        except ValueError:
            return f"=={bare}"
        keep = _significant(release) if part[0] == "^" else min(2, len(release))
        upper = [*release[: keep - 1], release[keep - 1] + 1]
        return f">={bare},<{'.'.join(map(str, upper))}"
    return part if is_specifier(part) else f"=={part}"


def _significant(release: list[int]) -> int:
    """Return how many numbers a caret keeps: up to the first that is not zero."""
    return next((place for place, number in enumerate(release, 1) if number), len(release))


def read_setup_cfg(sources: Sources, path: str) -> Asked:
    """Return `install_requires` and `python_requires` of a `setup.cfg`."""
    text = sources.text(path)
    parser, asked, lines = ini_of(text, path), Asked(path), Lines(text)
    if version := parser.get("options", "python_requires", fallback="").strip():
        asked.python = python_wish(version, path, lines.of("python_requires"))
    if listed := parser.get("options", "install_requires", fallback="").strip():
        asked.speaks.add("python")
        take(asked, (row.strip() for row in listed.split("\n")), lines)
    return asked


def read_setup_py(sources: Sources, path: str) -> Asked:
    """Return the literal `install_requires` and `python_requires` of a call of `setup`; what is computed is a note."""
    text, asked = sources.text(path, SETUP_BYTES), Asked(path)
    tree = parse_python(text)
    if tree is None:
        raise refused(path, 0, "it is not valid Python 3", "List the packages in requirements.txt.")
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and _called(node) == "setup"]
    for keyword in (keyword for call in calls for keyword in call.keywords):
        if keyword.arg == "install_requires":
            _literal(asked, keyword.value)
        elif keyword.arg == "python_requires" and isinstance(keyword.value, ast.Constant):
            asked.python = python_wish(words(keyword.value.value), path, keyword.value.lineno)
    refuse_contradictions(asked.pip)
    return asked


def _called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _literal(asked: Asked, value: ast.expr) -> None:
    elements = value.elts if isinstance(value, ast.List | ast.Tuple) else None
    if elements is None or not all(isinstance(one, ast.Constant) and isinstance(one.value, str) for one in elements):
        asked.note(f"{asked.path}:{value.lineno}: packages that code computes are not known; use requirements.txt.")
        return
    asked.speaks.add("python")
    for one in elements[:MAX_DEPENDENCIES]:
        add(asked, words(getattr(one, "value", "")), one.lineno)


def take(asked: Asked, requirements: Iterable[str], lines: Lines) -> None:
    """Add requirements in their order, each with the line where it stands."""
    for text in list(requirements)[:MAX_DEPENDENCIES]:
        if text:
            name = text.split(";")[0].split("[")[0]
            add(asked, text, lines.of(text) or lines.of(re.split(r"[<>=~!^ (]", name)[0]))
    refuse_contradictions(asked.pip)


def add(asked: Asked, text: str, line: int, reason: str = "", hashes: tuple[str, ...] = ()) -> None:
    """Add one requirement; what is none is a note, and a version that is none raises Rejected."""
    requirement = parse_requirement(text)
    place = f"{asked.path}:{line}" if line else asked.path
    if requirement is None:
        asked.note(f"{place} is not used: only package names with versions are taken over, not {shown(text)}.")
        return
    check_requirement(requirement, asked.path, line)
    asked.pip.append(Pip(requirement, asked.path, line, reason or place, hashes))


def python_wish(version: str, path: str, line: int) -> Wish | None:
    """Return a wished version of Python, None when any will do; raises Rejected for one that is none."""
    version = "".join(version.split())
    if version in {"", "*"}:
        return None
    if not is_specifier(version) and not re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,3}){0,2}(\.\*)?", version):
        raise refused(path, line, f"{shown(version)} is no version of Python", "Write it as >=3.10 or 3.11.")
    return Wish(version.removesuffix(".*"), path, line)
