"""Bring the database to the newest version: `python -m erc.migrations`, with `DATABASE_URL` of its owner."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from alembic import command
from alembic.config import Config


def main() -> None:
    """Upgrade the database that `DATABASE_URL` names."""
    url = os.environ.get("DATABASE_URL")
    if not url:
        sys.exit("DATABASE_URL is not set; `erc up` sets it, otherwise give the address of the database's owner.")
    upgrade(url)


def configuration(url: str) -> Config:
    """Return Alembic's configuration for the database at `url` (`postgresql://…`)."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes["url"] = url
    return config


def upgrade(url: str) -> None:
    """Bring the database at `url` to the newest version; safe to repeat, and to run twice at once."""
    command.upgrade(configuration(url), "head")


if __name__ == "__main__":
    main()
