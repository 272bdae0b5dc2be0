"""Variables of a run: kept with the job, handed to the worker, part of what is the same run."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erc.gateway.pipeline import advance_job
from erc.gateway.repeats import start_repeat
from erc.schemas.repeat import Repeat
from erc.schemas.variables import Setting, is_variable

from .test_runs import PLANNED, generations, ready
from .test_states import FACTS


async def test_variables_are_kept_shown_and_reach_the_worker_as_a_blob(gateway, ada) -> None:
    answer = await ada.run(await ada.compendium(), variables={"SEED": "2", "A": ""})
    said = answer.json()
    assert said["variables"] == {"A": "", "SEED": "2"}
    assert (await ada.client.get(f"/api/v1/job/{said['job_id']}")).json()["variables"] == {"A": "", "SEED": "2"}
    await ada.happens(said["job_id"], PLANNED, FACTS)
    job = await gateway.services.records.job(said["job_id"])
    advance = advance_job(job, ready("1").model_copy(update={"job_id": job.id}), FACTS)
    (command,) = advance.commands
    kept = Setting.model_validate_json(gateway.services.blobs.read(command.variables))
    assert kept.values == {"A": "", "SEED": "2"}
    assert "SEED" not in json.dumps(command.model_dump(mode="json")), "messages hold digests, not what somebody wrote"
    again = start_repeat(
        "1" * 26, advance.state, Repeat(of=job.id, variations=[], reference="0" * 64), "ada", FACTS.time
    )
    assert (again.commands[0].variables, again.state.variables) == (command.variables, job.variables)


async def test_a_job_without_variables_says_nothing_of_them(ada) -> None:
    said = (await ada.run(await ada.compendium())).json()
    assert said["variables"] == {}
    assert "variables" not in (await ada.client.get(f"/api/v1/job/{said['job_id']}")).json()


async def test_a_re_run_has_the_variables_of_the_job(gateway, ada) -> None:
    first = (await ada.run(await ada.compendium(), variables={"SEED": "2"})).json()
    again = await ada.client.post(f"/api/v1/job/{first['job_id']}/rerun")
    job = await gateway.services.records.job(again.json()["job_id"])
    assert job.variables and job.variables.values == {"SEED": "2"}


async def test_other_variables_are_no_second_job_beside_one_that_goes_on(gateway, ada) -> None:
    compendium = await ada.compendium()
    first = (await ada.run(compendium, variables={"SEED": "2"})).json()
    assert (await ada.run(compendium, variables={"SEED": "2"})).json()["job_id"] == first["job_id"]
    refused = await ada.run(compendium, variables={"SEED": "3"})
    assert (refused.status_code, refused.json()["code"]) == (409, "run_exists")
    assert "variables" in refused.json()["detail"]
    await ada.kill()
    assert (await ada.run(compendium, variables={"SEED": "3"})).json()["generation"] == 2
    assert await generations(gateway) == [1, 2]


@pytest.mark.parametrize(
    "variables",
    [
        {"PATH": "/x"}, {"LD_PRELOAD": "x"}, {"A B": "1"}, {"": "1"}, {"A": "1\n2"}, {"A": "x" * 1001}, {"A": 1},
        {"A=B": "1"}, {f"A{number}": "1" for number in range(101)}, ["A"], "A=1",
    ],
)  # fmt: skip
async def test_what_cannot_be_a_variable_is_refused_and_nothing_is_started(gateway, ada, variables) -> None:
    refused = await ada.run(await ada.compendium(), variables=variables)
    assert (refused.status_code, refused.json()["code"]) == (400, "invalid_request")
    assert await generations(gateway) == []


@given(st.text(max_size=30), st.text(max_size=30))
def test_a_variable_never_holds_what_would_end_it(name: str, value: str) -> None:
    if is_variable(name, value):
        assert "=" not in name
        assert "\0" not in name + value
        assert "\n" not in name + value
