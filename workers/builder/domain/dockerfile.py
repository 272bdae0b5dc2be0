"""Writes the runtime manifest: the Dockerfile of an environment, from constants and checked names only."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime

from erc.events.errors import Rejected
from erc.schemas.environment import Plan
from erc.workers.builder.domain.hashed import Hashed, pip_lines
from erc.workers.builder.domain.needs import BUILDING
from erc.workers.builder.domain.packages import APT_NAME
from erc.workers.builder.domain.phases import Phase

REQUIREMENTS_FILE = "requirements.txt"
"""Name in the build context of the plan's pip requirements."""
CA_FILE = "ca.crt"
"""Name in the build context of the certificates that pip needs where this service runs."""
LABEL_SUITE = "org.erc.suite"
"""On images of environments and on what their builds make on the way: the suite of the distribution."""
EPOCH = 1_577_836_800
"""2020-01-01, the time of files that a build makes for a plan that tells no day."""

_IMAGE = re.compile(r"[a-z0-9][a-z0-9._/:@-]{1,254}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")
_LEAN = (
    "force-unsafe-io",
    "path-exclude=/usr/share/doc/*",
    "path-include=/usr/share/doc/*/copyright",
    "path-exclude=/usr/share/man/*",
    "path-exclude=/usr/share/info/*",
    "path-exclude=/usr/share/locale/*",
    "path-exclude=/usr/share/javascript/mathjax/unpacked/*",
)
BEGUN = "/tmp/begun"  # noqa: S108 - inside the build
_CLEAN = "rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/cache/ldconfig/* /var/log/apt /var/log/*.log"
# awk and not Python: what was just installed may hold code that an interpreter runs as it starts.
_LISTED = (
    "find /opt/erc/lib -maxdepth 4 \\( -path '*.dist-info/METADATA' -o -path '*.egg-info/PKG-INFO' \\) \\\n"
    "      -exec awk -F '[: \\r]+' 'FNR == 1 {head = 1} /^\\r?$/ {head = 0} \\\n"
    """      head && /^Name: / {name = $2} head && /^Version: / {print name "==" $2}' {} + \\\n"""
    "      | LC_ALL=C sort -f > /opt/erc/installed.txt"
)
_COMPILERS = ("build-essential", "python3-dev")


@dataclass(frozen=True)
class Instruction:
    """One instruction of the runtime manifest, which the engine carries out as one step."""

    phase: Phase
    text: str


@dataclass(frozen=True)
class RuntimeManifest:
    """The instructions in their order."""

    instructions: tuple[Instruction, ...]

    @property
    def text(self) -> str:
        """The Dockerfile."""
        return "".join(f"{instruction.text}\n" for instruction in self.instructions)

    def phase(self, step: int) -> Phase:
        """Return the phase of the engine's step of this number, from 1."""
        return self.instructions[step - 1].phase if 0 < step <= len(self.instructions) else Phase.ASSEMBLY

    def line(self, step: int) -> int:
        """Return the line, from 1, at which the step of this number begins; 0 when it is none."""
        if not 0 < step <= len(self.instructions):
            return 0
        return 1 + sum(instruction.text.count("\n") + 1 for instruction in self.instructions[: step - 1])


def dockerfile(plan: Plan, base: str, *, ca_bundle: bool = False) -> str:
    """Return the Dockerfile of a plan's environment, as `runtime_manifest` writes it."""
    return runtime_manifest(plan, base, ca_bundle=ca_bundle).text


