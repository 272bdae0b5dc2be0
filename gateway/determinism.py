"""What the repeats of a job say about its outputs, and about its verdict. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from erc.gateway.repeats import key, ran
from erc.schemas.check import CheckReport, Comparison, Outcome
from erc.schemas.job import Job
from erc.schemas.repeat import Cause, Determinism, Finding, Variation, Varying

NAMED = 3
"""How many outputs one sentence names."""
_AGAINST = {Outcome.DIFFERENT, Outcome.MISSING, Outcome.EXTRA}
_EXPLAINED = {
    Cause.NOTHING.value: "nothing was varied: random numbers without a seed, parallel work or the clock",
    Cause.UNKNOWN.value: "what made it change was not found out",
}


def determinism(repeats: Sequence[Job]) -> Determinism | None:
    """Return what the newest repeats of a job tell, None without any; `repeats` are its repeats, oldest first."""
    group = _newest(repeats)
    if not group:
        return None
    first, *others = group
    assert first.repeat, "a repeat says what it repeats"
    complete = all(job.terminal for job in group)
    findings = _findings(first, others) if complete else []
    conditions = first.repeat.conditions
    return Determinism(
        complete=complete,
        runs=1 + sum(ran(job) for job in group),
        sentence=_sentence(group, findings, complete=complete),
        findings=findings,
        uncompared=first.repeat.uncompared,
        tried=conditions.tried,
        not_tried=conditions.not_tried,
        repeats=[job.id for job in group],
    )


def amended(report: CheckReport, found: Determinism | None) -> CheckReport:
    """Return a check report that holds nothing against the author that differs between our own runs as well."""
    loose = found.findings if found else []
    against = [row for row in report.comparisons if row.outcome in _AGAINST]
    excused = [row for row in against if any(_is_of(row, one) for one in loose)]
    if not excused:
        return report
    rows = [_excused(row) if row in excused else row for row in report.comparisons]
    return report.model_copy(update={"comparisons": rows, "reason": f"{report.reason} {_excuse(excused, against)}"})


def _newest(repeats: Sequence[Job]) -> list[Job]:
    starts = [number for number, job in enumerate(repeats) if job.repeat and not job.repeat.suspects]
    return list(repeats[starts[-1] :]) if starts else []


def _findings(first: Job, others: Sequence[Job]) -> list[Finding]:
    assert first.repeat, "a repeat says what it repeats"
    items = {key(item): item for job in (first, *others) if job.repeat for item in job.repeat.varying}
    return [
        Finding(
            name=item.name, kind=item.kind, causes=_causes(item, first, others), finding=item.finding, made=item.made
        )
        for item in items.values()
    ]


def _causes(item: Varying, first: Job, others: Sequence[Job]) -> list[str]:
    assert first.repeat, "a repeat says what it repeats"
    able = [one.variation for one in first.repeat.conditions.tried]
    if not able:
        return [Cause.NOTHING.value]
    hit = [job.repeat.variations for job in others if job.repeat and _differs(job, item)]
    if [] in hit:
        return [Cause.NOTHING.value]
    if hit:
        alone: list[Variation] = [one for variations in hit for one in variations]
        return [one.value for one in Variation if one in alone]
    told = [job.repeat.variations for job in others if job.repeat and ran(job)]
    whole = all([one] in told for one in able)
    return [Cause.TOGETHER.value if whole else Cause.UNKNOWN.value]


def _differs(job: Job, item: Varying) -> bool:
    return job.repeat is not None and any(key(other) == key(item) for other in job.repeat.varying)


def _sentence(group: Sequence[Job], findings: Sequence[Finding], *, complete: bool) -> str:
    first = group[0]
    assert first.repeat, "a repeat says what it repeats"
    if not complete:
        ended = sum(job.terminal for job in group)
        return f"The analysis is being run again: {ended} of {len(group)} further runs have ended."
    if not ran(first):
        return f"The analysis could not be run again: {first.reason.rstrip('.') or 'nobody knows why'}."
    if findings:
        named = ", ".join(f"{one.name} ({_because(one)})" for one in findings[:NAMED])
        more = len(findings) - NAMED
        return f"Not deterministic: {named}{f', and {more:,} more' if more > 0 else ''}."
    tried = [one.variation.value for one in first.repeat.conditions.tried]
    otherwise = f" with another {_listed(tried)}" if tried else ""
    if first.repeat.uncompared:
        left = f"{first.repeat.uncompared:,} could not be compared"
        return f"Every output that could be compared came out the same when run again{otherwise}; {left}."
    return f"Every output came out the same when the analysis was run again{otherwise}."


def _because(one: Finding) -> str:
    if one.causes[0] in _EXPLAINED:
        return _EXPLAINED[one.causes[0]]
    return "several variations together" if one.causes == [Cause.TOGETHER.value] else _listed(one.causes)


def _listed(words: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]]))


def _is_of(row: Comparison, one: Finding) -> bool:
    """Return whether a finding is about a row: by what the job made, as figures are counted anew in each check."""
    if row.reproduced and one.made:
        return row.reproduced == one.made
    return row.kind != "image" and (row.kind, row.name) == (one.kind, one.name)


def _excused(row: Comparison) -> Comparison:
    said = f"{row.finding} It also differs between our own runs.".strip()
    return row.model_copy(update={"outcome": Outcome.NOT_DETERMINISTIC, "finding": said})


def _excuse(excused: Sequence[Comparison], against: Sequence[Comparison]) -> str:
    if len(against) == 1:
        return "It also differs between our own runs: it is not deterministic."
    if len(excused) == len(against):
        return f"All {len(against):,} also differ between our own runs: they are not deterministic."
    which = "one also differs" if len(excused) == 1 else f"{len(excused):,} also differ"
    return (
        f"Of what differs, {which} between our own runs: {excused[0].name}{' and others' if len(excused) > 1 else ''}."
    )
