"""The terms under which one thing is compared, as `erc.yml` may state them."""

from __future__ import annotations

from dataclasses import dataclass

from erc.workers.checker.domain.tabular.rules import TableRules
from erc.workers.checker.domain.tolerance import NONE, Tolerance


@dataclass(frozen=True)
class Terms:
    """How two files are compared; the defaults ask for nothing."""

    comparator: str = "auto"
    """`auto` takes the one that recognises the content; else the name of one."""
    tolerance: Tolerance = NONE
    key: tuple[str, ...] = ()
    any_order: bool = False
    ignore_columns: tuple[str, ...] = ()
    ignore_lines: tuple[str, ...] = ()
    """Patterns (`*` for anything) of lines and passages that do not count."""
    lines: int = 0
    """How many lines may differ."""
    size: Tolerance = NONE
    """For the comparator `size`: how far the sizes in bytes may lie apart."""
    contains: str = ""
    """For the comparator `contains`: the text that the reproduced file must hold."""

    def table(self, *, printed: bool = False) -> TableRules:
        """Return the terms for a table."""
        return TableRules(self.tolerance, printed, self.key, self.any_order, self.ignore_columns)


PLAIN = Terms()
