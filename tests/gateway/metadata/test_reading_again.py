"""What follows when the code of a chosen main file was read."""

from __future__ import annotations

from datetime import UTC, datetime

from erc.events.catalog import DescriptionRejected, WorkspaceDescribed
from erc.gateway.arrival import advance_compendium
from erc.gateway.transition import Facts
from erc.schemas.compendium import Compendium, CompendiumStatus
from erc.schemas.metadata import Description, Kind

NOW = datetime(2026, 11, 25, tzinfo=UTC)
ID, CHOICE, OTHER, MADE = "0" * 26, "a" * 64, "b" * 64, "c" * 64


def compendium(choice: str | None = CHOICE) -> Compendium:
    return Compendium(
        id=ID,
        owner="ada",
        upload=OTHER,
        created=NOW,
        status=CompendiumStatus.READY,
        version=7,
        description=choice or OTHER,
        choice=choice,
        metadata={"o2r": {"title": "Hers"}},
    )


def facts(choice: str | None) -> Facts:
    about = Description(kind=Kind.R_SCRIPT, main="a.R", display="a.png", manifest=OTHER, choice=choice, o2r={"x": 1})
    return Facts(NOW, description=about)


DESCRIBED = WorkspaceDescribed(compendium_id=ID, description=MADE)


def test_its_packages_are_taken_over_and_the_metadata_stay() -> None:
    advance = advance_compendium(compendium(), DESCRIBED, facts(CHOICE))
    assert advance
    after = advance.state
    assert (after.description, after.choice, after.version, after.metadata) == (
        MADE,
        None,
        8,
        {"o2r": {"title": "Hers"}},
    )
    assert advance_compendium(after, DESCRIBED, facts(CHOICE)) is None, "a repeat is stale"


def test_what_was_read_for_an_earlier_choice_is_stale() -> None:
    assert advance_compendium(compendium(), DESCRIBED, facts(OTHER)) is None
    assert advance_compendium(compendium(), DESCRIBED, facts(None)) is None
    assert advance_compendium(compendium(None), DESCRIBED, facts(None)) is None


def test_what_cannot_be_read_leaves_a_published_compendium_as_it_is() -> None:
    advance = advance_compendium(compendium(), DescriptionRejected(compendium_id=ID, problem=OTHER), Facts(NOW))
    assert advance
    assert (advance.state.status, advance.state.description, advance.state.choice) == ("ready", CHOICE, None)
