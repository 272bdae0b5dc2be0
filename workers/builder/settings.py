"""What the builder reads from the environment, once."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Literal, cast, get_args

from erc.events.errors import Unavailable
from erc.schemas.limits import BuildLimits
from erc.workers.builder.domain.archives import TimeMachine
from erc.workers.builder.domain.rules import BuildRules, Ground
from erc.workers.docker import SERVICE_UID

_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


Use = Literal["never", "prefer", "only"]


@dataclass(frozen=True)
class Remote:
    """Whether builders elsewhere build, and where they get bytes from this one."""

    use: Use = "never"
    host: str = "127.0.0.1"
    port: int = 0
    address: str = ""

    @classmethod
    def read(cls, env: Mapping[str, str]) -> Remote:
        """Read `BUILDER_REMOTE` and `BUILDER_HANDOVER_…`; on a platform builders elsewhere are preferred."""
        default = "prefer" if env.get("ERC_PROFILE") == "platform" else "never"
        use = env.get("BUILDER_REMOTE") or default
        if use not in get_args(Use):
            raise Unavailable(f"BUILDER_REMOTE is {use!r}; it can be {', '.join(get_args(Use))}")
        return cls(
            use=cast("Use", use),
            host=env.get("BUILDER_HANDOVER_HOST", "127.0.0.1"),
            port=int(env.get("BUILDER_HANDOVER_PORT", "0")),
            address=env.get("BUILDER_HANDOVER_URL", ""),
        )


@dataclass(frozen=True)
class BuilderSettings:
    """`BUILDER_…` and `DOCKER_HOST`; docs/builds.md lists them."""

    engine: str | None
    rules: BuildRules
    user: tuple[int, int]
    """User and group as which scripts of an author run: those of a run."""
    remote: Remote = Remote()

    @classmethod
    def read(cls) -> BuilderSettings:
        """Read the settings."""
        env = os.environ
        bundle = env.get("BUILDER_CA_BUNDLE") or env.get("SSL_CERT_FILE") or env.get("PIP_CERT")
        machine, default = platform.machine(), BuildRules("", BuildLimits(), None, save_image=True)
        return cls(
            remote=Remote.read(env),
            engine=env.get("DOCKER_HOST") or None,
            rules=BuildRules(
                platform=f"linux/{_ARCHITECTURES.get(machine, machine)}",
                limits=_limits(env),
                ca_bundle=Path(bundle) if bundle else None,
                save_image=_is_set(env, "BUILDER_SAVE_IMAGE", "true"),
                ground=_ground(env),
                free_bytes=int(env.get("BUILDER_FREE_BYTES", default.free_bytes)),
                carried_images=_is_set(env, "BUILDER_CARRIED_IMAGE", "true"),
                check_reproducible=_is_set(env, "BUILDER_CHECK_REPRODUCIBLE", "false"),
            ),
            user=(SERVICE_UID, SERVICE_UID) if os.geteuid() == 0 else (os.geteuid(), os.getegid()),
        )


def _limits(env: Mapping[str, str]) -> BuildLimits:
    default = BuildLimits()
    return BuildLimits(
        memory_bytes=int(env.get("BUILDER_MEMORY_BYTES", default.memory_bytes)),
        image_bytes=int(env.get("BUILDER_IMAGE_BYTES", default.image_bytes)),
        wall_clock=timedelta(seconds=float(env.get("BUILDER_WALL_CLOCK_SECONDS", default.wall_clock.total_seconds()))),
        log_bytes=int(env.get("BUILDER_LOG_BYTES", default.log_bytes)),
    )


def _ground(env: Mapping[str, str]) -> Ground:
    machine = TimeMachine(
        ended=env.get("BUILDER_ARCHIVE", ""),
        snapshot=env.get("BUILDER_SNAPSHOT", ""),
        day=env.get("BUILDER_SNAPSHOT_DATE", ""),
    )
    return Ground(env.get("BUILDER_BASE", ""), machine)


def _is_set(env: Mapping[str, str], name: str, default: str) -> bool:
    return env.get(name, default).lower() not in {"false", "0", "no"}
