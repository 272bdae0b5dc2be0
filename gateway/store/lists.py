"""Lists of compendia and jobs: one query over an index for a page and its total, whatever is asked for."""

from __future__ import annotations

import functools
import re
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from erc.events.outbox import Database
from erc.gateway.auth import EDITOR, Principal
from erc.gateway.paging import COUNTED, EMPTY, TOTAL_SECONDS, Page, Paging, Place, cursor
from erc.schemas.compendium import CompendiumStatus

_VALUE = re.compile(r":(\w+)")
_MANY = 2 * COUNTED
"""So many do not become less than are counted for every page while their total is remembered."""
_REMEMBERED = 256
"""So many totals are remembered."""

T = TypeVar("T")


@dataclass(frozen=True)
class Compendia:
    """Which compendia are wanted; None wants all. `candidate` is True for candidates alone, False for none.

    Without it the published ones are listed, and before them the asker's own candidates when the asker is `user`.
    """

    user: str | None = None
    doi: str | None = None
    job: str | None = None
    status: CompendiumStatus | None = None
    candidate: bool | None = None


@dataclass(frozen=True)
class Jobs:
    """Which jobs are wanted; None wants all. Those that a public link started are shown to those who name the link.

    Whether it is good must be known before.
    """

    compendium: str | None = None
    link: str | None = None
    user: str | None = None
    status: str | None = None


@dataclass(frozen=True)
class JobRow:
    """What a list tells of a job."""

    id: str
    status: str
    user: str


@dataclass(frozen=True)
class _Query:
    """What is listed: columns, tables, conditions and their values. `key` orders, those with `first` come first."""

    columns: str
    tables: str
    conditions: Sequence[str]
    values: Mapping[str, Any]
    key: str = "id"
    first: bool = False

    @property
    def where(self) -> str:
        """The conditions as SQL; they are made of literals only."""
        return " AND ".join(self.conditions) or "true"

    def counted(self, most: int | None) -> str:
        """Return the query of the total, up to one more than `most`."""
        limit = "" if most is None else f" LIMIT {most + 1}"
        return f"SELECT count(*) AS total FROM (SELECT FROM {self.tables} WHERE {self.where}{limit}) AS counted"  # noqa: S608

    def page(self, behind: str, order: str, *, many: bool) -> str:
        """Return the query of a page, each row with the total; it is not counted when there are `many`."""
        total = f"{COUNTED + 1}" if many else self.counted(COUNTED)
        return (
            f"SELECT {self.columns}, ({total}) AS total FROM {self.tables} WHERE {self.where}{behind} "  # noqa: S608
            f"ORDER BY {order} LIMIT :limit OFFSET :start"
        )


@dataclass
class _Totals:
    """Totals that are too large to be counted for every page, and when each was counted."""

    clock: Callable[[], float]
    kept: OrderedDict[object, tuple[float, int]] = field(default_factory=OrderedDict)

    def find(self, key: object) -> int | None:
        """Return a total that is not too old."""
        counted, total = self.kept.get(key, (float("-inf"), 0))
        return total if self.clock() - counted < TOTAL_SECONDS else None

    def keep(self, key: object, total: int) -> int:
        """Remember a total."""
        self.kept[key] = (self.clock(), total)
        self.kept.move_to_end(key)
        while len(self.kept) > _REMEMBERED:
            self.kept.popitem(last=False)
        return total


