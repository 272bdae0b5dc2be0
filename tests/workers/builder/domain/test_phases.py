"""The lines of a build's log that programs read."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from erc.workers.builder.domain.phases import Mark, Phase, mark, read_mark, read_step
from erc.workers.engine.frames import Frames


@given(st.sampled_from(Phase), st.integers(0, 999), st.integers(0, 999))
def test_a_line_that_begins_a_phase_is_read_as_it_was_written(phase: Phase, step: int, steps: int) -> None:
    assert read_mark(mark(phase, step, steps)) == Mark(phase.value, step, steps)


@given(st.text(max_size=200))
def test_any_other_line_begins_nothing(line: str) -> None:
    found = read_mark(line)
    assert found is None or line.strip().startswith("[erc phase=")


def test_the_steps_of_the_engine_are_told_from_what_a_step_says() -> None:
    assert read_step("Step 7/12 : RUN apt-get update") == (7, 12)
    assert read_step(" Step 7/12 : RUN") is None
    assert read_step("Step 7") is None


@given(st.lists(st.tuples(st.sampled_from([1, 2]), st.binary(max_size=300)), max_size=8), st.integers(1, 50))
def test_output_is_put_together_however_it_was_cut(said: list[tuple[int, bytes]], size: int) -> None:
    whole = b"".join(bytes([stream, 0, 0, 0]) + len(text).to_bytes(4, "big") + text for stream, text in said)
    frames = Frames()

    pieces = [piece for begin in range(0, len(whole), size) for piece in frames.feed(whole[begin : begin + size])]

    assert [(2 if piece.error else 1, piece.content) for piece in pieces] == said
