from __future__ import annotations

import json

from support import fake_gateway as fake

CHECK = {"verdict": "reproduced", "comparisons": []}


def repeated(**changes: object) -> dict[str, object]:
    found = {"complete": True, "runs": 2, "sentence": "Every output came out the same.", "findings": []}
    return fake.a_job(check=CHECK, determinism=found | changes)


GOES_ON = repeated(complete=False, runs=1, sentence="The analysis is being run again.")
FOUND = {"name": "Figure 1", "kind": "image", "causes": ["time zone", "locale"]}


def test_a_deterministic_job_ends_with_0_once_its_repeats_have_ended(gateway, erc) -> None:
    gateway.jobs = [GOES_ON, repeated()]
    ran = erc("repeat", fake.JOB, url=gateway.url)
    assert ran.exit_code == 0, ran.output
    assert "Determinism: Every output came out the same." in ran.stdout
    assert ("POST", f"/api/v1/job/{fake.JOB}/repeat") in gateway.asked


def test_what_is_not_deterministic_is_named_with_its_causes_and_ends_with_1(gateway, erc) -> None:
    left = [{"variation": "CPU count", "reason": "This machine has one processor."}]
    gateway.jobs = [repeated(findings=[FOUND], not_tried=left)]
    ran = erc("repeat", fake.JOB, url=gateway.url)
    assert ran.exit_code == 1
    assert "- Figure 1: time zone, locale" in ran.stdout
    assert "Not tried: CPU count. This machine has one processor." in ran.stdout


def test_an_analysis_that_could_not_be_run_again_is_not_called_deterministic(gateway, erc) -> None:
    gateway.jobs = [repeated(runs=1)]
    assert erc("repeat", fake.JOB, url=gateway.url).exit_code == 1


def test_json_holds_the_document(gateway, erc) -> None:
    gateway.jobs = [repeated(findings=[FOUND])]
    document = json.loads(erc("repeat", fake.JOB, "--json", url=gateway.url).stdout)
    assert document["determinism"]["findings"] == [FOUND]
    assert document["exit_code"] == 1


def test_a_job_that_made_nothing_is_a_conflict(gateway, erc) -> None:
    gateway.refuse("POST", f"/api/v1/job/{fake.JOB}/repeat", 409, title="The job cannot be repeated")
    ran = erc("repeat", fake.JOB, url=gateway.url)
    assert ran.exit_code == 5
    assert "The job cannot be repeated" in ran.stderr


def test_run_repeats_too_when_it_is_told_to(gateway, erc, workspace) -> None:
    gateway.jobs = [repeated(findings=[FOUND])]
    ran = erc("run", workspace, "--repeat", url=gateway.url)
    assert ran.exit_code == 0, ran.output
    assert "- Figure 1: time zone, locale" in ran.stdout
    gateway.asked.clear()
    assert erc("run", workspace, url=gateway.url).exit_code == 0
    assert ("POST", f"/api/v1/job/{fake.JOB}/repeat") not in gateway.asked
