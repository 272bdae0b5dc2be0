from __future__ import annotations

import pytest

from erc.events.catalog import COMMANDS, EVENTS
from erc.events.subjects import ids_of


@pytest.mark.parametrize("command", COMMANDS.values(), ids=list(COMMANDS))
def test_a_commands_subject_names_its_work(command: type) -> None:
    assert ids_of(f"erc.command.{command.WORKER}.default.{command.VERB}.abc") == {command.ID_FIELD: "abc"}


@pytest.mark.parametrize("event", EVENTS.values(), ids=list(EVENTS))
def test_an_events_subject_names_its_aggregate(event: type) -> None:
    assert ids_of(f"erc.event.{event.AGGREGATE}.abc.{event.TYPE.split('.')[1]}") == {event.ID_FIELD: "abc"}


@pytest.mark.parametrize(
    "other", ["", "erc.event.job", "erc.event.song.abc.sung", "erc.command.x.y.z.abc", "erc.log.a.b"]
)
def test_another_subject_names_nothing(other: str) -> None:
    assert ids_of(other) == {}
