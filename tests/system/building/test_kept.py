"""An image that was kept with its compendium starts at another installation, on another engine, without a network."""

from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path

import pytest
from support.service import Service, packed
from support.tiny import paper
from system.building.conftest import Place, installation, place

pytestmark = [pytest.mark.engine, pytest.mark.skipif(os.geteuid() != 0, reason="An engine of its own needs root")]

UNCHANGED = "The environment is unchanged, nothing was built"


def test_a_shipped_compendium_runs_where_neither_its_base_nor_an_archive_is(
    service: Service, own: Place, tmp_path: Path
) -> None:
    compendium = service.ready(packed(paper()))
    first = service.ended(service.start(compendium), 300)
    with service.client() as client:
        shipped = client.get(f"/api/v1/compendium/{compendium}.zip").content
    assert first["verdict"] == "reproduced"
    assert "image.tar" in zipfile.ZipFile(io.BytesIO(shipped)).namelist()

    with place() as other, installation(tmp_path / "home", other) as second:
        assert other.asked("images", "--quiet") == []
        arrived = second.ready(shipped)
        again = second.ended(second.start(arrived), 300)
        once_more = second.ended(second.start(arrived), 300)
        held = other.environments()

    assert (again["verdict"], once_more["verdict"]) == ("reproduced", "reproduced"), again
    step = again["steps"]["image_build"]
    assert step["text"] == ["The compendium brought its environment, nothing was built"]
    assert step["imageId"] == first["steps"]["image_build"]["imageId"]
    assert once_more["steps"]["image_build"]["text"] == [UNCHANGED]
    assert len(held) == 1
    assert held[0] not in own.environments(), "what is brought is never taken for what is built"