def runtime_manifest(plan: Plan, base: str, *, ca_bundle: bool = False) -> RuntimeManifest:
    """Return the instructions for a plan's environment on a base image's tag, digest or id.

    With `ca_bundle` the build context also holds `CA_FILE`, which is used by the stage that fetches Python packages
    and is not in the final image. Without it the text is the same but for that, so it is what an author is shown.
    Raises `Rejected` when a name of the plan is not a package's name, or a variable none.
    """
    if not _IMAGE.fullmatch(base):
        raise Rejected("The base image's name is not valid", f"{base[:100]!r} cannot be used.", code="base_invalid")
    pip = bool(plan.requirements)
    labels = f"LABEL {LABEL_SUITE}={json.dumps(plan.suite)} org.erc.kind={json.dumps(plan.kind.value)}"
    path = " PATH=/opt/erc/bin:$PATH" if pip else ""
    parts = [
        *(_wheels(plan, base, ca_bundle=ca_bundle) if pip else []),
        Instruction(Phase.BASE, f"FROM {base}"),
        Instruction(Phase.BASE, labels),
        Instruction(Phase.BASE, f"ENV LC_ALL=C.UTF-8 TZ=UTC{path}"),
        *_install(_apt_names(plan), epoch(plan)),
        *_variables(plan),
        *(Instruction(Phase.ASSEMBLY, text) for text in ("WORKDIR /erc", "VOLUME /erc")),
        Instruction(Phase.ASSEMBLY, f"CMD {json.dumps(plan.command)}"),
        # Last, as it changes most: one more package makes one layer.
        *([Instruction(Phase.ASSEMBLY, "COPY --from=wheels /opt/erc /opt/erc")] if pip else []),
    ]
    return RuntimeManifest(tuple(parts))


