"""Shows how a job goes on: a live list of its steps in a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from erc.gateway.client.documents import Waiting
from erc.gateway.client.terminal import Terminal, in_words, one_line
from erc.schemas.job import StepName, StepStatus

LABELS = {
    StepName.VALIDATE_BAG: "Validate the bag",
    StepName.GENERATE_CONFIGURATION: "Make erc.yml",
    StepName.VALIDATE_COMPENDIUM: "Validate the compendium",
    StepName.GENERATE_MANIFEST: "Make the runtime manifest",
    StepName.IMAGE_PREPARE: "Plan the environment",
    StepName.IMAGE_BUILD: "Build the environment",
    StepName.IMAGE_EXECUTE: "Run the analysis",
    StepName.CHECK: "Compare with the published display",
    StepName.IMAGE_SAVE: "Keep the environment",
    StepName.CLEANUP: "Clean up",
}
_MARKS = {
    StepStatus.QUEUED.value: ("·", "dim"),
    StepStatus.SUCCESS.value: ("✓", "green"),
    StepStatus.FAILURE.value: ("✗", "red"),
    StepStatus.SKIPPED.value: ("–", "dim"),
}
_ORDER = {name.value: place for place, name in enumerate(StepName)}
_RUNNING = StepStatus.RUNNING.value


class Steps(Protocol):
    """What is told while a job goes on. Texts may be hostile; they are cleaned here."""

    def changed(self, steps: Mapping[str, str]) -> None:
        """Take in the states of some steps."""
        ...

    def waits(self, place: Waiting | None) -> None:
        """Take in the job's place in the queue, None when it does not wait."""
        ...

    def said(self, line: str) -> None:
        """Take in the last line of the log."""
        ...

    def trouble(self, sentence: str) -> None:
        """Say why nothing comes at the moment; empty when it is over."""
        ...


class LiveSteps:
    """The list of the steps, drawn again several times a second."""

    def __init__(self) -> None:
        self._states = {name.value: StepStatus.QUEUED.value for name in StepName}
        self._began: dict[str, float] = {}
        self._took: dict[str, float] = {}
        self._spinner = Spinner("dots")
        self._waiting = self._line = self._trouble = ""

    def changed(self, steps: Mapping[str, str]) -> None:
        now = time.monotonic()
        self._waiting = ""
        for name, state in steps.items():
            if name not in self._states or self._states[name] == state:
                continue
            if state == _RUNNING:
                self._began[name], self._line = now, ""
            elif name in self._began:
                self._took[name] = now - self._began[name]
            self._states[name] = state

    def waits(self, place: Waiting | None) -> None:
        self._waiting = waiting_sentence(place)

    def said(self, line: str) -> None:
        self._line = one_line(line) or self._line

    def trouble(self, sentence: str) -> None:
        self._trouble = one_line(sentence)

    def end(self) -> None:
        """Leave nothing but the steps."""
        self._waiting = self._line = self._trouble = ""

    def __rich__(self) -> RenderableType:
        table = Table.grid(padding=(0, 1))
        for name, label in LABELS.items():
            state = self._states[name.value]
            mark, style = _MARKS.get(state, ("?", ""))
            first: RenderableType = self._spinner if state == _RUNNING else Text(mark, style)
            table.add_row(
                first, Text(label, "bold" if state == _RUNNING else style), Text(self._time(name.value), "dim")
            )
        below = [
            Text(text, style, no_wrap=True, overflow="ellipsis")
            for text, style in ((self._waiting, "cyan"), (self._line, "dim"), (self._trouble, "yellow"))
            if text
        ]
        return Group(table, *below)

    def _time(self, name: str) -> str:
        if self._states[name] == _RUNNING and name in self._began:
            return f"{time.monotonic() - self._began[name]:.0f} s"
        return f"{self._took[name]:.1f} s" if name in self._took else ""


class PlainSteps:
    """One line for each change."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._states = {name.value: StepStatus.QUEUED.value for name in StepName}
        self._waiting = ""

    def changed(self, steps: Mapping[str, str]) -> None:
        for name in sorted(steps, key=_place):
            if self._states.get(name) != steps[name]:
                self._states[name] = steps[name]
                self._say(f"{name}: {steps[name]}")

    def waits(self, place: Waiting | None) -> None:
        text = waiting_sentence(place)
        if text and text != self._waiting:
            self._say(text)
        self._waiting = text

    def said(self, line: str) -> None:
        """Leave the log to `erc logs`."""

    def trouble(self, sentence: str) -> None:
        self._say(sentence)


@contextmanager
def showing_steps(terminal: Terminal) -> Iterator[Steps]:
    """Show the steps of a job on standard error while the block runs."""
    if not _draws(terminal.err):
        yield PlainSteps(terminal.say)
        return
    steps = LiveSteps()
    with Live(steps, console=terminal.err, refresh_per_second=8):
        try:
            yield steps
        finally:
            steps.end()


@contextmanager
def showing_upload(terminal: Terminal, what: str, size_bytes: int) -> Iterator[Callable[[int], None]]:
    """Show a bar while the block sends `size_bytes`; it tells the yielded function how many bytes were added."""
    if not _draws(terminal.err):
        terminal.say(f"Sending {what} ({size_bytes:,} bytes)")
        yield lambda _added: None
        return
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(binary_units=True),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=terminal.err, transient=True) as bar:
        task = bar.add_task(one_line(f"Sending {what}"), total=size_bytes)
        yield lambda added: bar.advance(task, added)
    terminal.say(f"Sent {what} ({size_bytes:,} bytes)")


@contextmanager
def showing_wait(terminal: Terminal, what: str) -> Iterator[None]:
    """Show a spinner while the block waits."""
    if not _draws(terminal.err):
        terminal.say(what)
        yield
        return
    with terminal.err.status(Text(what)):
        yield


def _draws(console: Console) -> bool:
    return console.is_terminal and not console.is_dumb_terminal


def _place(name: str) -> int:
    """Return where a step stands in the order; one that is not known here stands at the end."""
    return _ORDER.get(name, len(_ORDER))


def waiting_sentence(place: Waiting | None) -> str:
    """Return what a job that waits is told; nothing when it does not."""
    if place is None:
        return ""
    when = "" if place.estimate_seconds is None else f", {in_words(place.estimate_seconds)} to go"
    return f"Waiting for a free place: number {place.position} in the queue{when}"
