from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from support.fake_gateway import a_run

from erc.gateway.client.environments import Difference, counts, differences
from erc.gateway.client.run_documents import InstalledPackage, RunDocument
from erc.gateway.client.run_table import ago, duration, table

NOW = datetime(2024, 5, 1, 11, 2, 8, tzinfo=UTC)
RUNS = [
    RunDocument(
        **a_run(name="insyde", source="./papers/insyde", status="running", image=f"sha256:{'3f9a1c0b77de' * 5}")
    ),
    RunDocument(
        **a_run(
            name="spacetime",
            version="v2",
            source="https://github.com/o2r-project/erc-examples#spacetime",
            status="error",
            verdict="failed",
            problem={"code": "build_failed", "title": "R package 'sf' 1.0-99\nwas not found"},
        )
    ),
    RunDocument(**a_run(name="x", source="\x1b[31m.", status="stopped", verdict="differs", updated=None)),
]


GOLDEN = """\
NAME       VERSION  SOURCE                                    STATUS   BUILD         UPDATED     METADATA
insyde     latest   ./papers/insyde                           running  3f9a1c0b77de  1h2m3s ago  owner=ada
spacetime  v2       https://github.com/o2r-project/erc-exam…  error    n/a           1h2m3s ago  owner=ada, verdict=failed, error=build_failed: R package 'sf' 1.0-99 was not found
x          latest   .                                         stopped  n/a           unknown     owner=ada, verdict=differs
"""


def test_the_table_is_as_it_was_agreed() -> None:
    assert table(RUNS, NOW, wide=False) == GOLDEN.splitlines()


def test_a_wide_table_cuts_nothing_off_and_tells_more() -> None:
    head, _, row, _ = table(RUNS, NOW, wide=True)
    assert head.split() == [
        *("NAME", "VERSION", "SOURCE", "STATUS", "BUILD", "UPDATED"),
        *("GENERATION", "JOB", "COMPENDIUM", "ORIGIN", "METADATA"),
    ]
    assert "https://github.com/o2r-project/erc-examples#spacetime" in row


def test_without_runs_there_is_the_header_alone() -> None:
    assert table([], NOW, wide=False) == ["NAME  VERSION  SOURCE  STATUS  BUILD  UPDATED  METADATA"]


@pytest.mark.parametrize(
    ("time", "said"),
    [
        (timedelta(), "0s"),
        (timedelta(seconds=1), "1s"),
        (timedelta(seconds=59.4), "59s"),
        (timedelta(minutes=1), "1m0s"),
        (timedelta(minutes=1, seconds=5), "1m5s"),
        (timedelta(hours=1), "1h0m0s"),
        (timedelta(hours=23, minutes=59, seconds=59), "23h59m59s"),
        (timedelta(days=1), "1d0h0m0s"),
        (timedelta(days=1, minutes=1), "1d0h1m0s"),
        (timedelta(days=400, seconds=1), "400d0h0m1s"),
        (timedelta(seconds=-5), "0s"),
    ],
)
def test_a_time_is_told_from_its_largest_part_on(time, said) -> None:
    assert duration(time) == said


def test_a_time_that_is_not_known_says_so() -> None:
    assert ago(None, NOW) == "unknown"


def packages(*said: str) -> list[InstalledPackage]:
    return [
        InstalledPackage(system=system, name=name, version=version) for system, name, version in map(str.split, said)
    ]


def test_environments_differ_in_what_only_one_has_and_in_versions() -> None:
    first = packages("pip numpy 1", "apt jq 1.6", "r sf 1.0", "r cli 3", "r cli 4")
    second = packages("pip numpy 2", "apt jq 1.6", "r cli 4", "r cli 3", "apt curl 8")
    assert differences(first, second) == [
        Difference("apt", "curl", "", "8"),
        Difference("pip", "numpy", "1", "2"),
        Difference("r", "sf", "1.0", ""),
    ]
    assert differences(first, list(reversed(first))) == []
    assert counts(first) == {"apt": 1, "pip": 1, "r": 3}
