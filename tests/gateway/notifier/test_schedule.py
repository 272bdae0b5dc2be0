"""When an event is sent again, given up, and a webhook switched off."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from erc.gateway.notifier.schedule import Outcome, Patience, Progress, after_attempt, after_test

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
FAILED, GONE, DELIVERED = Outcome("answered 500"), Outcome("answered 410", gone=True), Outcome("ok", delivered=True)
FRESH = Progress("hook", position=10, due=NOW)


def fail(progress: Progress, times: int, patience: Patience, position: int = 11) -> tuple[Progress, str]:
    """Fail so many times, each attempt made when it is due."""
    said = ""
    for _ in range(times):
        progress, said = after_attempt(progress, position, FAILED, progress.due, 0.5, patience)
    return progress, said


def test_a_delivered_event_moves_on_at_once() -> None:
    after, said = after_attempt(Progress("hook", 10, NOW, failures=3, given_up=2), 11, DELIVERED, NOW, 0.5, Patience())
    assert after == Progress("hook", 11, NOW)
    assert said == "ok"


def test_pauses_double_up_to_the_longest() -> None:
    patience = Patience(attempts=6, first_pause=timedelta(seconds=1), longest_pause=timedelta(seconds=5))
    progress, pauses = FRESH, []
    for _ in range(5):
        before = progress.due
        progress, _ = after_attempt(progress, 11, FAILED, before, 0.5, patience)
        pauses.append((progress.due - before).total_seconds())
    assert pauses == [1, 2, 4, 5, 5]
    assert progress.position == 10


def test_an_event_is_given_up_after_the_last_attempt_and_the_log_says_so() -> None:
    after, said = fail(FRESH, 4, Patience(attempts=4))
    assert (after.position, after.failures, after.given_up, after.disabled) == (11, 0, 1, None)
    assert said == "answered 500; the event is given up after 4 attempts"


def test_an_event_is_given_up_when_it_is_too_old() -> None:
    patience = Patience(attempts=1000, first_pause=timedelta(hours=5), longest_pause=timedelta(hours=5))
    after, _ = fail(FRESH, 6, patience)
    assert (after.position, after.failures) == (11, 0)


def test_a_webhook_is_switched_off_after_events_in_a_row_were_given_up() -> None:
    patience = Patience(attempts=2, give_ups=2)
    once, _ = fail(FRESH, 2, patience)
    twice, said = fail(once, 2, patience, position=12)
    assert once.disabled is None
    assert twice.disabled is not None
    assert said.endswith("the webhook is switched off")


def test_a_receiver_that_is_gone_switches_the_webhook_off_and_keeps_its_place() -> None:
    after, _ = after_attempt(FRESH, 11, GONE, NOW, 0.5, Patience())
    assert (after.position, after.disabled) == (10, NOW)


def test_a_test_that_arrives_switches_on_again_and_one_that_does_not_changes_nothing() -> None:
    off = Progress("hook", 10, NOW, given_up=3, failures=1, failing=NOW, disabled=NOW)
    assert after_test(off, NOW, DELIVERED, NOW) == Progress("hook", 10, NOW, tested=NOW)
    assert after_test(off, NOW, FAILED, NOW).disabled == NOW


@given(st.lists(st.tuples(st.sampled_from([FAILED, DELIVERED]), st.floats(0, 1)), max_size=200))
def test_the_position_never_goes_back_nor_past_the_event_and_ends_within_the_patience(steps: list) -> None:
    patience, progress, position = Patience(give_ups=10**6), FRESH, 11
    began = NOW
    for outcome, chance in steps:
        now = progress.due
        after, _ = after_attempt(progress, position, outcome, now, chance, patience)
        assert after.position in {progress.position, position}
        assert after.due >= now
        assert after.failures < patience.attempts
        if after.position == position:
            assert now - began <= patience.age + patience.longest_pause * 1.5
            position, began = position + 1, now
        progress = after
