"""How two tables are compared."""

from __future__ import annotations

from dataclasses import dataclass

from erc.workers.checker.domain.tolerance import NONE, Tolerance


@dataclass(frozen=True)
class TableRules:
    """What counts: `printed` is for tables that were made to be read, whose digits are rounded."""

    tolerance: Tolerance = NONE
    printed: bool = False
    key: tuple[str, ...] = ()
    """Names of the columns by which a row is found again; empty where that is to be found out."""
    any_order: bool = False
    """Whether rows and columns may stand in any order."""
    ignore_columns: tuple[str, ...] = ()
    """Patterns (`*` for anything) of columns that do not count."""
