"""Substitution: a new compendium from the code of one with data of another."""

from __future__ import annotations

import json

import pytest
import yaml
from sqlalchemy import text

from erc.events.blobs import read_manifest
from erc.gateway.transition import Advance
from erc.schemas.metadata import Description
from erc.schemas.workspace import Manifest

from .conftest import ERC_YML, FILES

PATH = "/api/v1/substitution"
OVERLAY = {"new/rain.csv": b"a\n9\n", "main.R": b"other()\n"}
PAIR = {"base": "data/rain.csv", "overlay": "new/rain.csv"}
INVALID = [None, "", 5, "0" * 25, "A" * 32, "é" * 26, "../../etc", ["x"]]


async def two(sharing, *, candidate: bool = False, owner: str = "ada"):
    """Return a base and an overlay."""
    base = await sharing.compendium(owner, candidate=candidate)
    return base, await sharing.compendium(owner, OVERLAY, candidate=candidate)


def body(base, overlay, *pairs, **changes):
    return {"base": base.id, "overlay": overlay.id, "substitutionFiles": list(pairs or [PAIR])} | changes


async def substituted(sharing, who: str, document, **about):
    answer = await sharing.asked(who, "POST", PATH, json=document, **about)
    assert answer.status_code == 200, answer.text
    return await sharing.services.records.compendium(answer.json()["id"])


def files_of(sharing, compendium) -> Manifest:
    return read_manifest(sharing.services.blobs, compendium.manifest)


async def test_it_holds_the_bases_files_and_the_overlays_file_at_the_root(sharing) -> None:
    base, overlay = await two(sharing)
    made = await substituted(sharing, "sub", body(base, overlay))
    files, before = files_of(sharing, made), read_manifest(sharing.services.blobs, base.manifest)
    assert {entry.path for entry in files.entries()} == {*FILES, "rain.csv"}
    assert (
        files.get("rain.csv").digest
        == read_manifest(sharing.services.blobs, overlay.manifest).get(PAIR["overlay"]).digest
    )
    for path in ("main.R", "display.html", "data/rain.csv"):
        assert files.get(path) == before.get(path)
    configuration = yaml.safe_load(sharing.services.blobs.read(files.get("erc.yml").digest))
    assert configuration == yaml.safe_load(ERC_YML) | {
        "id": made.id,
        "execution": {"bind_mounts": [{"source": "rain.csv", "destination": "/erc/data/rain.csv"}]},
    }
    assert made.size_bytes == files.size_bytes
    about = Description.model_validate_json(sharing.services.blobs.read(made.description))
    assert (about.manifest, about.erc_id, about.display) == (made.manifest, made.id, "display.html")


async def test_its_document_says_how_it_was_made(sharing) -> None:
    base, overlay = await two(sharing)
    made = await substituted(sharing, "sub", body(base, overlay, metadataHandling="keepBase"))
    view = (await sharing.asked("", "GET", f"/api/v1/compendium/{made.id}")).json()
    assert (view["user"], view["substituted"], view["compendium"], view["bag"]) == ("sub", True, True, False)
    assert view["metadata"]["o2r"] == base.metadata["o2r"]
    assert view["metadata"]["substitution"] == {
        "base": base.id,
        "overlay": overlay.id,
        "substitutionFiles": [{**PAIR, "filename": "rain.csv"}],
        "metadataHandling": "keepBase",
    }


async def test_of_two_published_ones_it_is_published_with_a_whole_history(sharing) -> None:
    base, overlay = await two(sharing)
    made = await substituted(sharing, "sub", body(base, overlay))
    assert not made.candidate
    snapshot = json.loads(sharing.services.blobs.read(made.snapshot))
    assert (snapshot["id"], snapshot["sequence"], made.version) == (made.id, 1, 2)
    query = text("SELECT sequence, body, public FROM event WHERE aggregate_id = :id ORDER BY sequence")
    rows = await sharing.services.records.database.rows(query, {"id": made.id})
    assert [(row["sequence"], row["body"]["type"]) for row in rows] == [
        (1, "compendium.changed.v1"),
        (2, "compendium.published.v1"),
    ]
    assert rows[0]["public"] is None
    assert rows[0]["body"]["data"]["status"] == "ready"
    assert rows[1]["public"].startswith(f"erc.public.{made.id}.")
    await sharing.gateway.settled()


