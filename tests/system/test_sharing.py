"""Substituted data and reviewer links with every worker and a real engine."""

from __future__ import annotations

import httpx2
import pytest
from support.service import Service, packed

pytestmark = pytest.mark.engine

MAIN = """from pathlib import Path
values = [float(line) for line in Path("data/values.txt").read_text().split()]
Path("display.txt").write_text(f"The mean is {sum(values) / len(values)}\\n")
"""
ERC_YML = """id: means
spec_version: '1'
main: main.py
display: display.txt
licenses: {text: CC-BY-4.0, data: CC0-1.0, code: Apache-2.0, metadata: CC0-1.0}
"""
BASE = {"main.py": MAIN, "display.txt": "The mean is 4.5\n", "data/values.txt": "4\n5\n", "erc.yml": ERC_YML}
OVERLAY = {"main.py": "print('another paper')\n", "display.txt": "-\n", "measured/values.txt": "8\n9\n"}


def test_the_bases_code_runs_on_the_overlays_data_and_the_verdict_says_so(service: Service) -> None:
    base, overlay = service.ready(packed(BASE)), service.ready(packed(OVERLAY))
    pair = {"base": "data/values.txt", "overlay": "measured/values.txt"}
    body = {"base": base, "overlay": overlay, "substitutionFiles": [pair], "metadataHandling": "keepBase"}
    made = service.post("/api/v1/substitution", body)["id"]
    before, after = (service.ended(service.start(compendium)) for compendium in (base, made))
    assert (before["verdict"], after["verdict"]) == ("reproduced", "differs")
    assert after["steps"]["check"]["checkSuccessful"] is False
    assert (after["steps"]["image_execute"]["statuscode"], after["steps"]["image_execute"]["status"]) == (0, "success")
    with service.client() as client:
        display = client.get(f"/api/v1/job/{after['id']}/data/display.txt").text
        kept = client.get(f"/api/v1/compendium/{made}/data/data/values.txt").text
    assert display == "The mean is 8.5\n"
    assert kept == BASE["data/values.txt"]
    service.until(f"/api/v1/search?q={made}&resources=compendia", lambda it: it["hits"]["total"] == 1)
    assert made in service.get(f"/api/v1/substitution?base={base}&overlay={overlay}")["results"]


def test_a_reviewer_runs_a_candidate_by_its_link_without_an_account(service: Service) -> None:
    compendium = service.ready(packed(BASE))
    with service.client() as owner, httpx2.Client(base_url=service.url, timeout=60) as reviewer:
        link = owner.put(f"/api/v1/compendium/{compendium}/link").json()["id"]
        job = reviewer.post("/api/v1/job", json={"compendium_id": link}).json()["job_id"]
        with reviewer.stream("GET", f"/api/v1/job/{job}/events") as events:
            told = events.read().decode()
        view = reviewer.get(f"/api/v1/job/{job}?steps=all").json()
        assert (view["verdict"], view["compendium_id"]) == ("reproduced", link)
        assert "event: end" in told
        assert compendium not in told
        assert reviewer.get(f"/api/v1/job/{job}/data/display.txt").text == BASE["display.txt"]
        assert owner.delete(f"/api/v1/compendium/{compendium}/link").status_code == 204
        assert reviewer.get(f"/api/v1/job/{job}").status_code == 404
    logs = (service.home.parent / f"{service.home.name}.log").read_text()
    assert link not in logs
