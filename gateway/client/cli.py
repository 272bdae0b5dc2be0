"""The `erc` command line."""

from __future__ import annotations

import contextlib
import io
import sys
from importlib.metadata import version
from typing import Annotated

import typer

from erc.gateway.client.commands import dead, environment, events, rebuild, streams
from erc.gateway.client.commands.cancel import cancel
from erc.gateway.client.commands.doctor import doctor
from erc.gateway.client.commands.download import download
from erc.gateway.client.commands.fix import fix
from erc.gateway.client.commands.kill import kill
from erc.gateway.client.commands.login import login, logout, whoami
from erc.gateway.client.commands.logs import logs
from erc.gateway.client.commands.metadata import metadata
from erc.gateway.client.commands.open import open_page
from erc.gateway.client.commands.plan import plan
from erc.gateway.client.commands.publish import publish
from erc.gateway.client.commands.repeat import repeat
from erc.gateway.client.commands.run import run, update
from erc.gateway.client.commands.status import status
from erc.gateway.client.commands.up import up
from erc.gateway.client.failures import EXIT_CODES

_EPILOG = "Exit codes\n\n" + "\n".join(f"{int(code):>3}  {meaning}" for code, meaning in EXIT_CODES.items())

app = typer.Typer(
    name="erc",
    help="Runs Executable Research Compendia and tells whether they reproduce what was published.",
    epilog=_EPILOG,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["--help", "-h"]},
)
app.command("up")(up)
app.command("run")(run)
app.command("update")(update)
app.command("plan")(plan)
app.command("status")(status)
app.command("logs")(logs)
app.command("kill")(kill)
app.command("cancel")(cancel)
app.command("fix")(fix)
app.command("repeat")(repeat)
app.command("metadata")(metadata)
app.command("publish")(publish)
app.command("download")(download)
app.command("open")(open_page)
app.command("login")(login)
app.command("logout")(logout)
app.command("whoami")(whoami)
app.command("doctor")(doctor)
app.add_typer(environment.app)
for group in (events, streams, dead, rebuild):
    app.add_typer(group.app, rich_help_panel="For operators")


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"erc {version('erc')}")
        raise typer.Exit


@app.callback()
def _options(
    show_version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Take the options that belong to no command."""


def main() -> None:
    """Run the command that the process was called with and end it with its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal that cannot show a sign shows another one, rather than an error.
            with contextlib.suppress(ValueError):
                stream.reconfigure(errors="replace")
    app()
