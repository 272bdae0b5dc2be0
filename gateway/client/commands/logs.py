"""`erc logs`: what the steps of a job said, to its end or live."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Collection, Iterator
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer

from erc.gateway.client.client import Client
from erc.gateway.client.documents import JobDocument
from erc.gateway.client.failures import ClientError, ExitCode, Unreachable
from erc.gateway.client.runs import job_of
from erc.gateway.client.session import Url, connected, told
from erc.gateway.client.sse import Deadline, Patience, follow
from erc.gateway.client.terminal import Lines, Terminal
from erc.schemas.job import StepName
from erc.schemas.problem import Problem

BACKLOG_SECONDS = 1.0
"""A running job's log so far is complete when nothing more comes for this time."""

Job = Annotated[
    str, typer.Argument(metavar="NAME[@VERSION]|JOB", help="The name of a run, its folder, or the id of a job.")
]
_TIME = re.compile(r"(?:(\d{1,4})d)?(?:(\d{1,4})h)?(?:(\d{1,5})m)?(?:(\d{1,7})s)?", re.ASCII)

Follow = Annotated[bool, typer.Option("--follow", "-f", help="Go on until the job has ended.")]
OfStep = Annotated[StepName | None, typer.Option("--step", help="Only the log of this step.")]
OfBuild = Annotated[bool, typer.Option("--build", help="Only the log of the build of its environment.")]
Last = Annotated[
    int | None, typer.Option("--lines", "-n", min=1, help="Only so many lines, the last ones; not with --follow.")
]

Since = Annotated[
    str, typer.Option(metavar="TIME", help="Only of steps that went on within this time: 90s, 15m, 1h30m, 2d.")
]


@told
def logs(
    which: Job,
    follows: Follow = False,
    step: OfStep = None,
    build: OfBuild = False,
    lines: Last = None,
    since: Since = "",
    url: Url = "",
) -> ExitCode:
    """Print the log of a job. Colours and whatever else could command the terminal are taken out."""
    if (build and step) or (follows and lines):
        pair = "--build and --step" if build and step else "--follow and --lines"
        raise ClientError(Problem(code="usage", title=f"{pair} cannot be used together"), ExitCode.USAGE)
    terminal = Terminal() if lines is None else _Tail(lines)
    wanted = StepName.IMAGE_BUILD.value if build else step.value if step else ""
    begin = datetime.now(UTC) - duration_of(since) if since else None
    with connected(url) as client:
        job = client.job(job_of(client, which))
        over = _over(job, begin)
        if job.terminal:
            _print_kept(client, terminal, job, wanted, over)
        else:
            _print_live(client, terminal, _Printer(terminal, wanted, over), job.id, follows)
    if isinstance(terminal, _Tail):
        terminal.end()
    return ExitCode.REPRODUCED


class _Tail(Terminal):
    """A terminal that shows the last lines only, at the end."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self._last: deque[tuple[str, str]] = deque(maxlen=most)

    def show(self, text: str, style: str = "") -> None:
        self._last.append((text, style))

    def end(self) -> None:
        """Show them."""
        for text, style in self._last:
            super().show(text, style)


def duration_of(text: str) -> timedelta:
    """Return a time such as `90s`, `15m`, `1h30m`, `2d`; raises ClientError (usage) for what is none."""
    found = _TIME.fullmatch(text)
    numbers = [int(number or 0) for number in found.groups()] if found else []
    if not any(numbers):
        problem = Problem(code="usage", title=f"“{text}” is no time", detail="Write it as 90s, 15m, 1h30m or 2d.")
        raise ClientError(problem, ExitCode.USAGE)
    days, hours, minutes, seconds = numbers
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)


def _over(job: JobDocument, begin: datetime | None) -> frozenset[str]:
    """Return the steps that had ended before a moment: what they said is older."""
    return frozenset(name for name, step in job.steps.items() if begin and step.end and step.end < begin)


def _print_kept(client: Client, terminal: Terminal, job: JobDocument, wanted: str, over: Collection[str]) -> None:
    kept = [name for name, step in job.steps.items() if step.log and wanted in {"", name} and name not in over]
    if not kept and wanted and wanted not in over:
        problem = Problem(
            code="http_404", title=f"The step {wanted} keeps no log", detail="It did not run or said nothing."
        )
        raise ClientError(problem, ExitCode.NOT_FOUND)
    for name in kept:
        _head(terminal, name, wanted)
        lines = Lines()
        with client.log(job.id, name) as pieces:
            for piece in pieces:
                _print(terminal, lines.add(piece))
        _print(terminal, lines.end())


def _print_live(client: Client, terminal: Terminal, printer: _Printer, identifier: str, follows: bool) -> None:
    for chunk in _chunks(client, terminal, identifier) if follows else _backlog(client, identifier):
        printer.chunk(chunk)
    printer.end()


def _chunks(client: Client, terminal: Terminal, identifier: str) -> Iterator[dict[str, Any]]:
    patience = Patience(Deadline(None), terminal.say)
    for heard in follow(client, identifier, patience):
        if heard.kind == "log":
            yield heard.document


def _backlog(client: Client, identifier: str) -> Iterator[dict[str, Any]]:
    heard = False
    try:
        with client.events(identifier, "", BACKLOG_SECONDS) as events:
            for event in events:
                heard = True
                if event.event == "log" and isinstance(document := event.json(), dict):
                    yield document
    except Unreachable:
        if not heard:
            client.job(identifier)


class _Printer:
    """Prints chunks of logs as lines, each chunk once; a step that was tried again says so."""

    def __init__(self, terminal: Terminal, wanted: str, over: Collection[str]) -> None:
        self._terminal, self._wanted, self._over = terminal, wanted, over
        self._step, self._lines = "", Lines()
        self._printed: dict[str, tuple[int, int]] = {}

    def chunk(self, document: dict[str, Any]) -> None:
        """Print a chunk, unless it was printed before or is another step's."""
        step, text = str(document.get("step", "")), str(document.get("text", ""))
        place = (_number(document.get("attempt")), _number(document.get("chunk")))
        before = self._printed.get(step, (0, 0))
        if (self._wanted and step != self._wanted) or step in self._over or place <= before:
            return
        if step != self._step:
            self.end()
            self._step = step
            _head(self._terminal, step, self._wanted)
        elif place[0] > before[0]:
            self.end()
            self._terminal.say(f"{step} begins again")
        self._printed[step] = place
        _print(self._terminal, self._lines.add(text))

    def end(self) -> None:
        """Print the line that has no end yet."""
        _print(self._terminal, self._lines.end())


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0


def _head(terminal: Terminal, step: str, wanted: str) -> None:
    if not wanted:
        terminal.say(f"── {step}", "dim")


def _print(terminal: Terminal, lines: list[str]) -> None:
    for line in lines:
        terminal.show(line)
