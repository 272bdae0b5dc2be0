"""Which bytes a request asks for, and whether it needs any: RFC 9110, parts 13 and 14. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

MOST_RANGES = 5
_RANGE = re.compile(r"\s*(\d{0,18})\s*-\s*(\d{0,18})\s*", re.ASCII)


class Unsatisfiable(Exception):  # noqa: N818 - says what happened
    """The ranges that are asked for cannot be given."""


def asked_ranges(header: str, size_bytes: int) -> list[range] | None:
    """Return the ranges of a `Range` header; None when it says nothing that must be heeded.

    Raises Unsatisfiable when none of them lies within the bytes, or when there are more than five.
    """
    unit, equals, specs = header.partition("=")
    if unit.strip().lower() != "bytes" or not equals:
        return None
    if specs.count(",") >= MOST_RANGES:
        raise Unsatisfiable
    found = [_RANGE.fullmatch(spec) for spec in specs.split(",")]
    asked = [(match[1], match[2]) for match in found if match is not None]
    if len(asked) != len(found) or any(not _sound(first, last) for first, last in asked):
        return None
    given = [one for one in (_within(first, last, size_bytes) for first, last in asked) if one]
    if not given:
        raise Unsatisfiable
    return given


def _sound(first: str, last: str) -> bool:
    if not first:
        return bool(last)
    return not last or int(first) <= int(last)


def _within(first: str, last: str, size_bytes: int) -> range:
    if not first:
        return range(max(0, size_bytes - int(last)), size_bytes)
    return range(int(first), min(int(last) + 1 if last else size_bytes, size_bytes))


def unchanged(headers: Mapping[str, str], etag: str) -> bool:
    """Return whether the asker has these bytes already."""
    tags = [tag.strip().removeprefix("W/") for tag in headers.get("if-none-match", "").split(",")]
    return "*" in tags or etag.removeprefix("W/") in tags


def range_holds(headers: Mapping[str, str], etag: str) -> bool:
    """Return whether a range may be given: without `If-Range`, or when it names exactly these bytes; no date does."""
    condition = headers.get("if-range")
    return condition is None or condition.strip() == etag
