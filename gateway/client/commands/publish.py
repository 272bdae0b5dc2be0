"""`erc publish`: make a compendium public."""

from __future__ import annotations

from typing import Annotated

import typer

from erc.gateway.client.failures import ExitCode
from erc.gateway.client.session import AsJson, Url, connected, told
from erc.gateway.client.terminal import Terminal

Compendium = Annotated[str, typer.Argument(metavar="COMPENDIUM", help="The compendium's id.")]


@told
def publish(identifier: Compendium, as_json: AsJson = False, url: Url = "") -> ExitCode:
    """Make a candidate public: everybody may see it and follow what happens to it. This cannot be undone."""
    terminal = Terminal(as_json=as_json)
    with connected(url) as client:
        client.publish(identifier)
        address = f"{client.service.url}/compendium/{identifier}"
    terminal.document({"id": identifier, "published": True, "exit_code": int(ExitCode.REPRODUCED)})
    if not as_json:
        terminal.show(f"The compendium {identifier} is public.")
        terminal.show(address)
    return ExitCode.REPRODUCED
