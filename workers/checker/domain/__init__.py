"""Compares a reproduced display with the published one; pure: bytes in, report out."""

from __future__ import annotations

from erc.workers.checker.domain.apart import Apart
from erc.workers.checker.domain.check_rules import IGNORE_NAME, READ_BYTES, RULES_NAME, CheckRules, read_rules
from erc.workers.checker.domain.claimed_rows import file_rows
from erc.workers.checker.domain.claims import Claims, claims
from erc.workers.checker.domain.compare import Beside, check, not_comparable
from erc.workers.checker.domain.figures import Resources
from erc.workers.checker.domain.origins import MAIN_BYTES
from erc.workers.checker.domain.picture.letters_net import network_loaded
from erc.workers.checker.domain.result import Named
from erc.workers.checker.domain.terms import PLAIN

__all__ = [
    "IGNORE_NAME",
    "MAIN_BYTES",
    "PLAIN",
    "READ_BYTES",
    "RULES_NAME",
    "Apart",
    "Beside",
    "CheckRules",
    "Claims",
    "Named",
    "Resources",
    "check",
    "claims",
    "file_rows",
    "network_loaded",
    "not_comparable",
    "read_rules",
]
