"""Readers of events as a browser reads them: they come back with the last id, and note all they hear."""

from __future__ import annotations

import json
import random
import threading
import time

import httpx2
from system.invariants.journal import Journal

LAST_SECONDS = 3.0


class Listener:
    """One reader of one stream of events, with its place in it."""

    def __init__(self, name: str, url: str, token: str | None, path: str, journal: Journal) -> None:
        self._name, self._address, self._journal = name, f"{url}{path}", journal
        self._token = token
        self._last = ""
        self.over = False
        """Whether the stream told its end."""

    def read(self, seconds: float) -> None:
        """Connect after the last id, and read until the end of the stream or so many seconds are over."""
        headers = {"Accept": "text/event-stream"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        if self._last:
            headers["Last-Event-ID"] = self._last
        self._journal.write("joined", reader=self._name, last=self._last)
        end = time.monotonic() + seconds
        timeout = httpx2.Timeout(10, read=max(0.5, seconds))
        try:
            with httpx2.stream("GET", self._address, headers=headers, timeout=timeout) as stream:
                if stream.status_code != 200:
                    self._journal.write("left", reader=self._name, why=f"status {stream.status_code}")
                    return
                fields: dict[str, str] = {}
                for line in stream.iter_lines():
                    if line.startswith(":"):
                        continue
                    if line:
                        name, _, value = line.partition(": ")
                        fields[name] = value
                    elif fields:
                        self._heard(fields)
                        fields = {}
                    if self.over or time.monotonic() > end:
                        break
        except httpx2.TransportError as error:
            self._journal.write("left", reader=self._name, why=type(error).__name__)
            return
        self._journal.write("left", reader=self._name, why="end" if self.over else "cut")

    def _heard(self, fields: dict[str, str]) -> None:
        self._last = fields.get("id", self._last)
        kind = fields.get("event", "message")
        envelope = json.loads(fields.get("data") or "{}")
        about = {"message": envelope["id"], "number": envelope["sequence"]} if "specversion" in envelope else {}
        self._journal.write("heard", reader=self._name, event=kind, place=self._last, **about)
        self.over = kind == "end"

    def read_to_the_end(self, chance: random.Random, seconds: float) -> bool:
        """Read until the stream's end, coming back whenever it breaks; return whether the end came in time."""
        end = time.monotonic() + seconds
        while not self.over and time.monotonic() < end:
            self.read(chance.uniform(0.3, 8.0))
            if not self.over:
                time.sleep(chance.uniform(0.0, 0.2))
        return self.over

    def read_on(self, chance: random.Random, stop: threading.Event) -> None:
        """Read and come back until `stop`; then come back a last time, for what was told meanwhile."""
        while not stop.is_set():
            self.read(chance.uniform(0.5, 4.0))
            stop.wait(chance.uniform(0.0, 0.2))
        self.read(LAST_SECONDS)
