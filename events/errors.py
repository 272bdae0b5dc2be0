"""Two kinds of failure, split by what to do about them."""

from __future__ import annotations

from erc.schemas.problem import FailedBuild, Problem


class Rejected(Exception):  # noqa: N818 - a statement about the input, not a programming error
    """Never again: the input is at fault. Becomes a terminal event with this problem."""

    def __init__(self, title: str, detail: str = "", code: str = "rejected", build: FailedBuild | None = None) -> None:
        super().__init__(title)
        self.problem = Problem(code=code, title=title, detail=detail, build=build)

    def __reduce__(self) -> tuple[type[Rejected], tuple[str, str, str, FailedBuild | None]]:
        """Survive the way back from a child process."""
        return Rejected, (self.problem.title, self.problem.detail, self.problem.code, self.problem.build)


GIVEN_UP = frozenset({"unavailable", "step_timeout"})
"""Codes of problems that end a step from without, wherever it was: tried too often, or taking too long."""


class Unavailable(Exception):  # noqa: N818
    """Later, with delay: something that we depend on does not answer."""


class NoAnswer(Unavailable):
    """The connection is there, but what was sent over it is not answered."""


class Cancelled(Exception):  # noqa: N818
    """Somebody asked for this work to stop; the job is already in its terminal state."""
