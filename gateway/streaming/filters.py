"""Which events a reader asks for."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from starlette.datastructures import QueryParams

from erc.gateway.errors import Refused
from erc.gateway.streaming.told import Told

MOST = 50
_ID = re.compile(r"[0-9a-z]{26}", re.ASCII)
_TYPE = re.compile(r"[a-z]+\.[a-z_]+(\.v[0-9]{1,4})?", re.ASCII)
_NAME = re.compile(r"[^\x00-\x20\x7f]{1,200}")


@dataclass(frozen=True, slots=True)
class Filter:
    """An event is wanted when each filter that is set names it; `users` are owners of compendia."""

    compendia: frozenset[str] = frozenset()
    jobs: frozenset[str] = frozenset()
    users: frozenset[str] = frozenset()
    types: frozenset[str] = frozenset()

    @classmethod
    def read(cls, query: QueryParams) -> Filter:
        """Read `compendium`, `job`, `user` and `type`: repeated, or several with commas; raises Refused (400)."""
        return cls(
            compendia=_values(query, "compendium", _ID, "26 digits and small letters"),
            jobs=_values(query, "job", _ID, "26 digits and small letters"),
            users=_values(query, "user", _NAME, "the name of a user"),
            types=_values(query, "type", _TYPE, "such as job.ended or job.ended.v1"),
        )

    def wants(self, told: Told, owner: str) -> bool:
        """Return whether this event of a compendium with this owner is asked for."""
        return (
            (not self.compendia or told.compendium in self.compendia)
            and (not self.jobs or told.job in self.jobs)
            and (not self.users or owner in self.users)
            and (not self.types or told.type in self.types or told.kind in self.types)
        )

    @property
    def subjects(self) -> tuple[str, ...]:
        """The narrowest subjects of the stream that hold everything wanted; empty for all."""
        return tuple(f"erc.event.job.{job}.>" for job in sorted(self.jobs))

    @property
    def snapshot(self) -> str:
        """Address of the state that these events lead to."""
        if len(self.jobs) == 1:
            return f"/api/v1/job/{next(iter(self.jobs))}?steps=all"
        if len(self.compendia) == 1 and not self.jobs:
            return f"/api/v1/compendium/{next(iter(self.compendia))}"
        return "/api/v1/job"


def _values(query: QueryParams, name: str, form: re.Pattern[str], said: str) -> frozenset[str]:
    values = [value for given in query.getlist(name) for value in given.split(",")]
    if len(values) > MOST:
        raise Refused(400, f"{name} has too many values", f"At most {MOST} can be asked for at once.")
    _each(
        values, lambda value: form.fullmatch(value) is not None, Refused(400, f"{name} is not valid", f"It is {said}.")
    )
    return frozenset(values)


def _each(values: list[str], holds: Callable[[str], bool], error: Refused) -> None:
    if not all(map(holds, values)):
        raise error
