"""The suites of Debian and Ubuntu as a time machine: which Python and R each has, and which one fits what is wanted."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from packaging.specifiers import SpecifierSet
from packaging.version import Version

from erc.schemas.environment import Decision, Deviation


class Suite(NamedTuple):
    """A release of a distribution. `released` is its ISO day, empty while it still changes."""

    distribution: str
    name: str
    released: str
    python: str
    r: str

    @property
    def title(self) -> str:
        """What people call it: `Debian bookworm`."""
        return f"{self.distribution.capitalize()} {self.name}"

    def version_of(self, language: str) -> str:
        """Return its version of `python` (3.11) or `r` (4.2.2)."""
        return self.python if language == "python" else self.r


SUITES = (
    Suite("ubuntu", "focal", "2020-04-23", "3.8", "3.6.3"),
    Suite("debian", "bullseye", "2021-08-14", "3.9", "4.0.4"),
    Suite("ubuntu", "jammy", "2022-04-21", "3.10", "4.1.2"),
    Suite("debian", "bookworm", "2023-06-10", "3.11", "4.2.2"),
    Suite("ubuntu", "noble", "2024-04-25", "3.12", "4.3.3"),
    Suite("debian", "trixie", "2025-08-09", "3.13", "4.5.0"),
    Suite("ubuntu", "questing", "2025-10-09", "3.13", "4.5.1"),
    Suite("ubuntu", "resolute", "2026-04-23", "3.14", "4.5.2"),
    Suite("debian", "forky", "", "3.14", "4.6.1"),
    Suite("debian", "sid", "", "3.14", "4.6.2"),
)
"""Oldest first. Versions as the archives had them in November 2026; those of `forky` and `sid` go on changing."""

DEFAULT = "bookworm"
_NUMBERS = {
    "20.04": "focal",
    "22.04": "jammy",
    "24.04": "noble",
    "25.10": "questing",
    "26.04": "resolute",
    "11": "bullseye",
    "12": "bookworm",
    "13": "trixie",
    "14": "forky",
    "testing": "forky",
    "unstable": "sid",
}
_OPERATORS = frozenset("<>=!~")
_NAMES = {"python": "Python", "r": "R"}
_R_THREE = 7
"""R 3.6 was followed by 4.0: as many steps lie before R 4.0."""


class Wish(NamedTuple):
    """A version, specifier, ISO day or suite that a line of a file asks for; a `loose` one may be missed silently."""

    value: str
    path: str
    line: int = 0
    loose: bool = False

    @property
    def place(self) -> str:
        """Where it was asked for: `runtime.txt:1`."""
        return f"{self.path}:{self.line}" if self.line else self.path


class Wishes(NamedTuple):
    """What is wanted of the platform; `needed` are the languages that the run needs, the main file's first."""

    needed: tuple[str, ...]
    suite: Wish | None = None
    python: Wish | None = None
    r: Wish | None = None
    date: Wish | None = None

    def of(self, language: str) -> Wish | None:
        """Return the version that is wanted of a language that is needed."""
        wish = self.python if language == "python" else self.r
        return wish if language in self.needed else None


class Choice(NamedTuple):
    """The suite, why, and what cannot be had in it."""

    suite: Suite
    decisions: list[Decision]
    deviations: list[Deviation]


def suite_named(name: str) -> Suite | None:
    """Return the suite of this name or number (`bookworm`, `22.04`), None when it is not one of the table."""
    name = _NUMBERS.get(name.lower(), name.lower())
    return next((suite for suite in SUITES if suite.name == name), None)


def choose(wishes: Wishes) -> Choice:
    """Return the suite for what is wanted: the one that is named, else the nearest; pure and total."""
    named = suite_named(wishes.suite.value) if wishes.suite else None
    if wishes.suite and named:
        reason = f"{wishes.suite.place} names it"
        return _explained(named, reason, wishes, wishes.suite)
    wanted = [(language, wish) for language in wishes.needed if (wish := wishes.of(language))]
    suite = min(SUITES, key=lambda suite: _distance(suite, wanted, wishes.date))
    return _explained(suite, _reason(suite, wanted, wishes.date), wishes, *(wish for _, wish in wanted), wishes.date)


def _explained(suite: Suite, reason: str, wishes: Wishes, *wanted: Wish | None) -> Choice:
    first = next((wish for wish in wanted if wish), None)
    where = {"path": first.path, "line": first.line} if first else {"path": "", "line": 0}
    decisions = [Decision(subject="base", choice=suite.name, reason=f"{reason}.", **where)]
    for language in wishes.needed:
        version = suite.version_of(language)
        decisions.append(Decision(subject=language, choice=version, reason=f"{suite.title} has it.", **where))
    deviations = [one for language in wishes.needed if (one := _deviation(suite, language, wishes.of(language)))]
    deviations += _too_early(suite, wishes.date)
    if wishes.suite and not suite_named(wishes.suite.value):
        deviations.append(_unknown_suite(wishes.suite, suite))
    return Choice(suite, decisions, deviations)


