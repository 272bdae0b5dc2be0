"""`erc env`: what the environment of a run or job is, and how two differ."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from erc.gateway.client.environments import Difference, counts, differences
from erc.gateway.client.failures import ExitCode
from erc.gateway.client.run_documents import EnvironmentDocument
from erc.gateway.client.runs import environment, job_of
from erc.gateway.client.session import AsJson, Url, connected, told
from erc.gateway.client.terminal import Terminal, one_line
from erc.schemas.evidence import Drift

_WHICH = "The name of a run, its folder, build://NAME:VERSION, or the id of a job."
Which = Annotated[str, typer.Argument(metavar="NAME[@VERSION]|JOB", help=_WHICH)]
First = Annotated[str, typer.Argument(metavar="A", help=_WHICH)]
Second = Annotated[str, typer.Argument(metavar="B", help="Another one.")]
All = Annotated[bool, typer.Option("--all", help="Every package of the image too.")]
_LABELS = {"apt": "of the distribution", "pip": "of Python", "r": "of R"}
_ELSEWHERE = {
    "found": "found on the engine: another installation built it, and what follows is what it says itself",
    "brought": "brought by the compendium: how it was made is not known, and what follows is what it says itself",
}

app = typer.Typer(name="env", help="See the environments of runs, and how two differ.", no_args_is_help=True)


@app.command("show")
@told
def show(which: Which, everything: All = False, as_json: AsJson = False, url: Url = "") -> ExitCode:
    """Tell what the environment of a run or job is: image, what was wanted, what was built, what the image holds."""
    terminal = Terminal(as_json=as_json)
    with connected(url) as client:
        found = environment(client, job_of(client, which))
    terminal.document({**found.model_dump(mode="json"), "counts": counts(found.packages), "exit_code": 0})
    if not as_json:
        _show(terminal, found, everything=everything)
    return ExitCode.REPRODUCED


@app.command("diff")
@told
def diff(first: First, second: Second, as_json: AsJson = False, url: Url = "") -> ExitCode:
    """Tell which packages two environments do not share, and which have other versions. Equal ones end with 0, too."""
    terminal = Terminal(as_json=as_json)
    with connected(url) as client:
        one, other = (environment(client, job_of(client, which)) for which in (first, second))
    found = differences(one.packages, other.packages)
    told_of: dict[str, Any] = {"a": _about(one), "b": _about(other), "same_image": one.image == other.image}
    rows = [{"system": row.system, "name": row.name, "a": row.first, "b": row.second} for row in found]
    terminal.document({**told_of, "differences": rows, "exit_code": 0})
    if not as_json:
        _show_differences(terminal, one, other, found)
    return ExitCode.REPRODUCED


def _about(found: EnvironmentDocument) -> dict[str, Any]:
    return found.model_dump(mode="json", include={"job_id", "image", "environment_key", "sentence"})


def _show(terminal: Terminal, found: EnvironmentDocument, *, everything: bool) -> None:
    _show_image(terminal, found)
    if found.drifts:
        terminal.show("\nWanted, built, and what the suite had then", "bold")
        for line in _columns([("", "WHAT", "WANTED", "BUILT", "CURRENT", "WHERE"), *map(_drift, found.drifts)]):
            terminal.show(f"  {line}")
    if found.packages:
        parts = [f"{number:,} {_LABELS.get(system, system)}" for system, number in counts(found.packages).items()]
        terminal.show(f"\nThe image holds {len(found.packages):,} packages: {', '.join(parts)}")
    if everything:
        for line in _columns([(one.system, one.name, one.version) for one in found.packages]):
            terminal.show(f"  {line}")


def _show_image(terminal: Terminal, found: EnvironmentDocument) -> None:
    terminal.show(one_line(found.sentence), "bold")
    terminal.show(f"image {found.image or 'not built yet'}")
    if found.base:
        terminal.show(f"base {one_line(found.base)}")
    if found.origin in _ELSEWHERE:
        terminal.show(_ELSEWHERE[found.origin])
    if found.reproducible is not None:
        terminal.show(f"built again from nothing: {'the same' if found.reproducible else 'not the same'}")


def _drift(drift: Drift) -> tuple[str, ...]:
    place = f"{drift.path}:{drift.line}" if drift.path and drift.line else drift.path
    mark = "✓" if drift.met else "✗"
    return (mark, drift.name, drift.wanted or "any", drift.built or "–", drift.current or "–", place or drift.reason)


def _show_differences(
    terminal: Terminal, one: EnvironmentDocument, other: EnvironmentDocument, found: list[Difference]
) -> None:
    if one.image and one.image == other.image:
        terminal.show(f"Both have the same image {one.image}")
    elif not (one.packages and other.packages):
        terminal.show("What the images hold is not known of both.")
        return
    elif not found:
        terminal.show("Two images with the same packages.")
    for line in _columns([(row.system, row.name, row.first or "–", row.second or "–") for row in found]):
        terminal.show(line)


def _columns(rows: list[tuple[str, ...]]) -> list[str]:
    """Return the rows as lines with aligned columns."""
    clean = [[one_line(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*clean, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in clean]
