"""Compares tables cell by cell, whatever they come from."""

from __future__ import annotations

from erc.workers.checker.domain.tabular.rules import TableRules
from erc.workers.checker.domain.tabular.table import Table

__all__ = ["Table", "TableRules"]
