"""`erc open`: a page of the service in the browser, signed in."""

from __future__ import annotations

import os
import sys
import webbrowser
from typing import Annotated
from urllib.parse import urlencode

import typer

from erc.gateway.client.commands.status import job_or_compendium
from erc.gateway.client.documents import JobDocument
from erc.gateway.client.failures import ExitCode
from erc.gateway.client.session import AsJson, Url, connected, told
from erc.gateway.client.terminal import Terminal

Which = Annotated[str, typer.Argument(metavar="[JOB|COMPENDIUM]", help="What to see; without it the first page.")]
OnlyPrint = Annotated[bool, typer.Option("--print", help="Only print the address.")]


@told
def open_page(
    identifier: Which = "", only_print: OnlyPrint = False, as_json: AsJson = False, url: Url = ""
) -> ExitCode:
    """Print an address that leads to a page and signs a browser in, and open it when there is a browser.

    The address works once.
    """
    terminal = Terminal(as_json=as_json)
    with connected(url) as client:
        page = "/"
        if identifier:
            noun = "job" if isinstance(job_or_compendium(client, identifier), JobDocument) else "compendium"
            page = f"/{noun}/{identifier}"
        link = client.sign_in_link()
    address = f"{link}{'&' if '?' in link else '?'}{urlencode({'next': page})}"
    terminal.document({"url": address, "exit_code": int(ExitCode.REPRODUCED)})
    if not as_json:
        terminal.show(address)
    if not only_print and not as_json and has_browser():
        webbrowser.open(address)
    return ExitCode.REPRODUCED


def has_browser() -> bool:
    """Return whether a browser with a window can be opened: one in the terminal would take the link for itself."""
    if sys.platform not in {"win32", "darwin"} and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        return False
    try:
        webbrowser.get()
    except webbrowser.Error:
        return False
    return True
