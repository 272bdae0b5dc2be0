"""JSON Merge Patch (RFC 7396). Pure."""

from __future__ import annotations

import json
from typing import Any


def merged(target: Any, patch: Any) -> Any:
    """Return the target with the patch applied; null removes a member, a list is replaced as a whole."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key), value)
    return result


def changed_fields(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """Return the names of the members that differ, are new or are gone, ordered."""
    return sorted(key for key in before.keys() | after.keys() if _text(before, key) != _text(after, key))


def _text(document: dict[str, Any], key: str) -> str:
    """Return a member as canonical JSON, in which 1, 1.0 and true are three things; '' when it is not there."""
    return json.dumps(document[key], sort_keys=True) if key in document else ""