def epoch(plan: Plan) -> int:
    """Return SOURCE_DATE_EPOCH: the plan's day as seconds since 1970, a constant when it tells none."""
    try:
        day = datetime.strptime(plan.date, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        return EPOCH
    return max(int(day.timestamp()), 315_532_800)


def stage_label(plan: Plan, base: str) -> str:
    """Return the label of the stage that fetches packages: no other environment's build has it."""
    return f"org.erc.stage={hashlib.sha256(f'{base} {plan.requirements}'.encode()).hexdigest()[:16]}"


def requirements_file(plan: Plan) -> bytes:
    """Return the bytes of the requirements for the build context; raises `Rejected` for a line that is none."""
    return "".join(f"{line}\n" for line in _pip(plan).lines).encode()


def _pip(plan: Plan) -> Hashed:
    try:
        return pip_lines(plan.requirements)
    except ValueError as error:
        raise _not_a_package(str(error)) from error


def _apt_names(plan: Plan) -> list[str]:
    names = sorted({package.name for package in plan.packages if package.system == "apt"})
    if plan.requirements and "python3" not in names:
        names = sorted([*names, "python3"])
    return names


def _install(names: list[str], seconds: int) -> list[Instruction]:
    """Return the one RUN that installs packages and leaves neither lists nor manuals behind."""
    if not names:
        return []
    for name in names:
        if not APT_NAME.fullmatch(name):
            raise _not_a_package(name)
    settings = " ".join(f"'{line}'" for line in _LEAN)
    commands = [
        f"export SOURCE_DATE_EPOCH={seconds} && touch {BEGUN}",
        f"printf '%s\\n' {settings} > /etc/dpkg/dpkg.cfg.d/erc",
        "apt-get -o Acquire::Languages=none update",
        " \\\n".join(
            [
                "DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends",
                *(f"      {name}" for name in names),
            ]
        ),
        _CLEAN,
        *dated(seconds),
    ]
    return [run(Phase.SYSTEM_PACKAGES, commands)]


def run(phase: Phase, commands: list[str]) -> Instruction:
    """Return the one step that carries out commands, each if those before it succeeded."""
    return Instruction(phase, "RUN " + " \\\n && ".join(commands))


def dated(seconds: int) -> list[str]:
    """Return commands that give all that was made since the step began one time: equal steps leave equal files."""
    others = " -o ".join(f"-path {path}" for path in ("/proc", "/sys", "/dev"))
    touched = f"-exec touch --no-create --no-dereference --date=@{seconds} {{}} +"
    return [
        f"find / -xdev \\( {others} \\) -prune -o -newer {BEGUN} {touched}",
        f"rm {BEGUN} && touch --date=@{seconds} /tmp",
    ]


def _wheels(plan: Plan, base: str, *, ca_bundle: bool) -> list[Instruction]:
    seconds, sources = epoch(plan), _sources(plan)
    begin = f"export SOURCE_DATE_EPOCH={seconds} && touch {BEGUN}"
    return [
        Instruction(Phase.BASE, f"FROM {base} AS wheels"),
        Instruction(Phase.BASE, "ENV LC_ALL=C.UTF-8 TZ=UTC"),
        *_install(["python3", "python3-venv", *(_compilers(plan) if sources else ())], seconds),
        run(Phase.PYTHON_PACKAGES, [begin, "python3 -m venv /opt/erc", *dated(seconds)]),
        # What stands above is the same for whatever is asked for, and is made once.
        Instruction(Phase.PYTHON_PACKAGES, f"LABEL {stage_label(plan, base)}"),
        *brought(ca_bundle=ca_bundle),
        run(Phase.PYTHON_PACKAGES, [begin, *installing(plan), *dated(seconds)]),
    ]


def brought(*, ca_bundle: bool) -> list[Instruction]:
    """Return the steps that bring into a stage what pip needs there: the requirements, and certificates if any."""
    certificates = [
        Instruction(Phase.PYTHON_PACKAGES, f"COPY {CA_FILE} /tmp/{CA_FILE}"),
        Instruction(Phase.PYTHON_PACKAGES, f"ENV PIP_CERT=/tmp/{CA_FILE} SSL_CERT_FILE=/tmp/{CA_FILE}"),
    ]
    requirements = Instruction(Phase.PYTHON_PACKAGES, f"COPY {REQUIREMENTS_FILE} /tmp/{REQUIREMENTS_FILE}")
    return [*(certificates if ca_bundle else []), requirements]


def installing(plan: Plan) -> list[str]:
    """Return commands that install a plan's Python packages, and list what is there then."""
    sources = _sources(plan)
    options = "--no-cache-dir --disable-pip-version-check --only-binary :all:"
    options += f" --no-binary {','.join(sources)}" if sources else ""
    options += " --require-hashes" if _pip(plan).hashed else ""
    return [
        # Isolated: a script that a wheel puts beside pip is not taken for one of Python's own modules.
        f"/opt/erc/bin/python3 -I -m pip install {options} \\\n      -r /tmp/{REQUIREMENTS_FILE}",
        _LISTED,
    ]


def _sources(plan: Plan) -> list[str]:
    names = sorted({package.name for package in plan.packages if package.system == "pip" and package.source})
    for name in names:
        if not APT_NAME.fullmatch(name):
            raise _not_a_package(name)
    return names


def _compilers(plan: Plan) -> list[str]:
    """Return what the stage needs beside Python to build sources: compilers, and the headers that are planned."""
    planned = (name for name in _apt_names(plan) if name.endswith("-dev") or name in BUILDING)
    return sorted({*_COMPILERS, *planned})


def _variables(plan: Plan) -> list[Instruction]:
    """Return the author's variables, set when everything is installed: none can choose where packages come from."""
    return [
        Instruction(Phase.ASSEMBLY, f"ENV {_name(name)}={_quoted(name, value)}")
        for name, value in sorted(plan.variables.items())
    ]


def _name(name: str) -> str:
    if not _VARIABLE.fullmatch(name) or name.upper().startswith("LD_"):
        raise Rejected(
            "A variable of the environment has no valid name",
            f"{name[:100]!r} cannot be set. Rename it or remove it.",
            code="variable_invalid",
        )
    return name


def _quoted(name: str, value: str) -> str:
    if len(value) > 4096 or not value.isprintable():
        raise Rejected(
            "A variable of the environment has no valid value",
            f"The value of {name} has a line break or control character, or more than 4096 characters.",
            code="variable_invalid",
        )
    escaped = re.sub(r'([\\"$])', r"\\\1", value)
    # The one reference that Dockerfiles cannot do without.
    return '"' + (re.sub(r"\\\$(?:PATH\b|\{PATH\})", "${PATH}", escaped) if name == "PATH" else escaped) + '"'


def _not_a_package(name: str) -> Rejected:
    return Rejected(
        "A package of the plan has no valid name",
        f"{name[:100]!r} cannot be installed. Correct it where the code or requirements.txt names it.",
        code="package_name_invalid",
    )
