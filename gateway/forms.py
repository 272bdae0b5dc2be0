"""Forms with nested names (`query[bool][must][0][match_all]=`), as documents. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

DEPTH = 16
_PARTS = re.compile(r"\[([^\[\]]{0,200})\]")
_NAME = re.compile(r"([^\[\]]{1,200})((?:\[[^\[\]]{0,200}\])*)")


def nested(fields: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Return the document of a form; raises ValueError for names that cannot be read.

    Names in brackets are members; numbers and empty ones are places of a list.
    """
    root: dict[str, Any] = {}
    for name, value in fields:
        found = _NAME.fullmatch(name)
        parts = [found[1], *_PARTS.findall(found[2])] if found else []
        if not parts or len(parts) > DEPTH:
            raise ValueError(f"the field “{name[:50]}” cannot be read")
        _put(root, parts, value)
    return {name: _listed(value) for name, value in root.items()}


def _put(place: dict[str, Any], parts: list[str], value: str) -> None:
    *above, last = parts
    for part in above:
        inner = place.setdefault(part or str(len(place)), {})
        if not isinstance(inner, dict):
            raise ValueError("a field of the form is a value and has members")  # noqa: TRY004 - of the form
        place = inner
    place[last or str(len(place))] = value


def _listed(value: Any) -> Any:
    """Return members that are all numbered as a list."""
    if not isinstance(value, dict):
        return value
    members = {name: _listed(inner) for name, inner in value.items()}
    if members and all(name.isascii() and name.isdecimal() and len(name) < 6 for name in members):
        return [members[name] for name in sorted(members, key=int)]
    return members
