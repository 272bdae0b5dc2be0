"""Bytes that no encoding explains are not taken for each other."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

from erc.workers.checker.domain.tabular.rules import TableRules
from erc.workers.checker.domain.tabular.streamed import compare_streams


def test_letters_of_an_older_encoding_count_in_streamed_tables() -> None:
    before, after = (f"city,mean\nCaf{letter},4.2\n".encode("cp1252") for letter in "éè")
    found = compare_streams(io.BytesIO(before), io.BytesIO(after), TableRules())
    assert found is not None
    assert found.changed == 1


def test_letters_of_an_older_encoding_count_in_pages(checked: Callable[..., Any]) -> None:
    before, after = (f'<meta charset="utf-8"><p>Caf{letter}</p>'.encode("cp1252") for letter in "éè")
    assert checked(before, after).verdict == "differs"
    assert checked(before, before + b" ").verdict == "reproduced"
