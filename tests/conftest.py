"""Property tests do not watch the clock: the machine may be busy."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

settings.register_profile("erc", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("erc")
