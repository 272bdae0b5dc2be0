"""Named moments at which a test may kill this very process; nothing happens unless a folder of orders is set.

`ERC_FAULTS` names a folder; a file `<process>.<moment>` in it is an order to die by SIGKILL at that moment, once.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Literal

Moment = Literal["before_commit", "after_commit", "before_acknowledge"]


class Faults:
    """The moments of one process."""

    def __init__(self, process: str, orders: Path | None) -> None:
        self._process, self._orders = process, orders

    @classmethod
    def from_environment(cls, process: str) -> Faults:
        """Return the moments of a process, ordered by the environment."""
        folder = os.environ.get("ERC_FAULTS")
        return cls(process, Path(folder) if folder else None)

    def reach(self, moment: Moment) -> None:
        """Die here if that was ordered."""
        if self._orders is None:
            return
        order = self._orders / f"{self._process}.{moment}"
        try:
            order.unlink()
        except FileNotFoundError:
            return
        os.kill(os.getpid(), signal.SIGKILL)