@pytest.mark.parametrize("which", ["base", "overlay"])
async def test_with_a_candidate_it_is_a_candidate_of_who_asks(sharing, which) -> None:
    both = {
        name: await sharing.compendium(files=files, candidate=name == which)
        for name, files in (("base", FILES), ("overlay", OVERLAY))
    }
    made = await substituted(sharing, "ada", body(**both))
    assert made.candidate
    assert made.published is None
    assert (await sharing.asked("sub", "GET", f"/api/v1/compendium/{made.id}")).status_code == 404


async def test_names_that_are_taken_get_overlay_before_them_until_they_are_free(sharing) -> None:
    base = await sharing.compendium(
        files={**FILES, "rain.csv": b"r", "overlay_rain.csv": b"o", "new/x": b"x"}, candidate=False
    )
    overlay = await sharing.compendium(files={**OVERLAY, "old/rain.csv": b"0", "b/new": b"n"}, candidate=False)
    pairs = [PAIR, {"base": "rain.csv", "overlay": "old/rain.csv"}, {"base": "main.R", "overlay": "b/new"}]
    made = await substituted(sharing, "sub", body(base, overlay, *pairs))
    names = [file.filename for file in made.substitution.files]
    assert names == ["overlay_overlay_rain.csv", "overlay_overlay_overlay_rain.csv", "overlay_new"]
    assert all(name in files_of(sharing, made) for name in names)


async def test_the_configuration_that_a_job_made_is_used(sharing, error_of) -> None:
    plain = {path: data for path, data in FILES.items() if path != "erc.yml"}
    base = await sharing.compendium(files=plain, candidate=False)
    overlay = await sharing.compendium(files=OVERLAY, candidate=False)
    answer = await sharing.asked("sub", "POST", PATH, json=body(base, overlay))
    missing = "missing configuration file in base compendium, please execute a job for the base compendium first"
    assert error_of(answer) == (400, missing)
    job = await sharing.gateway.job(base)

    def completed(before):
        changes = {"manifest": sharing.kept(FILES), "version": before.version + 1}
        return Advance(before.model_copy(update=changes))

    await sharing.services.records.move_job(job.id, completed)
    made = await substituted(sharing, "sub", body(base, overlay))
    assert "erc.yml" in files_of(sharing, made)


@pytest.mark.parametrize("who", ["", "new"])
async def test_who_may_not_substitute_is_told_before_anything_else(sharing, error_of, who) -> None:
    base, overlay = await two(sharing)
    expected = (401, "not allowed" if who else "not authenticated")
    for document in (body(base, overlay), {}, {"base": "nonsense"}):
        assert error_of(await sharing.asked(who, "POST", PATH, json=document)) == expected


@pytest.mark.parametrize("side", ["base", "overlay"])
async def test_compendia_that_are_not_there_or_not_ones_own(sharing, error_of, side) -> None:
    base, overlay = await two(sharing)
    hidden = await sharing.compendium("bob")
    for identifier in INVALID:
        answer = await sharing.asked("ada", "POST", PATH, json=body(base, overlay) | {side: identifier})
        assert error_of(answer) == (400, f"{side} ID is invalid")
    for identifier in ("0" * 26, hidden.id):
        answer = await sharing.asked("ada", "POST", PATH, json=body(base, overlay) | {side: identifier})
        assert error_of(answer) == (404, f"{side} compendium not found")


async def test_a_public_link_is_no_way_to_substitute(sharing, error_of) -> None:
    base, overlay = await two(sharing, candidate=True)
    link = (await sharing.asked("ada", "PUT", f"/api/v1/compendium/{base.id}/link")).json()["id"]
    answer = await sharing.asked("ada", "POST", PATH, json=body(base, overlay) | {"base": link})
    assert error_of(answer) == (400, "base ID is invalid")


