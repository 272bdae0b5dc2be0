"""The verbs that take names, at a gateway that plays its answers."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta

import pytest
from support import fake_gateway as fake

from erc.gateway.client.archives import archive_of
from erc.gateway.client.commands.logs import duration_of
from erc.gateway.client.entrypoint import choose
from erc.gateway.client.failures import ClientError

UPLOAD, NAMED = ("POST", "/api/v1/compendium"), ("POST", "/api/v1/runs")


def mine(workspace, **changes):
    """Return what the folder's name means: itself as it is now, unless changed."""
    about = {"origin": str(workspace), "content": archive_of(workspace).digest(), "source": "./paper"}
    return fake.a_run(**(about | changes))


def test_a_folder_is_run_under_its_name(gateway, erc, workspace) -> None:
    ran = erc("run", workspace, "--json", url=gateway.url)
    assert ran.exit_code == 0, ran.output
    said = gateway.started[0]
    assert (said["name"], said["version"], said["compendium_id"]) == ("paper", "latest", fake.COMPENDIUM)
    assert (said["origin"], said["source"]) == (str(workspace), str(workspace))
    assert (said["update"], said["force"]) == (False, False)
    document = json.loads(ran.stdout)
    assert (document["name"], document["generation"], document["verdict"]) == ("paper", 1, "reproduced")


def test_a_name_and_version_are_taken_as_given(gateway, erc, workspace) -> None:
    assert erc("run", workspace, "--name", "rain@v2", "--force", url=gateway.url).exit_code == 0
    assert [gateway.started[0][name] for name in ("name", "version", "force")] == ["rain", "v2", True]


def test_what_cannot_be_a_name_is_wrong_use_and_nothing_is_sent(gateway, erc, workspace) -> None:
    ran = erc("run", workspace, "--name", "No Name", url=gateway.url)
    assert (ran.exit_code, gateway.asked) == (2, [])
    assert "is no name of a run" in ran.stderr


def test_the_same_folder_again_is_not_sent_again(gateway, erc, workspace) -> None:
    gateway.runs = [mine(workspace)]
    assert erc("run", workspace, url=gateway.url).exit_code == 0
    assert UPLOAD not in gateway.asked
    assert gateway.started[0]["compendium_id"] == fake.COMPENDIUM


def test_other_content_is_a_conflict_before_anything_is_sent(gateway, erc, workspace) -> None:
    gateway.runs = [mine(workspace)]
    (workspace / "main.R").write_text("cat(2)\n")
    ran = erc("run", workspace, "--json", url=gateway.url)
    assert (ran.exit_code, json.loads(ran.stdout)["problem"]["code"]) == (5, "run_exists")
    assert "erc update" in ran.stderr
    assert UPLOAD not in gateway.asked
    assert erc("run", workspace, "--force", url=gateway.url).exit_code == 0
    assert gateway.started[0]["force"]


def test_an_update_sends_what_is_other_and_only_names_what_is_the_same(gateway, erc, workspace) -> None:
    gateway.runs = [mine(workspace, entrypoint="")]
    assert erc("update", workspace, url=gateway.url).exit_code == 0
    assert UPLOAD not in gateway.asked
    (workspace / "main.R").write_text("cat(2)\n")
    assert erc("update", workspace, url=gateway.url).exit_code == 0
    assert UPLOAD in gateway.asked
    assert [started["update"] for started in gateway.started] == [True, True]


def test_an_update_of_what_is_not_there_ends_with_4_and_sends_nothing(gateway, erc, workspace) -> None:
    for what in (workspace, "paper", "https://github.com/ada/paper"):
        ran = erc("update", what, url=gateway.url)
        assert ran.exit_code == 4
        assert "There is no run paper" in ran.stderr
    assert {method for method, _ in gateway.asked} == {"GET"}


def test_a_name_of_another_origin_is_refused_with_both(gateway, erc, workspace) -> None:
    gateway.runs = [mine(workspace, origin="https://github.com/ada/paper")]
    for verb in ("run", "update"):
        ran = erc(verb, workspace, url=gateway.url)
        assert ran.exit_code == 5
        assert "https://github.com/ada/paper" in ran.stderr
        assert str(workspace) in ran.stderr
    assert UPLOAD not in gateway.asked
    assert erc("run", workspace, "--auto-name", url=gateway.url).exit_code == 0
    name = gateway.started[0]["name"]
    mark = hashlib.sha256(str(workspace).encode()).hexdigest()[:4]
    assert name == f"paper-{mark}"


