"""A second process of every worker and of the relay, as on a second machine: `python -m system.chaos.twins --home HOME`."""

from __future__ import annotations

import argparse
import functools
import importlib
import os
from pathlib import Path

from system.invariants.readers import Sources

from erc.deploy.embedded import as_role
from erc.deploy.processes import PROCESSES
from erc.deploy.supervisor import Spec, Supervisor


def main() -> None:
    """Keep them alive until a signal comes."""
    parser = argparse.ArgumentParser(prog="python -m system.chaos.twins", description=__doc__)
    parser.add_argument("--home", type=Path, required=True)
    home = parser.parse_args().home
    owner = Sources.of(home).database_url
    specs = []
    for process in PROCESSES:
        if process.name == "gateway":
            continue
        password = (home / "secrets" / f"role_{process.name}").read_text().strip()
        environment = {
            "DATABASE_URL": as_role(owner, process.role, password),
            "NATS_URL": os.environ["NATS_URL"],
            "ERC_HOME": str(home),
        }
        entry = getattr(importlib.import_module(process.module), process.entry)
        specs.append(Spec(process.name, entry, tier=process.tier, environment=environment))
    supervisor = Supervisor(
        lambda name: home / "logs" / f"{name}-twin.log", lambda: None, functools.partial(print, flush=True), 0.5
    )
    supervisor.start(specs)
    while not supervisor.stopping:
        supervisor.watch(5.0)
    supervisor.stop()


if __name__ == "__main__":
    main()
