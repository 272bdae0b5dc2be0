"""What nobody completes is removed, whatever else goes wrong in that folder."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from erc.gateway.staging import Staging, keep_swept


class Over(Exception):  # noqa: N818 - ends a loop that has no end
    """The rounds that a test waits for are done."""


def test_what_cannot_be_removed_keeps_nothing_else(tmp_path: Path) -> None:
    staging = Staging(tmp_path)
    for name in ("a", "c"):
        staging.write(name, 0, b"x")
    (tmp_path / "b").mkdir()
    assert staging.sweep(60, (tmp_path / "c").stat().st_mtime + 90) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["b"]


async def test_the_sweep_goes_on_when_its_folder_cannot_be_read(tmp_path: Path) -> None:
    staging, rounds = Staging(tmp_path / "staging"), 0
    shutil.rmtree(tmp_path / "staging")

    async def pause() -> None:
        nonlocal rounds
        rounds += 1
        if rounds == 1:
            (tmp_path / "staging").mkdir()
            staging.write("left", 0, b"x")
        if rounds == 2:
            raise Over

    with pytest.raises(Over):
        await keep_swept(staging, -1, pause)
    assert not list((tmp_path / "staging").iterdir())
