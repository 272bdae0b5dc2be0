"""What the notifier reads from the environment, once."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from datetime import timedelta

from erc.gateway.notifier.schedule import Patience


@dataclass(frozen=True)
class NotifierSettings:
    """Addresses and patience."""

    database_url: str = field(repr=False)
    nats_url: str = field(repr=False)
    allow_loopback: bool
    """Whether webhooks may be on this machine, over http too: for tests and development."""
    seconds: float
    """Deadline of one attempt."""
    patience: Patience

    @classmethod
    def read(cls) -> NotifierSettings:
        """Read `NOTIFIER_*`, `DATABASE_URL` and `NATS_URL`."""
        env, usual = os.environ, Patience()
        pause = float(env.get("NOTIFIER_FIRST_PAUSE_SECONDS", usual.first_pause.total_seconds()))
        return cls(
            database_url=env["DATABASE_URL"],
            nats_url=env["NATS_URL"],
            allow_loopback=loopback_allowed(),
            seconds=float(env.get("NOTIFIER_ATTEMPT_SECONDS", "15")),
            patience=Patience(
                attempts=int(env.get("NOTIFIER_ATTEMPTS", usual.attempts)),
                first_pause=timedelta(seconds=pause),
                give_ups=int(env.get("NOTIFIER_GIVE_UPS", usual.give_ups)),
            ),
        )


def loopback_allowed() -> bool:
    """Return `NOTIFIER_ALLOW_LOOPBACK`, which is off."""
    return os.environ.get("NOTIFIER_ALLOW_LOOPBACK", "").lower() in {"1", "true", "yes"}
