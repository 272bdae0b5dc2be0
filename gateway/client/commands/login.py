"""`erc login`, `erc logout`, `erc whoami`: who this command line is for a service."""

from __future__ import annotations

import os
import platform
import time
import webbrowser
from typing import Annotated, Any

import typer

from erc.gateway.client.client import Client
from erc.gateway.client.commands.open import has_browser
from erc.gateway.client.credentials import Credentials
from erc.gateway.client.discovery import home_of
from erc.gateway.client.failures import ClientError, ExitCode
from erc.gateway.client.session import AsJson, Url, connected, told
from erc.gateway.client.signing_in import Waiting, begin, wait
from erc.gateway.client.terminal import Terminal, one_line

Scope = Annotated[
    str, typer.Option("--scope", help="What it may do, words with spaces between: read write ship admin.")
]
OnlyPrint = Annotated[bool, typer.Option("--print", help="Only print the address, do not open a browser.")]


@told
def login(
    scope: Scope = "read write ship", only_print: OnlyPrint = False, as_json: AsJson = False, url: Url = ""
) -> ExitCode:
    """Sign this command line in: open the address in any browser, compare the code, allow it.

    The token is kept on this machine for this service, and used by all commands.
    """
    terminal, name = Terminal(as_json=as_json), f"erc on {platform.node() or 'some machine'}"[:100]
    with connected(url) as client:
        codes = begin(client, name, scope)
        terminal.say(f"Open {codes.verification_uri_complete}")
        terminal.say(f"and allow it when the code there is {codes.user_code}", "bold")
        if not only_print and not as_json and has_browser():
            webbrowser.open(codes.verification_uri_complete)
        token = wait(client, codes, name, Waiting(time.sleep, time.monotonic))
        Credentials(home_of(os.environ)).keep(client.service.url, token)
    with connected(url) as client:
        _show(terminal, client)
    return ExitCode.REPRODUCED


@told
def logout(as_json: AsJson = False, url: Url = "") -> ExitCode:
    """End the token of this command line and forget it."""
    terminal, kept = Terminal(as_json=as_json), Credentials(home_of(os.environ))
    with connected(url) as client:
        address = client.service.url
        token = kept.token(address)
        kept.forget(address)
        if token:
            client.send("POST", "/api/v1/auth/revoke", json={"token": token})
    terminal.document({"url": address, "signed_out": bool(token), "exit_code": int(ExitCode.REPRODUCED)})
    if not as_json:
        terminal.show(f"Signed out of {address}." if token else f"No token is kept for {address}.")
    return ExitCode.REPRODUCED


@told
def whoami(as_json: AsJson = False, url: Url = "") -> ExitCode:
    """Say who the service takes this command line for, and what it may do."""
    terminal = Terminal(as_json=as_json)
    with connected(url) as client:
        try:
            _show(terminal, client)
        except ClientError as error:
            if error.exit_code is ExitCode.NOT_PERMITTED:
                advice = f"{error.problem.detail} Sign in with: erc login".strip()
                error.problem = error.problem.model_copy(update={"title": "You are not signed in", "detail": advice})
            raise
    return ExitCode.REPRODUCED


def _show(terminal: Terminal, client: Client) -> None:
    about: dict[str, Any] = client.document("GET", "/api/v1/auth/whoami")
    terminal.document({**about, "url": client.service.url, "exit_code": int(ExitCode.REPRODUCED)})
    if terminal.as_json:
        return
    scopes = about.get("scopes")
    may = f", may {', '.join(map(str, scopes))}" if isinstance(scopes, list) else ""
    name, identifier = one_line(str(about.get("name"))), one_line(str(about.get("orcid")))
    who = name if name == identifier else f"{name} ({identifier})"
    terminal.show(f"{who} at {client.service.url}: level {about.get('level')}{may}")
