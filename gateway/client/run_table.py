"""The table of named runs, as text: fixed columns, one run a line. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from erc.gateway.client.run_documents import RunDocument
from erc.gateway.client.terminal import one_line

HEADER = ("NAME", "VERSION", "SOURCE", "STATUS", "BUILD", "UPDATED", "METADATA")
WIDE = ("GENERATION", "JOB", "COMPENDIUM", "ORIGIN")
NOTHING, UNKNOWN = "n/a", "unknown"
BUILD_CHARACTERS, SOURCE_CHARACTERS, METADATA_CHARACTERS = 12, 40, 120


def table(runs: Sequence[RunDocument], now: datetime, *, wide: bool) -> list[str]:
    """Return the lines of the table, the header first; wide with nothing cut off and four columns more."""
    head = (*HEADER[:-1], *WIDE, HEADER[-1]) if wide else HEADER
    rows = [head, *(_row(run, now, wide=wide) for run in runs)]
    widths = [max(len(row[place]) for row in rows) for place in range(len(head))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _row(run: RunDocument, now: datetime, *, wide: bool) -> tuple[str, ...]:
    source, said = one_line(run.source) or NOTHING, _metadata(run)
    about = (run.name, run.version, source, run.status, build(run.image), ago(run.updated, now))
    more = (str(run.generation), run.job_id, run.compendium_id, one_line(run.origin) or NOTHING)
    if wide:
        return (*(one_line(cell) for cell in (*about, *more)), said)
    cut = (*about[:2], _cut(source, SOURCE_CHARACTERS), *about[3:], _cut(said, METADATA_CHARACTERS))
    return tuple(one_line(cell) for cell in cut)


def build(image: str | None) -> str:
    """Return the image as the table shows it: 12 digits of its digest."""
    return image.removeprefix("sha256:")[:BUILD_CHARACTERS] if image else NOTHING


def ago(moment: datetime | None, now: datetime) -> str:
    """Return how long ago something was: `1d0h0m0s ago`."""
    return UNKNOWN if moment is None else f"{duration(now - moment)} ago"


def duration(time: timedelta) -> str:
    """Return a time in days, hours, minutes and seconds, from the largest that is not 0 on."""
    left = max(0, round(time.total_seconds()))
    parts: list[str] = []
    for name, seconds in (("d", 86_400), ("h", 3600), ("m", 60)):
        number, left = divmod(left, seconds)
        if parts or number:
            parts.append(f"{number}{name}")
    return "".join([*parts, f"{left}s"])


def _metadata(run: RunDocument) -> str:
    said = [f"owner={run.user}"]
    if run.verdict and run.verdict != "cancelled":
        said.append(f"verdict={run.verdict}")
    if run.problem:
        said.append(f"error={run.problem.code}: {run.problem.title}")
    return one_line(", ".join(said))


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
