"""The place of a reader in a stream, as it stands in an event's `id`."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from erc.gateway.errors import Refused

_FORM = re.compile(r"([0-9a-z]{1,32})\.(0|[1-9][0-9]{0,18})(?:\.(0|[1-9][0-9]{0,18}))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Cursor:
    """Incarnation of the stream and the last event; of a job's stream also the last chunk of its log."""

    incarnation: str
    event: int
    log: int | None = None

    @classmethod
    def parse(cls, text: str, *, with_log: bool) -> Cursor:
        """Read an id of a job's stream (`with_log`) or of the stream of everything; raises Refused (400)."""
        found = _FORM.fullmatch(text)
        if found is None or (found[3] is not None) is not with_log:
            form = "incarnation.event.log" if with_log else "incarnation.event"
            raise Refused(400, "The Last-Event-ID cannot be read", f"It has the form {form}, as this stream gave it.")
        return cls(found[1], int(found[2]), int(found[3]) if with_log else None)

    def __str__(self) -> str:
        place = f"{self.incarnation}.{self.event}"
        return place if self.log is None else f"{place}.{self.log}"

    def at(self, *, event: int | None = None, log: int | None = None) -> Cursor:
        """Return the cursor moved to another event or chunk."""
        return replace(self, event=self.event if event is None else event, log=self.log if log is None else log)
