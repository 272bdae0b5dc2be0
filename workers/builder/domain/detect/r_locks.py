"""`renv.lock`, `packrat.lock` and the output of `sessionInfo()`: versions of R and its packages that were used."""

from __future__ import annotations

import re
from typing import Any

from erc.workers.builder.domain.detect.asked import Asked
from erc.workers.builder.domain.detect.r_files import stanzas
from erc.workers.builder.domain.detect.sources import LOCK_BYTES, Lines, Sources, json_of, listing, mapping, words
from erc.workers.builder.domain.packages import is_r_name
from erc.workers.builder.domain.suites import Wish

MAX_PACKAGES = 3000
_DAY = re.compile(r"(?<![0-9])(20[0-9]{2}-[01][0-9]-[0-3][0-9])(?![0-9])")
_R_VERSION = re.compile(r"[1-9][0-9]?(?:\.[0-9]{1,2}){1,2}")
_SESSION_R = re.compile(r"R version ([1-9]\.[0-9]{1,2}\.[0-9]{1,2})(?: Patched)? \(([0-9]{4}-[0-9]{2}-[0-9]{2})\)")
_ATTACHED = re.compile(r"(?<![\w.])([A-Za-z][A-Za-z0-9.]{0,60})_([0-9][0-9.-]{0,20})")
_TABLE_ROW = re.compile(
    r"[ !VPDR]{0,6}([A-Za-z][A-Za-z0-9.]{0,60})[ ]{1,40}(?:\*[ ]{1,10})?([0-9][0-9.-]{0,20})[ ]{1,20}20[0-9]{2}-"
    r".{0,200}"
)
_TABLE_DAY = re.compile(r" ?date[ ]{1,20}([0-9]{4}-[0-9]{2}-[0-9]{2}).{0,100}")


def read_renv_lock(sources: Sources, path: str) -> Asked:
    """Return the version of R, the day of the repository and the packages' versions of an `renv.lock`."""
    text = sources.text(path, LOCK_BYTES)
    document, asked, lines = json_of(text, path), Asked(path, speaks={"r"}), Lines(text)
    about = mapping(document.get("R"))
    if _R_VERSION.fullmatch(version := words(about.get("Version"))):
        asked.r = Wish(version, path, lines.of(f'"{version}"'))
    addresses = [words(mapping(one).get("URL")) for one in listing(about.get("Repositories"))]
    if days := [(match[1], address) for address in addresses if (match := _DAY.search(address[:1000]))]:
        asked.date = Wish(days[0][0], path, lines.of(days[0][0]), loose=True)
    packages = list(mapping(document.get("Packages")).items())[:MAX_PACKAGES]
    for name, value in packages:
        _take(asked, name, _locked_version(mapping(value)), lines.of(f'"{name}":'))
    return asked


def _locked_version(package: dict[str, Any]) -> str:
    version = words(package.get("Version"))
    if words(package.get("Source")).lower() in {"github", "gitlab", "bitbucket"}:
        place = f"{words(package.get('RemoteUsername'))}/{words(package.get('RemoteRepo'))}"
        return f"{version} of {place[:100]} on {words(package.get('Source'))}"
    return version


def _take(asked: Asked, name: str, version: str, line: int) -> None:
    if is_r_name(name) and version:
        asked.r_versions[name] = Wish(version[:150], asked.path, line)


def read_packrat_lock(sources: Sources, path: str) -> Asked:
    """Return the version of R and the packages' versions of a `packrat.lock`."""
    asked = Asked(path, speaks={"r"})
    for fields in stanzas(sources.text(path, LOCK_BYTES), path)[: MAX_PACKAGES + 1]:
        version, line = fields.get("RVersion", ("", 0))
        if _R_VERSION.fullmatch(version):
            asked.r = Wish(version, path, line)
        name, line = fields.get("Package", ("", 0))
        _take(asked, name, fields.get("Version", ("", 0))[0], line)
    return asked


def read_session_info(sources: Sources, path: str) -> Asked:
    """Return the versions that the text of `sessionInfo()` or `session_info()` tells; it asks for no package."""
    asked = Asked(path)
    for number, row in enumerate(sources.text(path).split("\n"), 1):
        if len(row) > 2000:
            continue
        if asked.r is None and (match := _SESSION_R.search(row)):
            asked.r = Wish(match[1], path, number)
        elif match := _TABLE_DAY.fullmatch(row):
            asked.date = asked.date or Wish(match[1], path, number, loose=True)
        elif match := _TABLE_ROW.fullmatch(row):
            asked.r_versions.setdefault(match[1], Wish(match[2], path, number))
        else:
            for name, version in _ATTACHED.findall(row):
                asked.r_versions.setdefault(name, Wish(version, path, number))
    return asked
