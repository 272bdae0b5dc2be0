"""Named moments at which a test may kill or stop this very process; nothing happens unless a folder of orders is set.

`ERC_FAULTS` names a folder; a file `<process>.<moment>` in it is an order to die by SIGKILL at that moment, once. A
file that says `stop` is an order to stop by SIGSTOP; `<process>.<moment>.<pid>` beside it then tells who stopped.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Literal

Moment = Literal[
    "after_begin",
    "before_commit",
    "after_commit",
    "before_acknowledge",
    "before_answer",
    "before_publish",
    "after_publish",
    "before_mark",
    "after_mark",
]


class Faults:
    """The moments of one process."""

    def __init__(self, process: str, orders: Path | None) -> None:
        self._process, self._orders = process, orders

    @classmethod
    def from_environment(cls, process: str) -> Faults:
        """Return the moments of a process, ordered by the environment."""
        folder = os.environ.get("ERC_FAULTS")
        return cls(process, Path(folder) if folder else None)

    @property
    def ordered(self) -> bool:
        """Whether orders may come at all."""
        return self._orders is not None

    def reach(self, moment: Moment) -> None:
        """Die or stop here if that was ordered."""
        if self._orders is None:
            return
        order = self._orders / f"{self._process}.{moment}"
        try:
            word = order.read_text(encoding="utf-8").strip()
            order.unlink()
        except FileNotFoundError:
            return
        if word == "stop":
            order.with_name(f"{order.name}.{os.getpid()}").touch()
            os.kill(os.getpid(), signal.SIGSTOP)
        else:
            os.kill(os.getpid(), signal.SIGKILL)
