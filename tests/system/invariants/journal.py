"""What the clients saw, as JSON lines: the only witness that is not part of the service.

sent      what (compendium, job, shipment, cancel), key, of (compendium's or job's id), sha256 and files of an upload
answered  what, key, id, status; honoured: whether the service keeps Idempotency-Key
joined    reader, path, last: a reader of events connects, after the last id it saw
heard     reader, event, message (the envelope's id), number (its place in the aggregate), place (the id of the SSE)
left      reader, why: it ended by itself (`end`), or was cut
recovered seconds: how long new work took after a fault
deposited shipment, deposit: what a fake repository received
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from .world import Entry


class Journal:
    """Appends lines to a file; many threads may write."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._file = path.open("a", encoding="utf-8")

    def write(self, kind: str, **facts: Any) -> None:
        """Append a line and hand it to the system at once."""
        line = json.dumps({"kind": kind, "time": round(time.time(), 3), **facts}, ensure_ascii=False)
        with self._lock:
            self._file.write(f"{line}\n")
            self._file.flush()


def read(paths: Iterable[Path]) -> list[Entry]:
    """Return the lines of journals, each journal in its order."""
    return [json.loads(line) for path in paths for line in path.read_text(encoding="utf-8").splitlines()]
