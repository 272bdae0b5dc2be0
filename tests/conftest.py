"""For all tests: property tests do not watch the clock, as the machine may be busy; a test's logging ends with it."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("erc", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("erc")


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    """Take back what a process's `main` set up when it was called in this process."""
    root, before = logging.getLogger(), {*logging.getLogger().handlers}
    level = root.level
    yield
    for handler in [*root.handlers]:
        if type(handler) is logging.StreamHandler and handler not in before:
            root.removeHandler(handler)
    root.setLevel(level)
