"""`erc up`: the service on this machine, in the foreground."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from erc.gateway.client.doctor.host import missing_server_packages
from erc.gateway.client.failures import ClientError, ExitCode
from erc.gateway.client.session import told
from erc.schemas.problem import Problem

Home = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR", help="Folder of all its state; name it in ERC_HOME for the other commands. Default: ~/.erc."
    ),
]
Port = Annotated[int | None, typer.Option(min=1, max=65535, metavar="N", help="Port of the pages and the web API.")]


@told
def up(home: Home = None, port: Port = None) -> ExitCode:
    """Start the service and keep it running until Ctrl-C. It says what it started and where."""
    missing = missing_server_packages()
    if missing or importlib.util.find_spec("erc.deploy") is None:
        problem = Problem(
            code="server_missing",
            title="The service is not installed, only its client",
            detail="Install it with: pip install 'erc[server]'. erc doctor says what else it needs.",
        )
        raise ClientError(problem, ExitCode.FAILED)
    if sys.platform == "win32":
        problem = Problem(
            code="server_platform", title="The service does not run on Windows", detail="Run it on Linux, as in WSL 2."
        )
        raise ClientError(problem, ExitCode.FAILED)
    options = ["--home", str(home)] if home else []
    options += ["--port", str(port)] if port else []
    # Its own process from here on: signals and the exit code need no go-between.
    os.execv(sys.executable, [sys.executable, "-m", "erc.deploy", *options])  # noqa: S606
