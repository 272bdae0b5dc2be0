"""What a repeat has otherwise than the run before, and what cannot be had otherwise here, and why. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from erc.schemas.limits import GIB
from erc.schemas.repeat import Conditions, NotTried, Tried, Variation
from erc.schemas.workspace import Entry, Manifest
from erc.workers.executor.domain.run import Circumstances, Owner, ReadOnly

HOST = "another-machine"
ZONE, ZONE_OFFSET = "<+1345>-13:45", "+1345"
"""Without summer time and in POSIX's own notation, so that the image needs no table of time zones."""
LATER_SECONDS = 400 * 86_400 + 5 * 3600
LATER = "400 days and 5 hours later"
LENT_LOCALE = "en_GB.UTF-8"
"""A locale of another order than C's that is compiled on this machine for images that have none."""
FAKETIME, LOCALES = "/run/erc/libfaketime.so.1", "/run/erc/locale"
COPIED_BYTES = 4 * GIB
"""The largest workspace that is copied so that it belongs to another user."""
SAID_BYTES = 64_000

PROBE = f"""
say() {{ printf '%s=%s\\n' "$1" "$2"; }}
order() {{ printf 'b\\nA\\na\\nB\\n' | env $2 LC_ALL=$1 sort 2>/dev/null | tr '\\n' ' '; }}
say plain "$(order C.UTF-8)"
say lent "$(order {LENT_LOCALE} LOCPATH={LOCALES})"
say day "$(date -u +%Y%m%d 2>/dev/null)"
say later "$(LD_PRELOAD={FAKETIME} FAKETIME=+{LATER_SECONDS} date -u +%Y%m%d 2>/dev/null)"
say zone "$(TZ='{ZONE}' date +%z 2>/dev/null)"
locale -a 2>/dev/null | while read -r one; do say locale "$one"; done
"""
"""What an image's programs make of what can be varied, as lines `name=value`; runs in `sh`, and leaves nothing."""

_PREFERRED = ("en_US.utf8", "en_US.UTF-8", "en_GB.utf8", "de_DE.utf8")
_LOCALE = re.compile(r"(?!C\.|POSIX)[A-Za-z_@]{2,40}\.(?:utf8|UTF-8)")


@dataclass(frozen=True)
class Able:
    """What this machine can do: processors by number, what it can lend, whether it is root and mounts overlays."""

    processors: tuple[int, ...] = (0,)
    faketime: str = ""
    """Path of libfaketime, empty where there is none."""
    locales: str = ""
    """Path of the folder that holds LENT_LOCALE, empty where there is none."""
    root: bool = False
    overlay: bool = False


@dataclass(frozen=True)
class Image:
    """What an image's programs can do."""

    clock: bool = False
    zone: bool = False
    locale: str = ""
    """A locale of its own with another order than C's."""
    lent_locale: bool = False


def lent(able: Able) -> tuple[ReadOnly, ...]:
    """Return all that this machine can lend."""
    pairs = ((able.faketime, FAKETIME), (able.locales, LOCALES))
    return tuple(ReadOnly(source, target) for source, target in pairs if source)


def read_probe(said: str) -> Image:
    """Read what PROBE said; an image's programs may say anything."""
    pairs = [line.partition("=")[::2] for line in said[:SAID_BYTES].splitlines()]
    told = dict(reversed(pairs))
    own = sorted({value for name, value in pairs if name == "locale" and _LOCALE.fullmatch(value)})
    preferred = [one for one in _PREFERRED if one in own]
    return Image(
        clock=_days_apart(told.get("day", ""), told.get("later", "")),
        zone=told.get("zone") == ZONE_OFFSET,
        locale=next(iter([*preferred, *own]), ""),
        lent_locale=bool(told.get("lent")) and told.get("lent") != told.get("plain"),
    )


def _days_apart(day: str, later: str) -> bool:
    dates = re.compile(r"\d{8}", re.ASCII)
    return bool(dates.fullmatch(day) and dates.fullmatch(later)) and int(later) - int(day) >= 10_000


def another_owner(owner: Owner) -> Owner:
    """Return another user than the service's, whom no account of the image is."""
    return Owner(owner.uid + 1, owner.gid + 1)


