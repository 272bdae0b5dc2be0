"""Why a build or a run failed: classes and rules are data, the decision is pure."""

from __future__ import annotations

from erc.workers.diagnosis.builds import diagnose_build
from erc.workers.diagnosis.explain import diagnose

__all__ = ["diagnose", "diagnose_build"]
