"""How far two numbers may lie apart."""

from __future__ import annotations

import math
from dataclasses import dataclass

RELATIVE = 1e-9
"""Two numbers of a table that are no counts are the same when they differ by no more than this share of the larger."""


@dataclass(frozen=True)
class Tolerance:
    """Two numbers agree when they differ by no more than `absolute`, or than the share `relative` of the larger."""

    absolute: float = 0.0
    relative: float = 0.0

    def allows(self, a: float, b: float) -> bool:
        """Return whether two numbers agree; infinite ones only with themselves, what is no number with nothing."""
        return math.isclose(a, b, rel_tol=self.relative, abs_tol=self.absolute)

    def __bool__(self) -> bool:
        return bool(self.absolute or self.relative)

    @property
    def said(self) -> str:
        """The tolerance in words, empty when there is none."""
        parts = [f"{self.absolute:g}"] if self.absolute else []
        parts += [f"{100 * self.relative:g} % of the value"] if self.relative else []
        return " or ".join(parts)


NONE = Tolerance()
