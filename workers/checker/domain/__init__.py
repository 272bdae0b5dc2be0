"""Compares a reproduced display with the published one; pure: bytes in, report out."""

from __future__ import annotations

from erc.workers.checker.domain.compare import check, not_comparable
from erc.workers.checker.domain.figures import Resources

__all__ = ["Resources", "check", "not_comparable"]
