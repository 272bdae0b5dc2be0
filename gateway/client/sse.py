"""Follows a job's server-sent events to its end, over broken connections and restarts of the service."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from erc.gateway.client.client import QUIET_SECONDS, Client
from erc.gateway.client.failures import TimedOut, Unreachable

PATIENCE_SECONDS = 60.0
FIRST_PAUSE_SECONDS = 0.25
LONGEST_PAUSE_SECONDS = 8.0

Answer = TypeVar("Answer")


class Deadline:
    """The moment when the user's time is over; None for never."""

    def __init__(self, seconds: float | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds, self._clock, self._start = seconds, clock, clock()

    def at_most(self, seconds: float) -> float:
        """Return so many seconds, or what is left of the time when that is less; raises TimedOut when it is over."""
        if self._seconds is None:
            return seconds
        left = self._start + self._seconds - self._clock()
        if left <= 0:
            raise TimedOut(self._seconds)
        return min(seconds, left)


class Patience:
    """How long to go on without an answer: pauses that grow, for `limit_seconds` since the last answer.

    `trouble` is told a sentence when there is trouble, and an empty one when it is over.
    """

    def __init__(
        self, deadline: Deadline, trouble: Callable[[str], None], limit_seconds: float = PATIENCE_SECONDS
    ) -> None:
        self.deadline, self._trouble, self._limit = deadline, trouble, limit_seconds
        self._pause, self._since, self._told = FIRST_PAUSE_SECONDS, 0.0, ""

    def connected(self) -> None:
        """Count the time without an answer from the next trouble on: somebody is there."""
        self._tell("")
        self._since = 0.0

    def answered(self) -> None:
        """Begin anew: the service does its work. Only this makes the pauses short again."""
        self.connected()
        self._pause = FIRST_PAUSE_SECONDS

    def wait(self, error: Unreachable) -> None:
        """Wait before the next try; raises the error when the patience is at its end, TimedOut when the time is."""
        self.deadline.at_most(0)
        now = time.monotonic()
        self._since = self._since or now
        if now - self._since >= self._limit:
            raise error
        self._tell(f"{error.problem.title}. Trying again …")
        self.pause()

    def _tell(self, sentence: str) -> None:
        if sentence != self._told:
            self._trouble(sentence)
            self._told = sentence

    def pause(self) -> None:
        """Sleep for a moment, each time longer."""
        time.sleep(self.deadline.at_most(self._pause))
        self._pause = min(self._pause * 2, LONGEST_PAUSE_SECONDS)

    def ask(self, client: Client, question: Callable[[], Answer]) -> Answer:
        """Return the answer to a question that may be repeated, as soon as the service gives one."""
        while True:
            try:
                answer = question()
            except Unreachable as error:
                self.wait(error)
                client.look_again()
            else:
                self.answered()
                return answer


@dataclass(frozen=True)
class Heard:
    """One event of a job: `job` and `end` carry the envelope of an event, `log` a chunk of a step's log.

    `reset` says that what comes is told from the beginning again.
    """

    kind: str
    document: dict[str, Any]


def follow(client: Client, identifier: str, patience: Patience) -> Iterator[Heard]:
    """Yield what happens to a job until it has ended, from its beginning, each event once.

    Raises Unreachable when the service does not come back, TimedOut at the deadline.
    """
    place = ""
    while True:
        try:
            with client.events(identifier, place, patience.deadline.at_most(QUIET_SECONDS)) as events:
                patience.connected()
                for event in events:
                    patience.answered()
                    place = event.id or place
                    if event.data:
                        yield _heard(event.event, event.data)
                    if event.event == "end":
                        return
                    patience.deadline.at_most(QUIET_SECONDS)
            # A stream may end without its last event: when the job is so old that its events are gone.
            if client.job(identifier).terminal:
                return
            patience.pause()
        except Unreachable as error:
            patience.wait(error)
            client.look_again()


def _heard(kind: str, data: str) -> Heard:
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        document = {}
    return Heard(kind, document if isinstance(document, dict) else {})