def halves(manifest: Manifest) -> tuple[Manifest, Manifest]:
    """Return a workspace as two that hold every second file of each folder.

    Overlaid, they list the files of a folder in another order than one that holds all of them.
    """
    seen: Counter[str] = Counter()
    parts: tuple[list[Entry], list[Entry]] = ([], [])
    for entry in manifest.entries():
        folder = entry.path.rpartition("/")[0]
        parts[seen[folder] % 2].append(entry)
        seen[folder] += 1
    return Manifest(parts[0]), Manifest(parts[1])


@dataclass(frozen=True)
class _Place:
    """Where a repeat is to run, and on what."""

    able: Able
    image: Image
    owner: Owner
    manifest: Manifest


_Made = tuple[Circumstances, str, str] | str
"""Circumstances with one thing otherwise, and how that was and became; or why it cannot be had otherwise."""


def vary(
    asked: Sequence[Variation], able: Able, image: Image, owner: Owner, manifest: Manifest
) -> tuple[Circumstances, Conditions]:
    """Return the circumstances of a repeat, but for its layers, and what is otherwise in them and what is not."""
    place, now = _Place(able, image, owner, manifest), Circumstances()
    tried: list[Tried] = []
    not_tried: list[NotTried] = []
    for variation in asked:
        made = _MAKERS[variation](now, place)
        if isinstance(made, str):
            not_tried.append(NotTried(variation=variation, reason=made))
        else:
            now, was, became = made
            tried.append(Tried(variation=variation, was=was, became=became))
    return now, Conditions(tried=tried, not_tried=not_tried)


def _clock(now: Circumstances, place: _Place) -> _Made:
    if not place.able.faketime:
        return "This machine has no libfaketime (on Debian: apt-get install libfaketime)."
    if not place.image.clock:
        return "The image's programs do not take libfaketime: its C library is too old for it, or another one."
    settings = (f"LD_PRELOAD={FAKETIME}", f"FAKETIME=+{LATER_SECONDS}", "FAKETIME_DONT_FAKE_MONOTONIC=1")
    return replace(_with(now, *settings), lent=(*now.lent, ReadOnly(place.able.faketime, FAKETIME))), "now", LATER


def _locale(now: Circumstances, place: _Place) -> _Made:
    name = place.image.locale or (LENT_LOCALE if place.image.lent_locale else "")
    if not name:
        return "The image has no locale but C, and takes none of this machine's."
    after = _with(now, f"LANG={name}", f"LC_ALL={name}")
    if not place.image.locale:
        after = replace(_with(after, f"LOCPATH={LOCALES}"), lent=(*after.lent, ReadOnly(place.able.locales, LOCALES)))
    return after, "C.UTF-8", name


def _zone(now: Circumstances, place: _Place) -> _Made:
    if not place.image.zone:
        return "The image's programs do not take the time zone from TZ."
    return _with(now, f"TZ={ZONE}"), "UTC", f"UTC{ZONE_OFFSET}"


def _host(now: Circumstances, _place: _Place) -> _Made:
    return replace(now, hostname=HOST), now.hostname, HOST


def _user(now: Circumstances, place: _Place) -> _Made:
    if not place.able.root:
        return "The service is not root here and can give files to no other user."
    if place.manifest.size_bytes > COPIED_BYTES:
        return f"The workspace is larger than {COPIED_BYTES // GIB} GiB, too large to be copied for another user."
    other = another_owner(place.owner)
    return replace(now, owner=other), str(place.owner.uid), str(other.uid)


def _cpus(now: Circumstances, place: _Place) -> _Made:
    count = len(place.able.processors)
    if count < 2:
        return "This machine has one processor."
    return replace(now, processors=str(place.able.processors[0])), str(count), "1"


def _order(now: Circumstances, place: _Place) -> _Made:
    if not place.able.overlay:
        return "Runs get a copy of the workspace here, whose order cannot be chosen."
    if not all(len(half) for half in halves(place.manifest)):
        return "No folder of the workspace has two files."
    # The layers themselves are laid out by whoever starts the run.
    return now, "as they lie", "every second file first"


def _with(now: Circumstances, *settings: str) -> Circumstances:
    names = {one.partition("=")[0] for one in settings}
    kept = tuple(one for one in now.environment if one.partition("=")[0] not in names)
    return replace(now, environment=(*kept, *settings))


_MAKERS: dict[Variation, Callable[[Circumstances, _Place], _Made]] = {
    Variation.CLOCK: _clock,
    Variation.LOCALE: _locale,
    Variation.ZONE: _zone,
    Variation.HOST: _host,
    Variation.USER: _user,
    Variation.CPUS: _cpus,
    Variation.ORDER: _order,
}
