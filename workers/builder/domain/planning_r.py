"""The R part of a plan: what files list and code uses, as packages of the suite."""

from __future__ import annotations

from erc.schemas.environment import Decision, Deviation, PlannedPackage
from erc.schemas.metadata import Dependency, Description, Kind
from erc.workers.builder.domain.detect.asked import RNeed
from erc.workers.builder.domain.detect.code import Used
from erc.workers.builder.domain.detect.order import Collected
from erc.workers.builder.domain.packages import r_package
from erc.workers.builder.domain.planning import Planned, apt, counted, place_of
from erc.workers.builder.domain.r_archive import archive_name, is_listed, suites_with
from erc.workers.builder.domain.suites import Suite, Wish, suite_named

MOST_DEVIATIONS = 20
_LATEX = ("texlive-latex-recommended", "texlive-fonts-recommended", "lmodern")
_TOOLS = frozenset({"renv", "packrat", "rsconnect", "BiocManager", "pak", "pacman"})
"""Tools that install: of no use in a run without network unless the code loads them."""


def plan_r(planned: Planned, description: Description, collected: Collected, used: Used, suite: Suite) -> None:
    """Add R, what renders the document, and the R packages; one deviation for each version that cannot be had."""
    listed = [need for asked in collected.asked for need in asked.r_packages]
    planned.packages.append(_r_itself(description, collected, used, listed))
    if description.kind is Kind.RMARKDOWN:
        planned.packages.append(apt("r-cran-rmarkdown", f"{description.main} is R Markdown", description.main))
        planned.packages.append(apt("pandoc", f"renders {description.main}", description.main))
        if description.display.lower().endswith(".pdf"):
            why = f"{description.display} is typeset by LaTeX"
            planned.packages += [apt(name, why, description.main) for name in _LATEX]
    versions = _versions(collected)
    loaded = _loaded(planned, collected, used, suite)
    _add_listed(planned, listed, loaded, suite)
    _add_locked(planned, collected, loaded, suite)
    _add_python_library(planned, suite)
    _add_deviations(planned, versions | {need.name: _wish(need) for need in listed if need.version}, suite)


def _add_python_library(planned: Planned, suite: Suite) -> None:
    """Add the shared library of Python, which reticulate loads and Python itself does without."""
    bridge = next((one for one in planned.packages if one.name == "r-cran-reticulate"), None)
    if bridge:
        reason = "reticulate runs Python by its shared library"
        library = apt(f"libpython{suite.python}", reason, bridge.path, bridge.line)
        planned.packages.append(library)


def _r_itself(description: Description, collected: Collected, used: Used, listed: list[RNeed]) -> PlannedPackage:
    if description.kind in {Kind.RMARKDOWN, Kind.R_SCRIPT}:
        return apt("r-base-core", f"{description.main} is run by R", description.main)
    places = [(need.path, need.line) for need in listed]
    places += [(wish.path, wish.line) for asked in collected.asked for wish in asked.r_versions.values()]
    places += [place_of(dependency) for dependency in used.of("r")]
    path, line = next(iter(places), (description.main, 1))
    return apt("r-base-core", "R is used beside Python", path, line)


def _wish(need: RNeed) -> Wish:
    return Wish(need.version, need.path, need.line)


def _versions(collected: Collected) -> dict[str, Wish]:
    """Return the recorded versions of R packages; of several files the first counts."""
    return {name: wish for asked in reversed(collected.asked) for name, wish in asked.r_versions.items()}


def _loaded(planned: Planned, collected: Collected, used: Used, suite: Suite) -> set[str]:
    """Add the packages that the code loads; return the names. erc.yml may list all of them instead."""
    own = {asked.own_r for asked in collected.asked if asked.own_r}
    loaded = {dependency.name for dependency in used.of("r")}
    dependencies = [dependency for dependency in used.of("r") if dependency.name not in own]
    # What a file such as install.R installs is listed there; its code does not load it.
    files = {asked.path for asked in collected.asked}
    dependencies = [dependency for dependency in dependencies if place_of(dependency)[0] not in files]
    names = {dependency.name for dependency in dependencies}
    planned.notes += [
        f"{name} is the R package of the workspace itself and is not installed; source its files, or use pkgload."
        for name in sorted(own & loaded)
    ]
    chunk = Dependency(name="reticulate", language="r", source=used.python_chunk)
    if used.python_chunk:
        dependencies = [*dependencies, chunk]
        planned.variables["RETICULATE_PYTHON"] = "/opt/erc/bin/python3"
    packages = [
        (dependency, package)
        for dependency in dependencies
        if (package := r_package(dependency, suite.name)) is not None
    ]
    if "r" in collected.explicit:
        return names
    for dependency, package in packages:
        path, line = place_of(dependency)
        reason = f"runs the chunks of Python in {chunk.source}" if dependency is chunk else package.reason
        planned.packages.append(package.model_copy(update={"path": path, "line": line, "reason": reason}))
        _hint(planned, dependency.name, package.name, suite)
    if packages:
        reason = (
            "The code loads them." if collected.by_language.get("r") else "No file lists them, so the code was read."
        )
        choice = f"{counted(len({package.name for _, package in packages}), 'R package')} from the code"
        path, line = place_of(packages[0][0])
        planned.decisions.append(Decision(subject="packages", choice=choice, reason=reason, path=path, line=line))
    return names


