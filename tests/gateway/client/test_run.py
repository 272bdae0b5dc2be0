from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import tarfile
import time

import pytest
from support import fake_gateway as fake


def test_a_reproduced_paper_ends_with_0_and_the_address_of_its_page(gateway, erc, workspace) -> None:
    ran = erc("run", workspace, url=gateway.url)
    assert ran.exit_code == 0, ran.output
    assert "✓ reproduced\n  Nothing differs.\n" in ran.stdout
    assert f"{gateway.url}/job/{fake.JOB}" in ran.stdout


def test_the_folder_is_sent_as_an_archive_of_announced_length(gateway, erc, workspace) -> None:
    erc("run", workspace, url=gateway.url)
    with tarfile.open(fileobj=io.BytesIO(gateway.upload)) as archive:
        assert archive.getnames() == ["main.R"]
    assert gateway.fields["name"] == "paper.tar"
    assert gateway.fields["content_type"] == "workspace"
    assert gateway.fields["prefer"] == "respond-async"
    assert int(gateway.fields["length"]) > len(gateway.upload)


def test_a_folder_with_erc_yml_is_a_compendium(gateway, erc, workspace) -> None:
    (workspace / "erc.yml").write_text("id: x\n")
    erc("run", workspace, url=gateway.url)
    assert gateway.fields["content_type"] == "compendium"


def test_an_archive_is_sent_as_it_is(gateway, erc, tmp_path) -> None:
    archive = tmp_path / "paper.zip"
    archive.write_bytes(os.urandom(300_000))
    assert erc("run", archive, url=gateway.url).exit_code == 0
    assert gateway.upload == archive.read_bytes()
    assert gateway.fields["name"] == "paper.zip"


def test_a_named_pipe_is_no_archive(erc, gateway, tmp_path) -> None:
    os.mkfifo(tmp_path / "pipe")
    ran = erc("run", tmp_path / "pipe", url=gateway.url)
    assert ran.exit_code == 1
    assert "neither a file nor a folder" in ran.stderr


def test_a_link_inside_is_told_and_nothing_is_sent(gateway, erc, workspace) -> None:
    (workspace / "latest.csv").symlink_to("/etc/passwd")
    ran = erc("run", workspace, url=gateway.url)
    assert ran.exit_code == 1
    assert "“latest.csv” is a link." in ran.stderr
    assert gateway.asked == []


def test_an_upload_that_is_refused_before_its_end_is_told_why(gateway, erc, tmp_path) -> None:
    gateway.refuse("POST", "/api/v1/compendium", 413, title="The upload is too large", detail="At most 5 bytes.")
    with (tmp_path / "large.zip").open("wb") as file:
        file.truncate(64 << 20)
    ran = erc("run", tmp_path / "large.zip", url=gateway.url)
    assert ran.exit_code == 1
    assert "The upload is too large. At most 5 bytes." in ran.stderr


def test_the_time_runs_out_while_sending_too(gateway, erc, workspace) -> None:
    ran = erc("run", workspace, "--timeout", "0", url=gateway.url)
    assert ran.exit_code == 6
    assert gateway.upload == b""


def test_nothing_is_written_into_the_folder(gateway, erc, workspace) -> None:
    erc("run", workspace, url=gateway.url)
    assert sorted(path.name for path in workspace.iterdir()) == ["main.R"]


def test_each_difference_is_a_line_and_the_exit_code_is_1(gateway, erc, workspace) -> None:
    rows = [
        fake.a_row(name="Text of display.html", outcome="identical", finding="the same"),
        fake.a_row(name="Figure 2 (rainfall)", finding="12 % of it looks different"),
        fake.a_row(name="Figure 3", outcome="missing"),
    ]
    check = {"verdict": "differs", "comparisons": rows}
    gateway.jobs = [fake.a_job(status="failure", verdict="differs", reason="2 of 3 things differ.", check=check)]
    ran = erc("run", workspace, url=gateway.url)
    assert ran.exit_code == 1
    assert "≠ differs\n  2 of 3 things differ.\n" in ran.stdout
    assert "  - Figure 2 (rainfall): 12 % of it looks different\n  - Figure 3: missing\n" in ran.stdout
    assert "Text of display.html" not in ran.stdout


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"verdict": "failed", "problem": {"code": "script_failed", "title": "The script failed"}}, 1),
        ({"verdict": "cancelled"}, 1),
        ({"verdict": "failed", "check": {"verdict": "failed", "comparisons": []}}, 1),
        ({"verdict": "failed", "problem": {"code": "not_comparable", "title": "Nothing is published"}}, 3),
        ({"verdict": "failed", "check": {"verdict": "failed", "comparisons": [{"name": "x", "outcome": "extra"}]}}, 3),
        (
            {"verdict": "failed", "check": {"verdict": "failed", "comparisons": [{"name": "x", "outcome": "missing"}]}},
            1,
        ),
    ],
)
def test_the_exit_code_says_how_it_failed(gateway, erc, workspace, changes, code) -> None:
    gateway.jobs = [fake.a_job(status="failure", **changes)]
    assert erc("run", workspace, url=gateway.url).exit_code == code


