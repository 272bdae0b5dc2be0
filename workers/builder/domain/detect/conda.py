"""`environment.yml` of conda: its names mapped to PyPI, the distribution and R, or refused by name."""

from __future__ import annotations

import re
from typing import Any

from erc.schemas.environment import Deviation
from erc.workers.builder.domain.detect.apt import apt_package
from erc.workers.builder.domain.detect.asked import Asked, RNeed, refused, shown
from erc.workers.builder.domain.detect.conda_names import DEBIAN, GRAPHICS, PYPI, REFUSED, is_needless
from erc.workers.builder.domain.detect.python_project import add, python_wish
from erc.workers.builder.domain.detect.requirements import read_requirements, refuse_contradictions, within
from erc.workers.builder.domain.detect.sources import LOCK_BYTES, Lines, Sources, listing, mapping, words, yaml_of
from erc.workers.builder.domain.suites import Wish, is_specifier

MAX_PACKAGES = 2000
_SPEC = re.compile(
    r"(?:[A-Za-z0-9._/-]{1,100}::)?([A-Za-z0-9_][A-Za-z0-9._-]{0,99})[ ]?([<>=!~][^\[\]]{0,200})?(?:\[.{0,200}\])?"
)


def read_environment_yml(sources: Sources, path: str) -> Asked:
    """Return what an environment of conda asks for; raises Rejected, with the line, for what cannot be had here."""
    text = sources.text(path, LOCK_BYTES)
    document, asked, lines = yaml_of(text, path), Asked(path), Lines(text)
    needless: list[str] = []
    for value in listing(document.get("dependencies"))[:MAX_PACKAGES]:
        if isinstance(value, dict):
            _pip_section(sources, asked, mapping(value), lines)
        elif spec := words(value):
            _conda_package(asked, spec, lines.of(spec), needless)
    if needless:
        names = ", ".join(needless[:5]) + (", …" if len(needless) > 5 else "")
        asked.note(f"{path}: what comes with the base, with wheels or with R is not asked for again ({names}).")
    for name, value in mapping(document.get("variables")).items():
        asked.variables[name] = words(value)
    refuse_contradictions(asked.pip)
    return asked


def _pip_section(sources: Sources, asked: Asked, section: dict[str, Any], lines: Lines) -> None:
    for text in map(words, listing(section.get("pip"))[:MAX_PACKAGES]):
        line = lines.of(text)
        include = re.fullmatch(r"(?:-r|--requirement)[ =]?(\S{1,1000})", text.strip())
        if not include:
            add(asked, text, line)
            continue
        inner = within(asked.path.rpartition("/")[0], include[1])
        if not inner or inner not in sources:
            raise refused(asked.path, line, f"{shown(include[1])} is not in the workspace", "Add the file.")
        found = read_requirements(sources, inner)
        asked.pip += [pip._replace(hashes=()) for pip in found.pip]
        for sentence in found.all_notes():
            asked.note(sentence)
    asked.speaks.add("python")


def _conda_package(asked: Asked, spec: str, line: int, needless: list[str]) -> None:
    # `numpy 1.26` is another way to write `numpy=1.26`.
    match = _SPEC.fullmatch(re.sub(r"^([^\s=<>]{1,200})\s{1,20}(?=[0-9])", r"\1=", spec.strip()))
    if match is None:
        mend = "Write it as name or name=version."
        raise refused(asked.path, line, f"{shown(spec)} is no package of conda", mend, "conda_package_unknown")
    name, version = match[1].lower(), pip_version(match[2] or "")
    if name == "python":
        asked.python = python_wish(_plain(version), asked.path, line)
    elif name in {"r-base", "r"}:
        wanted = _plain(version)
        asked.r = Wish(wanted, asked.path, line) if wanted else asked.r
        asked.speaks.add("r")
    elif reason := REFUSED.get(name):
        mend = f"{reason[0].upper()}{reason[1:]}. Remove the line."
        raise refused(asked.path, line, f"{shown(name)} cannot be had here", mend, "conda_package_unavailable")
    elif name in GRAPHICS:
        asked.deviations.append(
            Deviation(
                subject=name,
                wanted=version or "any version",
                got="nothing",
                reason="There is no graphics processor in a run.",
                path=asked.path,
                line=line,
            )
        )
    elif is_needless(name):
        needless.append(name)
    else:
        _mapped(asked, name, version, line)


def _plain(version: str) -> str:
    """Return `3.9` for `==3.9.*`; a range stays one."""
    return version if "," in version else version.removeprefix("==").removesuffix(".*")


def _mapped(asked: Asked, name: str, version: str, line: int) -> None:
    place = f"{asked.path}:{line}" if line else asked.path
    if name.startswith(("r-", "bioconductor-")):
        asked.speaks.add("r")
        asked.r_packages.append(RNeed(name.partition("-")[2], version, asked.path, line, f"{name} in {place}"))
    elif name in DEBIAN:
        asked.apt.append(apt_package(DEBIAN[name], asked.path, line, f"conda's {name} in {place}"))
    else:
        asked.speaks.add("python")
        add(asked, f"{PYPI.get(name, name)}{version}", line, f"conda's {name} in {place}")


def pip_version(spec: str) -> str:
    """Return a version of conda (`=1.21`, `==1.21.2=py39`, `>=1.2,<2`) as pip writes it, '' for any."""
    spec = "".join(spec.split())
    exact = re.fullmatch(r"={1,2}([0-9][A-Za-z0-9.!_+-]{0,60})(=[A-Za-z0-9._*-]{1,80})?(\.?\*)?", spec)
    if exact is None:
        return spec if is_specifier(spec) else ""
    if exact[2] or spec.startswith("==") or re.search("[a-z]", exact[1]):
        return f"=={exact[1]}"
    return f"=={exact[1].removesuffix('.*').rstrip('.')}.*"
