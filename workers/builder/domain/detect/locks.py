"""Lock files of Python: `pylock.toml`, `uv.lock`, `poetry.lock`; versions and hashes, never addresses."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from packaging.markers import InvalidMarker, Marker

from erc.workers.builder.domain.detect.asked import Asked, refused, shown
from erc.workers.builder.domain.detect.python_project import add, caret, python_wish
from erc.workers.builder.domain.detect.requirements import locked
from erc.workers.builder.domain.detect.sources import LOCK_BYTES, Lines, Sources, listing, mapping, toml_of, words
from erc.workers.builder.domain.needs import SOURCES
from erc.workers.builder.domain.packages import is_hash, normalised

MAX_PACKAGES = 3000
_PYTHONS = ("3.8", "3.9", "3.10", "3.11", "3.12", "3.13", "3.14")
_LINUX = {
    "os_name": "posix",
    "sys_platform": "linux",
    "platform_system": "Linux",
    "implementation_name": "cpython",
    "platform_python_implementation": "CPython",
    "platform_machine": "x86_64",
    "extra": "",
}


class Locked(NamedTuple):
    """One package of a lock file; `needs` are the names and markers of its dependencies."""

    name: str
    version: str
    marker: str
    hashes: tuple[str, ...]
    needs: tuple[tuple[str, str], ...]
    ours: bool
    """Whether it is the project itself: where the way to what is needed begins."""
    elsewhere: bool
    """Whether it comes from a repository, an address or a folder instead of PyPI."""
    sources: bool = False
    """Whether the file has digests of its sources only, and of no wheel."""


def read_pylock(sources: Sources, path: str) -> Asked:
    """Return the packages of a `pylock.toml` (PEP 751)."""
    text = sources.text(path, LOCK_BYTES)
    document = toml_of(text, path)
    if not words(document.get("lock-version")).startswith("1."):
        raise refused(path, 1, "its `lock-version` is not 1.0", "Make it with a tool that writes version 1.0.")
    packages = [_pylock_package(mapping(one)) for one in listing(document.get("packages"))[:MAX_PACKAGES]]
    asked = Asked(path, speaks={"python"})
    asked.python = python_wish(words(document.get("requires-python")), path, Lines(text).of("requires-python"))
    return _taken(asked, packages, None, Lines(text))


def _pylock_package(table: dict[str, Any]) -> Locked:
    files = [*listing(table.get("wheels")), mapping(table.get("sdist"))]
    hashes = (f"sha256:{words(mapping(mapping(one).get('hashes')).get('sha256'))}" for one in files)
    elsewhere = any(key in table for key in ("vcs", "directory", "archive"))
    return Locked(
        name=words(table.get("name")),
        version=words(table.get("version")),
        marker=words(table.get("marker")),
        hashes=tuple(filter(is_hash, hashes)),
        needs=(),
        ours=False,
        elsewhere=elsewhere,
        sources=_sources(table),
    )


def _sources(table: dict[str, Any]) -> bool:
    return "sdist" in table and not listing(table.get("wheels"))


def read_uv_lock(sources: Sources, path: str) -> Asked:
    """Return what the project of a `uv.lock` needs, without its groups for development."""
    text = sources.text(path, LOCK_BYTES)
    document, asked = toml_of(text, path), Asked(path, speaks={"python"})
    asked.python = python_wish(words(document.get("requires-python")), path, Lines(text).of("requires-python"))
    packages = [_uv_package(mapping(one)) for one in listing(document.get("package"))[:MAX_PACKAGES]]
    return _taken(asked, packages, _reached(packages), Lines(text))


def _uv_package(table: dict[str, Any]) -> Locked:
    source = mapping(table.get("source"))
    files = [*listing(table.get("wheels")), mapping(table.get("sdist"))]
    ours = source.get("virtual") == "." or source.get("editable") == "."
    # Of a package, the file lists the extras that somebody asks for; of the project all that it has.
    extras = [] if ours else list(mapping(table.get("optional-dependencies")).values())
    groups = [listing(table.get("dependencies")), *map(listing, extras)]
    needs = [mapping(one) for group in groups for one in group]
    markers = [words(one) for one in listing(table.get("resolution-markers"))]
    return Locked(
        name=words(table.get("name")),
        version=words(table.get("version")),
        marker=" or ".join(f"({one})" for one in markers if one),
        hashes=tuple(filter(is_hash, (words(mapping(one).get("hash")) for one in files))),
        needs=tuple((words(one.get("name")), words(one.get("marker"))) for one in needs),
        ours=ours,
        elsewhere="registry" not in source,
        sources=_sources(table),
    )


def read_poetry_lock(sources: Sources, path: str) -> Asked:
    """Return the packages of the group `main`; where the file has no groups, those that `pyproject.toml` leads to."""
    text = sources.text(path, LOCK_BYTES)
    document, asked = toml_of(text, path), Asked(path, speaks={"python"})
    metadata = mapping(document.get("metadata"))
    python = caret(words(metadata.get("python-versions")))
    asked.python = python_wish(python, path, Lines(text).of("python-versions"))
    old_files = mapping(metadata.get("files"))
    tables = [mapping(one) for one in listing(document.get("package"))[:MAX_PACKAGES]]
    main = [table for table in tables if _is_main(table)]
    packages = [_poetry_package(table, old_files) for table in main]
    if not any("groups" in table or "category" in table for table in tables):
        project = _project(sources, path.rpartition("/")[0])
        packages += [project] if project.needs else []
    return _taken(asked, packages, _reached(packages), Lines(text))


def _is_main(table: dict[str, Any]) -> bool:
    groups = listing(table.get("groups")) or [words(table.get("category")) or "main"]
    return "main" in groups and table.get("optional") is not True


def _poetry_package(table: dict[str, Any], old_files: dict[str, Any]) -> Locked:
    name = words(table.get("name"))
    files = listing(table.get("files")) or listing(old_files.get(name))
    marker = table.get("markers")
    needs = []
    for need, value in mapping(table.get("dependencies")).items():
        needs.append((need, words(mapping(value).get("markers"))))
    return Locked(
        name=name,
        version=words(table.get("version")),
        marker=words(mapping(marker).get("main")) if isinstance(marker, dict) else words(marker),
        hashes=tuple(filter(is_hash, (words(mapping(one).get("hash")) for one in files))),
        needs=tuple(needs),
        ours=False,
        elsewhere="source" in table and mapping(table["source"]).get("type") not in {None, "legacy"},
        sources=bool(files) and not any(words(mapping(one).get("file")).endswith(".whl") for one in files),
    )


def _project(sources: Sources, folder: str) -> Locked:
    """Return the project of the `pyproject.toml` beside a lock file; without needs when there is none."""
    path = f"{folder}/pyproject.toml" if folder else "pyproject.toml"
    document = toml_of(sources.text(path), path) if path in sources else {}
    poetry = mapping(mapping(document.get("tool")).get("poetry"))
    names = [*mapping(poetry.get("dependencies"))]
    project = map(words, listing(mapping(document.get("project")).get("dependencies")))
    names += [re.split(r"[ (\[;<>=!~]", text)[0] for text in project]
    return Locked("", "", "", (), tuple((name, "") for name in names if name != "python"), ours=True, elsewhere=True)


def _reached(packages: Sequence[Locked]) -> dict[str, set[str]] | None:
    """Return the packages that lead from the project on Linux, with the markers of the ways to each.

    The empty marker stands for a way without one. None when the file does not say where the project begins.
    """
    if not any(package.ours for package in packages):
        return None
    by_name: dict[str, list[Locked]] = {}
    for package in packages:
        by_name.setdefault(normalised(package.name), []).append(package)
    waiting = [package for package in packages if package.ours]
    reached: dict[str, set[str]] = {}
    while waiting:
        for need, marker in waiting.pop().needs:
            name = normalised(need)
            if on_linux(marker) is False:
                continue
            if name not in reached:
                waiting += by_name.get(name, [])
            reached.setdefault(name, set()).add("" if on_linux(marker) else marker)
    return reached


def on_linux(marker: str) -> bool | None:
    """Return whether a marker holds on Linux with every Python (True), with none (False), or with some (None)."""
    if not marker:
        return True
    try:
        parsed = Marker(marker)
        answers = {
            parsed.evaluate({**_LINUX, "python_version": python, "python_full_version": f"{python}.9"})
            for python in _PYTHONS
        }
    except (InvalidMarker, ValueError, KeyError, RecursionError):
        return None
    return answers.pop() if len(answers) == 1 else None


def _taken(asked: Asked, packages: Iterable[Locked], reached: Mapping[str, set[str]] | None, lines: Lines) -> Asked:
    for package in packages:
        line = _line_of(package, lines)
        ways = reached.get(normalised(package.name), set()) if reached is not None else {""}
        if package.ours or not ways or on_linux(package.marker) is False:
            continue
        if package.elsewhere or not package.version:
            asked.note(f"{asked.path}:{line}: {shown(package.name)} is not used: it does not come from PyPI.")
            continue
        if package.sources and normalised(package.name) not in SOURCES:
            said = "has no wheel there, and only known packages are built from their source, so that the build may fail"
            asked.note(f"{asked.path}:{line}: {shown(package.name)} {said}.")
        marker = _marker(package.marker, ways)
        text = f"{package.name}=={package.version}" + (f" ; {marker}" if marker else "")
        add(asked, text, line, hashes=package.hashes)
    asked = locked(asked)
    asked.complete = True
    return asked


def _line_of(package: Locked, lines: Lines) -> int:
    """Return the line of a package's own table, where the name begins the line; others name it as what they need."""
    before = lines.of(f'\nname = "{package.name}"') if package.name else 0
    return before + 1 if before else 0


def _marker(own: str, ways: set[str]) -> str:
    """Return the condition under which a package is installed; '' when there is none, or it is too long to tell."""
    conditions = [own] if own and not on_linux(own) else []
    if ways and "" not in ways:
        conditions.append(" or ".join(f"({way})" for way in sorted(ways)))
    whole = " and ".join(f"({one})" for one in conditions)
    return whole if len(whole) <= 300 else ""