def test_a_rejected_workspace_is_told_in_the_services_own_words(gateway, erc, workspace) -> None:
    problem = {"code": "no_main", "title": "There is no main file [red]", "detail": "Name it as `main` in erc.yml."}
    gateway.compendium_states = [{"status": "loading"}, {"status": "rejected", "problem": problem}]
    ran = erc("run", workspace, url=gateway.url)
    assert ran.exit_code == 1
    assert "There is no main file [red]. Name it as `main` in erc.yml.\n" in ran.stderr


@pytest.mark.parametrize(("status", "code"), [(400, 1), (401, 8), (403, 8), (404, 4), (409, 5), (413, 1), (503, 7)])
def test_a_refused_upload_ends_with_the_exit_code_of_its_kind(
    gateway, erc, workspace, status, code, monkeypatch
) -> None:
    monkeypatch.setattr("erc.gateway.client.running.SEND_SECONDS", 0.1)
    gateway.refuse("POST", "/api/v1/compendium", status, title="It is refused", detail="Do this.")
    ran = erc("run", workspace, url=gateway.url)
    assert ran.exit_code == code
    assert "It is refused. Do this.\n" in ran.stderr


def test_json_is_one_document_with_everything(gateway, erc, workspace) -> None:
    gateway.jobs = [
        fake.a_job(status="failure", verdict="differs", check={"verdict": "differs", "comparisons": [fake.a_row()]})
    ]
    ran = erc("run", workspace, "--json", url=gateway.url)
    said = json.loads(ran.stdout)
    assert (said["job_id"], said["compendium_id"]) == (fake.JOB, fake.COMPENDIUM)
    assert (said["verdict"], said["exit_code"], ran.exit_code) == ("differs", 1, 1)
    assert said["differences"][0]["name"] == "Figure 1"
    assert said["url"] == f"{gateway.url}/job/{fake.JOB}"


def test_json_tells_a_problem_with_the_ids_that_are_known(gateway, erc, workspace) -> None:
    gateway.refuse("POST", "/api/v1/runs", 409, title="It is not ready", code="compendium_not_ready")
    ran = erc("run", workspace, "--json", url=gateway.url)
    said = json.loads(ran.stdout)
    assert said == {
        "compendium_id": fake.COMPENDIUM,
        "problem": {"code": "compendium_not_ready", "title": "It is not ready", "detail": ""},
        "exit_code": 5,
    }


def test_no_wait_prints_the_ids_and_does_not_follow(gateway, erc, workspace) -> None:
    ran = erc("run", workspace, "--no-wait", url=gateway.url)
    assert (ran.exit_code, ran.stdout) == (0, f"run paper@latest\ncompendium {fake.COMPENDIUM}\njob {fake.JOB}\n")
    assert gateway.places == []


def test_steps_are_plain_lines_outside_a_terminal(gateway, erc, workspace) -> None:
    gateway.streams = [[fake.changed(1, image_build="running"), fake.changed(2, image_build="success"), fake.ended(3)]]
    ran = erc("run", workspace, url=gateway.url)
    assert "image_build: running\nimage_build: success\n" in ran.stderr


def test_steps_that_change_together_are_told_in_their_order(gateway, erc, workspace) -> None:
    together = fake.changed(1, image_build="running", later_step="new", image_prepare="success", validate_bag="skipped")
    gateway.streams = [[together, fake.ended(2)]]
    ran = erc("run", workspace, url=gateway.url)
    assert "validate_bag: skipped\nimage_prepare: success\nimage_build: running\nlater_step: new\n" in ran.stderr


def test_a_place_in_the_queue_is_told(gateway, erc, workspace) -> None:
    waits = {"position": 3, "estimate_seconds": 240}
    gateway.jobs = [fake.a_job(status="running", verdict=None, waiting=waits), fake.a_job()]
    gateway.streams = [[fake.BREAKS], [fake.ended(1)]]
    assert "number 3 in the queue, about 4 minutes to go" in erc("run", workspace, url=gateway.url).stderr


def test_a_broken_stream_is_taken_up_where_it_was(gateway, erc, workspace) -> None:
    gateway.streams = [
        [fake.changed(1, image_build="running"), fake.changed(2, image_build="success"), fake.BREAKS],
        [fake.changed(3, image_execute="running"), fake.ended(4)],
    ]
    ran = erc("run", workspace, url=gateway.url)
    assert ran.exit_code == 0
    assert gateway.places == ["", "epoch.2.0"]
    assert "Trying again" in ran.stderr
    assert ran.stderr.count("image_build: success") == 1