def test_what_was_made_for_a_name_that_is_lost_is_thrown_away(gateway, erc, workspace) -> None:
    gateway.refuse("POST", "/api/v1/runs", 409, title="The run paper exists already", code="run_exists")
    assert erc("run", workspace, url=gateway.url).exit_code == 5
    assert gateway.asked[-1] == ("DELETE", f"/api/v1/compendium/{fake.COMPENDIUM}")


def test_a_name_is_run_again_as_it_is(gateway, erc, workspace, monkeypatch) -> None:
    monkeypatch.chdir(workspace)
    gateway.runs = [mine(workspace, version="v2", entrypoint="a/main.R")]
    assert erc("run", "paper@v2", url=gateway.url).exit_code == 0
    assert UPLOAD not in gateway.asked
    said = gateway.started[0]
    assert (said["version"], said["origin"], said["entrypoint"]) == ("v2", str(workspace), "a/main.R")
    assert erc("run", "paper", url=gateway.url).exit_code == 4
    assert erc("run", "paper@v2", "--name", "other", url=gateway.url).exit_code == 2


def test_a_repository_is_asked_again_by_its_name(gateway, erc) -> None:
    source = "http://127.0.0.1:9/ada/paper@main"
    gateway.runs = [fake.a_run(origin="http://127.0.0.1:9/ada/paper", source=source)]
    gateway.refuse("POST", "/api/v1/compendium", 404, title=f"{source} was not found")
    assert erc("update", "paper", url=gateway.url).exit_code == 4
    assert UPLOAD in gateway.asked
    gateway.runs = [fake.a_run(source="./paper", origin="/home/ada/paper")]
    ran = erc("update", "paper", url=gateway.url)
    assert (ran.exit_code, "./paper" in ran.stderr) == (2, True)


def test_an_entrypoint_is_made_the_main_file_before_the_run(gateway, erc, workspace) -> None:
    gateway.o2r = {"mainfile_candidates": ["main.R", "b/x.R"], "displayfile_candidates": ["d.png", "b/x.png"]}
    assert erc("run", workspace, "--entrypoint", "b/", url=gateway.url).exit_code == 0
    assert gateway.patches[0][0] == {"o2r": {"mainfile": "b/x.R", "displayfile": "b/x.png"}}
    assert gateway.started[0]["entrypoint"] == "b"


@pytest.mark.parametrize(
    ("entrypoint", "chosen"),
    [
        ("one", {"mainfile": "one/main.Rmd", "displayfile": "one/display.html"}),
        ("./one/two", {"mainfile": "one/two/a.R", "displayfile": "one/two/a.png"}),
        ("one/two/b.py", {"mainfile": "one/two/b.py", "displayfile": "one/two/a.png"}),
        ("on", None),
        ("three", None),
        ("one/main.txt", None),
    ],
)
def test_an_entrypoint_is_a_file_or_the_best_of_a_folder(entrypoint, chosen) -> None:
    mains = ["main.R", "one/main.Rmd", "one/z.R", "one/two/a.R"]
    displays = ["display.html", "one/a.html", "one/display.html", "one/two/a.png"]
    if chosen:
        assert choose(entrypoint, mains, displays) == chosen
    else:
        with pytest.raises(ClientError, match="can be run"):
            choose(entrypoint, mains, displays)


def test_the_status_of_a_run_is_told_by_its_name_or_its_folder(gateway, erc, workspace, monkeypatch) -> None:
    gateway.runs = [mine(workspace, generation=3, image="sha256:12"), mine(workspace, version="v2")]
    told = erc("status", "paper", url=gateway.url)
    assert "run paper@latest, generation 3, pending" in told.stdout
    assert "✓ reproduced" in told.stdout
    monkeypatch.chdir(workspace)
    assert erc("status", ".").stdout == told.stdout
    assert json.loads(erc("status", "paper", "v2", "--json").stdout)["version"] == "v2"
    for unknown in ("pape", "paper@v3", "../nowhere"):
        assert erc("status", unknown).exit_code == 4


