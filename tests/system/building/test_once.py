"""However many ask for one environment at once, and however many builders there are: it is built once."""

from __future__ import annotations

import os

import pytest
from support.builders import ask_many, second_builder
from support.service import Service, packed
from support.tiny import paper
from system.building.conftest import BASE, Place

pytestmark = [pytest.mark.engine, pytest.mark.skipif(os.geteuid() != 0, reason="An engine of its own needs root")]

MANY = 100


def test_a_hundred_requests_to_two_builders_are_one_build(service: Service, own: Place) -> None:
    # Runs that wait: the test is over when the environment is there.
    compendium = service.ready(packed({**paper(60), "apt.txt": "once\n"}))
    before = own.environments()

    settings = {"DOCKER_HOST": own.engine.address, "BUILDER_BASE": BASE, "BUILDER_FREE_BYTES": str(64 << 20)}
    with second_builder(service, **settings):
        asked = ask_many(service, compendium, MANY)

    assert (asked.built, asked.found) == (1, MANY - 1)
    assert len({*own.environments()} - {*before}) == 1
