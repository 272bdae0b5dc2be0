"""What the builder reads from the environment, once."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from erc.schemas.limits import BuildLimits
from erc.workers.builder.domain.rules import BuildRules

_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


@dataclass(frozen=True)
class BuilderSettings:
    """`BUILDER_BASE`, `BUILDER_CA_BUNDLE`, `BUILDER_SAVE_IMAGE`, `BUILDER_WALL_CLOCK_SECONDS`, `DOCKER_HOST`."""

    base: str
    engine: str | None
    rules: BuildRules

    @classmethod
    def read(cls) -> BuilderSettings:
        """Read the settings."""
        env = os.environ
        bundle = env.get("BUILDER_CA_BUNDLE") or env.get("SSL_CERT_FILE") or env.get("PIP_CERT")
        machine = platform.machine()
        wall_clock = timedelta(seconds=float(env.get("BUILDER_WALL_CLOCK_SECONDS", "7200")))
        return cls(
            base=env.get("BUILDER_BASE", ""),
            engine=env.get("DOCKER_HOST") or None,
            rules=BuildRules(
                platform=f"linux/{_ARCHITECTURES.get(machine, machine)}",
                limits=BuildLimits(wall_clock=wall_clock),
                ca_bundle=Path(bundle) if bundle else None,
                save_image=env.get("BUILDER_SAVE_IMAGE", "true").lower() not in {"false", "0", "no"},
            ),
        )
