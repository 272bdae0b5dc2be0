"""`erc metadata`: show the metadata of a compendium, or change them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from erc.gateway.client.client import Client, checked_id
from erc.gateway.client.failures import ClientError, ExitCode
from erc.gateway.client.merge_patch import patch_between, patch_of
from erc.gateway.client.session import AsJson, Url, connected, told
from erc.gateway.client.terminal import Terminal, one_line
from erc.schemas.problem import Problem

Compendium = Annotated[str, typer.Argument(metavar="COMPENDIUM", help="The compendium's id.")]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=VALUE",
        help='Change a field: title=Rain, license.code=MIT, keywords=["rain"], version=null. May be given often.',
    ),
]
File = Annotated[
    Path | None, typer.Option("--file", metavar="FILE", help="Make the metadata those of a JSON file, as --json shows.")
]
Publish = Annotated[bool, typer.Option("--publish", help="Publish the compendium too. This cannot be undone.")]


@told
def metadata(
    identifier: Compendium,
    assignments: Set = None,
    file: File = None,
    publish: Publish = False,
    as_json: AsJson = False,
    url: Url = "",
) -> ExitCode:
    """Show the metadata of a compendium, or change them. What somebody else saved meanwhile is a conflict (5)."""
    terminal = Terminal(as_json=as_json)
    if file and assignments:
        raise ClientError(Problem(code="usage", title="Give --set or --file, not both"), ExitCode.USAGE)
    wanted = _read(file) if file else None
    changes = patch_of(assignments or [])
    with connected(url) as client:
        address = f"/api/v1/compendium/{checked_id(identifier, 'compendium')}/metadata"
        found = client.document("GET", address)
        if wanted is not None:
            changes = patch_between(found["metadata"]["o2r"], wanted)
        saved = _save(client, address, found, changes, publish) if changes or publish else found
    terminal.document({**saved, "exit_code": int(ExitCode.REPRODUCED)})
    if not as_json:
        _show(terminal, saved["metadata"]["o2r"])
        what = "are saved as" if saved["revision"] != found["revision"] else "are"
        terminal.show(f"The metadata {what} revision {saved['revision']}.")
    return ExitCode.REPRODUCED


def _save(client: Client, address: str, found: dict[str, Any], changes: dict[str, Any], publish: bool) -> Any:
    headers = {"Content-Type": "application/merge-patch+json", "If-Match": f'"{found["revision"]}"'}
    body, query = json.dumps({"o2r": changes}), {"publish": str(publish).lower()}
    return client.document("PATCH", address, content=body, headers=headers, params=query)


def _read(file: Path) -> dict[str, Any]:
    """Return the o2r metadata of a file: the object itself, or one under `o2r` or `metadata`."""
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise _unread(file, error.strerror or "") from error
    except (ValueError, RecursionError) as error:
        raise _unread(file, str(error)) from error
    for name in ("metadata", "o2r"):
        if isinstance(document, dict) and isinstance(document.get(name), dict):
            document = document[name]
    if not isinstance(document, dict):
        raise _unread(file, "It holds no object.")
    return document


def _unread(file: Path, detail: str) -> ClientError:
    return ClientError(Problem(code="usage", title=f"“{file}” cannot be read", detail=detail), ExitCode.USAGE)


def _show(terminal: Terminal, document: dict[str, Any]) -> None:
    for name, value in document.items():
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        terminal.show(f"{one_line(name)}: {one_line(text)[:500]}")
