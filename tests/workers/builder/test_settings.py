"""What the builder reads from the environment."""

from __future__ import annotations

from datetime import timedelta

import pytest

from erc.schemas.limits import GIB
from erc.workers.builder.settings import BuilderSettings


def test_every_limit_is_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (
        ("WALL_CLOCK_SECONDS", "90"),
        ("MEMORY_BYTES", "1000"),
        ("IMAGE_BYTES", "2000"),
        ("LOG_BYTES", "3000"),
        ("FREE_BYTES", "4000"),
        ("CHECK_REPRODUCIBLE", "true"),
        ("SNAPSHOT", "http://127.0.0.1:9/{distribution}/{timestamp}"),
        ("SNAPSHOT_DATE", "2024-01-31"),
        ("ARCHIVE", "http://127.0.0.1:9/ended"),
        ("BASE", "mine:1"),
    ):
        monkeypatch.setenv(f"BUILDER_{name}", value)

    rules = BuilderSettings.read().rules

    limits = rules.limits
    assert limits.wall_clock == timedelta(seconds=90)
    assert (limits.memory_bytes, limits.image_bytes, limits.log_bytes, rules.free_bytes) == (1000, 2000, 3000, 4000)
    assert rules.check_reproducible
    assert rules.ground.configured == "mine:1"
    assert (rules.ground.machine.day, rules.ground.machine.ended) == ("2024-01-31", "http://127.0.0.1:9/ended")


def test_nothing_has_to_be_set_and_no_archive_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("BASE", "ARCHIVE", "SNAPSHOT", "FREE_BYTES", "CHECK_REPRODUCIBLE"):
        monkeypatch.delenv(f"BUILDER_{name}", raising=False)

    rules = BuilderSettings.read().rules

    assert rules.ground.machine.ended == rules.ground.machine.snapshot == rules.ground.configured == ""
    assert (rules.free_bytes, rules.check_reproducible) == (5 * GIB, False)
