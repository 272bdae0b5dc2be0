"""Loads, when it is imported, what comparing figures needs: limited children are forked with it."""

from __future__ import annotations

from erc.workers.checker import compare_files
from erc.workers.checker.domain import network_loaded

__all__ = ["compare_files"]

network_loaded()
