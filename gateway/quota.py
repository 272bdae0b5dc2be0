"""Quotas: what an account may keep and have going on, and what somebody is told who may not have more. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from erc.gateway.auth import ADMIN, Principal
from erc.gateway.errors import Refused
from erc.schemas.limits import Quota

RETRY_SECONDS = 60
_UNITS = ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB")


@dataclass(frozen=True)
class Use:
    """What an account has: its candidates, the bytes of all its compendia, its jobs that have not ended."""

    candidates: int
    size_bytes: int
    jobs: int


def exempt(principal: Principal) -> bool:
    """Return whether no quota holds for somebody."""
    return principal.level >= ADMIN


def refuse_compendium(quota: Quota, use: Use, size_bytes: int, candidate: bool = True) -> None:
    """Raise Refused (403) when one more compendium of this size would be too much."""
    if candidate and quota.candidates and use.candidates >= quota.candidates:
        raise Refused(
            403,
            "You have too many candidates",
            f"{quota.candidates} may be kept at once: publish or delete one, then send this again.",
            "quota_candidates",
        )
    if quota.size_bytes and use.size_bytes + size_bytes > quota.size_bytes:
        left, all_ = readable(max(quota.size_bytes - use.size_bytes, 0)), readable(quota.size_bytes)
        raise Refused(
            403,
            "Your storage is full",
            f"{readable(size_bytes)} do not fit into what is left, {left} of {all_}: delete candidates that you do not "
            "need, or ask the operators for more.",
            "quota_bytes",
        )


def refuse_job(quota: Quota, use: Use) -> None:
    """Raise Refused (429) when one more job would be too much."""
    if quota.jobs and use.jobs >= quota.jobs:
        raise Refused(
            429,
            "You have too many jobs that have not ended",
            f"{quota.jobs} may go on at once: wait until one has ended, or cancel one, then send this again.",
            "quota_jobs",
            headers={"Retry-After": str(RETRY_SECONDS)},
        )


def readable(size_bytes: int) -> str:
    """Return a size for people."""
    power = 0
    while power < len(_UNITS) - 1 and size_bytes >= 1024 ** (power + 1):
        power += 1
    return f"{size_bytes / 1024**power:.1f}".removesuffix(".0") + f" {_UNITS[power]}"