def _hint(planned: Planned, name: str, package: str, suite: Suite) -> None:
    """Say beforehand that a suite lacks a package, and which one has it."""
    if not is_listed(suite.name) or archive_name(name, suite.name):
        return
    others = [one.title for found in suites_with(package) if (one := suite_named(found))]
    advice = f" {others[-1]} has it: `suite` under `environment` in erc.yml asks for that." if others else ""
    planned.notes.append(f"The R package {name} is not in {suite.title}, so that the build may fail.{advice}")


def _add_listed(planned: Planned, listed: list[RNeed], loaded: set[str], suite: Suite) -> None:
    """Add what files list; what the suite is known to lack and the code does not load is left out, and said."""
    count = 0
    for need in listed:
        dependency = Dependency(name=need.name, language="r", version=need.version, source=f"{need.path}:{need.line}")
        package = r_package(dependency, suite.name)
        if package is None:
            continue
        if is_listed(suite.name) and not archive_name(need.name, suite.name) and need.name not in loaded:
            planned.deviations.append(_lacking(need, suite))
            continue
        count += 1
        update = {"path": need.path, "line": need.line, "reason": need.reason}
        # What a file lists counts before what the code says of the same package.
        planned.packages.insert(0, package.model_copy(update=update))
    if count:
        choice = f"{counted(count, 'R package')} from {listed[0].path}"
        planned.decisions.append(
            Decision(
                subject="packages",
                choice=choice,
                reason="They are listed there.",
                path=listed[0].path,
                line=listed[0].line,
            )
        )


def _lacking(need: RNeed, suite: Suite) -> Deviation:
    return Deviation(
        subject=need.name,
        wanted=need.version or "any version",
        got="nothing",
        reason=f"{suite.title} does not have this R package, and no code loads it.",
        path=need.path,
        line=need.line,
    )


def _add_locked(planned: Planned, collected: Collected, loaded: set[str], suite: Suite) -> None:
    """Add the packages of a lock file that the suite has: the author's library, as far as it can be had."""
    path = collected.by_language.get("r", "")
    asked = next((one for one in collected.asked if one.path == path), None)
    if asked is None or not asked.r_versions:
        return
    lacking = []
    for name, wish in asked.r_versions.items():
        package = archive_name(name, suite.name)
        if package:
            reason = f"{name} in {wish.place}"
            planned.packages.append(
                PlannedPackage(name=package, system="apt", reason=reason, path=wish.path, line=wish.line)
            )
        elif is_listed(suite.name) and name not in loaded and name not in _TOOLS:
            lacking.append(name)
    choice = f"{counted(len(asked.r_versions), 'R package')} from {path}"
    planned.decisions.append(Decision(subject="packages", choice=choice, reason="They are locked there.", path=path))
    if lacking:
        names = ", ".join(sorted(lacking)[:10]) + (", …" if len(lacking) > 10 else "")
        planned.notes.append(
            f"{path}: {suite.title} lacks {counted(len(lacking), 'R package')} that no code loads; left out: {names}."
        )


def _got(name: str, suite: Suite) -> str:
    return "the suite's own version" if not is_listed(suite.name) or archive_name(name, suite.name) else "nothing"


def _add_deviations(planned: Planned, versions: dict[str, Wish], suite: Suite) -> None:
    """Add one deviation for each package of the plan whose version was named, summed up when there are many."""
    in_plan = {package.name for package in planned.packages}
    named = [
        (name, wish)
        for name, wish in versions.items()
        if (archive_name(name, suite.name) or f"r-cran-{name.lower()}") in in_plan
        or f"r-bioc-{name.lower()}" in in_plan
    ]
    reason = f"{suite.title} has one version of each R package."
    for name, wish in named[:MOST_DEVIATIONS]:
        planned.deviations.append(
            Deviation(
                subject=name,
                wanted=wish.value,
                got=_got(name, suite),
                reason=reason,
                path=wish.path,
                line=wish.line,
            )
        )
    if more := named[MOST_DEVIATIONS:]:
        first = more[0][1]
        planned.deviations.append(
            Deviation(
                subject=counted(len(more), "more R package"),
                wanted=f"the versions of {first.path}",
                got="the suite's own versions",
                reason=reason,
                path=first.path,
            )
        )
