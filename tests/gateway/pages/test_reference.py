"""The reference of the web API: made from its contract, readable without anything from elsewhere."""

from __future__ import annotations

import re
from pathlib import Path

import httpx2
import yaml
from bs4 import BeautifulSoup

CONTRACT = yaml.safe_load((Path(__file__).parents[3] / "gateway" / "openapi.yaml").read_text())
OPERATIONS = [operation for methods in CONTRACT["paths"].values() for operation in methods.values()]


async def test_the_contract_is_served_as_json_and_as_yaml(reader: httpx2.AsyncClient) -> None:
    assert (await reader.get("/api/v1/openapi")).json() == CONTRACT
    answer = await reader.get("/api/v1/openapi", headers={"Accept": "application/yaml"})
    assert answer.headers["content-type"].startswith("application/vnd.oai.openapi+yaml")
    assert yaml.safe_load(answer.text) == CONTRACT


async def test_the_reference_has_an_anchor_for_every_operation_and_document(reader: httpx2.AsyncClient) -> None:
    page = BeautifulSoup((await reader.get("/reference")).text, "html.parser")
    anchors = {element["id"] for element in page.find_all(id=True)}
    assert {operation["operationId"] for operation in OPERATIONS} <= anchors
    assert set(CONTRACT["components"]["schemas"]) <= anchors
    links = {link["href"][1:] for link in page.find_all("a", href=re.compile("^#"))}
    assert links <= anchors


async def test_the_reference_loads_nothing_from_elsewhere(reader: httpx2.AsyncClient) -> None:
    page = BeautifulSoup((await reader.get("/reference")).text, "html.parser")
    loaded = [
        element.get("src") or element.get("href") for element in page.find_all(["script", "link", "img", "iframe"])
    ]
    assert loaded
    assert all(address.startswith("/static/") for address in loaded)


async def test_every_operation_is_shown_with_a_command_that_calls_it(reader: httpx2.AsyncClient) -> None:
    page = BeautifulSoup((await reader.get("/reference")).text, "html.parser")
    for operation in OPERATIONS:
        command = page.find(id=operation["operationId"]).find("pre").get_text()
        assert command.startswith("curl ")
        assert ("$TOKEN" in command) == ("security" in operation)
