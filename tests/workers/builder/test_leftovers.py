"""Base images in the making are removed when their process is gone."""

from __future__ import annotations

from pathlib import Path

from erc.events.holding import holding
from erc.workers.builder.bootstrap import sweep_unfinished


def test_a_base_image_that_nobody_finishes_is_removed(tmp_path: Path) -> None:
    left, made, other = (tmp_path / name for name in ("erc-base-left", "erc-base-made", "another"))
    for folder in (left, made, other):
        (folder / "root" / "bin").mkdir(parents=True)
    changed = left.stat().st_mtime
    with holding(made):
        assert sweep_unfinished(tmp_path, changed - 1) == 0
        assert sweep_unfinished(tmp_path, changed + 60) == 1
    assert (left.exists(), made.exists(), other.exists()) == (False, True, True)