def test_all_runs_are_a_table_and_none_its_header(gateway, erc) -> None:
    ran = erc("status", url=gateway.url)
    assert (ran.exit_code, ran.stdout.split()) == (
        0,
        ["NAME", "VERSION", "SOURCE", "STATUS", "BUILD", "UPDATED", "METADATA"],
    )
    gateway.runs = [fake.a_run(origin="/home/ada")]
    assert "/home/ada" not in erc("status").stdout
    assert "/home/ada" in erc("status", "-w").stdout
    assert json.loads(erc("status", "--json").stdout)["runs"][0]["name"] == "paper"


def test_several_runs_are_killed_and_each_is_told(gateway, erc, workspace, monkeypatch) -> None:
    monkeypatch.chdir(workspace)
    gateway.runs = [mine(workspace), fake.a_run(name="snow")]
    ran = erc("kill", ".", "rain", "snow", url=gateway.url)
    assert ran.stdout == "paper@latest: killed\nsnow@latest: killed\n"
    assert (ran.exit_code, "rain: no run with this name" in ran.stderr) == (4, True)
    again = erc("kill", "paper", "--json")
    assert (again.exit_code, json.loads(again.stdout)["runs"][0]["status"]) == (0, "killed")


def test_the_whole_repository_is_sent_and_the_folder_in_it_is_run(gateway, erc, workspace) -> None:
    inner = workspace / "papers" / "one"
    inner.mkdir(parents=True)
    alone = erc("run", inner, "--whole", url=gateway.url)
    assert (alone.exit_code, "in no repository" in alone.stderr, gateway.asked) == (2, True, [])
    (workspace / ".git").mkdir()
    (workspace / ".git" / "config").write_text('[remote "origin"]\n\turl = https://github.com/ada/paper.git\n')
    found = fake.a_run(name="one", origin="https://github.com/ada/paper#papers/one", entrypoint="papers/one")
    gateway.runs = [found | {"content": archive_of(workspace).digest()}]
    assert erc("run", inner, "--whole", url=gateway.url).exit_code == 0
    said = gateway.started[0]
    assert (said["name"], said["origin"]) == ("one", "https://github.com/ada/paper#papers/one")
    assert (said["source"], said["entrypoint"]) == (str(inner), "papers/one")
    assert UPLOAD not in gateway.asked, "the content of the name is the whole repository's"
    assert erc("run", "https://github.com/ada/paper", "--whole").exit_code == 2


def test_a_run_is_purged_only_when_that_is_asked_for(gateway, erc) -> None:
    gateway.runs = [fake.a_run(), fake.a_run(name="snow")]
    ran = erc("kill", "paper", "--purge", url=gateway.url)
    assert (ran.exit_code, ran.stdout) == (0, "paper@latest: killed, forgotten with 1 compendium\n")
    assert [run["name"] for run in gateway.runs] == ["snow"]
    assert erc("kill", "paper", "--purge").exit_code == 4
    purged = json.loads(erc("kill", "snow", "--purge", "--json").stdout)["runs"][0]["purged"]
    assert purged["deleted"] == [fake.COMPENDIUM]


def test_variables_are_sent_and_a_name_keeps_them_until_others_are_said(gateway, erc, workspace) -> None:
    assert erc("run", workspace, "--env", "SEED=2", "--env", "A=b=c", url=gateway.url).exit_code == 0
    gateway.runs = [mine(workspace, variables={"SEED": "2"}, entrypoint="")]
    for arguments in (
        ["run", workspace],
        ["run", "paper"],
        ["update", workspace],
        ["run", "paper", "--env", "B=1"],
        ["update", workspace, "--env", ""],
    ):
        assert erc(*arguments).exit_code == 0
    sent = [started["variables"] for started in gateway.started]
    assert sent == [{"SEED": "2", "A": "b=c"}, {"SEED": "2"}, {"SEED": "2"}, {"SEED": "2"}, {"B": "1"}, {}]
    assert "variables SEED=2" in erc("status", "paper").stdout


@pytest.mark.parametrize("said", ["SEED", "=1", "PATH=/x", "LD_PRELOAD=x", "A B=1", "A=1\n2", "A=" + "x" * 1001])
def test_what_is_no_variable_is_wrong_use_and_nothing_is_sent(gateway, erc, workspace, said) -> None:
    ran = erc("run", workspace, "--env", said, url=gateway.url)
    assert (ran.exit_code, gateway.asked) == (2, [])
    assert "KEY=VALUE" in ran.stderr