@pytest.mark.parametrize(
    ("pairs", "error"),
    [
        (None, "substitution files missing"),
        ([], "substitution files missing"),
        ("no json", "substitution files missing"),
        ({"base": "x"}, "substitution files missing"),
        ([{"overlay": "new/rain.csv"}], "base file is undefined"),
        ([{"base": "", "overlay": "new/rain.csv"}], "base file is undefined"),
        (["x"], "base file is undefined"),
        ([{"base": "data/rain.csv"}], "overlay file is undefined"),
        ([{"base": "data/rain.csv", "overlay": "a\0"}], "The body holds what is no text"),
        ([{"base": "data/rain.csv", "overlay": "\ud800"}], "The body holds what is no text"),
        ([{"base": "no.csv", "overlay": "new/rain.csv"}], 'base file "no.csv" does not exist'),
        ([{"base": "../main.R", "overlay": "new/rain.csv"}], 'base file "../main.R" does not exist'),
        ([{"base": "data/rain.csv", "overlay": "no.csv"}], 'overlay file "no.csv" does not exist'),
        ([{"base": "data/rain.csv", "overlay": "/etc/passwd"}], 'overlay file "/etc/passwd" does not exist'),
        ([{"base": "erc.yml", "overlay": "new/rain.csv"}], 'base file "erc.yml" cannot be substituted'),
        ([{"base": "display.html", "overlay": "new/rain.csv"}], 'base file "display.html" cannot be substituted'),
        ([PAIR, PAIR], "a base file is substituted twice"),
        ([PAIR] * 101, "too many substitution files"),
    ],
)
async def test_files_that_cannot_be_substituted_leave_nothing_behind(sharing, error_of, pairs, error) -> None:
    base, overlay = await two(sharing)
    document = json.dumps(body(base, overlay) | {"substitutionFiles": pairs})
    answer = await sharing.asked("sub", "POST", PATH, content=document, headers={"Content-Type": "application/json"})
    assert error_of(answer) == (400, error)
    count = await sharing.services.records.database.rows(text("SELECT count(*) AS count FROM compendium"))
    assert count[0]["count"] == 2


@pytest.mark.parametrize(("handling", "status"), [("extract", 501), ("extractAndMerge", 501), ("x", 400), (None, 400)])
async def test_other_ways_with_the_metadata_are_refused_at_once(sharing, handling, status) -> None:
    base, overlay = await two(sharing)
    answer = await sharing.asked("sub", "POST", PATH, json=body(base, overlay, metadataHandling=handling))
    assert answer.status_code == status
    assert "keepBase" in answer.json()["detail"]


async def test_a_form_does_as_well(sharing) -> None:
    base, overlay = await two(sharing)
    form = body(base, overlay) | {"substitutionFiles": json.dumps([PAIR])}
    answer = await sharing.asked("sub", "POST", PATH, files={name: (None, value) for name, value in form.items()})
    assert answer.status_code == 200, answer.text


async def test_a_repeat_with_a_key_makes_one(sharing) -> None:
    base, overlay = await two(sharing)
    about = {"json": body(base, overlay), "headers": {"Idempotency-Key": "k"}}
    first = await sharing.asked("sub", "POST", PATH, **about)
    again = await sharing.asked("sub", "POST", PATH, **about)
    assert first.json() == again.json()
    assert again.headers["idempotent-replayed"] == "true"


async def test_they_are_listed_by_base_and_overlay_to_those_who_may_see_them(sharing) -> None:
    base, overlay = await two(sharing)
    other = await sharing.compendium(files=OVERLAY, candidate=True)
    public = (await substituted(sharing, "sub", body(base, overlay))).id
    own = (await substituted(sharing, "ada", body(base, other))).id

    async def listed(who: str, **query) -> list[str]:
        return (await sharing.asked(who, "GET", PATH, params=query)).json()["results"]

    assert await listed("") == [public]
    assert await listed("ada") == await listed("eve") == [own, public]
    assert await listed("ada", base=base.id) == [own, public]
    assert await listed("ada", overlay=other.id) == [own]
    assert await listed("ada", base=base.id, overlay=overlay.id) == [public]
    assert await listed("", overlay=other.id) == []
    assert await listed("ada", start=2, limit=1) == [public]
    assert await listed("ada", start=9) == []
    for query in ({"start": "0"}, {"limit": "x"}, {"base": "a\0"}):
        assert (await sharing.asked("ada", "GET", PATH, params=query)).status_code == 400
