"""The processes of the service, as data."""

from __future__ import annotations

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
