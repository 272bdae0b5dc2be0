"""How a command ends: its exit code, and the problem that a person is told when it cannot be done."""

from __future__ import annotations

from enum import IntEnum

from erc.schemas.problem import Problem


class ExitCode(IntEnum):
    """The exit codes of `erc`; other programs rely on them."""

    REPRODUCED = 0
    FAILED = 1
    USAGE = 2
    NOT_COMPARABLE = 3
    NOT_FOUND = 4
    CONFLICT = 5
    TIMEOUT = 6
    UNREACHABLE = 7
    NOT_PERMITTED = 8
    INTERRUPTED = 130


EXIT_CODES: dict[ExitCode, str] = {
    ExitCode.REPRODUCED: "reproduced, or done",
    ExitCode.FAILED: "differs, failed, cancelled or refused",
    ExitCode.USAGE: "wrong use of the command",
    ExitCode.NOT_COMPARABLE: "not comparable: nothing is published, or what is left cannot be compared",
    ExitCode.NOT_FOUND: "not found",
    ExitCode.CONFLICT: "conflict with the state of the thing",
    ExitCode.TIMEOUT: "the time ran out",
    ExitCode.UNREACHABLE: "no service answers",
    ExitCode.NOT_PERMITTED: "not permitted",
    ExitCode.INTERRUPTED: "interrupted",
}
"""What each exit code means, for `erc --help`."""

_BY_STATUS = {
    401: ExitCode.NOT_PERMITTED,
    403: ExitCode.NOT_PERMITTED,
    404: ExitCode.NOT_FOUND,
    408: ExitCode.TIMEOUT,
    409: ExitCode.CONFLICT,
    410: ExitCode.NOT_FOUND,
    412: ExitCode.CONFLICT,
    502: ExitCode.UNREACHABLE,
    503: ExitCode.UNREACHABLE,
    504: ExitCode.TIMEOUT,
}


def exit_code_of(status: int) -> ExitCode:
    """Return the exit code for an HTTP status that says no."""
    return _BY_STATUS.get(status, ExitCode.FAILED)


class ClientError(Exception):
    """Something could not be done: the problem in words, the exit code, and the ids that are known by then."""

    def __init__(self, problem: Problem, exit_code: ExitCode) -> None:
        super().__init__(problem.sentence())
        self.problem, self.exit_code = problem, exit_code
        self.about: dict[str, str] = {}


class Unreachable(ClientError):  # noqa: N818 - says what happened
    """Nobody answers, or only that there is no answer now: worth another try."""

    def __init__(self, title: str, detail: str = "", code: str = "unreachable") -> None:
        super().__init__(Problem(code=code, title=title, detail=detail), ExitCode.UNREACHABLE)


class TimedOut(ClientError):  # noqa: N818 - says what happened
    """The time that the user gave ran out."""

    def __init__(self, seconds: float) -> None:
        title = f"The time of {seconds:g} s ran out"
        super().__init__(Problem(code="timeout", title=title), ExitCode.TIMEOUT)