def test_the_log_of_a_run_is_had_by_its_name(gateway, erc) -> None:
    now = datetime.now(UTC)
    steps = {
        name: {"status": "success", "end": (now - timedelta(minutes=ago)).isoformat(), "log": f"/{name}"}
        for name, ago in (("image_build", 20), ("image_execute", 1))
    }
    gateway.jobs = [fake.a_job(steps=steps)]
    gateway.runs, gateway.logs = [fake.a_run()], {"image_build": "old\n", "image_execute": "new\n"}
    assert erc("logs", "paper", url=gateway.url).stdout == "old\nnew\n"
    assert erc("logs", "paper", "--since", "15m").stdout == "new\n"
    assert erc("logs", fake.JOB, "--since", "1h30m").stdout == "old\nnew\n"
    assert erc("logs", "paper", "--since", "10s", "--build").stdout == ""
    assert erc("logs", "paper", "--since", "soon").exit_code == 2
    assert erc("logs", "pape").exit_code == 4


@pytest.mark.parametrize("text", ["", "5", "m", "-1h", "1h1h", "0s", "1" * 99 + "s", "1.5h", "9" * 1_000_000])
def test_what_is_no_time_is_refused(text) -> None:
    with pytest.raises(ClientError, match="is no time"):
        duration_of(text)


def an_environment(**changes):
    return {
        "job_id": fake.JOB,
        "sentence": "Debian bookworm with R 4.2.2, 1 package asked for.",
        "environment_key": "d" * 64,
        "image": "sha256:1",
        "base": "debian-bookworm sha256:b",
        "reproducible": None,
        "drifts": [
            {"system": "R", "name": "R", "wanted": "4.1.2", "built": "4.2.2", "current": "4.2.2", "met": False,
             "path": "erc.yml", "line": 3},
        ],
        "packages": [{"system": "apt", "name": "jq", "version": "1.6"}, {"system": "r", "name": "sf", "version": "1"}],
        **changes,
    }  # fmt: skip


@pytest.mark.parametrize(("origin", "told"), [("found", "another installation"), ("brought", "by the compendium")])
def test_an_environment_that_was_not_built_here_says_so(gateway, erc, origin, told) -> None:
    gateway.runs, gateway.environments = [fake.a_run()], {fake.JOB: an_environment(base=None, origin=origin)}
    shown = erc("env", "show", "paper", url=gateway.url)
    assert told in shown.stdout
    assert "base" not in shown.stdout.splitlines()[2]


def test_an_environment_tells_what_was_wanted_and_built(gateway, erc) -> None:
    gateway.runs, gateway.environments = [fake.a_run()], {fake.JOB: an_environment()}
    for which in ("paper", fake.JOB, "build://paper:latest"):
        gateway.runs[0]["image"] = "sha256:1"
        shown = erc("env", "show", which, url=gateway.url)
        assert shown.exit_code == 0, shown.output
        assert ["✗", "R", "4.1.2", "4.2.2", "4.2.2", "erc.yml:3"] in [
            line.split() for line in shown.stdout.splitlines()
        ]
        assert "2 packages: 1 of the distribution, 1 of R" in shown.stdout
    assert "apt  jq  1.6" in erc("env", "show", "paper", "--all").stdout
    assert json.loads(erc("env", "show", "paper", "--json").stdout)["counts"] == {"apt": 1, "r": 1}


def test_two_environments_differ_by_package_and_version(gateway, erc) -> None:
    other = "1" * 26
    newer = [{"system": "r", "name": "sf", "version": "2"}, {"system": "pip", "name": "numpy", "version": "1"}]
    gateway.runs = [fake.a_run()]
    gateway.environments = {fake.JOB: an_environment(), other: an_environment(image="sha256:2", packages=newer)}
    told = erc("env", "diff", "paper", other, url=gateway.url)
    assert [line.split() for line in told.stdout.splitlines()] == [
        ["apt", "jq", "1.6", "–"],
        ["pip", "numpy", "–", "1"],
        ["r", "sf", "1", "2"],
    ]
    assert "Both have the same image" in erc("env", "diff", "paper", fake.JOB).stdout
    gateway.environments[other] = an_environment(image=None, packages=[])
    assert "not known of both" in erc("env", "diff", "paper", other).stdout
