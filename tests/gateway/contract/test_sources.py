"""Remote sources are validated in the words of the o2r service, before anything is asked for elsewhere."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erc.gateway.errors import Refused
from erc.gateway.sources import Record, Share, source_of

KNOWN = [
    (
        {"share_url": "https://uni-muenster.sciebo.de/index.php/s/G8vxQ1h50V4HpuA", "path": "/metatainer"},
        Share("uni-muenster.sciebo.de", "G8vxQ1h50V4HpuA", "/metatainer"),
    ),
    ({"share_url": "https://sandbox.zenodo.org/record/69114"}, Record("sandbox.zenodo.org", 69114, "")),
    ({"share_url": "https://zenodo.org/records/1/", "filename": "a.zip"}, Record("zenodo.org", 1, "a.zip")),
    ({"share_url": "https://doi.org/10.5281/zenodo.268443"}, Record("zenodo.org", 268443, "")),
    ({"doi": "10.5281/zenodo.268443"}, Record("zenodo.org", 268443, "")),
    ({"zenodo_record_id": "69114"}, Record("zenodo.org", 69114, "")),
    ({"content_type": "workspace"}, None),
]
REFUSED = [
    ({"share_url": "htp://uni.sciebo.de/s/abc"}, 422, "public share URL is invalid"),
    ({"share_url": ""}, 422, "public share URL is invalid"),
    ({"share_url": "https://[::1"}, 422, "public share URL is invalid"),
    ({"share_url": "https://user@zenodo.org/record/1"}, 422, "public share URL is invalid"),
    ({"share_url": "https://zenodo.org:8080/record/1"}, 422, "public share URL is invalid"),
    ({"share_url": "https://uni.sciebo.de/s/a%2e%2e"}, 422, "public share URL is invalid"),
    ({"share_url": "https://example.org/record/1"}, 403, "host is not allowed"),
    ({"share_url": "https://sciebo.de.example.org/s/abc"}, 403, "host is not allowed"),
    ({"share_url": "https://127.0.0.1/record/1"}, 403, "host is not allowed"),
    ({"share_url": "https://zenodo.org/record/abc"}, 422, "zenodo ID is not a number"),
    ({"share_url": "https://doi.org/10.1/other"}, 422, "DOI is invalid"),
    ({"doi": "10.5555/12345678"}, 422, "DOI is invalid"),
    ({"doi": "10.5281/zenodo.1\n"}, 422, "DOI is invalid"),
    ({"zenodo_record_id": "eighty"}, 422, "zenodo_record_id is invalid"),
    ({"zenodo_record_id": "9" * 50}, 422, "zenodo_record_id is invalid"),
]


@pytest.mark.parametrize(("fields", "source"), KNOWN)
def test_a_source_is_known(fields: dict[str, str], source: Any) -> None:
    assert source_of(fields) == source


@pytest.mark.parametrize(("fields", "status", "text"), REFUSED)
def test_a_source_that_cannot_be_is_refused(fields: dict[str, str], status: int, text: str) -> None:
    with pytest.raises(Refused) as refused:
        source_of(fields)
    assert (refused.value.status, refused.value.error) == (status, text)


@given(st.sampled_from(["share_url", "doi", "zenodo_record_id"]), st.text(max_size=60))
def test_whatever_is_given_is_a_source_or_refused(name: str, text: str) -> None:
    try:
        source_of({name: text})
    except Refused as refused:
        assert refused.status in {403, 422}


FORMS = ["json", "data", "files"]


async def test_login_and_level_come_before_everything_else(gateway) -> None:
    async with gateway.client() as client:
        answer = await client.post("/api/v1/compendium", json={"content_type": "nonsense", "doi": "x"})
    assert (answer.status_code, answer.json()["error"]) == (401, "user is not authenticated")


async def test_a_source_may_come_in_any_form_and_is_for_later(gateway) -> None:
    async def posted(client: Any, form: str, **fields: Any) -> tuple[int, str]:
        sent = {form: {key: (None, str(value)) for key, value in fields.items()} if form == "files" else fields}
        answer = await client.post("/api/v1/compendium", **sent)
        return answer.status_code, answer.json()["error"]

    async with gateway.operator() as client:
        for form in FORMS:
            assert await posted(client, form, content_type="x", doi="y") == (
                400,
                'Provided content_type "x" not implemented, only ["compendium","workspace"] supported.',
            )
            assert await posted(client, form, content_type="workspace", doi="y") == (422, "DOI is invalid")
            later = await posted(client, form, content_type="compendium", zenodo_record_id=69114)
            assert later == (501, "Loading from a remote source is not available yet")
            assert await posted(client, form, content_type="workspace") == (400, "The form has no file")
        assert await posted(client, "json", doi=["10.5281/zenodo.1"]) == (422, "DOI is invalid")
        assert (await client.get("/api/v1/compendium?user=operator")).json()["total"] == 0
