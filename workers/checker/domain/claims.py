"""What is compared: the claims of a compendium, beside its display. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from erc.schemas.workspace import Entry, Manifest
from erc.workers.checker.domain.check_rules import CheckRules
from erc.workers.checker.domain.terms import PLAIN, Terms

MOST_CLAIMS = 2_000
"""How many files of one check get a row each."""
LEFT_BEHIND = frozenset({
    ".git", "__pycache__", ".venv", "node_modules", ".Rproj.user", ".ipynb_checkpoints", ".Rhistory", ".RData",
    "Rplots.pdf", ".DS_Store",
})  # fmt: skip
"""Names of files and folders that tools leave behind, which say nothing about results."""


class Claimed(StrEnum):
    """What is to be done about a claim."""

    SAME = "same"
    """Both sides have the same digest: nothing has to be read."""
    COMPARE = "compare"
    MISSING = "missing"
    """`erc.yml` names it and it was published, but the run did not make it."""
    EXTRA = "extra"
    """`erc.yml` names it and the run made it, but it was not published."""
    IGNORED = "ignored"


@dataclass(frozen=True)
class Claim:
    """A file that is compared, or is said not to be: `rule` says why."""

    path: str
    state: Claimed
    published: Entry | None
    reproduced: Entry | None
    terms: Terms = PLAIN
    rule: str = ""


_SETTLED = frozenset({Claimed.SAME, Claimed.IGNORED})
"""What needs no comparing: such claims are the first that get no row."""


@dataclass(frozen=True)
class Claims:
    """The claims, ordered by path; files that the run made and nobody claimed; what is to be said about the rules."""

    items: list[Claim] = field(default_factory=list)
    further: list[Claim] = field(default_factory=list)
    """Claims beyond MOST_CLAIMS that would have to be compared and are not."""
    unclaimed: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def claims(published: Manifest, outputs: Manifest, display: str, rules: CheckRules) -> Claims:
    """Return what is compared beside the display.

    A file is claimed when the run wrote it over a published one, or when a rule of `erc.yml` names it. `published` is
    the whole workspace, `outputs` what the run made.
    """
    items: list[Claim] = []
    unclaimed: list[str] = []
    paths = sorted({entry.path for entry in published.entries()} | {entry.path for entry in outputs.entries()})
    for path in paths:
        before, after = published.get(path), outputs.get(path)
        if path == display:
            continue
        claim = _claim(path, before, after, rules)
        if claim is not None:
            items.append(claim)
        elif after is not None and before is None and not _left_behind(path):
            unclaimed.append(path)
    warnings = [*rules.warnings, *_unused(rules, paths)]
    if len(items) > MOST_CLAIMS:
        warnings.append(f"{len(items):,} files are claimed; {MOST_CLAIMS:,} of them have a row.")
    kept, further = _bounded(items)
    return Claims(kept, further, unclaimed, warnings)


def _bounded(items: list[Claim]) -> tuple[list[Claim], list[Claim]]:
    """Return the claims that get a row, and those left that would have to be compared; what may differ goes first."""
    urgent = sorted(items, key=lambda claim: claim.state in _SETTLED)  # sorting keeps the order of the paths
    kept = sorted(urgent[:MOST_CLAIMS], key=lambda claim: claim.path)
    return kept, [claim for claim in urgent[MOST_CLAIMS:] if claim.state not in _SETTLED]


def _claim(path: str, before: Entry | None, after: Entry | None, rules: CheckRules) -> Claim | None:
    rule = rules.of(path)
    if rule is None and (before is None or after is None):
        return None
    terms = PLAIN if rule is None else rule.terms
    told = after is not None and (before is None or before.digest != after.digest)
    why = f"erc.yml ignores “{rule.selector}”" if rule is not None and rule.ignore else ""
    if rule is None and told:
        why = _ignored(path, rules)
    if why:
        return Claim(path, Claimed.IGNORED, before, after, terms, why) if told else None
    return Claim(path, _state(before, after, terms), before, after, terms)


def _state(before: Entry | None, after: Entry | None, terms: Terms) -> Claimed:
    if after is None:
        return Claimed.MISSING
    if before is None:
        return Claimed.EXTRA
    return Claimed.SAME if before.digest == after.digest and terms.comparator != "contains" else Claimed.COMPARE


def _ignored(path: str, rules: CheckRules) -> str:
    if _left_behind(path):
        return "left behind by a tool"
    line = rules.ignored.rule(path)
    return f".ercignore names “{line}”" if line else ""


def _left_behind(path: str) -> bool:
    return not LEFT_BEHIND.isdisjoint(path.split("/"))


def _unused(rules: CheckRules, paths: list[str]) -> list[str]:
    return [
        f"erc.yml names “{selector[:200]}” under `check`, but neither the workspace nor the run has such a file."
        for selector in rules.unused(paths)
    ]
