"""What every command shares: its options, the way to the service, and how its failures are told."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any, ParamSpec

import typer

from erc.gateway.client.client import Client
from erc.gateway.client.discovery import find_service
from erc.gateway.client.failures import ClientError, ExitCode
from erc.gateway.client.terminal import Terminal
from erc.schemas.problem import Problem

Url = Annotated[
    str,
    typer.Option(
        "--url", envvar="ERC_URL", help="Address of the service; ERC_TOKEN proves who asks. Default: the one here."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")]

Parameters = ParamSpec("Parameters")


@contextmanager
def connected(url: str) -> Iterator[Client]:
    """Open a connection to the service; raises Unreachable when none is known."""
    with Client(lambda: find_service(url, os.environ)) as client:
        yield client


def told(command: Callable[Parameters, ExitCode]) -> Callable[Parameters, None]:
    """Make a command end with the exit code that it returns; what it raises is told in words or as JSON."""

    @functools.wraps(command)
    def telling(*args: Parameters.args, **options: Parameters.kwargs) -> None:
        try:
            code = command(*args, **options)
        except ClientError as error:
            code = _tell(Terminal(as_json=bool(options.get("as_json"))), error)
        except KeyboardInterrupt:
            interrupted = ClientError(Problem(code="interrupted", title="Interrupted"), ExitCode.INTERRUPTED)
            code = _tell(Terminal(as_json=bool(options.get("as_json"))), interrupted)
        raise typer.Exit(code)

    return telling


def _tell(terminal: Terminal, error: ClientError) -> ExitCode:
    document: dict[str, Any] = {**error.about, "problem": error.problem.model_dump(), "exit_code": int(error.exit_code)}
    terminal.document(document)
    terminal.say(error.problem.sentence(), "" if error.exit_code is ExitCode.INTERRUPTED else "red")
    return error.exit_code
