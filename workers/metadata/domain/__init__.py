"""Reads what a workspace says about itself; pure, and evaluates nothing that it reads."""

from __future__ import annotations

from erc.workers.metadata.domain.describe import describe

__all__ = ["describe"]
