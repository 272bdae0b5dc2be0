"""Writes the runtime manifest: the Dockerfile of an environment, from constants and checked names only."""

from __future__ import annotations

import hashlib
import json
import re

from erc.events.errors import Rejected
from erc.schemas.environment import Plan
from erc.workers.builder.domain.packages import APT_NAME, parse_requirement

REQUIREMENTS_FILE = "requirements.txt"
"""Name in the build context of the plan's pip requirements."""
CA_FILE = "ca.crt"
"""Name in the build context of the certificates that pip needs where this service runs."""

_IMAGE = re.compile(r"[a-z0-9][a-z0-9._/:@-]{1,254}")
_LEAN = (
    "path-exclude=/usr/share/doc/*",
    "path-include=/usr/share/doc/*/copyright",
    "path-exclude=/usr/share/man/*",
    "path-exclude=/usr/share/info/*",
    "path-exclude=/usr/share/locale/*",
    "path-exclude=/usr/share/javascript/mathjax/unpacked/*",
)


def dockerfile(plan: Plan, base: str, *, ca_bundle: bool = False) -> str:
    """Return the Dockerfile of a plan's environment on a base image's tag or digest.

    With `ca_bundle` the build context also holds `CA_FILE`, which is used by the stage that fetches Python packages
    and is not in the final image. Without it the text is the same but for that, so it is what an author is shown.
    Raises `Rejected` when a name of the plan is not a package's name.
    """
    if not _IMAGE.fullmatch(base):
        raise Rejected("The base image's name is not valid", f"{base[:100]!r} cannot be used.", code="base_invalid")
    blocks = [
        _wheels(base, stage_label(plan, base), ca_bundle=ca_bundle) if plan.requirements else "",
        f"FROM {base}",
        f"LABEL org.erc.suite={json.dumps(plan.suite)} org.erc.kind={json.dumps(plan.kind.value)}",
        "ENV LC_ALL=C.UTF-8 TZ=UTC" + (" PATH=/opt/erc/bin:$PATH" if plan.requirements else ""),
        _install(_apt_names(plan)),
        "COPY --from=wheels /opt/erc /opt/erc" if plan.requirements else "",
        "WORKDIR /erc",
        "VOLUME /erc",
        f"CMD {json.dumps(plan.command)}",
    ]
    return "\n".join(block for block in blocks if block) + "\n"


def stage_label(plan: Plan, base: str) -> str:
    """Return the label of the stage that fetches packages: no other environment's build has it."""
    return f"org.erc.stage={hashlib.sha256(f'{base} {plan.requirements}'.encode()).hexdigest()[:16]}"


def requirements_file(plan: Plan) -> bytes:
    """Return the bytes of the requirements for the build context; raises `Rejected` for a line that is none."""
    for line in plan.requirements.splitlines():
        if parse_requirement(line) is None:
            raise _not_a_package(line)
    return plan.requirements.encode()


def _apt_names(plan: Plan) -> list[str]:
    names = sorted({package.name for package in plan.packages if package.system == "apt"})
    if plan.requirements and "python3" not in names:
        names = sorted([*names, "python3"])
    return names


def _install(names: list[str]) -> str:
    """Return the one RUN that installs packages and leaves neither lists nor manuals behind."""
    if not names:
        return ""
    for name in names:
        if not APT_NAME.fullmatch(name):
            raise _not_a_package(name)
    settings = " ".join(f"'{line}'" for line in _LEAN)
    return " \\\n".join(
        [
            f"RUN printf '%s\\n' {settings} > /etc/dpkg/dpkg.cfg.d/erc",
            " && apt-get -o Acquire::Languages=none update",
            " && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends",
            *(f"      {name}" for name in names),
            " && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/log/apt /var/log/*.log",
        ]
    )


def _wheels(base: str, label: str, *, ca_bundle: bool) -> str:
    certificates = [
        f"COPY {CA_FILE} /tmp/{CA_FILE}",
        f"ENV PIP_CERT=/tmp/{CA_FILE} SSL_CERT_FILE=/tmp/{CA_FILE}",
    ]
    return "\n".join(
        [
            f"FROM {base} AS wheels",
            f"LABEL {label}",
            "ENV LC_ALL=C.UTF-8 TZ=UTC",
            _install(["python3", "python3-venv"]),
            *(certificates if ca_bundle else []),
            f"COPY {REQUIREMENTS_FILE} /tmp/{REQUIREMENTS_FILE}",
            "RUN python3 -m venv /opt/erc \\",
            " && /opt/erc/bin/pip install --no-cache-dir --disable-pip-version-check --only-binary :all: \\",
            f"      -r /tmp/{REQUIREMENTS_FILE} \\",
            " && /opt/erc/bin/pip freeze --all > /opt/erc/installed.txt",
            "",
        ]
    )


def _not_a_package(name: str) -> Rejected:
    return Rejected(
        "A package of the plan has no valid name",
        f"{name[:100]!r} cannot be installed. Correct it where the code or requirements.txt names it.",
        code="package_name_invalid",
    )
