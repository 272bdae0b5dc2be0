"""Every row of the o2r reference's tables has a test of ours."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest
from starlette.routing import Route

from erc.gateway.app import ROUTES

from .rows import FILES_OF, THINGS
from .rows_of_people import PEOPLES
from .rows_of_work import WORK

ROOT = Path(__file__).parents[3]
ROWS = (*THINGS, *PEOPLES, *WORK)
PARTS = {*(f"1.{number}" for number in range(1, 17)), "2.1", "2.2", "2.3", "8", "9", "13"} - {"1.14"}
"""Shipments are part 8."""


@cache
def named_in(file: str) -> frozenset[str]:
    """Return the names of the tests that a file holds, read without running it."""
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    functions = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return frozenset(function.name for function in functions if function.name.startswith("test_"))


@cache
def operations() -> frozenset[str]:
    """Return method and path of everything that the gateway answers."""
    routes = (route for route in ROUTES if isinstance(route, Route))
    return frozenset(f"{method} {route.path_format}" for route in routes for method in route.methods or ())


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.part} {row.address} {row.about}")
def test_a_row_has_a_test_that_exists(row) -> None:
    assert row.tests
    for test in row.tests:
        file, _, name = test.partition("::")
        assert name in named_in(file), test


def test_every_part_of_the_reference_is_there() -> None:
    assert {row.part for row in ROWS} == PARTS


def test_what_a_row_is_about_is_answered() -> None:
    asked = {row.address for row in ROWS if row.address} - {"GET /"}
    assert asked - operations() == set()


def test_no_row_is_there_twice() -> None:
    assert len({(row.part, row.address, row.about) for row in ROWS}) == len(ROWS)


def test_what_is_answered_otherwise_is_recorded() -> None:
    recorded = {int(path.name[:3]) for path in (ROOT / "docs" / "decisions").glob("[0-9]*.md")}
    assert {row.decision for row in ROWS} - {0} <= recorded


def test_every_file_that_can_be_named_is_named() -> None:
    assert {test.partition("::")[0] for row in ROWS for test in row.tests} == {
        f"tests/{it}" for it in FILES_OF.values()
    }
