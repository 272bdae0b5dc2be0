"""Archives of images that came from outside: taken without their names, or refused with what is wrong."""

from __future__ import annotations

import io
import json
import tarfile
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.saved_images import FILES, LAYER, LIST, NAME, entry, packed

from erc.workers.builder.domain.saved_image import NoImage, nameless, read_saved, unfit


def listed(document: Any) -> dict[str, bytes]:
    return {**FILES, "manifest.json": json.dumps(document).encode()}


def test_an_image_is_known_and_loses_its_names_and_nothing_else() -> None:
    saved = read_saved(packed(FILES))
    bare = b"".join(nameless(packed(FILES)))

    assert saved and (saved.image_id, saved.platform) == (f"sha256:{NAME.removesuffix('.json')}", "linux/amd64")
    assert b"erc-base" not in bare
    assert read_saved(io.BytesIO(bare)) == saved
    with tarfile.open(fileobj=io.BytesIO(bare)) as archive:
        layer = archive.extractfile(f"{LAYER}/layer.tar")
        assert layer and layer.read() == FILES[f"{LAYER}/layer.tar"]


def test_the_names_in_an_index_are_lost_too() -> None:
    index = {"schemaVersion": 2, "manifests": [{"digest": "x", "annotations": {"io.containerd.image.name": "mine"}}]}

    bare = b"".join(nameless(packed({**FILES, "index.json": json.dumps(index).encode()})))

    assert b"mine" not in bare


@pytest.mark.parametrize("content", [b"", b"no archive", b"x" * 2000])
def test_what_is_no_archive_of_an_image_is_none(content: bytes) -> None:
    assert read_saved(io.BytesIO(content)) is None


def test_an_archive_of_other_things_is_none() -> None:
    assert read_saved(packed({"photo.png": b"1", "../x": b"2"})) is None


@pytest.mark.parametrize(
    ("archive", "why"),
    [
        (packed(listed([*LIST, *LIST])), "exactly one"),
        (packed(listed({})), "exactly one"),
        (packed({**FILES, "manifest.json": b"{"}), "cannot be read"),
        (packed({**FILES, "manifest.json": b"[" * 100_000}), "cannot be read"),
        (packed(listed([{"Config": 1, "Layers": []}])), "not those of an image"),
        (packed(listed([{"Config": NAME}])), "not those of an image"),
        (packed(listed([{"Config": NAME, "Layers": ["../layer.tar"]}])), "lacks"),
        (packed(listed([{"Config": NAME, "Layers": [f"{'2' * 64}/layer.tar"]}])), "lacks"),
        (packed({**FILES, "../../etc/passwd": b"x"}), "it holds"),
        (packed({**FILES, "manifest.json": b" " * (5 << 20)}), "too large"),
        (packed(FILES, entry(f"{'3' * 64}/layer.tar", tarfile.SYMTYPE, "/etc/passwd")), "link elsewhere"),
        (packed(FILES, entry(f"{'3' * 64}/json", tarfile.LNKTYPE, "manifest.json")), "no file"),
        (packed(FILES, entry(f"{'3' * 64}/json", tarfile.CHRTYPE)), "no file"),
        (packed(FILES, entry("manifest.json", tarfile.REGTYPE)), "twice"),
    ],
)
def test_a_hostile_archive_is_refused_with_what_is_wrong(archive: io.BytesIO, why: str) -> None:
    with pytest.raises(NoImage, match=why):
        read_saved(archive)


@given(st.binary(max_size=3000), st.integers(0, 6000))
def test_a_broken_archive_breaks_nothing(noise: bytes, place: int) -> None:
    whole = packed(FILES).getvalue()
    broken = io.BytesIO(whole[:place] + noise + whole[place + len(noise) :])
    try:
        if read_saved(broken):
            broken.seek(0)
            assert b"erc-base:bookworm" not in b"".join(nameless(broken))
    except NoImage:
        return


@pytest.mark.parametrize(
    ("config", "why"),
    [
        ({"Volumes": {"/data": {}}}, "/data"),
        ({"Labels": {"org.erc.job": "../../blobs", "org.erc.environment": "erc-environment:x"}}, "org.erc.job"),
        ({"Labels": {"org.erc.home": "/var/lib/erc"}}, "org.erc.home"),
        ({"Labels": {"org.erc.build": "of a script", "org.erc.ground": "x"}}, None),
        ({"Volumes": {"/erc": {}, "/erc/more": {}}}, "/erc/more"),
        ({"Volumes": {"/erc": {}}}, None),
        ({"OnBuild": ["RUN x"]}, None),
        ({"Labels": {"org.erc.environment": "erc-environment:x", "maintainer": "ada"}, "Volumes": None}, None),
        (None, None),
    ],
)
def test_an_image_that_would_give_its_runs_more_than_others_have_is_refused(config: Any, why: str | None) -> None:
    found = unfit({"Config": config})

    assert (why in found) if why else found == "", found