class Lists:
    """Reads pages. Nobody is shown, or has counted for him, what he may not see. `clock` is monotonic, in seconds."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database, self._totals = database, _Totals(clock)

    async def compendia(self, principal: Principal, wanted: Compendia, paging: Paging) -> Page[str]:
        """Return the ids of a page of compendia."""
        shown, status = _shown(principal, wanted), wanted.status
        if status and shown == "NOT candidate":
            # What is published was ready, and stays so.
            if status is not CompendiumStatus.READY:
                return EMPTY
            status = None
        filters = {
            "owner = :user": wanted.user,
            "doi = :doi": wanted.doi,
            "id = (SELECT compendium_id FROM job WHERE job.id = :job)": wanted.job,
            "status = :status": status.value if status else None,
        }
        query = _query("id, candidate", "compendium", filters, [shown], principal, first=shown == "true")
        return await self._page(query, paging, lambda row: str(row["id"]))

    async def jobs(self, principal: Principal, wanted: Jobs, paging: Paging) -> Page[JobRow]:
        """Return a page of jobs of compendia that the principal may see."""
        filters = {
            "job.link = :link": wanted.link,
            "job.compendium_id = :compendium": wanted.compendium,
            "job.owner = :user": wanted.user,
            "job.status = :status": wanted.status,
        }
        visible = [] if wanted.link else ["job.link IS NULL", _visible(principal, "compendium.")]
        visible = ["job.repeats IS NULL", *visible]
        tables = "job JOIN compendium ON compendium.id = job.compendium_id"
        query = _query("job.id, job.status, job.owner", tables, filters, visible, principal, key="job.id")
        return await self._page(query, paging, lambda row: JobRow(row["id"], row["status"], row["owner"]))

    async def _page(self, query: _Query, paging: Paging, made: Callable[[Any], T]) -> Page[T]:
        behind, values = _behind(query, paging)
        many = (self._totals.find(_key(query)) or 0) > _MANY
        rows = await self._rows(query.page(behind, _order(query, paging), many=many), {**query.values, **values})
        more = len(rows) > paging.limit
        total = int(rows[0]["total"]) if rows else await self._counted(query, COUNTED)
        if total > COUNTED:
            total = await self._total(query)
        rows = rows[: paging.limit]
        last = Place(rows[-1]["id"], query.first and rows[-1]["candidate"]) if more else None
        return Page([made(row) for row in rows], total, cursor(paging, last) if last else None)

    async def _total(self, query: _Query) -> int:
        found = self._totals.find(_key(query))
        return found if found is not None else self._totals.keep(_key(query), await self._counted(query, None))

    async def _counted(self, query: _Query, most: int | None) -> int:
        return int((await self._rows(query.counted(most), query.values))[0]["total"])

    async def _rows(self, sql: str, values: Mapping[str, Any]) -> list[Any]:
        text, names = _numbered(sql)
        return await self._database.plain(text, *(values[name] for name in names))


def _key(query: _Query) -> object:
    return query.tables, query.where, tuple(sorted(query.values.items()))


@functools.cache
def _numbered(sql: str) -> tuple[str, tuple[str, ...]]:
    """Return a query with numbers for the names of its values, and the names in that order."""
    names = list(dict.fromkeys(_VALUE.findall(sql)))
    return _VALUE.sub(lambda found: f"${names.index(found[1]) + 1}", sql), tuple(names)


def _query(
    columns: str,
    tables: str,
    filters: Mapping[str, str | None],
    shown: Sequence[str],
    principal: Principal,
    **how: Any,
) -> _Query:
    """Return the query for the filters that are set; each names its value behind the colon."""
    asked = {condition: value for condition, value in filters.items() if value}
    values = {condition.rpartition(":")[2].rstrip(")"): value for condition, value in asked.items()}
    if any(":name" in condition for condition in shown):
        values["name"] = principal.name
    return _Query(columns, tables, [*asked, *shown], values, **how)


def _order(query: _Query, paging: Paging) -> str:
    direction = "DESC" if paging.newest_first else "ASC"
    return f"{'candidate DESC, ' if query.first else ''}{query.key} {direction}"


def _behind(query: _Query, paging: Paging) -> tuple[str, dict[str, Any]]:
    """Return the condition of what comes behind the cursor, with its values."""
    after = paging.after
    values: dict[str, Any] = {"limit": paging.limit + 1, "start": paging.start - 1}
    if after is None:
        return "", values
    values |= {"after": after.id}
    sign = "<" if paging.newest_first else ">"
    later = f"{query.key} {sign} :after"
    if not query.first:
        return f" AND {later}", values
    if not after.candidate:
        return f" AND NOT candidate AND {later}", values
    return f" AND (NOT candidate OR {later})", values


def _shown(principal: Principal, wanted: Compendia) -> str:
    if wanted.candidate:
        if principal.anonymous:
            return "false"
        return "candidate" if principal.level >= EDITOR else "candidate AND owner = :name"
    if wanted.candidate is None and wanted.job:
        return _visible(principal)
    own = wanted.candidate is None and bool(principal.name) and wanted.user == principal.name
    return "true" if own else "NOT candidate"


def _visible(principal: Principal, table: str = "") -> str:
    if principal.level >= EDITOR:
        return "true"
    published = f"NOT {table}candidate"
    return published if principal.anonymous else f"({published} OR {table}owner = :name)"
