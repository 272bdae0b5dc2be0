"""A stream of events can be left and resumed anywhere; rights hold for every event."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile

import httpx2
import pytest
from support.service import TEXT_PAPER, Service, packed

pytestmark = pytest.mark.engine


def _read(service: Service, path: str, last: str | None = None, token: bool = True) -> list[tuple[str, str, str]]:
    """Return (id, event, data) until the stream ends."""
    headers = {"Last-Event-ID": last} if last else {}
    if token:
        headers["Authorization"] = f"Bearer {service.token}"
    found, fields = [], {}
    with httpx2.stream("GET", service.url + path, headers=headers, timeout=30) as stream:
        assert stream.status_code == 200, stream.status_code
        for line in stream.iter_lines():
            if line:
                name, _, value = line.partition(": ")
                fields[name] = value
            elif "event" in fields:
                found.append((fields.get("id", ""), fields["event"], fields["data"]))
                fields = {}
    return found


@pytest.fixture(scope="module")
def job(service: Service) -> str:
    identifier = service.start(service.ready(packed(TEXT_PAPER)))
    service.ended(identifier, 300)
    return identifier


def test_a_finished_job_replays_and_closes_with_its_end(service: Service, job: str) -> None:
    events = _read(service, f"/api/v1/job/{job}/events")
    assert [kind for _, kind, _ in events].count("end") == 1
    assert events[-1][1] == "end"
    sequences = [json.loads(data)["sequence"] for _, kind, data in events if kind in {"job", "end"}]
    assert sequences == list(range(1, len(sequences) + 1))
    said = "".join(json.loads(data)["text"] for _, kind, data in events if kind == "log" and "execute" in data)
    assert "done" in said


def test_resuming_after_any_event_gives_exactly_the_rest(service: Service, job: str) -> None:
    events = _read(service, f"/api/v1/job/{job}/events")
    for place in range(len(events) - 1):
        rest = _read(service, f"/api/v1/job/{job}/events", events[place][0])
        assert {data for _, _, data in rest} == {data for _, _, data in events[place + 1 :]}


def test_an_id_that_is_no_id_is_refused(service: Service, job: str) -> None:
    for wrong in ("nonsense", "1.2", "a.b.c", "1.2.3.4"):
        with service.client() as client:
            answer = client.get(f"/api/v1/job/{job}/events", headers={"Last-Event-ID": wrong})
        assert answer.status_code == 400, wrong


def test_an_id_of_another_stream_gets_a_reset(service: Service, job: str) -> None:
    events = _read(service, f"/api/v1/job/{job}/events", "deadbeef.5.5")
    assert events[0][1] == "reset"
    assert job in json.loads(events[0][2])["snapshot"]
    assert events[-1][1] == "end"


def test_a_candidate_is_hidden_from_others(service: Service, job: str) -> None:
    compendium = service.get(f"/api/v1/job/{job}")["compendium_id"]
    for path in (f"job/{job}", f"job/{job}/events", f"compendium/{compendium}", f"job/{job}/data/"):
        assert httpx2.get(f"{service.url}/api/v1/{path}").status_code == 404, path
    assert httpx2.get(f"{service.url}/api/v1/compendium").json()["results"] == []
    assert httpx2.get(f"{service.url}/api/v1/job").json()["results"] == []


def test_user_content_is_sandboxed_and_signed(service: Service, job: str) -> None:
    compendium = service.ready(packed({**TEXT_PAPER, "page.html": "<script>document.cookie</script>"}))
    with service.client() as client:
        answer = client.get(f"/api/v1/compendium/{compendium}/data/page.html")
        assert answer.status_code == 302
        address = answer.headers["location"]
        assert client.get(f"/api/v1/compendium/{compendium}/data/../../etc/passwd").status_code in {404, 400}
        assert client.get(f"/api/v1/compendium/{compendium}/data/%2e%2e/%2e%2e/etc/passwd").status_code in {404, 400}
    shown = httpx2.get(address)
    assert shown.headers["content-security-policy"].startswith("sandbox ")
    assert "allow-same-origin" not in shown.headers["content-security-policy"]
    assert shown.headers["x-content-type-options"] == "nosniff"
    assert httpx2.get(address.replace("/c/", "/c/0")).status_code == 404
    assert httpx2.get(address.replace("page.html", "nothing.html")).status_code == 404


def test_a_write_from_another_site_is_refused(service: Service, job: str) -> None:
    with service.client() as client:
        for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}):
            answer = client.post(f"/api/v1/job/{job}/cancel", headers=headers)
            assert answer.status_code == 403, headers


def test_a_shipment_is_a_valid_bag(service: Service, job: str, tmp_path: object) -> None:

    compendium = service.get(f"/api/v1/job/{job}")["compendium_id"]
    shipment = service.post("/api/v1/shipment", {"compendium_id": compendium})["id"]
    service.until(f"/api/v1/shipment/{shipment}", lambda it: it["status"] == "shipped")
    with service.client() as client:
        archive = zipfile.ZipFile(io.BytesIO(client.get(f"/api/v1/shipment/{shipment}/dl").content))
    files = {name.partition("/")[2]: archive.read(name) for name in archive.namelist()}
    assert {"bagit.txt", "bag-info.txt", "data/erc.yml", "data/Dockerfile", "data/.erc/job.json"} <= set(files)
    for manifest in ("manifest-sha256.txt", "tagmanifest-sha256.txt"):
        for line in files[manifest].decode().splitlines():
            digest, _, name = line.partition("  ")
            assert hashlib.sha256(files[name]).hexdigest() == digest
    payload = [data for name, data in files.items() if name.startswith("data/")]
    oxum = f"Payload-Oxum: {sum(map(len, payload))}.{len(payload)}"
    assert oxum in files["bag-info.txt"].decode()


def test_a_deleted_candidate_is_gone_from_lists_and_search(service: Service) -> None:
    main = f'"""Quixotic marmots of the lake."""\n{TEXT_PAPER["main.py"]}'
    compendium = service.ready(packed({**TEXT_PAPER, "main.py": main}))
    service.until("/api/v1/search?q=quixotic", lambda it: it["hits"]["total"] == 1)
    with service.client() as client:
        assert client.delete(f"/api/v1/compendium/{compendium}").status_code == 204
        assert client.get(f"/api/v1/compendium/{compendium}").status_code == 404
    service.until("/api/v1/search?q=quixotic", lambda it: it["hits"]["total"] == 0)
