"""Pages of lists: where one begins, what it holds, and the cursor that the next one begins behind. Pure."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

COUNTED = 1_000
"""So many are counted for every page."""
TOTAL_SECONDS = 10.0
"""The total of more is at most this old."""
NEWEST, OLDEST = "-created", "created"

_FORM = re.compile(r"(-?created) ([01]) ([0-9a-z]{26})")

T = TypeVar("T")


@dataclass(frozen=True)
class Place:
    """The last row of a page: the id of what it holds, and whether that is among the candidates, which come first."""

    id: str
    candidate: bool = False


@dataclass(frozen=True)
class Paging:
    """Which page is wanted: behind `after`, or from `start` (1 is the first), at most `limit` rows."""

    start: int = 1
    limit: int = 100
    newest_first: bool = True
    after: Place | None = None

    @property
    def sort(self) -> str:
        """The order as the query names it."""
        return NEWEST if self.newest_first else OLDEST


@dataclass(frozen=True)
class Page(Generic[T]):
    """A page; `total` is how many there are on all pages, `next` is None at the end."""

    rows: Sequence[T]
    total: int
    next: str | None


EMPTY: Page[str] = Page([], 0, None)


class CursorInvalid(ValueError):  # noqa: N818 - says what is wrong
    """The cursor was not made by this service, or for another order."""


def cursor(paging: Paging, last: Place) -> str:
    """Return the cursor of what comes behind a row."""
    text = f"{paging.sort} {last.candidate:d} {last.id}"
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def place(text: str, sort: str) -> Place:
    """Return the row that a cursor begins behind; raises CursorInvalid."""
    try:
        found = _FORM.fullmatch(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode())
    except (binascii.Error, ValueError) as error:
        raise CursorInvalid(text) from error
    if not found or found[1] != sort:
        raise CursorInvalid(text)
    return Place(found[3], found[2] == "1")
