"""The processes of the service, as data."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Process:
    """A process: the function `entry` of `module` is its life; `role` is its database role's name after `erc_`."""

    name: str
    module: str
    tier: int
    entry: str = "main"

    @property
    def role(self) -> str:
        """Name of the process's own role in the database."""
        return f"erc_{self.name}"


WORKERS = ("loader", "metadata", "builder", "executor", "checker", "indexer", "shipper")

PROCESSES = (
    Process("gateway", "erc.gateway.__main__", tier=0),
    Process("notifier", "erc.gateway.notifier.__main__", tier=1),
    *(Process(name, f"erc.workers.{name}.__main__", tier=1) for name in WORKERS),
    Process("relay", "erc.events.__main__", tier=2, entry="relay"),
)

MIGRATIONS = Process("migrations", "erc.migrations.__main__", tier=0)
PROVISION = Process("provision", "erc.events.__main__", tier=0, entry="provision")

_SECRET = re.compile(r"([A-Z]+)_(?:[A-Z0-9]+_)*(?:PASSWORD|TOKEN|SECRET|KEY)")
_OWNERS = {process.name.upper() for process in PROCESSES}


def secrets_of_others(name: str, variables: Iterable[str]) -> list[str]:
    """Return the variables that hold a secret of another process than `name`: `GATEWAY_PROVIDER_X_CLIENT_SECRET` …."""
    found = {variable: match[1] for variable in variables if (match := _SECRET.fullmatch(variable))}
    return [variable for variable, owner in found.items() if owner in _OWNERS and owner != name.upper()]
