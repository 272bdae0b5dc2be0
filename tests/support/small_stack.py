"""A supervisor with small processes, as a program: `python -m support.small_stack FOLDER NAME…`."""

from __future__ import annotations

import functools
import os
import signal
import sys
import time
from pathlib import Path

from erc.deploy.supervisor import Spec, Supervisor


def steady(folder: Path, name: str) -> None:
    """Live until SIGTERM, which it notes."""

    def end(*_: object) -> None:
        note(folder, "ended", name)
        sys.exit(0)

    signal.signal(signal.SIGTERM, end)
    note(folder, "started", f"{name} {os.getpid()}")
    while True:
        time.sleep(10)


def stubborn(folder: Path, name: str) -> None:
    """Live on whatever it is told."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    note(folder, "started", f"{name} {os.getpid()}")
    while True:
        time.sleep(10)


def crasher(folder: Path, name: str) -> None:
    """Crash at once."""
    note(folder, "started", f"{name} {time.monotonic()}")
    raise RuntimeError("this is why")


def blamer(folder: Path, name: str) -> None:
    """End once all have begun, and say that the others are to blame; live the second time."""
    note(folder, "started", f"{name} {os.getpid()}")
    if len((folder / "started").read_text().split(name)) == 2:
        while "steady-a" not in (folder / "started").read_text():
            time.sleep(0.01)
        sys.exit(75)
    time.sleep(60)


def teller(folder: Path, name: str) -> None:
    """Tell its environment, as it has it and as the kernel shows it, and live on."""
    shown = Path("/proc/self/environ").read_bytes().decode()
    note(folder, f"told-{name}", repr(dict(os.environ)) + shown)
    steady(folder, name)


def note(folder: Path, what: str, line: str) -> None:
    with (folder / what).open("a") as file:
        file.write(f"{line}\n")


KINDS = {
    "steady": steady,
    "stubborn": stubborn,
    "crasher": crasher,
    "blamer": blamer,
    "gateway": teller,
    "loader": teller,
}


def main() -> None:
    folder = Path(sys.argv[1])
    specs = []
    for tier, name in enumerate(sys.argv[2:]):
        run = functools.partial(KINDS[name.partition("-")[0]], folder, name)
        specs.append(Spec(name, run, tier=tier, environment={"WHO": name}, blames={75: "steady-a"}.get))
    supervisor = Supervisor(lambda name: folder / f"{name}.log", lambda: None, functools.partial(print, flush=True))
    supervisor.start(specs)
    while not supervisor.stopping:
        supervisor.watch(1.0)
    supervisor.stop()


if __name__ == "__main__":
    main()
