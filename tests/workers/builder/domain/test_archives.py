"""Which archive a base image comes from."""

from __future__ import annotations

from pathlib import Path

import pytest

from erc.events.errors import Rejected
from erc.schemas.environment import Plan
from erc.schemas.metadata import Kind
from erc.workers.builder.bootstrap import debootstrap
from erc.workers.builder.domain.archives import BaseWanted, TimeMachine, archive, base_of, sources_list

PLAN = Plan(kind=Kind.R_SCRIPT, command=["true"])
SNAPSHOT = TimeMachine(snapshot="http://127.0.0.1:9/{distribution}/{timestamp}/", day="2024-01-31")
PINNED = f"registry.example/r-ver@sha256:{'a' * 64}"


def test_ubuntu_has_the_packages_of_r_in_universe_and_keys_of_its_own() -> None:
    noble = archive(BaseWanted("ubuntu", "noble"), TimeMachine())

    assert noble.components == ("main", "universe")
    assert noble.keyring == "ubuntu-archive-keyring.gpg"
    assert sources_list(noble, "http://a.example/ubuntu").splitlines() == [
        "deb http://a.example/ubuntu noble main universe",
        "deb http://a.example/ubuntu noble-updates main universe",
    ]


def test_a_rolling_suite_has_no_updates() -> None:
    assert "updates" not in sources_list(archive(BaseWanted("debian", "sid"), TimeMachine()), "http://a.example")


def test_a_suite_that_has_ended_needs_an_address() -> None:
    with pytest.raises(Rejected, match="has ended") as refusal:
        archive(BaseWanted("debian", "buster"), TimeMachine())
    assert "BUILDER_ARCHIVE" in refusal.value.problem.detail

    kept = archive(BaseWanted("debian", "buster"), TimeMachine(ended="http://127.0.0.1:9/kept"))
    assert kept.address == "http://127.0.0.1:9/kept"
    assert sources_list(kept, kept.address).startswith("deb [check-valid-until=no] http://127.0.0.1:9/kept buster ")


def test_a_day_chooses_the_state_of_a_snapshot_service_and_is_part_of_the_name() -> None:
    wanted = base_of(PLAN.model_copy(update={"date": "2023-05-01"}), SNAPSHOT)

    assert wanted.name == "erc-base:bookworm-20230501"
    assert archive(wanted, SNAPSHOT).address == "http://127.0.0.1:9/debian/20230501T235959Z/"
    assert base_of(PLAN, SNAPSHOT).name == "erc-base:bookworm-20240131"


def test_without_a_snapshot_service_a_day_changes_no_base() -> None:
    assert base_of(PLAN.model_copy(update={"date": "2023-05-01"}), TimeMachine()).name == "erc-base:bookworm"


def test_an_image_of_a_registry_is_taken_by_its_digest_only() -> None:
    assert base_of(PLAN.model_copy(update={"image": PINNED}), TimeMachine(), "mine:1").name == PINNED
    assert base_of(PLAN, TimeMachine(), "mine:1").name == "mine:1"
    with pytest.raises(Rejected, match="not pinned"):
        base_of(PLAN.model_copy(update={"image": "rocker/r-ver:latest"}), TimeMachine())


@pytest.mark.parametrize(
    ("distribution", "suite"), [("debian", "../etc"), ("debian", "--help"), ("arch", "rolling"), ("", "")]
)
def test_what_is_no_suite_reaches_no_tool(distribution: str, suite: str) -> None:
    with pytest.raises(Rejected, match="not known"):
        archive(BaseWanted(distribution, suite), TimeMachine())


def test_a_suite_newer_than_the_tool_is_bootstrapped_like_its_kin() -> None:
    future = archive(BaseWanted("ubuntu", "zzyzx"), TimeMachine())

    command = debootstrap(future, Path("/keys.gpg"), Path("/root"), "git")

    assert command[-4:] == ["zzyzx", "/root", "", "gutsy"]
    assert {"--components=main,universe", "--keyring=/keys.gpg", "--include=git"} <= set(command)
