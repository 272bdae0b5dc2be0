from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from support import fake_gateway as fake

from erc.gateway.client.merge_patch import patch_between
from erc.gateway.merge_patch import merged

PATH = f"/api/v1/compendium/{fake.COMPENDIUM}/metadata"


def test_metadata_are_shown(gateway, erc) -> None:
    ran = erc("metadata", fake.COMPENDIUM, url=gateway.url)
    assert ran.exit_code == 0
    assert "title: Rain" in ran.stdout
    assert "The metadata are revision 1." in ran.stdout
    shown = json.loads(erc("metadata", fake.COMPENDIUM, "--json", url=gateway.url).stdout)
    assert shown["metadata"]["o2r"] == gateway.o2r
    assert not gateway.patches


def test_fields_are_set_and_removed_on_top_of_what_was_read(gateway, erc) -> None:
    told = ["--set", "title=Snow = cold", "--set", "license.code=null", "--set", 'keywords=["b"]']
    ran = erc("metadata", fake.COMPENDIUM, *told, url=gateway.url)
    assert (ran.exit_code, "saved as revision 2" in ran.stdout) == (0, True)
    body, query, headers = gateway.patches[0]
    assert body == {"o2r": {"title": "Snow = cold", "license": {"code": None}, "keywords": ["b"]}}
    assert (query, headers["if-match"]) == ({"publish": "false"}, '"1"')


def test_a_file_becomes_the_metadata_and_may_be_published(gateway, erc, tmp_path) -> None:
    file = tmp_path / "meta.json"
    file.write_text(json.dumps({"o2r": {"title": "Rain", "license": {"code": "MIT"}, "new": 1}}))
    ran = erc("metadata", fake.COMPENDIUM, "--file", file, "--publish", url=gateway.url)
    assert ran.exit_code == 0
    body, query, _ = gateway.patches[0]
    assert body == {"o2r": {"license": {"text": None}, "keywords": None, "new": 1}}
    assert query == {"publish": "true"}


def test_what_cannot_be_understood_is_wrong_use(gateway, erc, tmp_path) -> None:
    broken = tmp_path / "broken.json"
    broken.write_text("[1]")
    for told in (
        ["--set", "title"],
        ["--set", "=x"],
        ["--set", "a..b=x"],
        ["--set", "a=[1"],
        ["--set", "a=x", "--set", "a.b=y"],
        ["--file", str(broken)],
        ["--file", str(tmp_path / "gone")],
        ["--file", str(broken), "--set", "a=b"],
    ):
        assert erc("metadata", fake.COMPENDIUM, *told, url=gateway.url).exit_code == 2, told
    assert not gateway.patches


def test_somebody_elses_revision_is_a_conflict(gateway, erc) -> None:
    gateway.refusals["PATCH", PATH] = (412, {"title": "The metadata were changed meanwhile", "code": "revision_newer"})
    ran = erc("metadata", fake.COMPENDIUM, "--set", "title=x", url=gateway.url)
    assert (ran.exit_code, "changed meanwhile" in ran.stderr) == (5, True)


DOCUMENTS = st.recursive(
    st.booleans() | st.integers(-3, 3) | st.text("ab", max_size=2),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab", max_size=2), inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.text("ab", max_size=2), DOCUMENTS, max_size=4)


@settings(max_examples=100, deadline=None)
@given(OBJECTS, OBJECTS)
def test_the_patch_between_two_documents_makes_one_of_the_other(before: dict[str, Any], after: dict[str, Any]) -> None:
    assert json.dumps(merged(before, patch_between(before, after)), sort_keys=True) == json.dumps(after, sort_keys=True)
    assert patch_between(after, after) == {}
