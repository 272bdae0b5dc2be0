"""Bindings: validated thoroughly, asked for rights, then answered by what is to come."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

API = "/api/v1"


def binding(compendium: str = "0" * 26) -> dict[str, Any]:
    """Return the reference's own example."""
    return {
        "id": compendium,
        "computationalResult": {"type": "figure", "result": "Figure 3"},
        "sourcecode": {
            "file": "main.R",
            "codelines": [{"first_line": 101, "last_line": 503}],
            "parameter": [
                {
                    "text": "duration <- 24",
                    "name": "duration",
                    "val": 24,
                    "uiWidget": {"type": "slider", "minValue": 1, "maxValue": 24, "stepSize": 1, "caption": "Hours."},
                }
            ],
        },
    }


RADIO = {"type": "radio", "options": ["a", 2], "caption": "x"}
HOSTILE = ["x; system('id')", "x`id`", 'x"', "x'", "$(id)", "", "1x", "x" * 101, "a\0", "é"]


def changed(path: str, value: Any) -> dict[str, Any]:
    """Return the example with one value changed, or left out."""
    document = copy.deepcopy(binding())
    *above, last = path.split(".")
    place: Any = document
    for part in above:
        place = place[int(part) if part.isdecimal() else part]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return document


P = "sourcecode.parameter.0"
WRONG = [
    *(changed(path, None) for path in ("id", "computationalResult", "sourcecode", "sourcecode.file", f"{P}.uiWidget")),
    *(changed(f"{P}.name", name) for name in HOSTILE),
    *(changed(f"{P}.val", value) for value in ([], {}, float("nan"), float("inf"), "a\0", "\ud800")),
    changed("sourcecode.codelines", []),
    changed("sourcecode.codelines", [{"first_line": 5, "last_line": 4}]),
    changed("sourcecode.codelines", [{"first_line": 0, "last_line": 4}]),
    changed("sourcecode.codelines", [{"first_line": "1", "last_line": 4}]),
    changed("sourcecode.codelines", [{"first_line": 1, "last_line": 10**30}]),
    changed("sourcecode.parameter", []),
    changed(f"{P}.uiWidget.type", "iframe"),
    changed(f"{P}.uiWidget.minValue", 24),
    changed(f"{P}.uiWidget.stepSize", 0),
    changed(f"{P}.uiWidget.maxValue", "24"),
    changed(f"{P}.uiWidget", {**RADIO, "options": []}),
    changed("computationalResult.type", "script"),
    changed("computationalResult.result", ""),
]


@pytest.mark.parametrize("document", WRONG, ids=range(len(WRONG)))
async def test_a_binding_that_is_none_is_refused_with_its_place(sharing, document) -> None:
    answer = await sharing.asked("ada", "POST", f"{API}/bindings/binding", content=json.dumps(document))
    assert answer.status_code == 400
    assert answer.json()["detail"]


async def test_a_valid_one_is_answered_by_what_is_to_come(sharing) -> None:
    compendium = await sharing.compendium()
    for change in ({}, {"uiWidget": RADIO}, {"val": "a'b\"`$(id)`"}, {"val": True}):
        document = binding(compendium.id)
        document["sourcecode"]["parameter"][0] |= change
        answer = await sharing.asked("ada", "POST", f"{API}/bindings/binding", json=document)
        assert answer.status_code == 501, answer.text
        assert "valid" in answer.json()["detail"]


async def test_binding_asks_for_rights_and_for_the_file(sharing) -> None:
    candidate, published = await sharing.compendium(), await sharing.compendium(candidate=False)
    statuses = {
        (who, it.candidate): (
            await sharing.asked(who, "POST", f"{API}/bindings/binding", json=binding(it.id))
        ).status_code
        for who in ("", "bob", "ada", "eve")
        for it in (candidate, published)
    }
    assert statuses == {
        ("", True): 404,
        ("", False): 401,
        ("bob", True): 404,
        ("bob", False): 403,
        ("ada", True): 501,
        ("ada", False): 501,
        ("eve", True): 501,
        ("eve", False): 501,
    }
    document = binding(candidate.id)
    document["sourcecode"]["file"] = "../main.R"
    assert (await sharing.asked("ada", "POST", f"{API}/bindings/binding", json=document)).status_code == 404


async def test_bindings_are_searched(sharing) -> None:
    path = f"{API}/bindings/searchBinding"
    for body, status in (
        ({"term": "processData(input)", "metadata": {"o2r": {}}}, 501),
        ({"term": "processData(input)", "metadata": "{o2r.metadata}"}, 501),
        ({"term": "", "metadata": {}}, 400),
        ({"metadata": {}}, 400),
        ({"term": "x"}, 400),
    ):
        assert (await sharing.asked("", "POST", path, json=body)).status_code == status


async def test_code_is_extracted_of_what_one_may_see(sharing) -> None:
    compendium, path = await sharing.compendium(), f"{API}/bindings/extractRcode"
    for who, body, status in (
        ("ada", {"id": compendium.id, "file": "main.R"}, 501),
        ("ada", {"id": compendium.id, "file": "no.R"}, 404),
        ("bob", {"id": compendium.id, "file": "main.R"}, 404),
        ("ada", {"id": compendium.id}, 400),
        ("ada", {"id": 5, "file": "main.R"}, 400),
    ):
        assert (await sharing.asked(who, "POST", path, json=body)).status_code == status


async def test_a_binding_is_run_on_what_one_may_see(sharing) -> None:
    compendium = await sharing.compendium()
    path = f"{API}/compendium/{compendium.id}/binding/figure3"
    for method in ("GET", "POST"):
        assert (await sharing.asked("ada", method, path, params={"newValue0": "5'; id"})).status_code == 501
        assert (await sharing.asked("bob", method, path)).status_code == 404
        assert (await sharing.asked("ada", method, f"{path}%00")).status_code == 404
    for query in ({"value": "1"}, {"newValue": "1"}, {"newValue1x": "1"}, {f"newValue{n}": "1" for n in range(101)}):
        assert (await sharing.asked("ada", "GET", path, params=query)).status_code == 400
