"""What an image holds: the command that lists its packages, and what its answer means."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

COMMAND = [
    "/bin/sh",
    "-c",
    r"""
dpkg-query -W -f 'apt\t${Package}\t${Version}\t${Architecture}\t${db:Status-Status}\n' 2>/dev/null
[ -r /etc/os-release ] && . /etc/os-release && printf 'system\t%s\t%s\n' "$ID" "$VERSION_ID"
if command -v python3 >/dev/null; then
  python3 -I -c 'import platform; print("python", "python", platform.python_version(), sep="\t")'
fi
if [ -x /opt/erc/bin/python3 ]; then
  /opt/erc/bin/python3 -I -c 'import importlib.metadata as m
for d in m.distributions():
    print("pip", d.metadata["Name"], d.version, sep="\t")'
fi
if command -v Rscript >/dev/null; then
  Rscript --vanilla -e 'p <- installed.packages()[, c("Package", "Version"), drop = FALSE]
    cat(sprintf("r\t%s\t%s\n", p[, 1], p[, 2]), sep = "")
    cat(sprintf("R\tR\t%s\n", getRversion()))'
fi
exit 0
""",
]
"""Lists packages, one a line, by what the image itself has; run in a container without network."""
PROBE = [
    "/bin/sh",
    "-c",
    r"""
apt-get -qq -o APT::Sandbox::User=root -o Acquire::Languages=none update >/dev/null 2>&1 &&
apt-cache policy python3 r-base-core pandoc
""",
]
"""Asks a suite which versions it has at this moment."""
FREE = ["/bin/df", "-Pk", "/"]
"""Asks how much of the engine's disk is free."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9+._-]{0,149}")
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+~:_!-]{0,149}")
_PACKAGES = 20_000


@dataclass(frozen=True, order=True)
class Installed:
    """A package in an image: `system` is `apt`, `pip` or `r`."""

    system: str
    name: str
    version: str
    architecture: str = ""


@dataclass(frozen=True)
class Inventory:
    """What an image holds, ordered by system and name."""

    packages: tuple[Installed, ...] = ()
    python: str = ""
    r: str = ""
    distribution: str = ""
    """`debian 12`, as the image itself says."""
    ground: str = ""
    """The image of the earlier environment that it stands on, where it was built on one."""

    def version(self, system: str, name: str) -> str:
        """Return the version of a package, empty when it is not there."""
        return next((one.version for one in self.packages if (one.system, one.name) == (system, name)), "")


@dataclass
class _Reading:
    packages: set[Installed] = field(default_factory=set)
    found: dict[str, str] = field(default_factory=dict)


def read_inventory(output: bytes) -> Inventory:
    """Return what the answer to `COMMAND` says; lines that make no sense are left out, the image may be anybody's."""
    reading = _Reading()
    for line in output.decode(errors="replace").splitlines():
        system, *fields = line.split("\t")
        if len(reading.packages) < _PACKAGES and len(fields) >= 2 and all(map(_plain, fields[:2])):
            _take(reading, system, fields)
    return Inventory(tuple(sorted(reading.packages)), **reading.found)


def _take(reading: _Reading, system: str, fields: list[str]) -> None:
    name, version = fields[:2]
    match system:
        case "apt" if len(fields) == 4 and fields[3] == "installed" and _plain(fields[2]):
            reading.packages.add(Installed("apt", name, version, fields[2]))
        case "pip":
            reading.packages.add(Installed("pip", re.sub(r"[-_.]+", "-", name).lower(), version))
        case "r":
            reading.packages.add(Installed("r", name, version))
        case "python":
            reading.found["python"] = version
        case "R":
            reading.found["r"] = version
        case "system":
            reading.found["distribution"] = f"{name} {version}"


def _plain(text: str) -> bool:
    return bool(_NAME.fullmatch(text) or _VERSION.fullmatch(text))


def read_probe(output: bytes) -> dict[str, str]:
    """Return the newest version of each package that a suite has, from the answer to `PROBE`."""
    versions, name = {}, ""
    for line in output.decode(errors="replace").splitlines():
        if line.endswith(":") and not line.startswith(" "):
            name = line[:-1]
        elif (match := re.fullmatch(r"\s+Candidate: (\S{1,100})", line)) and _NAME.fullmatch(name):
            versions[name] = match[1]
    return {name: version for name, version in versions.items() if version != "(none)"}


def read_free(output: bytes) -> int | None:
    """Return the free bytes that `df -Pk` tells, None when it tells none."""
    words = output.decode(errors="replace").strip().splitlines()[-1:]
    fields = words[0].split() if words else []
    return int(fields[3]) * 1024 if len(fields) >= 6 and fields[3].isdecimal() else None
