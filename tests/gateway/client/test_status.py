from __future__ import annotations

import json

from support import fake_gateway as fake


def test_the_newest_jobs_are_listed(gateway, erc) -> None:
    ran = erc("status", "--jobs", url=gateway.url)
    assert ran.exit_code == 0
    assert all(word in ran.stdout for word in ("id", "verdict", "created", fake.JOB, "reproduced", "2024-05-01"))


def test_a_job_is_told_with_its_steps_and_verdict(gateway, erc) -> None:
    steps = {"image_build": {"status": "failure", "text": ["There is no package [b]nonesuch[/b]."]}}
    gateway.jobs = [fake.a_job(status="failure", verdict="failed", reason="It failed.\nTwice.", steps=steps)]
    ran = erc("status", fake.JOB, url=gateway.url)
    assert ran.exit_code == 0
    assert "failure  Build the environment: There is no package [b]nonesuch[/b]." in ran.stdout
    assert "✗ failed\n  It failed.\n  Twice.\n" in ran.stdout


def test_a_waiting_job_tells_its_place(gateway, erc) -> None:
    gateway.jobs = [fake.a_job(status="running", verdict=None, waiting={"position": 2})]
    assert "number 2 in the queue" in erc("status", fake.JOB, url=gateway.url).stdout


def test_a_compendium_is_told_with_its_problem(gateway, erc) -> None:
    problem = {"code": "x", "title": "The archive has a link", "detail": "Take it out."}
    gateway.compendium_states = [{"status": "rejected", "problem": problem}]
    ran = erc("status", fake.COMPENDIUM, url=gateway.url)
    assert f"compendium {fake.COMPENDIUM}, rejected" in ran.stdout
    assert "The archive has a link. Take it out." in ran.stdout


def test_json_has_the_same_keys_for_one_job_and_for_many(gateway, erc) -> None:
    one = json.loads(erc("status", fake.JOB, "--json", url=gateway.url).stdout)
    many = json.loads(erc("status", "--jobs", "--json", url=gateway.url).stdout)
    assert many == {"jobs": [one]}
    assert one["created"] == "2024-05-01T10:00:00+00:00"


def test_a_state_that_is_not_known_yet_is_shown_as_it_is(gateway, erc) -> None:
    gateway.jobs = [fake.a_job(status="paused", verdict="undecided", steps={"newstep": {"status": "thinking"}})]
    ran = erc("status", fake.JOB, url=gateway.url)
    assert ran.exit_code == 0
    assert "paused" in ran.stdout


def test_an_id_that_nothing_has_is_not_found(gateway, erc) -> None:
    ran = erc("status", "1" * 26, url=gateway.url)
    assert ran.exit_code == 4
    assert "no compendium with this id" in ran.stderr


def test_an_id_that_cannot_be_one_is_not_asked_for(gateway, erc) -> None:
    assert erc("status", "../auth/link", url=gateway.url).exit_code == 4
    assert gateway.asked == []


def test_a_stranger_on_the_port_is_unreachable(gateway, erc) -> None:
    gateway.jobs = [{"hello": "world"}]
    ran = erc("status", fake.JOB, url=gateway.url)
    assert ran.exit_code == 7
    assert "does not speak as this service does" in ran.stderr


def test_a_cancelled_job_says_so(gateway, erc) -> None:
    ran = erc("cancel", fake.JOB, url=gateway.url)
    assert (ran.exit_code, ran.stdout) == (0, f"The job {fake.JOB} is cancelled.\n")
    assert ("POST", f"/api/v1/job/{fake.JOB}/cancel") in gateway.asked


def test_cancelling_what_has_ended_is_a_conflict(gateway, erc) -> None:
    path = f"/api/v1/job/{fake.JOB}/cancel"
    gateway.refuse(
        "POST", path, 409, title="The job has ended already", detail="Its state is success.", code="job_ended"
    )
    ran = erc("cancel", fake.JOB, "--json", url=gateway.url)
    assert ran.exit_code == 5
    assert json.loads(ran.stdout)["problem"]["code"] == "job_ended"


def test_open_prints_a_one_time_address_that_leads_to_the_job(gateway, erc) -> None:
    ran = erc("open", fake.JOB, url=gateway.url)
    assert ran.stdout == f"{gateway.url}/sign-in?token=once&next=%2Fjob%2F{fake.JOB}\n"


def test_open_knows_a_compendium_from_a_job(gateway, erc) -> None:
    ran = erc("open", fake.COMPENDIUM, "--print", url=gateway.url)
    assert ran.stdout.endswith(f"next=%2Fcompendium%2F{fake.COMPENDIUM}\n")


def test_open_without_the_right_to_it_is_not_permitted(gateway, erc) -> None:
    gateway.refuse("POST", "/api/v1/auth/link", 401, title="user is not authenticated")
    assert erc("open", url=gateway.url).exit_code == 8


def test_the_local_service_is_found_with_its_token(gateway, erc, home) -> None:
    (home / "secrets").mkdir(parents=True)
    (home / "service.json").write_text(json.dumps({"url": gateway.url, "pid": 1, "content_url": ""}))
    (home / "secrets" / "operator_token").write_text(f"{fake.TOKEN}\n")
    assert erc("status").exit_code == 0
    assert gateway.tokens == {f"Bearer {fake.TOKEN}"}


def test_the_local_token_is_not_sent_to_another_service(gateway, erc, home) -> None:
    (home / "secrets").mkdir(parents=True)
    (home / "service.json").write_text(json.dumps({"url": "http://127.0.0.1:1"}))
    (home / "secrets" / "operator_token").write_text(fake.TOKEN)
    assert erc("status", url=gateway.url).exit_code == 0
    assert gateway.tokens == {""}


def test_a_token_of_the_environment_is_sent(gateway, erc, monkeypatch) -> None:
    monkeypatch.setenv("ERC_TOKEN", "mine")
    erc("status", url=gateway.url)
    assert gateway.tokens == {"Bearer mine"}


def test_a_proxy_is_not_asked_for_the_own_machine(gateway, erc, monkeypatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    assert erc("status", url=gateway.url).exit_code == 0


def test_help_tells_the_exit_codes(erc) -> None:
    shown = erc("--help").stdout
    assert "3  not comparable" in shown
    assert "130  interrupted" in shown


def test_the_version_is_printed(erc) -> None:
    assert erc("--version").stdout == "erc 0.1.0\n"
