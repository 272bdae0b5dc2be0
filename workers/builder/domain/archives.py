"""Which archive has a suite of a distribution, whose keys it is signed with, and what a base image is called."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from erc.events.errors import Rejected
from erc.schemas.environment import Plan

REPOSITORY = "erc-base"
ENDED = frozenset({"buster", "stretch", "jessie", "wheezy", "squeeze", "lenny"})
"""Suites of Debian that its usual archive has no longer; where they are kept is a setting."""

_SUITE = re.compile(r"[a-z]{2,20}")
_DAY = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
_ROLLING = frozenset({"sid", "unstable"})


@dataclass(frozen=True)
class Archive:
    """What tools that bootstrap need to know of a suite."""

    distribution: str
    suite: str
    keyring: str
    """Name of the file of the archive's keys, without its folder."""
    components: tuple[str, ...]
    like: str
    """The suite whose bootstrap script serves where the tool does not know this one."""
    updates: bool
    """Whether there is a suite of updates beside it."""
    address: str = ""
    """Where the archive is, empty for the one that the distribution's own tool uses."""
    dated: bool = False
    """Whether the archive stands at a day, so that its lists are old by now and valid nevertheless."""


@dataclass(frozen=True)
class TimeMachine:
    """Where past states of the archives are to be had; all empty where nothing was set."""

    ended: str = ""
    """Address of the archive of the suites of Debian that have ended."""
    snapshot: str = ""
    """Address of a snapshot service, with `{distribution}` and `{timestamp}` in it."""
    day: str = ""
    """ISO day for plans that tell none."""


@dataclass(frozen=True)
class BaseWanted:
    """Which base image a plan stands on: an image of a registry, or a suite at a day."""

    distribution: str = "debian"
    suite: str = "bookworm"
    day: str = ""
    image: str = ""

    @property
    def name(self) -> str:
        """The name under which the image is kept."""
        day = f"-{self.day.replace('-', '')}" if self.day else ""
        return self.image or f"{REPOSITORY}:{self.suite}{day}"


def base_of(plan: Plan, machine: TimeMachine, configured: str = "") -> BaseWanted:
    """Return the base of a plan: its own image, else the `configured` one, else its suite, at a day with snapshots.

    Raises `Rejected` when the plan's image is not named by its digest, or its day is none.
    """
    if plan.image:
        if not re.fullmatch(r"[a-z0-9][a-z0-9._/:-]{0,180}@sha256:[0-9a-f]{64}", plan.image):
            raise Rejected(
                "The base image is not pinned",
                f"{plan.image[:100]!r} does not say which image is meant for ever. Name it as name@sha256:….",
                code="base_not_pinned",
            )
        return BaseWanted(plan.distribution, plan.suite, image=plan.image)
    if configured:
        return BaseWanted(plan.distribution, plan.suite, image=configured)
    day = (plan.date or machine.day) if machine.snapshot else ""
    if day and not _DAY.fullmatch(day):
        raise Rejected("The day of the environment is none", f"{day[:40]!r} is not like 2024-05-01.", "date_invalid")
    return BaseWanted(plan.distribution, plan.suite, day)


def archive(wanted: BaseWanted, machine: TimeMachine) -> Archive:
    """Return what is known of a suite's archive. Raises `Rejected` when this service cannot know it."""
    check_suite(wanted)
    address = _address(wanted, machine)
    if wanted.distribution == "ubuntu":
        # Ubuntu has R's packages in universe.
        keys, components, like = "ubuntu-archive-keyring", "main universe", "gutsy"
    else:
        keys, components, like = "debian-archive-keyring", "main", "sid"
    return Archive(
        distribution=wanted.distribution,
        suite=wanted.suite,
        keyring=f"{'debian-archive-removed-keys' if wanted.suite in ENDED else keys}.gpg",
        components=tuple(components.split()),
        like=like,
        updates=wanted.suite not in _ROLLING,
        address=address,
        dated=bool(address),
    )


def check_suite(wanted: BaseWanted) -> None:
    """Raise `Rejected` for what cannot be a suite of a distribution that this service knows."""
    if not _SUITE.fullmatch(wanted.suite) or wanted.distribution not in {"debian", "ubuntu"}:
        raise Rejected(
            "The distribution is not known",
            f"{wanted.distribution[:40]} {wanted.suite[:40]} is no suite of Debian or Ubuntu.",
            code="suite_unknown",
        )


def _address(wanted: BaseWanted, machine: TimeMachine) -> str:
    if wanted.day:
        timestamp = f"{wanted.day.replace('-', '')}T235959Z"
        return machine.snapshot.replace("{distribution}", wanted.distribution).replace("{timestamp}", timestamp)
    if wanted.distribution == "debian" and wanted.suite in ENDED:
        if not machine.ended:
            raise Rejected(
                "This suite of Debian has ended",
                f"Debian's archive has {wanted.suite} no longer, and no other archive is set here (BUILDER_ARCHIVE). "
                "Ask for a newer version of R or Python, or ask who operates this service.",
                code="suite_ended",
            )
        return machine.ended
    return ""


def sources_list(archive: Archive, address: str) -> str:
    """Return the text of `sources.list` for a base image whose archive is at this address."""
    suites = [archive.suite, *([f"{archive.suite}-updates"] if archive.updates else [])]
    options = "[check-valid-until=no] " if archive.dated else ""
    return "".join(f"deb {options}{address} {suite} {' '.join(archive.components)}\n" for suite in suites)


def refuse_triggers(name: str, image: Mapping[str, Any]) -> None:
    """Raise `Rejected` (`base_invalid`) when an image, as the engine describes it, has ONBUILD steps.

    A build on it would run them as root and with network.
    """
    if (image.get("Config") or {}).get("OnBuild"):
        raise Rejected(
            "The base image runs steps of its own in a build",
            f"{name} has ONBUILD steps, which are not run here. Name an image without them.",
            code="base_invalid",
        )
