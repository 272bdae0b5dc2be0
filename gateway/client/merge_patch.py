"""What must change in metadata, as a JSON Merge Patch (RFC 7396)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from erc.gateway.client.failures import ClientError, ExitCode
from erc.schemas.problem import Problem


def patch_of(assignments: Iterable[str]) -> dict[str, Any]:
    """Return the patch for assignments such as `title=Rain by year`, `license.code=MIT`, `keywords=["rain"]`.

    A value that begins with `[`, `{` or `"` is JSON, and so is `null`, which removes; every other one is a text. Raises
    ClientError (usage).
    """
    patch: dict[str, Any] = {}
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        *folders, last = name.strip().split(".")
        if not equals or not last or not all(folders):
            raise _usage(f"“{assignment}” is no assignment", "Write it as name=value, such as title=Rain.")
        here = patch
        for folder in folders:
            here = here.setdefault(folder, {})
            if not isinstance(here, dict):
                raise _usage(f"“{folder}” is set twice", "Set the whole or its parts, not both.")
        here[last] = _value(assignment, text)
    return patch


def _value(assignment: str, text: str) -> Any:
    if text != "null" and not text.lstrip().startswith(("[", "{", '"')):
        return text
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _usage(f"“{assignment}” has no valid JSON", str(error)) from error


def patch_between(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """Return the patch that makes one document of another; null in the new one counts as not there."""
    patch: dict[str, Any] = {key: None for key in before if after.get(key) is None}
    for key, value in after.items():
        old = before.get(key)
        if isinstance(value, dict) and isinstance(old, dict):
            if inner := patch_between(old, value):
                patch[key] = inner
        elif value is not None and json.dumps(value, sort_keys=True) != json.dumps(old, sort_keys=True):
            patch[key] = value
    return patch


def _usage(title: str, detail: str) -> ClientError:
    return ClientError(Problem(code="usage", title=title, detail=detail), ExitCode.USAGE)
