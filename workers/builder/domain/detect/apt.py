"""`apt.txt`: names of the distribution's packages, and nothing else."""

from __future__ import annotations

from erc.schemas.environment import PlannedPackage
from erc.workers.builder.domain.detect.asked import Asked, refused, shown
from erc.workers.builder.domain.detect.sources import Sources
from erc.workers.builder.domain.packages import APT_NAME

MAX_NAMES = 1000


def read_apt(sources: Sources, path: str) -> Asked:
    """Return the packages of the file; raises Rejected, with the line, for anything that is no package's name."""
    asked = Asked(path)
    for number, line in enumerate(sources.text(path).split("\n"), 1):
        for word in line.partition("#")[0].split():
            asked.apt.append(apt_package(word, path, number, f"{path}:{number}"))
            if len(asked.apt) > MAX_NAMES:
                raise refused(path, number, f"more than {MAX_NAMES} packages are listed")
    return asked


def apt_package(word: str, path: str, line: int, reason: str) -> PlannedPackage:
    """Return the package that a word means; raises Rejected with what is wrong with it."""
    name, _, version = word.partition("=")
    if word.startswith("-"):
        raise refused(path, line, f"{shown(word)} is an option, not a package", "Remove it.", "apt_name_invalid")
    if len(name) > 100 or not APT_NAME.fullmatch(name):
        mend = "A name has small letters, digits and + - . only."
        raise refused(path, line, f"{shown(word)} is not the name of a package", mend, "apt_name_invalid")
    return PlannedPackage(
        name=name, system="apt", version=f"={version}" if version else "", reason=reason, path=path, line=line
    )