def _unknown_suite(wish: Wish, got: Suite) -> Deviation:
    reason = f"The service knows {', '.join(suite.name for suite in SUITES)}."
    return Deviation(subject="base", wanted=wish.value, got=got.name, reason=reason, path=wish.path, line=wish.line)


def _reason(suite: Suite, wanted: Iterable[tuple[str, Wish]], date: Wish | None) -> str:
    said = [f"{_NAMES[language]} {wish.value} is wanted by {wish.place}" for language, wish in wanted]
    if date:
        said.append(f"{date.value} is the day that {date.place} names")
    if not said:
        return "No file asks for a version of Python or R, or for a day, so this is the service's usual base"
    fits = all(satisfies(suite.version_of(language), wish.value) for language, wish in wanted)
    return f"{' and '.join(said)}, and {suite.title} {'has that' if fits else 'comes nearest'}"


def _distance(
    suite: Suite, wanted: list[tuple[str, Wish]], date: Wish | None
) -> tuple[tuple[int, ...], int, int, int, int]:
    """Return how far a suite is from what is wanted; smaller is better.

    First the steps between minor versions in the order of the languages, then what still changes, then the months
    from the day, then the exact version, then the usual base.
    """
    steps = tuple(_steps(suite.version_of(language), wish.value) for language, wish in wanted)
    exact = sum(not satisfies(suite.version_of(language), wish.value) for language, wish in wanted)
    return steps, not suite.released, _months_away(suite, date), exact, _from_default(suite)


def _from_default(suite: Suite) -> int:
    position = SUITES.index(suite)
    return abs(position - next(number for number, one in enumerate(SUITES) if one.name == DEFAULT))


def _months_away(suite: Suite, date: Wish | None) -> int:
    """Return how far a release is from a day, in months; one after the day is farther than any before it."""
    if date is None:
        return 0
    released, wanted = _months(suite.released or "9999-01-01"), _months(date.value)
    return wanted - released if released <= wanted else 100_000 + released - wanted


def _months(day: str) -> int:
    year, month = day.split("-")[:2]
    return int(year) * 12 + int(month)


def satisfies(version: str, wanted: str) -> bool:
    """Return whether a version is what is wanted: as exactly as it is written: 4.2 takes 4.2.2."""
    try:
        if wanted[:1] in _OPERATORS:
            some = [version] if version.count(".") > 1 else [version, f"{version}.99"]
            return any(SpecifierSet(wanted).contains(one, prereleases=True) for one in some)
        return [*Version(version).release][: len(Version(wanted).release)] == [*Version(wanted).release]
    except ValueError:
        return False


def is_specifier(text: str) -> bool:
    """Return whether a text is a specifier (`>=3.9,<3.12`) and no plain version."""
    if text[:1] not in _OPERATORS:
        return False
    try:
        SpecifierSet(text)
    except ValueError:
        return False
    return True


def _steps(version: str, wanted: str) -> int:
    """Return how many minor versions lie between, doubled; an older one counts a half more than a newer one."""
    if wanted[:1] in _OPERATORS:
        return 0 if satisfies(version, wanted) else _outside(version, wanted)
    have, want = _ordinal(version), _ordinal(wanted)
    return 2 * (have - want) if have >= want else 2 * (want - have) + 1


def _outside(version: str, specifier: str) -> int:
    try:
        bounds = [_ordinal(one.version.removesuffix(".*")) for one in SpecifierSet(specifier)]
    except ValueError:
        return 0
    return 1 + min(2 * abs(_ordinal(version) - bound) for bound in bounds)


def _ordinal(version: str) -> int:
    try:
        major, minor = (*Version(version).release, 0)[:2]
    except ValueError:
        return 0
    return (major - 3) * 100 + minor if major <= 3 else (major - 4) * 100 + minor + _R_THREE


def _deviation(suite: Suite, language: str, wish: Wish | None) -> Deviation | None:
    got = suite.version_of(language)
    if wish is None or satisfies(got, wish.value):
        return None
    if wish.loose and _steps(got, wish.value) == 0:
        return None
    reason = f"{suite.title} has this one."
    if other := next((one for one in SUITES if satisfies(one.version_of(language), wish.value)), None):
        reason += f" {other.title} has {other.version_of(language)}: `suite: {other.name}` in erc.yml asks for it."
    return Deviation(
        subject=_NAMES[language], wanted=wish.value, got=got, reason=reason, path=wish.path, line=wish.line
    )


def _too_early(suite: Suite, date: Wish | None) -> list[Deviation]:
    if date is None or not suite.released or date.value >= suite.released or suite is not SUITES[0]:
        return []
    reason = f"{suite.title} is the oldest suite that the service has."
    got = f"{suite.name} of {suite.released}"
    return [Deviation(subject="date", wanted=date.value, got=got, reason=reason, path=date.path, line=date.line)]
