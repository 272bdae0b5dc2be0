"""For all tests.

Property tests do not watch the clock, as the machine may be busy; a test's logging ends with it. `make test` runs two
processes: one has all that share the container engine or the one service of the system tests, the other the rest,
file by file. A failure is named at once, as a run that is stopped prints no summary; what a test records as `line` is
printed at the end.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

_TOGETHER = "tests/system/"

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


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put each test in the group that runs in one process, the longest group first; before xdist reads the groups."""

    def shares(item: pytest.Item) -> bool:
        return item.get_closest_marker("engine") is not None or item.nodeid.startswith(_TOGETHER)

    items.sort(key=lambda item: not shares(item))
    for item in items:
        group = "engine" if shares(item) else item.nodeid.partition("::")[0]
        item.add_marker(pytest.mark.xdist_group(group))


@pytest.hookimpl(trylast=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    """Refuse to run in several processes when xdist did not write the groups into the names, as it reads them there."""
    spread = hasattr(session.config, "workerinput") and session.config.getoption("loadgroup", default=False)
    if spread and not all("@" in item.nodeid for item in session.items):
        raise pytest.UsageError("pytest-xdist lost the groups of the tests: it does not fit this version of pytest")


class _AtOnce:
    """Names each failure when it happens, in the process that prints."""

    def __init__(self, terminal: pytest.TerminalReporter) -> None:
        self._terminal = terminal

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            crash = getattr(report.longrepr, "reprcrash", None)
            why = str(getattr(crash, "message", report.longrepr)).partition("\n")[0][:300]
            self._terminal.ensure_newline()
            self._terminal.write_line(f"{report.nodeid} failed at {report.when}: {why}")


def pytest_sessionstart(session: pytest.Session) -> None:
    terminal = session.config.pluginmanager.get_plugin("terminalreporter")
    if terminal is not None and not hasattr(session.config, "workerinput"):
        session.config.pluginmanager.register(_AtOnce(terminal))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the lines that tests recorded."""
    for report in [*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")]:
        for name, value in report.user_properties:
            if name == "line" and report.when == "call":
                terminalreporter.write_line(str(value))
