"""What the outputs of a notebook's cells show, in forms beside plain text."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest

Check = Callable[..., Any]


def of(data: dict[str, Any], cells: int = 1) -> bytes:
    outputs = [{"output_type": "display_data", "data": data, "metadata": {}}]
    made = [{"cell_type": "code", "source": "show()", "outputs": outputs, "metadata": {}}]
    blank = [{"cell_type": "code", "source": "", "outputs": []}] * (cells - 1)
    return json.dumps({"cells": blank + made, "nbformat": 4, "metadata": {}}).encode()


@pytest.mark.parametrize(
    ("media", "one", "other"),
    [
        ("text/markdown", "mean **4.2**", "mean **4.3**"),
        ("text/latex", ["$a = 1$", "$b$"], ["$a = 2$", "$b$"]),
        ("application/vnd.vegalite.v5+json", {"data": [1, 2]}, {"data": [1, 3]}),
        ("application/json", {"a": [[1, 2], [3]]}, {"a": [[1], [2, 3]]}),
        ("image/webp", base64.b64encode(b"RIFF0000WEBP1").decode(), base64.b64encode(b"RIFF0000WEBP2").decode()),
        ("application/pdf", "JVBERi0xLjQK", "JVBERi0xLjUK"),
        ("application/x-data", "a" * 100_001 + "1", "a" * 100_001 + "2"),
        ("application/javascript", "draw(1)", "draw(2)"),
        ("text/html", "<script>draw(1)</script>", "<script>draw(2)</script>"),
        ("text/html", '<iframe src="a.html"></iframe>', '<iframe src="b.html"></iframe>'),
        ("application/vnd.jupyter.widget-view+json", {"model_id": "a"}, {"model_id": "b"}),
    ],
)
def test_every_form_of_an_output_is_compared(checked: Check, media: str, one: Any, other: Any) -> None:
    data = [{media: value, "text/plain": "<Shown object>"} for value in (one, other)]
    assert checked(of(data[0]), of(data[1]), "main.ipynb").verdict in {"differs", "not comparable"}
    if "iframe" not in str(one):
        assert checked(of(data[0]), of(data[0]) + b" ", "main.ipynb").verdict == "reproduced"


def test_values_of_an_output_may_be_written_in_another_way(checked: Check) -> None:
    one, other = ({"application/vnd.vega.v5+json": value} for value in ({"a": 1, "b": 2.0}, {"b": 2, "a": 1.0}))
    assert checked(of(one), of(other), "main.ipynb").verdict == "reproduced"


def test_the_plain_form_counts_when_it_is_alone(checked: Check) -> None:
    one, other = ({"text/plain": f"mean 4.{digit}"} for digit in (2, 3))
    assert "“mean 4.2” became “mean 4.3”" in checked(of(one), of(other), "main.ipynb").reason
    one, other = ({"text/plain": f"<Shown {digit}>", "text/html": "<b>4.2</b>"} for digit in (2, 3))
    assert checked(of(one), of(other), "main.ipynb").verdict == "reproduced"


def test_a_progress_bar_of_a_notebook_does_not_count(checked: Check) -> None:
    one, other = (
        {
            "application/vnd.jupyter.widget-view+json": {"model_id": f"{digit}"},
            "text/plain": "  0%|          | 0/10 [00:00<?, ?it/s]",
        }
        for digit in (1, 2)
    )
    assert checked(of(one), of(other), "main.ipynb").verdict == "reproduced"


def test_cells_beyond_those_that_are_read_are_not_said_to_agree(checked: Check) -> None:
    one, other = (of({"text/plain": f"mean 4.{digit}"}, cells=5_001) for digit in (2, 3))
    found = checked(one, other, "main.ipynb")
    assert found.outcomes[-1] == "uncompared"
    assert found.verdict == "not comparable"


def test_a_figure_behind_another_cell_is_not_where_it_was(checked: Check, plot: Callable[..., bytes]) -> None:
    outputs = [{"output_type": "display_data", "data": {"image/png": base64.b64encode(plot()).decode()}}]
    cells = [{"cell_type": "code", "source": source, "outputs": []} for source in ("a", "b")]
    sides = [json.dumps({"cells": [{**cells[0], "outputs": outputs}, cells[1]], "nbformat": 4})]
    sides.append(json.dumps({"cells": [cells[0], {**cells[1], "outputs": outputs}], "nbformat": 4}))
    found = checked(*sides, "main.ipynb")
    assert found.verdict == "differs"
    assert "is the same, but stands behind cell 2 and not behind cell 1" in found.reason


def test_a_picture_attached_to_a_text_is_not_taken_for_the_same(checked: Check) -> None:
    one, other = (
        json.dumps({"cells": [{"cell_type": "markdown", "source": "x", "attachments": {"a": value}}], "nbformat": 4})
        for value in ({"image/png": "AAAA"}, {"image/png": "AAAB"})
    )
    assert checked(one, other, "main.ipynb").verdict == "not comparable"


def test_the_outputs_of_cells_are_not_called_figures(checked: Check) -> None:
    one, other = (of({"text/plain": f"mean 4.2{blank}"}) for blank in ("", " "))
    found = checked(one, other, "main.ipynb")
    assert found.reason == "The text agrees with the published main.ipynb; only bytes differ that no reader sees."


def _slider(names: tuple[str, str], value: float, colour: str = "blue", **changes: Any) -> bytes:
    """A notebook that shows a slider with a style, under the names that they have in one run."""
    slider, style = names
    states = {
        slider: {
            "model_name": "FloatSliderModel",
            "model_module_version": "2.0.0",
            "state": {"value": value, "style": f"IPY_MODEL_{style}", "twin": f"IPY_MODEL_{slider}"},
        },
        style: {"model_name": "SliderStyleModel", "state": {"handle_color": colour}},
    } | changes
    kept = {"application/vnd.jupyter.widget-state+json": {"version_major": 2, "state": states}}
    view = {"application/vnd.jupyter.widget-view+json": {"model_id": slider}, "text/plain": "FloatSlider(value=0.0)"}
    return json.dumps({**json.loads(of(view)), "metadata": {"widgets": kept}}).encode()


def test_a_widget_is_what_is_kept_of_it_whatever_its_name(checked: Check) -> None:
    shown = _slider(("a" * 32, "b" * 32), 4.2)
    assert checked(shown, _slider(("c" * 32, "d" * 32), 4.2), "main.ipynb").verdict == "reproduced"
    assert checked(shown, _slider(("c" * 32, "d" * 32), 4.3), "main.ipynb").verdict == "differs"
    assert checked(shown, _slider(("c" * 32, "d" * 32), 4.2, "red"), "main.ipynb").verdict == "differs"


def test_a_widget_that_is_not_kept_or_has_no_end_is_not_said_to_agree(checked: Check) -> None:
    one, other = (
        _slider(
            (f"s{run}", "t"),
            4.2,
            **{f"s{run}": {"state": {"value": f"IPY_MODEL_{run}0"}}},
            **{f"{run}{at}": {"state": {"next": f"IPY_MODEL_{run}{at + 1}"}} for at in range(100)},
        )
        for run in (1, 2)
    )
    assert checked(one, other, "main.ipynb").verdict == "not comparable"
