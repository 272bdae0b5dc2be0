"""`Pipfile` and `Pipfile.lock`."""

from __future__ import annotations

from typing import Any

from erc.workers.builder.domain.detect.asked import Asked, shown
from erc.workers.builder.domain.detect.python_project import add, python_wish, take
from erc.workers.builder.domain.detect.requirements import locked
from erc.workers.builder.domain.detect.sources import (
    LOCK_BYTES,
    Lines,
    Sources,
    json_of,
    listing,
    mapping,
    toml_of,
    words,
)
from erc.workers.builder.domain.packages import is_hash

MAX_PACKAGES = 2000


def read_pipfile(sources: Sources, path: str) -> Asked:
    """Return `[packages]` and the version of Python; packages from elsewhere than PyPI are notes."""
    text = sources.text(path)
    document, asked, lines = toml_of(text, path), Asked(path, speaks={"python"}), Lines(text)
    found = []
    for name, value in list(mapping(document.get("packages")).items())[:MAX_PACKAGES]:
        version = words(mapping(value).get("version")) if isinstance(value, dict) else words(value)
        if isinstance(value, dict) and not version:
            asked.note(f"{path}:{lines.of(name)}: {shown(name)} is not used: only versions are taken over.")
            continue
        found.append(name + extras(value) + _version(version))
    take(asked, found, lines)
    asked.python = _python(mapping(document.get("requires")), path, Lines(text))
    return asked


def read_pipfile_lock(sources: Sources, path: str) -> Asked:
    """Return the locked packages of `default`, each with its hashes."""
    text = sources.text(path, LOCK_BYTES)
    document, asked, lines = json_of(text, path), Asked(path, speaks={"python"}), Lines(text)
    requires = mapping(mapping(document.get("_meta")).get("requires"))
    asked.python = _python(requires, path, Lines(text))
    for name, value in list(mapping(document.get("default")).items())[:MAX_PACKAGES]:
        package = mapping(value)
        line = lines.of(f'"{name}"')
        if not words(package.get("version")):
            asked.note(f"{path}:{line}: {shown(name)} is not used: it does not come from PyPI.")
            continue
        marker = words(package.get("markers"))
        requirement = f"{name}{extras(value)}{words(package.get('version'))}" + (f" ; {marker}" if marker else "")
        hashes = tuple(one for one in map(words, listing(package.get("hashes"))) if is_hash(one))
        add(asked, requirement, line, hashes=hashes)
    asked = locked(asked)
    asked.complete = True
    return asked


def extras(value: Any) -> str:
    """Return the extras of a package's table as pip writes them: `[a,b]`."""
    names = [words(name) for name in listing(mapping(value).get("extras"))]
    return f"[{','.join(names)}]" if names else ""


def _version(version: str) -> str:
    return "" if version in {"", "*"} else version


def _python(requires: dict[str, Any], path: str, lines: Lines) -> Any:
    version = words(requires.get("python_full_version")) or words(requires.get("python_version"))
    return python_wish(version, path, lines.of("python_version"))
