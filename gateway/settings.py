"""What the gateway reads from the environment, once."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from erc.events.git_process import loopback_allowed as repositories_on_loopback
from erc.gateway.identity.settings import IdentitySettings, read_identity
from erc.gateway.notifier.settings import loopback_allowed
from erc.schemas.limits import ArchiveLimits, Quota

LOOPBACK = {"127.0.0.1", "::1", "localhost"}


@dataclass(frozen=True)
class GatewaySettings:
    """Addresses, secrets and limits. Secrets are not shown."""

    database_url: str = field(repr=False)
    nats_url: str = field(repr=False)
    home: Path
    host: str
    port: int
    content_port: int
    public_url: str
    """Address under which people reach the pages."""
    content_url: str
    """Address of the second origin, which serves what users made."""
    operator_token: str = field(repr=False)
    one_time_token: str = field(repr=False)
    stalled_seconds: float = 15.0
    """How long a message may wait for the relay, and how long the relay may be silent, before we are not ready."""
    limits: ArchiveLimits = field(default_factory=ArchiveLimits)
    quota: Quota = field(default_factory=Quota)
    abandoned_seconds: float = 300.0
    """How long work may be silent before its command is looked for."""
    janitor_seconds: float = 30.0
    allow_loopback: bool = False
    """Whether webhooks may be on this machine, as the notifier's settings say."""
    git_loopback: bool = False
    """Whether repositories may be on this machine, as `SOURCES_ALLOW_LOOPBACK` says."""
    identity: IdentitySettings = field(default_factory=IdentitySettings)
    repeat_seconds: float = 0.0
    """How long a publication waits for the repeats of the newest job; nothing is repeated when it is 0."""
    hosts: tuple[str, ...] = ()
    """Further names under which the service may be asked."""

    @classmethod
    def read(cls) -> GatewaySettings:
        """Read `GATEWAY_*`, `DATABASE_URL`, `NATS_URL` and `ERC_HOME`."""
        env = os.environ
        host, port = env.get("GATEWAY_HOST", "127.0.0.1"), int(env.get("GATEWAY_PORT", "8080"))
        content_port = int(env.get("GATEWAY_CONTENT_PORT", port + 1))
        return cls(
            database_url=env["DATABASE_URL"],
            nats_url=env["NATS_URL"],
            home=Path(env.get("ERC_HOME", Path.home() / ".erc")),
            host=host,
            port=port,
            content_port=content_port,
            public_url=env.get("GATEWAY_PUBLIC_URL", f"http://{host}:{port}"),
            content_url=env.get("GATEWAY_CONTENT_URL", f"http://{host}:{content_port}"),
            operator_token=env.get("GATEWAY_OPERATOR_TOKEN", ""),
            one_time_token=env.get("GATEWAY_ONE_TIME_TOKEN", ""),
            abandoned_seconds=float(env.get("GATEWAY_ABANDONED_SECONDS", "300")),
            janitor_seconds=float(env.get("GATEWAY_JANITOR_SECONDS", "30")),
            allow_loopback=loopback_allowed(),
            git_loopback=repositories_on_loopback(),
            identity=read_identity(env),
            repeat_seconds=float(env.get("GATEWAY_REPEAT_SECONDS", "20")),
            hosts=tuple(name.strip() for name in env.get("GATEWAY_HOSTS", "").split(",") if name.strip()),
            stalled_seconds=float(env.get("GATEWAY_STALLED_SECONDS", "15")),
            quota=Quota(
                candidates=int(env.get("GATEWAY_QUOTA_CANDIDATES", Quota().candidates)),
                size_bytes=int(env.get("GATEWAY_QUOTA_BYTES", Quota().size_bytes)),
                jobs=int(env.get("GATEWAY_QUOTA_JOBS", Quota().jobs)),
            ),
            limits=ArchiveLimits(
                upload_bytes=int(env.get("GATEWAY_UPLOAD_BYTES", ArchiveLimits().upload_bytes)),
            ),
        )