def test_a_job_whose_events_are_gone_is_told_from_its_document(gateway, erc, workspace) -> None:
    gateway.streams = [[]]
    assert erc("run", workspace, url=gateway.url).exit_code == 0


def test_after_a_reset_the_states_come_from_the_job_itself(gateway, erc, workspace) -> None:
    gateway.streams = [[fake.event(1, "reset", {"snapshot": "/"}), fake.ended(2)]]
    assert "image_save: success" in erc("run", workspace, url=gateway.url).stderr


def test_the_time_runs_out_with_6_and_the_job_goes_on(gateway, erc, workspace) -> None:
    gateway.jobs = [fake.a_job(status="running", verdict=None)]
    gateway.streams = [[fake.HANGS]]
    began = time.monotonic()
    ran = erc("run", workspace, "--timeout", "1.5", url=gateway.url)
    assert ran.exit_code == 6
    assert time.monotonic() - began < 10
    assert f"erc cancel {fake.JOB}" in ran.stderr


def test_without_a_service_the_sentence_says_how_to_start_one(erc, workspace, home) -> None:
    ran = erc("run", workspace)
    assert ran.exit_code == 7
    assert "No service answers" in ran.stderr
    assert "start one with: erc up" in ran.stderr


@pytest.mark.parametrize("path", ["/api/v1/compendium", "/api/v1/runs"])
@pytest.mark.parametrize("trouble", ["unavailable", "breaks", "idempotency_key_taken"])
def test_what_was_sent_without_an_answer_is_sent_again_under_its_key(gateway, erc, workspace, path, trouble) -> None:
    gateway.troubles["POST", path] = [trouble, trouble]
    ran = erc("run", workspace, url=gateway.url)
    assert ran.exit_code == 0
    assert "Trying again" in ran.stderr
    keys = {"/api/v1/compendium": [], "/api/v1/runs": []}
    for asked, key in gateway.keys:
        keys[asked].append(key)
    assert [len(said) for said in keys.values()] == [3 if name == path else 1 for name in keys]
    assert len(set(keys[path])) == 1
    assert len({key for said in keys.values() for key in said}) == 2


def test_a_dead_service_is_unreachable(gateway, erc, workspace) -> None:
    gateway.stop()
    ran = erc("run", workspace, url=gateway.url)
    assert ran.exit_code == 7
    assert f"No service answers at {gateway.url}" in ran.stderr
    gateway.start_again()


def test_an_address_that_is_none_is_wrong_use(erc, workspace) -> None:
    assert erc("run", workspace, url="ftp://example.org").exit_code == 2


def test_a_folder_that_is_not_there_is_wrong_use(erc, workspace) -> None:
    assert erc("run", workspace / "nowhere").exit_code == 2


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_ctrl_c_says_that_the_job_goes_on_and_ends_with_130(gateway, workspace) -> None:
    gateway.jobs = [fake.a_job(status="running", verdict=None)]
    gateway.streams = [[fake.changed(1, image_build="running"), fake.HANGS]]
    command = [sys.executable, "-m", "erc.gateway.client", "run", str(workspace), "--url", gateway.url]
    child = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A suite that runs in the background ignores the signal, and so would its children.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    )
    assert child.stderr
    for line in child.stderr:
        if "image_build" in line:
            break
    child.send_signal(signal.SIGINT)
    _, complaints = child.communicate(timeout=20)
    assert child.returncode == 130
    assert "The job goes on." in complaints
    assert f"erc cancel {fake.JOB}" in complaints
    assert ("POST", f"/api/v1/job/{fake.JOB}/cancel") not in gateway.asked


def test_the_list_of_steps_is_drawn_in_a_terminal(gateway, workspace) -> None:
    pty = pytest.importorskip("pty")
    gateway.streams = [
        [
            fake.changed(1, image_build="running"),
            fake.log(2, "\x1b]0;owned\x07 [bold]x[/nothing]\n"),
            fake.PAUSES,
            fake.ended(3),
        ]
    ]
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "erc.gateway.client", "run", str(workspace), "--url", gateway.url]
    environ = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "100", "LINES": "40"}
    child = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environ)
    os.close(theirs)
    seen = b""
    while piece := _read(ours):
        seen += piece
    os.close(ours)
    assert child.wait(20) == 0
    shown = seen.decode()
    assert "Compare with the published display" in shown
    assert "[bold]x[/nothing]" in shown
    assert "owned" not in shown
    assert "reproduced" in shown


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 65536)
    except OSError:
        return b""
