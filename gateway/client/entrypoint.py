"""Which file of a workspace is run when a person names a file or a folder of it; all of the workspace is sent."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Any

from erc.gateway.client.client import Client
from erc.gateway.client.failures import ClientError, ExitCode
from erc.schemas.metadata import kind_of
from erc.schemas.problem import Problem


def enter(client: Client, compendium_id: str, entrypoint: str) -> None:
    """Make this the main file of a compendium that is ready; raises ClientError when it is none."""
    path = f"/api/v1/compendium/{compendium_id}/metadata"
    found = client.document("GET", path).get("metadata", {}).get("o2r", {})
    chosen = choose(entrypoint, _texts(found.get("mainfile_candidates")), _texts(found.get("displayfile_candidates")))
    client.send("PATCH", path, json={"o2r": chosen})


def choose(entrypoint: str, mains: Iterable[str], displays: Iterable[str]) -> dict[str, str]:
    """Return main and display file for an entrypoint: a file that can be run, or the best candidate below a folder.

    Without a display beside the main file the display stays as it is. Raises ClientError (usage) when nothing below the
    folder can be run.
    """
    plain = PurePosixPath(entrypoint).as_posix()
    main = plain if kind_of(plain) else next((path for path in mains if _below(path, plain)), "")
    if not main:
        detail = "Name a file that can be run (.Rmd, .ipynb, .R, .py), or a folder that holds one."
        problem = Problem(code="entrypoint", title=f"Nothing in “{entrypoint}” can be run", detail=detail)
        raise ClientError(problem, ExitCode.USAGE)
    folder, stem = PurePosixPath(main).parent.as_posix(), PurePosixPath(main).stem
    beside = [path for path in displays if path != main and _below(path, folder)]
    named = [path for path in beside if PurePosixPath(path).stem in {"display", stem}]
    display = next(iter([*named, *beside]), "")
    return {"mainfile": main, **({"displayfile": display} if display else {})}


def _below(path: str, folder: str) -> bool:
    return folder == "." or path.startswith(f"{folder}/")


def _texts(value: Any) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []
