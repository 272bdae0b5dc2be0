"""Bring the database to the newest version: `python -m erc.migrations`, with `DATABASE_URL` of its owner.

`MIGRATIONS_<PROCESS>_PASSWORD` sets the password of that process's role, as in `MIGRATIONS_LOADER_PASSWORD`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from alembic import command
from alembic.config import Config

from erc.events import telemetry
from erc.schemas.tables import WRITERS


def main() -> None:
    """Upgrade the database that `DATABASE_URL` names."""
    url = os.environ.get("DATABASE_URL")
    if not url:
        sys.exit("DATABASE_URL is not set; `erc up` sets it, otherwise give the address of the database's owner.")
    prefix, suffix = "MIGRATIONS_", "_PASSWORD"
    passwords = {
        name.removeprefix(prefix).removesuffix(suffix).lower(): value
        for name, value in os.environ.items()
        if name.startswith(prefix) and name.endswith(suffix) and value
    }
    if unknown := passwords.keys() - WRITERS.keys():
        sys.exit(f"There is no process {', '.join(sorted(unknown))} whose password could be set.")
    with telemetry.process("migrations"):
        upgrade(url, passwords)


def configuration(url: str) -> Config:
    """Return Alembic's configuration for the database at `url` (`postgresql://…`)."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes["url"] = url
    return config


def upgrade(url: str, passwords: Mapping[str, str] | None = None) -> None:
    """Bring the database at `url` to the newest version, then set the passwords of processes' roles.

    Safe to repeat, and to run twice at once.
    """
    config = configuration(url)
    config.attributes["passwords"] = passwords or {}
    command.upgrade(config, "head")


if __name__ == "__main__":
    main()
