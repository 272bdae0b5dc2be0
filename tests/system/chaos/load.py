"""The load: people who upload, run, cancel and ship, and readers of events, each a thread."""

from __future__ import annotations

import hashlib
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from support.service import TEXT_PAPER, packed
from system.invariants.journal import Journal

from .caller import Caller, GaveUp
from .listeners import Listener

RUNNERS, UPLOADERS, SHIPPERS, READERS = 6, 3, 2, 2
END_SECONDS = 900.0
"""So long is everything waited for: a job that is killed at each of its steps on a busy machine takes minutes."""


@dataclass
class Load:
    """Everybody who uses the service; `open` is how many of them wait for something now."""

    caller: Callable[[], Caller]
    url: str
    token: str
    journal: Journal
    seed: int
    papers: list[str] = field(default_factory=list)
    outcomes: Counter[str] = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._stop, self._hush = threading.Event(), threading.Event()
        self._working: list[threading.Thread] = []
        self._reading: list[threading.Thread] = []
        self._open = 0
        self._lock = threading.Lock()

    @property
    def open(self) -> int:
        """How many wait for an answer or an end."""
        return self._open

    def begin(self) -> None:
        """Let everybody begin, for the first time or again; one paper is there."""
        self._stop.clear()
        roles = {self._run_jobs: RUNNERS, self._upload: UPLOADERS, self._ship: SHIPPERS}
        for role, people in roles.items():
            for number in range(people):
                self._working.append(self._thread(role, f"{role.__name__}{number}"))
        if self._reading:
            return
        for number in range(READERS):
            self._reading.append(self._thread(self._listen(f"all:{number}", self.token), f"reader{number}"))
        self._reading.append(self._thread(self._listen("nobody:0", None), "nobody"))

    def end(self) -> None:
        """Let everybody finish what was begun; the readers go on."""
        self._stop.set()
        for thread in self._working:
            thread.join(END_SECONDS)
        self._working.clear()

    def hush(self) -> None:
        """Let the readers leave."""
        self._hush.set()
        for thread in self._reading:
            thread.join(20)

    def ready(self, caller: Caller, chance: random.Random) -> str:
        """Upload a paper that nobody has seen and wait until it is ready."""
        files = {**TEXT_PAPER, "notes.txt": f"{chance.getrandbits(64):x} {time.time_ns()}\n"}
        digests = {name: hashlib.sha256(text.encode()).hexdigest() for name, text in files.items()}
        compendium = caller.upload(packed(files), digests)
        self._until(caller, f"/api/v1/compendium/{compendium}", {"ready", "rejected"})
        return compendium

    def _thread(self, role: Callable[[random.Random], None], name: str) -> threading.Thread:
        thread = threading.Thread(target=role, args=(random.Random(f"{self.seed} {name}"),), name=name, daemon=True)
        thread.start()
        return thread

    def _busy(self, work: Callable[[], None]) -> None:
        with self._lock:
            self._open += 1
        try:
            work()
        except (GaveUp, AssertionError) as error:
            self.errors.append(str(error))
        finally:
            with self._lock:
                self._open -= 1

    def _run_jobs(self, chance: random.Random) -> None:
        caller = self.caller()
        while not self._stop.is_set():
            self._busy(lambda: self._one_job(caller, chance))
            self._stop.wait(chance.uniform(0.0, 0.2))

    def _one_job(self, caller: Caller, chance: random.Random) -> None:
        job = caller.job(chance.choice(self.papers))
        if chance.random() < 0.12:
            time.sleep(chance.uniform(0.0, 0.6))
            caller.cancel(job)
        listener = Listener(f"job:{job}", self.url, self.token, f"/api/v1/job/{job}/events", self.journal)
        if not listener.read_to_the_end(chance, END_SECONDS):
            raise GaveUp(f"job {job} told no end")
        found = caller.get(f"/api/v1/job/{job}")
        reason = f" ({found['problem']['code']})" if found.get("problem") else ""
        self.outcomes[f"{found.get('verdict')}{reason}"] += 1

    def _upload(self, chance: random.Random) -> None:
        caller = self.caller()
        while not self._stop.is_set():
            self._busy(lambda: self.papers.append(self.ready(caller, chance)))
            del self.papers[:-20]
            self._stop.wait(chance.uniform(0.0, 0.5))

    def _ship(self, chance: random.Random) -> None:
        caller = self.caller()
        while not self._stop.is_set():
            self._busy(lambda: self._one_shipment(caller, chance))
            self._stop.wait(chance.uniform(0.0, 0.3))

    def _one_shipment(self, caller: Caller, chance: random.Random) -> None:
        shipment = caller.shipment(chance.choice(self.papers))
        self._until(caller, f"/api/v1/shipment/{shipment}", {"shipped", "error"})

    def _listen(self, name: str, token: str | None) -> Callable[[random.Random], None]:
        listener = Listener(name, self.url, token, "/api/v1/events", self.journal)
        return lambda chance: listener.read_on(chance, self._hush)

    def _until(self, caller: Caller, path: str, ends: set[str]) -> None:
        end = time.monotonic() + END_SECONDS
        while (found := caller.get(path)).get("status") not in ends:
            if time.monotonic() > end:
                raise GaveUp(f"{path} is stuck: {found.get('status')}")
            time.sleep(0.1)
