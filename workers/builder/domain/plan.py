"""Decides what environment a workspace needs, and says why."""

from __future__ import annotations

import re
from collections.abc import Callable

from erc.events.errors import Rejected
from erc.schemas.environment import Decision, Deviation, Plan, PlannedPackage
from erc.schemas.metadata import Description, Kind
from erc.schemas.variables import is_variable
from erc.schemas.workspace import Manifest
from erc.workers.builder.domain.command import command
from erc.workers.builder.domain.detect.code import Used, used_by_code
from erc.workers.builder.domain.detect.order import JULIA, Collected, collect
from erc.workers.builder.domain.detect.other import refuse_julia
from erc.workers.builder.domain.detect.sources import Sources
from erc.workers.builder.domain.needs import needed_by
from erc.workers.builder.domain.planning import Planned, unique
from erc.workers.builder.domain.planning_python import plan_python
from erc.workers.builder.domain.planning_r import plan_r
from erc.workers.builder.domain.suites import Choice, Suite, Wish, Wishes, choose, satisfies

_R_KINDS = frozenset({Kind.RMARKDOWN, Kind.R_SCRIPT})
_DAY = re.compile(r"(?:19|20)[0-9]{2}-[01][0-9]-[0-3][0-9]")
_NAMES = {"python": "Python", "r": "R"}


def plan(description: Description, manifest: Manifest, read: Callable[[str], bytes]) -> Plan:
    """Return the environment for a described workspace; equal input gives an equal plan.

    `read` returns the bytes of a file of the manifest; only files of bounded size are asked for. Raises `Rejected`
    when the main file is not there, when a path leaves the workspace, when a package has a name that cannot be one,
    or when a file that describes the environment cannot be used.
    """
    if description.main not in manifest:
        raise Rejected(
            "The main file is not in the workspace",
            f"{description.main} was named as main file. Add it, or name another one as `main` in erc.yml.",
            code="main_missing",
        )
    sources = Sources(manifest, read)
    collected, used = collect(sources), used_by_code(description, sources)
    _refuse_julia(sources, used)
    needed = _languages(description, collected, used)
    wishes = _wishes(collected, used, needed)
    choice = choose(wishes)
    planned = Planned()
    if "r" in needed:
        plan_r(planned, description, collected, used, choice.suite)
    if "python" in needed:
        plan_python(planned, description, collected, used)
    for asked in collected.asked:
        planned.packages += asked.apt
        planned.deviations += [*asked.deviations, *_exact_versions(asked.apt, choice)]
    # Last: what a line of the workspace names counts with that line.
    planned.packages += needed_by(planned.packages)
    return _assembled(description, collected, used, needed, wishes, choice, planned)


def _assembled(
    description: Description,
    collected: Collected,
    used: Used,
    needed: tuple[str, ...],
    wishes: Wishes,
    choice: Choice,
    planned: Planned,
) -> Plan:
    suite, notes = choice.suite, [note for asked in collected.asked for note in asked.all_notes()]
    variables = {name: value for asked in reversed(collected.asked) for name, value in asked.variables.items()}
    deviations = [*choice.deviations, *_outvoted(collected, choice, wishes), *planned.deviations]
    return Plan(
        kind=description.kind,
        distribution=suite.distribution,
        suite=suite.name,
        image=next((asked.image for asked in collected.asked if asked.image), ""),
        python=suite.python if "python" in needed else "",
        r=suite.r if "r" in needed else "",
        date=wishes.date.value if wishes.date else "",
        packages=unique(planned.packages),
        requirements="".join(f"{line}\n" for line in planned.requirements),
        scripts=[script for asked in collected.asked for script in asked.scripts],
        variables=planned.variables | {name: value for name, value in variables.items() if is_variable(name, value)},
        command=command(description),
        decisions=[*collected.decisions, *choice.decisions, *_dated(wishes), *planned.decisions],
        deviations=list(dict.fromkeys(deviations)),
        notes=list(dict.fromkeys([*notes, *used.notes(), *planned.notes, *_older(description, wishes, suite)])),
    )


def _languages(description: Description, collected: Collected, used: Used) -> tuple[str, ...]:
    """Return the languages that the run needs, the main file's first."""
    main, other = ("r", "python") if description.kind in _R_KINDS else ("python", "r")
    listed = any(asked.pip if other == "python" else asked.r_packages or asked.r_versions for asked in collected.asked)
    return (main, other) if other in used.languages or (listed and other in collected.by_language) else (main,)


def _wishes(collected: Collected, used: Used, needed: tuple[str, ...]) -> Wishes:
    asked = collected.asked
    return Wishes(
        needed=needed,
        suite=next((one.suite for one in asked if one.suite), None),
        python=next((one.python for one in asked if one.python), used.python),
        r=next((one.r for one in asked if one.r), None),
        date=next((one.date for one in asked if one.date), None),
    )


def _outvoted(collected: Collected, choice: Choice, wishes: Wishes) -> list[Deviation]:
    """Return the versions that later files ask for and that the suite has not."""
    deviations = []
    for language in wishes.needed:
        first = wishes.of(language)
        for asked in collected.asked:
            wish: Wish | None = asked.python if language == "python" else asked.r
            got = choice.suite.version_of(language)
            if first and wish and wish.value != first.value and not satisfies(got, wish.value):
                deviations.append(
                    Deviation(
                        subject=_NAMES[language],
                        wanted=wish.value,
                        got=got,
                        reason=f"{first.place} goes first.",
                        path=wish.path,
                        line=wish.line,
                    )
                )
    return deviations


def _dated(wishes: Wishes) -> list[Decision]:
    if wishes.date is None:
        return []
    reason = f"{wishes.date.place} names it."
    return [
        Decision(subject="date", choice=wishes.date.value, reason=reason, path=wishes.date.path, line=wishes.date.line)
    ]


def _older(description: Description, wishes: Wishes, suite: Suite) -> list[str]:
    """Return a hint when the document is older than the suite that was taken because nothing was asked for."""
    written = str(description.raw.get("publicationDate", ""))[:40]
    asked = wishes.suite or wishes.date or any(wishes.of(language) for language in wishes.needed)
    if asked or not _DAY.fullmatch(written) or written >= suite.released:
        return []
    said = f"{description.main} is dated {written}, before {suite.title} was released"
    return [f"{said}; `date: {written}` under `environment` in erc.yml asks for the suite of that time."]


def _exact_versions(packages: list[PlannedPackage], choice: Choice) -> list[Deviation]:
    return [
        Deviation(
            subject=package.name,
            wanted=package.version.removeprefix("="),
            got="the suite's own version",
            reason=f"{choice.suite.title} has one version of each package.",
            path=package.path,
            line=package.line,
        )
        for package in packages
        if package.version
    ]


def _refuse_julia(sources: Sources, used: Used) -> None:
    path = next((name for name in JULIA if name in sources), "")
    if path:
        calls = {dependency.name: dependency.source for dependency in used.dependencies}
        refuse_julia(path, set(calls), next(iter(calls.values()), ""))
