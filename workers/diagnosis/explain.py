"""From a log to a diagnosis. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from erc.schemas.diagnosis import Cause, Diagnosis
from erc.workers.diagnosis import common_rules, python_rules, r_rules
from erc.workers.diagnosis.mends import Read, propose
from erc.workers.diagnosis.places import Place, find_place
from erc.workers.diagnosis.rule import Rule

LINES = 400
"""How many of the last lines of a log are read."""
LINE_CHARACTERS = 500
"""How much of a line is read and shown."""

BEFORE_LINES = 40
"""How far above the last error its cause may stand: what is further up has been handled."""

_ANSI = re.compile(r"\x1b\[[0-9;?]{0,20}[A-Za-z]")
_WARNING = re.compile(r"^\s*(?:\S{0,200}:\d+: )?(?:Warning|[A-Za-z]*Warning\b|\[W|WARN)")
_ABSOLUTE = re.compile(r"(?:/(?:home|Users|mnt|media|Volumes|root|data|scratch|gpfs)/|~/|[A-Za-z]:[\\/]|\\\\)")
_PYTHON_ERROR = re.compile(r"^(?:[A-Za-z_][\w.]*(?:Error|Exception|Interrupt|Exit|Warning))\b.{0,400}")
_HALTED = "Execution halted"
_R_ERROR = re.compile(r"^\s*(?:! |Error(?: in .{0,200}|:)|Execution halted)")


class _Match(NamedTuple):
    rule: Rule
    number: int
    groups: tuple[str, ...]


def diagnose(log: str, main: str, read: Read, known: Callable[[str], bool]) -> Diagnosis | None:
    """Return what a failed step's log tells, None when it tells nothing.

    `main` is the path of the main file, `read` returns the text of a file of the workspace, `known` tells whether a
    path is one. The last error counts: what was said before it may have been handled.
    """
    lines = [_ANSI.sub("", line)[:LINE_CHARACTERS] for line in log.splitlines()[-LINES:]]
    found = _matched(lines)
    if found is None:
        return _unexplained(lines, main, known)
    place = find_place(lines, found.number, main, known)
    subject = _subject(found)
    cause, sentence, advice = _refined(found, subject, main)
    return Diagnosis(
        cause=cause,
        subject=subject,
        sentence=sentence,
        advice=advice,
        evidence=lines[found.number].strip(),
        evidence_line=found.number + 1,
        path=place.path,
        line=place.line,
        cell=place.cell,
        edits=propose(found.rule.mend, subject, read),
    )


def _matched(lines: Sequence[str]) -> _Match | None:
    rules = (*python_rules.RULES, *r_rules.RULES, *common_rules.RULES)
    spare: _Match | None = None
    last = next((number for number in reversed(range(len(lines))) if _is_error(lines[number])), len(lines))
    for number in reversed(range(max(0, last - BEFORE_LINES), len(lines))):
        for rule in rules:
            if match := rule.pattern.search(lines[number]):
                found = _Match(rule, number, tuple(text or "" for text in match.groups()))
                if not _WARNING.match(lines[number]):
                    return found
                spare = spare or found
                break
    return spare


def _is_error(line: str) -> bool:
    text = line.strip()
    return bool(_PYTHON_ERROR.match(text) or (_R_ERROR.match(text) and text != _HALTED))


def _subject(found: _Match) -> str:
    if not found.rule.subject:
        return ""
    return found.groups[found.rule.subject - 1] or next(filter(None, found.groups), "")


def _refined(found: _Match, subject: str, main: str) -> tuple[Cause, str, str]:
    rule = found.rule
    groups = [text or subject for text in found.groups]
    sentence = rule.sentence.format(*groups) if groups else rule.sentence
    if rule.cause is Cause.MISSING_FILE and _ABSOLUTE.match(subject):
        advice = "Put it into the workspace and name it relative to the folder of the main file."
        return Cause.ABSOLUTE_PATH, f"The path {subject} exists on its author's computer only.", advice
    if rule.cause is Cause.MISSING_FILE and subject.startswith(("http://", "https://", "ftp://")):
        advice = "A run has no network. Put what it fetches into the workspace, and read it from there."
        return Cause.NEEDS_NETWORK, f"The script fetches {subject}.", advice
    if rule.cause is Cause.NOTEBOOK_ORDER and not main.lower().endswith((".ipynb", ".rmd", ".qmd")):
        return Cause.CODE, sentence, "Define it before this place."
    return rule.cause, sentence, rule.advice


def _unexplained(lines: Sequence[str], main: str, known: Callable[[str], bool]) -> Diagnosis | None:
    """An error that no rule knows: the last line that is one, and its place."""
    for number in reversed(range(len(lines))):
        line = lines[number].strip()
        if _is_error(line):
            place: Place = find_place(lines, number, main, known)
            return Diagnosis(
                cause=Cause.CODE,
                sentence="The code ended with an error.",
                advice="Correct the code at this place, or what it is given.",
                evidence=line,
                evidence_line=number + 1,
                path=place.path,
                line=place.line,
                cell=place.cell,
            )
    return None
