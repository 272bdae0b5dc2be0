from __future__ import annotations

import json

from support import fake_gateway as fake

PATH = f"/api/v1/compendium/{fake.COMPENDIUM}/publish"


def test_a_compendium_is_published_and_its_address_is_told(gateway, erc) -> None:
    ran = erc("publish", fake.COMPENDIUM, url=gateway.url)
    assert ran.exit_code == 0
    assert f"The compendium {fake.COMPENDIUM} is public." in ran.stdout
    assert f"{gateway.url}/compendium/{fake.COMPENDIUM}" in ran.stdout
    assert ("POST", PATH) in gateway.asked


def test_json_says_the_same(gateway, erc) -> None:
    ran = erc("publish", fake.COMPENDIUM, "--json", url=gateway.url)
    assert json.loads(ran.stdout) == {"id": fake.COMPENDIUM, "published": True, "exit_code": 0}


def test_one_that_is_not_ready_is_a_conflict(gateway, erc) -> None:
    gateway.refusals["POST", PATH] = (409, {"title": "The compendium cannot be published", "code": "x"})
    ran = erc("publish", fake.COMPENDIUM, url=gateway.url)
    assert ran.exit_code == 5
    assert "The compendium cannot be published" in ran.stderr
