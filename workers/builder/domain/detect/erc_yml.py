"""The `environment` of `erc.yml`: how an author is explicit; what it lists for a language is all of that language."""

from __future__ import annotations

import re
from typing import Any

from erc.events.errors import Rejected
from erc.schemas.limits import MIB
from erc.schemas.variables import MOST, is_variable
from erc.schemas.yaml_reader import YamlError, read_yaml
from erc.workers.builder.domain.detect.apt import apt_package
from erc.workers.builder.domain.detect.asked import Asked, RNeed, shown
from erc.workers.builder.domain.detect.python_project import add
from erc.workers.builder.domain.detect.requirements import refuse_contradictions
from erc.workers.builder.domain.detect.runtime import day
from erc.workers.builder.domain.detect.sources import Lines, Sources, mapping, words
from erc.workers.builder.domain.packages import is_r_name
from erc.workers.builder.domain.suites import SUITES, Wish, is_specifier, suite_named

KEYS = ("suite", "python", "r", "date", "packages", "variables")
SYSTEMS = ("apt", "python", "r")
MAX_PACKAGES = 2000
_NUMBER = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){0,2}")
_R_PACKAGE = re.compile(r"([A-Za-z][A-Za-z0-9.]{0,98}[A-Za-z0-9])[ ]?([<>=]{1,2}[ ]?[0-9][0-9.-]{0,40})?")


def read_erc_yml(sources: Sources, path: str) -> Asked:
    """Return what `environment` asks for; raises Rejected (`erc_yml_invalid`), with the line, for a wrong one.

    An `erc.yml` that is no mapping, or has no `environment`, asks for nothing: the whole file is checked elsewhere.
    """
    text, asked = sources.text(path, MIB), Asked(path)
    try:
        document = read_yaml(text, tags=False)
    except YamlError:
        return asked
    if not isinstance(document, dict) or document.get("environment") is None:
        return asked
    environment, lines = document["environment"], Lines(text)
    start = lines.of("environment")
    if not isinstance(environment, dict):
        raise wrong(start, "`environment` is not a mapping", f"Its keys are {', '.join(KEYS)}.")
    if unknown := next((key for key in environment if key not in KEYS), None):
        raise wrong(lines.of(unknown), f"`environment` has no {shown(unknown)}", f"Its keys are {', '.join(KEYS)}.")
    _platform(asked, environment, text, start)
    _packages(asked, environment.get("packages"), Lines(text))
    _variables(asked, environment.get("variables"), Lines(text))
    refuse_contradictions(asked.pip)
    return asked


def wrong(line: int, what: str, mend: str) -> Rejected:
    """Return the refusal of an `environment` in `erc.yml`."""
    place = f"erc.yml:{line}" if line else "erc.yml"
    return Rejected("The environment in erc.yml is not valid", f"{place}: {what}. {mend}", "erc_yml_invalid")


def _platform(asked: Asked, environment: dict[str, Any], text: str, start: int) -> None:
    def line(key: str) -> int:
        after = [number for number, row in enumerate(text.split("\n"), 1) if row.strip().startswith(f"{key}:")]
        return next((number for number in after if number >= start), start)

    if suite := words(environment.get("suite")):
        if suite_named(suite) is None:
            known = ", ".join(one.name for one in SUITES)
            raise wrong(line("suite"), f"{shown(suite)} is no suite", f"Those are {known}.")
        asked.suite = Wish(suite, asked.path, line("suite"))
    if python := words(environment.get("python")):
        asked.python = Wish(_version(python, line("python")), asked.path, line("python"))
    if r := words(environment.get("r")):
        asked.r = Wish(_version(r, line("r")), asked.path, line("r"))
    if date := words(environment.get("date")):
        asked.date = Wish(_day(date, line("date")), asked.path, line("date"))


def _version(text: str, line: int) -> str:
    version = "".join(text.split())
    if _NUMBER.fullmatch(version) or (len(version) <= 100 and is_specifier(version)):
        return version
    raise wrong(line, f"{shown(text)} is no version", 'Write it as "3.11" or ">=3.10".')


def _day(text: str, line: int) -> str:
    try:
        return day(text, "erc.yml", line)
    except Rejected as error:
        raise wrong(line, f"{shown(text)} is no day", "Write it as 2023-06-10.") from error


def _packages(asked: Asked, packages: Any, lines: Lines) -> None:
    if packages is None:
        return
    if not isinstance(packages, dict) or not set(packages) <= set(SYSTEMS):
        raise wrong(lines.of("packages"), "`packages` is not a mapping", "Its keys are apt, python and r, each a list.")
    for system in SYSTEMS:
        if system not in packages:
            continue
        listed = packages[system] if packages[system] is not None else []
        if not isinstance(listed, list) or len(listed) > MAX_PACKAGES:
            raise wrong(lines.of(f"{system}:"), f"`{system}` is no list", f"At most {MAX_PACKAGES} names are read.")
        if system != "apt":
            asked.speaks.add(system)
        for value in listed:
            text = words(value)
            _package(asked, system, text, lines.of(text) if text else 0)


def _package(asked: Asked, system: str, text: str, line: int) -> None:
    place = f"{asked.path}:{line}"
    if system == "apt":
        asked.apt.append(apt_package(text, asked.path, line, place))
    elif system == "python":
        before = len(asked.pip)
        add(asked, text, line, place)
        if len(asked.pip) == before:
            raise wrong(line, f"{shown(text)} is no Python package", "Write it as name or name==1.2.3.")
    else:
        match = _R_PACKAGE.fullmatch(text)
        if match is None or not is_r_name(match[1]):
            raise wrong(line, f"{shown(text)} is no R package", "Write it as name.")
        version = "".join((match[2] or "").split())
        asked.r_packages.append(RNeed(match[1], version, asked.path, line, place))


def _variables(asked: Asked, variables: Any, lines: Lines) -> None:
    if variables is None:
        return
    if not isinstance(variables, dict) or len(variables) > MOST:
        raise wrong(lines.of("variables"), "`variables` is not a mapping", "Write it as NAME: value.")
    for name, value in mapping(variables).items():
        text = "true" if value is True else "false" if value is False else words(value)
        if not is_variable(name, text):
            raise wrong(lines.of(name), f"{shown(name)} cannot be set", "Take another name, and a value of one line.")
        asked.variables[name] = text
