"""Repeats: what they vary, when they stop, what they tell; decided without any server."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erc.events.catalog import CheckFinished, CheckOutputs, ExecuteWorkspace, ExecutionFailed, ExecutionFinished
from erc.events.catalog import ExecutionStarted as Started
from erc.gateway.determinism import amended, determinism
from erc.gateway.pipeline import advance_job, cancel_job
from erc.gateway.repeats import first_repeat, follow_ups, repeatable, start_repeat, varying
from erc.gateway.transition import Facts
from erc.schemas.check import CheckReport, Comparison, Outcome, Verdict
from erc.schemas.ids import encode_id
from erc.schemas.job import Job, JobStatus, StepName, StepStatus
from erc.schemas.problem import Problem
from erc.schemas.repeat import Cause, Conditions, Determinism, NotTried, Repeat, Tried, Variation

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
A, B, C = ("a" * 64, "b" * 64, "c" * 64)
ORIGINAL = Job(
    id=encode_id(1, bytes(10)),
    compendium_id=encode_id(2, bytes(10)),
    owner="ada",
    status=JobStatus.SUCCESS,
    manifest=A,
    description=A,
    plan=A,
    image_id="sha256:1",
    outputs=B,
    created=NOW,
)
TRIED = [Variation.CLOCK, Variation.ZONE, Variation.HOST]
CONDITIONS = Conditions(
    tried=[Tried(variation=one, was="a", became="b") for one in TRIED],
    not_tried=[NotTried(variation=Variation.CPUS, reason="This machine has one processor.")],
)


class Study:
    """A study whose outputs depend on what is told, repeated as the service does it."""

    def __init__(self, depends: dict[str, set[str]], able: Conditions = CONDITIONS, fails_by: str = "") -> None:
        self.depends, self.able, self.fails_by = depends, able, fails_by
        self.repeats: list[Job] = []

    def examine(self) -> Determinism:
        waiting: list[tuple[Job, Repeat]] = [(ORIGINAL, first_repeat(ORIGINAL, C))]
        while waiting:
            before, repeat = waiting.pop(0)
            job = self._run(before, repeat)
            self.repeats.append(job)
            waiting += [(job, one) for one in follow_ups(job)]
        found = determinism(self.repeats)
        assert found is not None
        return found

    def _run(self, before: Job, repeat: Repeat) -> Job:
        identifier = encode_id(10 + len(self.repeats), bytes(10))
        advance = start_repeat(identifier, before, repeat, "bob", NOW + timedelta(seconds=len(self.repeats)))
        command = advance.commands[0]
        assert isinstance(command, ExecuteWorkspace)
        possible = [one for one in self.able.tried if one.variation in command.variations]
        varied = {one.variation.value for one in possible}
        conditions = Conditions(tried=possible, not_tried=self.able.not_tried) if command.variations else None
        rows = [self._row(name, causes, varied) for name, causes in self.depends.items()]
        verdict = Verdict.DIFFERS if any(row.outcome is Outcome.DIFFERENT for row in rows) else Verdict.REPRODUCED
        report = CheckReport(verdict=verdict, reason="…", display="display.html", comparisons=rows)
        facts = Facts(NOW, Problem(code="script_failed", title="The script ended"), report, conditions=conditions)
        job = _then(advance.state, Started(job_id=identifier), facts)
        if self.fails_by in varied:
            return _then(job, ExecutionFailed(job_id=identifier, problem=A, exit_code=1, conditions=A), facts)
        job = _then(job, ExecutionFinished(job_id=identifier, outputs=A, conditions=A), facts)
        return _then(job, CheckFinished(job_id=identifier, verdict=verdict, report=B), facts)

    @staticmethod
    def _row(name: str, causes: set[str], varied: set[str]) -> Comparison:
        differs = "chance" in causes or causes & varied or ("both" in causes and len(varied) > 1)
        outcome = Outcome.DIFFERENT if differs else Outcome.EQUIVALENT
        return Comparison(name=name, kind="text", outcome=outcome)


def _then(job: Job, event: object, facts: Facts) -> Job:
    advance = advance_job(job, event, facts)
    assert advance is not None
    return advance.state


def causes(found: Determinism) -> dict[str, list[str]]:
    return {one.name: one.causes for one in found.findings}


def test_a_repeat_runs_the_same_image_and_is_compared_with_what_the_job_made() -> None:
    advance = start_repeat(encode_id(9, bytes(10)), ORIGINAL, first_repeat(ORIGINAL, C), "bob", NOW)
    (command,) = advance.commands
    assert isinstance(command, ExecuteWorkspace)
    assert (command.image_id, command.manifest, command.variations) == ("sha256:1", A, list(Variation))
    assert advance.state.owner == "bob"
    ran = advance_job(advance.state, ExecutionFinished(job_id=advance.state.id, outputs=B), Facts(NOW))
    assert ran is not None
    (check,) = ran.commands
    assert isinstance(check, CheckOutputs)
    assert (check.manifest, check.outputs) == (C, B)


def test_a_study_that_is_deterministic_is_run_twice() -> None:
    study = Study({"Text": set(), "Figure 1": set()})
    found = study.examine()
    assert (found.complete, found.runs, found.findings) == (True, 2, [])
    assert found.sentence == (
        "Every output came out the same when the analysis was run again with another "
        "time and date, time zone and host name."
    )
    assert [one.variation for one in found.not_tried] == [Variation.CPUS]
    assert study.repeats[0].status is JobStatus.SUCCESS
    assert study.repeats[0].steps[StepName.IMAGE_BUILD].status is StepStatus.SKIPPED


def test_random_numbers_are_found_by_one_more_run() -> None:
    found = Study({"Figure 1": {"chance"}, "Text": set()}).examine()
    assert found.runs == 3
    assert causes(found) == {"Figure 1": [Cause.NOTHING]}
    assert found.sentence == (
        "Not deterministic: Figure 1 (nothing was varied: random numbers without a seed, parallel work or the clock)."
    )


def test_each_output_gets_the_variation_that_changes_it() -> None:
    depends = {"a": {"time zone"}, "b": {"chance"}, "c": {"host name", "time and date"}, "d": {"both"}, "e": set()}
    found = Study(depends).examine()
    assert causes(found) == {
        "a": ["time zone"],
        "b": [Cause.NOTHING],
        "c": ["time and date", "host name"],
        "d": [Cause.TOGETHER],
    }
    assert found.runs == 3 + len(TRIED)
    assert found.sentence.endswith(", and 1 more.")


def test_a_script_that_fails_elsewhere_is_told_by_what_makes_it_fail() -> None:
    found = Study({"a": set()}, fails_by="host name").examine()
    assert causes(found) == {"The run": ["host name"]}


def test_where_nothing_can_be_varied_a_difference_is_chance() -> None:
    found = Study({"a": {"chance"}}, able=Conditions(not_tried=CONDITIONS.not_tried)).examine()
    assert (found.runs, causes(found)) == (2, {"a": [Cause.NOTHING]})


def test_a_repeat_that_was_cancelled_or_could_not_be_made_is_followed_by_none() -> None:
    begun = start_repeat(encode_id(9, bytes(10)), ORIGINAL, first_repeat(ORIGINAL, C), "bob", NOW).state
    cancelled = cancel_job(begun, NOW)
    gone = Facts(NOW, Problem(code="image_missing", title="The image is no longer there"))
    failed = advance_job(begun, ExecutionFailed(job_id=begun.id, problem=A), gone)
    assert cancelled
    assert failed
    for job in (cancelled.state, failed.state):
        assert follow_ups(job) == []
        found = determinism([job])
        assert found
        assert (found.complete, found.runs, found.findings) == (True, 1, [])
    assert found.sentence == "The analysis could not be run again: The image is no longer there."


def test_an_unfinished_examination_says_how_far_it_is() -> None:
    begun = start_repeat(encode_id(9, bytes(10)), ORIGINAL, first_repeat(ORIGINAL, C), "bob", NOW).state
    found = determinism([begun])
    assert found
    assert (found.complete, found.findings) == (False, [])
    assert found.sentence == "The analysis is being run again: 0 of 1 further runs have ended."


def test_the_newest_examination_counts() -> None:
    old, new = Study({"a": {"chance"}}), Study({"a": set()})
    old.examine()
    new.examine()
    found = determinism([*old.repeats, *new.repeats])
    assert found
    assert found.findings == []
    assert determinism([]) is None


@pytest.mark.parametrize(
    "change", [{"outputs": None}, {"status": JobStatus.RUNNING}, {"repeat": first_repeat(ORIGINAL, C)}]
)
def test_only_a_job_that_made_something_and_repeats_none_is_repeatable(change: dict[str, object]) -> None:
    assert repeatable(ORIGINAL)
    assert not repeatable(ORIGINAL.model_copy(update=change))


NAMES = st.sampled_from(["Text", "Figure 1", "Figure 2 (rain)", "t.csv"])
CAUSES = st.sets(st.sampled_from([*(one.value for one in Variation), "chance", "both"]), max_size=3)


@given(st.dictionaries(NAMES, CAUSES), st.sets(st.sampled_from(list(Variation))))
def test_the_runs_are_bounded_and_every_cause_is_true(depends: dict[str, set[str]], able: set[Variation]) -> None:
    conditions = Conditions(tried=[Tried(variation=one, was="a", became="b") for one in Variation if one in able])
    study = Study(depends, conditions)
    found = study.examine()
    told, possible = causes(found), {one.value for one in able}
    assert found.complete
    assert found.runs == 1 + len(study.repeats) <= 3 + len(able)
    for name, on in depends.items():
        if "chance" in on:
            assert told[name] == [Cause.NOTHING]
        elif on & possible:
            assert set(told[name]) == on & possible
        elif "both" in on and len(possible) > 1:
            assert told[name] == [Cause.TOGETHER]
        else:
            assert name not in told


REPORT = CheckReport(
    verdict=Verdict.DIFFERS,
    reason="Figure 1 differs; 2 of 3 compared things differ.",
    display="display.html",
    comparisons=[
        Comparison(name="Figure 1 (rain)", kind="image", outcome=Outcome.DIFFERENT, finding="Figure 1 differs."),
        Comparison(name="t.csv", kind="table", outcome=Outcome.DIFFERENT),
        Comparison(name="Text", kind="text", outcome=Outcome.IDENTICAL),
    ],
)


def test_what_differs_between_our_own_runs_is_not_held_against_the_author() -> None:
    found = Study({"t.csv": {"chance"}}).examine()
    found = found.model_copy(update={"findings": [found.findings[0].model_copy(update={"kind": "table"})]})
    after = amended(REPORT, found)
    assert [row.outcome for row in after.comparisons] == [
        Outcome.DIFFERENT,
        Outcome.NOT_DETERMINISTIC,
        Outcome.IDENTICAL,
    ]
    assert after.reason == f"{REPORT.reason} Of what differs, one also differs between our own runs: t.csv."
    assert after.verdict is Verdict.DIFFERS


def test_a_figure_is_known_by_what_the_job_made_whatever_it_is_called() -> None:
    # The run lacks the second of three figures: what is the third in the job's check is the second in a repeat's.
    figures = [
        Comparison(name="Figure 2 (fog)", kind="image", outcome=Outcome.MISSING, original=A),
        Comparison(name="Figure 3 (rain)", kind="image", outcome=Outcome.DIFFERENT, original=B, reproduced=C),
    ]
    report = REPORT.model_copy(update={"comparisons": figures})
    found = Study({"Figure 2 (rain, 12.3 mm)": {"chance"}}).examine()
    figure = found.findings[0].model_copy(update={"kind": "image", "made": C})
    after = amended(report, found.model_copy(update={"findings": [figure]}))
    assert [row.outcome for row in after.comparisons] == [Outcome.MISSING, Outcome.NOT_DETERMINISTIC]


def test_what_neither_run_makes_is_no_difference_between_them() -> None:
    gone = Comparison(name="logo.png", kind="image", outcome=Outcome.MISSING, original=A)
    unnamed = Comparison(name="t.csv", kind="table", outcome=Outcome.MISSING)
    report = REPORT.model_copy(update={"comparisons": [gone, unnamed]})
    assert varying(report, first_repeat(ORIGINAL, C, report)) == []
    assert [one.name for one in varying(report, first_repeat(ORIGINAL, C, REPORT))] == ["logo.png", "t.csv"]


def test_a_display_that_neither_run_makes_is_no_difference_between_them() -> None:
    none = REPORT.model_copy(update={"code": "no_display", "comparisons": []})
    assert varying(none, first_repeat(ORIGINAL, C, none)) == []
    assert [one.kind for one in varying(none, first_repeat(ORIGINAL, C, REPORT))] == ["run"]


@pytest.mark.parametrize("code", ["run_timeout", "out_of_memory", "disk_limit"])
def test_a_repeat_that_came_to_a_limit_tells_nothing_of_the_analysis(code: str) -> None:
    begun = start_repeat(encode_id(9, bytes(10)), ORIGINAL, first_repeat(ORIGINAL, C), "bob", NOW).state
    facts = Facts(NOW, Problem(code=code, title="The script was stopped"), conditions=CONDITIONS)
    ended = _then(begun, ExecutionFailed(job_id=begun.id, problem=A, exit_code=137, conditions=A), facts)
    found = determinism([ended])
    assert found
    assert (follow_ups(ended), found.findings) == ([], [])
    assert found.sentence == "The analysis could not be run again: The script was stopped."


def test_outputs_that_cannot_be_compared_are_not_said_to_be_the_same() -> None:
    study = Study({"a": set()})
    study.examine()
    job = study.repeats[0]
    assert job.repeat
    known = job.model_copy(update={"repeat": job.repeat.model_copy(update={"uncompared": 2})})
    found = determinism([known])
    assert found
    assert found.sentence.startswith("Every output that could be compared came out the same")
    assert found.sentence.endswith("; 2 could not be compared.")


def test_a_report_without_repeats_is_as_it_was() -> None:
    assert amended(REPORT, None) is REPORT
    assert amended(REPORT, Study({"Text": {"chance"}}).examine()) is REPORT
