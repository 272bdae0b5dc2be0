"""`install.R` and `DESCRIPTION`: the R packages that an author lists."""

from __future__ import annotations

import re
from collections.abc import Iterator

from erc.workers.builder.domain.detect.asked import Asked, RNeed, refused, shown
from erc.workers.builder.domain.detect.sources import Sources
from erc.workers.builder.domain.packages import R_CORE, is_r_name
from erc.workers.builder.domain.suites import Wish
from erc.workers.code.rscript import mask

MAX_CALLS = 500
MAX_ARGUMENTS = 20_000
MAX_PACKAGES = 2000
_INSTALL = re.compile(
    r"(?<![\w.])(install\.packages|install_version|install_cran|install_github|install_gitlab|install_bioc|biocLite"
    r"|BiocManager::install|pkg_install|pak|renv::install|pak::pkg_install)[ \t]{0,20}\("
)
_BRACKET = re.compile(r"[()]")
_TEXT = re.compile(r"(?:([A-Za-z_.]{1,30})[ \t]{0,10}=[ \t]{0,10})?[\"'`]([^\"'\n]{1,200})[\"']")
_OPTIONS = frozenset({"repos", "lib", "type", "ref", "upgrade", "method", "INSTALL_opts", "branch", "subdir", "host"})
_VERSION = re.compile(r"[0-9]{1,9}(?:[.-][0-9]{1,9}){0,5}")
_RELATION = re.compile(
    r"([A-Za-z][A-Za-z0-9.]{0,99})(?:\s{0,20}\(\s{0,20}([<>=!]{1,2})\s{0,20}([0-9][0-9.-]{0,40})\s{0,20}\))?"
)
_FIELD = re.compile(r"([A-Za-z][A-Za-z0-9/@_-]{0,60}):[ \t]{0,20}(.{0,20000})")
_ASKING = ("Depends", "Imports", "LinkingTo")


def read_install_r(sources: Sources, path: str) -> Asked:
    """Return the packages that the calls of `install.R` install; nothing of it is run."""
    asked = Asked(path, speaks={"r"})
    take_installs(asked, sources.text(path), 1)
    return asked


def take_installs(asked: Asked, code: str, first_line: int) -> None:
    """Add what calls such as `install.packages(c("a", "b"))` install; what they compute is a note."""
    masked, _ = mask(code)
    line, counted = first_line, 0
    for match in list(_INSTALL.finditer(masked))[:MAX_CALLS]:
        line, counted = line + masked.count("\n", counted, match.start()), match.start()
        _take_call(asked, match[1], _arguments(masked, match.end()), line)


def _arguments(masked: str, start: int) -> str:
    """Return the text up to the bracket that closes a call."""
    depth = 1
    for bracket in _BRACKET.finditer(masked, start, start + MAX_ARGUMENTS):
        depth += 1 if bracket.group() == "(" else -1
        if not depth:
            return masked[start : bracket.start()]
    return ""


def _take_call(asked: Asked, function: str, arguments: str, line: int) -> None:
    texts = [(match[1] or "", match[2]) for match in _TEXT.finditer(arguments)]
    version = next((text for name, text in texts if name == "version"), "")
    if function == "install_version" and not version:
        version = next((text for _, text in texts if _VERSION.fullmatch(text)), "")
    names = [text for name, text in texts if name not in _OPTIONS | {"version"} and text != version]
    if not names:
        asked.note(f"{asked.path}:{line}: which packages {function} installs is not known before the code runs.")
    for name in names[:MAX_PACKAGES]:
        _take_name(asked, function, name, version, line)


def _take_name(asked: Asked, function: str, text: str, version: str, line: int) -> None:
    bare, _, at = text.rpartition("/")[2].partition("@")
    wanted = version or at
    if "/" in text:
        wanted = f"{text} on GitHub" if "gitlab" not in function else f"{text} on GitLab"
    if not is_r_name(bare):
        asked.note(f"{asked.path}:{line}: {shown(text)} is not used, as it is not the name of an R package.")
    elif bare not in R_CORE:
        asked.r_packages.append(RNeed(bare, wanted, asked.path, line, f"{function}({bare}) in {asked.path}:{line}"))


def read_description(sources: Sources, path: str) -> Asked:
    """Return what the `Depends`, `Imports` and `LinkingTo` of a DESCRIPTION ask for, R itself among them."""
    asked = Asked(path)
    for fields in stanzas(sources.text(path), path)[:1]:
        for field in _ASKING:
            value, line = fields.get(field, ("", 0))
            for number, row in enumerate(value.split("\n")):
                for part in row.split(","):
                    _relation(asked, field, part.strip(), line + number)
        asked.own_r = fields.get("Package", ("", 0))[0][:100]
        if "Depends" in fields or "Imports" in fields:
            asked.speaks.add("r")
    return asked


def _relation(asked: Asked, field: str, text: str, line: int) -> None:
    if not text:
        return
    match = _RELATION.fullmatch(text)
    if match is None:
        raise refused(asked.path, line, f"{shown(text)} is no package in {field}", "Write it as name (>= 1.2).")
    name, operator, version = match[1], match[2] or "", match[3] or ""
    if name == "R":
        asked.r = Wish(f"{operator}{version}".replace("-", "."), asked.path, line) if version else asked.r
    elif name not in R_CORE and len(asked.r_packages) < MAX_PACKAGES:
        wanted = f"{operator}{version}" if version else ""
        asked.r_packages.append(RNeed(name, wanted, asked.path, line, f"{field} of {asked.path}:{line}"))


def stanzas(text: str, path: str) -> list[dict[str, tuple[str, int]]]:
    """Return the blocks of a file of `Field: value` (Debian control format), each field with its line.

    Raises Rejected, with the line, for a line that is neither a field nor goes on with one.
    """
    return list(_stanzas(text, path))


def _stanzas(text: str, path: str) -> Iterator[dict[str, tuple[str, int]]]:
    fields: dict[str, tuple[list[str], int]] = {}
    last: list[str] | None = None
    for number, row in enumerate([*text.split("\n"), ""], 1):
        if not row.strip():
            if fields:
                yield {name: ("\n".join(rows), line) for name, (rows, line) in fields.items()}
            fields, last = {}, None
        elif row[0] in " \t" and last is not None:
            last.append(row.strip())
        elif match := _FIELD.fullmatch(row):
            last = [match[2].strip()]
            fields[match[1]] = (last, number)
        else:
            raise refused(path, number, f"{shown(row)} is neither a field nor part of one", "Write `Field: value`.")
