"""Search: the shape of the reference, its query language within limits, and nothing of other people's candidates."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import text

from erc.events.outbox import Database, create_engine
from erc.gateway.searching import NotUnderstood, complex_search
from erc.workers.indexer.domain import search_document

PATH = "/api/v1/search"
MUENSTER = {"type": "Polygon", "coordinates": [[[7.5, 51.9], [7.7, 51.9], [7.7, 52.0], [7.5, 52.0], [7.5, 51.9]]]}
GERMANY = [[[5, 47], [16, 47], [16, 56], [5, 56], [5, 47]]]


def about(title: str, **changes: Any) -> dict[str, Any]:
    return {
        "o2r": {
            "title": title,
            "description": "Months of rain.",
            "creators": [{"name": "Ada Beispiel"}],
            "keywords": ["weather"],
            "identifier": {"doi": "10.5555/12345678"},
            "temporal": {"begin": "2015-03-01T00:00:00.000Z", "end": "2017-09-30"},
            "spatial": {"union": {"geojson": {"geometry": MUENSTER}}},
            **changes,
        }
    }


async def indexed(sharing, owner: str = "ada", **changes: Any) -> str:
    """Keep a compendium with its search document as the indexer writes it; return its id."""
    compendium = await sharing.compendium(owner, **changes)
    found = search_document(compendium)
    add = text(
        "INSERT INTO search_document (compendium_id, version, owner, candidate, document, words) VALUES "
        "(:id, 1, :owner, :candidate, cast(:document AS jsonb), setweight(to_tsvector('english', :title), 'A') "
        "|| setweight(to_tsvector('simple', :names), 'B') || setweight(to_tsvector('english', :text), 'C'))"
    )
    values = {"id": compendium.id, "owner": owner, "candidate": False, "document": json.dumps(found.source)}
    values |= {"title": found.title, "names": found.names, "text": found.text}
    engine = create_engine(sharing.gateway.url_of("indexer"))
    indexer = Database(engine, sharing.services.hints.wake_relay)
    async with indexer.transaction() as transaction:
        await transaction.connection.execute(add, values)
    await indexer.close()
    return compendium.id


async def found(sharing, query: Any, who: str = "", **about: Any) -> list[str]:
    """Return the ids of the hits of a complex query."""
    answer = await sharing.asked(who, "POST", PATH, json=query, **about)
    assert answer.status_code == 200, answer.text
    return ids(answer)


def ids(answer) -> list[str]:
    return [hit["_source"].get("job_id") or hit["_source"]["compendium_id"] for hit in answer.json()["hits"]["hits"]]


@pytest.fixture
async def rain(sharing) -> str:
    return await indexed(sharing, candidate=False, metadata=about("Rain by month"))


@pytest.fixture
async def snow(sharing) -> str:
    changes = {"identifier": {"doi": "10.5555/2"}, "temporal": {"begin": "2018-01-01"}, "spatial": {}, "keywords": []}
    return await indexed(sharing, "bob", candidate=False, metadata=about("Snow", description="White.", **changes))


# ------------------------------------------------------------------------------------------ words


async def test_words_are_found_in_the_shape_of_the_reference(sharing, rain, snow) -> None:
    answer = await sharing.asked("", "GET", PATH, params={"q": "rain", "resources": "compendia"})
    hits = answer.json()["hits"]
    assert (hits["total"], len(hits["hits"])) == (1, 1)
    assert hits["max_score"] == hits["hits"][0]["_score"] > 0
    source = hits["hits"][0]["_source"]
    assert source["compendium_id"] == rain
    assert source["metadata"]["o2r"]["title"] == "Rain by month"
    assert not {"id", "createdAt", "updatedAt"} & set(source)


@pytest.mark.parametrize("query", ["10.5555/12345678", "https://doi.org/10.5555/12345678", "doi 10.5555/12345678"])
async def test_a_doi_is_found_as_it_is_and_as_an_address(sharing, rain, snow, query) -> None:
    assert ids(await sharing.asked("", "GET", PATH, params={"q": query})) == [rain]


async def test_a_star_finds_all(sharing, rain, snow) -> None:
    answer = await sharing.asked("", "GET", PATH, params={"q": "*", "resources": ",compendia,,"})
    assert ids(answer) == [snow, rain]


async def test_jobs_are_found_by_their_states(sharing, rain, snow) -> None:
    job = await sharing.gateway.job(await sharing.services.records.compendium(rain))
    for query in ("running", job.id, f"{rain} Running"):
        answer = await sharing.asked("", "GET", PATH, params={"q": query, "resources": "jobs"})
        assert ids(answer) == [job.id]
    source = answer.json()["hits"]["hits"][0]["_source"]
    assert (source["job_id"], source["compendium_id"], source["status"]) == (job.id, rain, "running")
    both = await sharing.asked("", "GET", PATH, params={"q": rain, "resources": "all"})
    assert set(ids(both)) == {job.id, rain}


async def test_pages(sharing, rain, snow) -> None:
    second = await sharing.asked("", "GET", PATH, params={"q": "*", "start": 2, "limit": 1})
    assert (ids(second), second.json()["hits"]["total"]) == ([rain], 2)
    behind = await sharing.asked("", "GET", PATH, params={"q": "*", "start": 9})
    assert (ids(behind), behind.json()["hits"]["total"]) == ([], 2)


@pytest.mark.parametrize(
    ("query", "status", "error"),
    [
        ({}, 404, "no query provided"),
        ({"q": " "}, 404, "no query provided"),
        ({"q": "x", "resources": "files"}, 404, "no such resource"),
        ({"q": "x" * 501}, 400, "The query is too long"),
        ({"q": "a\0"}, 400, "The address cannot be read"),
        ({"q": "x", "limit": "0"}, 400, "limit must be larger than 0"),
    ],
)
async def test_what_is_no_query_is_refused(sharing, error_of, query, status, error) -> None:
    assert error_of(await sharing.asked("", "GET", PATH, params=query)) == (status, error)


# ------------------------------------------------------------------------------------------ whose


async def test_candidates_of_others_are_in_no_hit_and_no_total(sharing, rain) -> None:
    hidden = await indexed(sharing, "bob", metadata=about("Rain of canaries"))
    job = await sharing.gateway.job(await sharing.services.records.compendium(hidden))
    for who, seen in (("", set()), ("ada", set()), ("bob", {hidden, job.id}), ("eve", {hidden, job.id})):
        for query in ("canaries", "running"):
            answer = await sharing.asked(who, "GET", PATH, params={"q": query})
            assert set(ids(answer)) <= seen
            assert answer.json()["hits"]["total"] == len(ids(answer))
        everything = await found(sharing, {"query": {"match_all": {}}}, who)
        assert set(everything) == {rain} | seen
        assert set(await found(sharing, {"query": {"bool": {"must_not": {"term": {"user": "ada"}}}}}, who)) == seen
        geo = {"shape": {"type": "Polygon", "coordinates": GERMANY}, "relation": "within"}
        inside = await found(sharing, {"query": {"geo_shape": {"metadata.o2r.spatial.geometry": geo}}}, who)
        assert set(inside) == {rain} | (seen - {job.id})


async def test_jobs_of_links_are_in_no_hit(sharing) -> None:
    compendium = await sharing.compendium()
    link = (await sharing.asked("ada", "PUT", f"/api/v1/compendium/{compendium.id}/link")).json()["id"]
    await sharing.asked("", "POST", "/api/v1/job", json={"compendium_id": link})
    for who in ("", "ada", "eve"):
        assert await found(sharing, {"query": {"terms": {"_index": ["jobs"]}}}, who) == []
        assert ids(await sharing.asked(who, "GET", PATH, params={"q": f"link.{link}"})) == []


# ------------------------------------------------------------------------------------------ complex queries


def field(name: str) -> str:
    return f"metadata.o2r.{name}"


def between(name: str, **bounds: str) -> dict[str, Any]:
    return {"range": {field(name): bounds}}


def near(relation: str, west: float, south: float, east: float, north: float) -> dict[str, Any]:
    shape = {"type": "envelope", "coordinates": [[west, north], [east, south]]}
    return {"geo_shape": {field("spatial.union.geojson.geometry"): {"shape": shape, "relation": relation}}}


TEMPORAL = {
    "bool": {
        "must": {"match_all": {}},
        "filter": [
            between("temporal.begin", **{"from": "2015-03-01T00:00:00.000Z"}),
            between("temporal.end", to="2017-10-01T00:00:00.000Z"),
        ],
    }
}
QUERIES = [
    ({"match_all": {}}, "rain snow"),
    ({"match": {"_all": "rain"}}, "rain"),
    ({"match": {field("title"): {"query": "snow", "operator": "and"}}}, "snow"),
    ({"match": {field("description"): "months"}}, "rain"),
    ({"query_string": {"query": "beispiel", "fields": ["_all"]}}, "rain snow"),
    ({"query_string": {"query": "*"}}, "rain snow"),
    ({"query_string": {"query": "https://doi.org/10.5555/2", "default_field": "_special"}}, "snow"),
    ({"term": {field("identifier.doi"): "10.5555/2"}}, "snow"),
    ({"term": {field("keywords"): {"value": "weather"}}}, "rain"),
    ({"terms": {"_index": ["compendia"]}}, "rain snow"),
    ({"terms": {"_index": ["jobs"]}}, ""),
    ({"terms": {"user": ["bob", "eve"]}}, "snow"),
    (TEMPORAL, "rain"),
    (between("temporal.begin", gte="2015-03-02"), "snow"),
    (between("temporal.end", lte="2016-01-01"), ""),
    (near("within", 7, 51, 8, 53), "rain"),
    (near("within", 7.6, 51, 8, 53), ""),
    (near("intersects", 7.6, 51, 8, 53), "rain"),
    (near("contains", 7.55, 51.92, 7.6, 51.95), "rain"),
    (near("disjoint", 10, 10, 11, 11), "rain"),
    (near("disjoint", 7, 51, 8, 53), ""),
    ({"bool": {"must_not": [near("within", 7, 51, 8, 53)]}}, "snow"),
    ({"bool": {"should": [near("within", 7, 51, 8, 53), near("within", 0, 0, 1, 1)]}}, "rain"),
    ({"bool": {"should": [{"match": {"_all": "snow"}}, {"match": {"_all": "rain"}}]}}, "rain snow"),
    ({"bool": {"must": [{"match": {"_all": "rain"}}], "must_not": [{"term": {"user": "ada"}}]}}, ""),
    ({"bool": {}}, "rain snow"),
]


@pytest.mark.parametrize(("query", "expected"), QUERIES, ids=range(len(QUERIES)))
async def test_a_complex_query_finds(sharing, rain, snow, query, expected) -> None:
    named = {rain: "rain", snow: "snow"}
    assert sorted(named[it] for it in await found(sharing, {"query": query})) == expected.split()


async def test_pages_of_a_complex_query_and_a_query_without_its_name(sharing, rain, snow) -> None:
    assert await found(sharing, {"query": {"match_all": {}}, "from": 1, "size": 1}) == [rain]
    assert await found(sharing, {"query": {"match_all": {}}, "size": 0}) == []
    assert await found(sharing, {"bool": {"must": {"match": {"_all": "snow"}}}}) == [snow]


@pytest.mark.parametrize(
    "form",
    [
        {"query[bool][must][match_all]": "", "query[bool][filter][0][term][user]": "bob"},
        {"query[terms][user][]": "bob", "from": "0", "size": "10"},
        {"query[match][_all]": "snow"},
    ],
)
async def test_a_nested_form_does_as_well(sharing, rain, snow, form) -> None:
    answer = await sharing.asked("", "POST", PATH, data=form)
    assert ids(answer) == [snow], answer.text


DEEP: dict[str, Any] = {"match_all": {}}
for _ in range(9):
    DEEP = {"bool": {"must": DEEP}}
HOSTILE = [
    {"query": {"script": {"source": "1"}}},
    {"query": {"regexp": {"user": "(a+)+$"}}},
    {"query": {"wildcard": {"user": "*"}}},
    {"query": {"match_all": {}, "match": {"_all": "x"}}},
    {"query": {"match": {"owner": "x"}}},
    {"query": {"match": {"metadata.raw.secret": "x"}}},
    {"query": {"terms": {"user; DROP TABLE job": ["x"]}}},
    {"query": {"terms": {"user": []}}},
    {"query": {"terms": {"user": ["x"] * 101}}},
    {"query": {"terms": {"user": [{"x": 1}]}}},
    {"query": {"match": {"_all": "x" * 501}}},
    {"query": {"match": {"_all": ""}}},
    {"query": {"query_string": {"query": "x", "analyze_wildcard": True}}},
    {"query": {"query_string": {"query": "x", "fields": ["x"]}}},
    {"query": {"query_string": "x"}},
    {"query": between("temporal.begin", gte="soon")},
    {"query": between("temporal.begin", gte="9" * 5000)},
    {"query": between("temporal.begin", boost="2")},
    {"query": {"range": {"user": {"gte": "a"}}}},
    {"query": near("touches", 0, 0, 1, 1)},
    {"query": near("within", 0, 0, 1e308, 1)},
    {"query": {"geo_shape": {field("spatial.geometry"): {"shape": {"type": "circle", "coordinates": [0, 0]}}}}},
    {"query": {"geo_shape": {field("spatial.geometry"): {"shape": {"type": "polygon", "coordinates": [[]]}}}}},
    {"query": {"bool": {"must": [{"match_all": {}}] * 70}}},
    {"query": {"bool": {"minimum_should_match": 2}}},
    {"query": DEEP},
    {"query": []},
    {"query": {"match_all": {}}, "size": 101},
    {"query": {"match_all": {}}, "size": -1},
    {"query": {"match_all": {}}, "from": 9999, "size": 100},
    {"query": {"match_all": {}}, "from": 10**30},
    {"query": {"match_all": {}}, "size": True},
    {"query": {"match_all": {}}, "aggs": {"x": {}}},
    {"query": {"match_all": {}}, "sort": ["user"]},
    {"query": {"match_all": {}}, "highlight": {}},
    {"script_fields": {}},
]


@pytest.mark.parametrize("body", HOSTILE, ids=range(len(HOSTILE)))
async def test_what_is_not_understood_is_refused(sharing, error_of, body) -> None:
    answer = await sharing.asked("root", "POST", PATH, content=json.dumps(body))
    assert error_of(answer) == (400, "complex query failed")
    assert answer.json()["detail"]


@pytest.mark.parametrize("odd", [{"query": {"term": {"user": "a\0"}}}, {"query": {"\ud800": {}}}, {"\ud800": {}}])
async def test_what_is_no_text_is_refused(sharing, odd) -> None:
    assert (await sharing.asked("root", "POST", PATH, content=json.dumps(odd))).status_code == 400


@pytest.mark.parametrize("form", [{"query[match": "x"}, {"[x]": "y"}, {"a[b]": "1", "a": "2"}, {"a" + "[b]" * 20: "x"}])
async def test_a_form_that_cannot_be_read_is_refused(sharing, error_of, form) -> None:
    assert error_of(await sharing.asked("", "POST", PATH, data=form)) == (400, "complex query failed")


@pytest.mark.parametrize("body", [b"[]", b"{", b"\xff", b"[" * 100_000, b'"x"'])
async def test_a_body_that_is_no_document_is_refused(sharing, body) -> None:
    assert (await sharing.asked("", "POST", PATH, content=body)).status_code == 400


def test_an_empty_body_asks_for_all() -> None:
    assert complex_search({}).limit == 10
    with pytest.raises(NotUnderstood):
        complex_search({"x": 1})
