"""Bind mounts of `erc.yml`, honoured in the manifest."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erc.schemas.workspace import Entry, Manifest
from erc.workers.builder.domain.binds import BindError, bound


def workspace(**files: str) -> Manifest:
    return Manifest(
        Entry(path=path.replace("__", "/"), digest=digest * 64, size_bytes=1) for path, digest in files.items()
    )


BASE = workspace(main="a", data__rain="b", data__sun="c", new__rain="d", rain="e")


def configuration(*mounts: Any) -> dict[str, Any]:
    return {"execution": {"bind_mounts": list(mounts)}}


def mount(source: str, destination: str) -> dict[str, str]:
    return {"source": source, "destination": destination}


def digests(manifest: Manifest) -> dict[str, str]:
    return {entry.path: entry.digest[0] for entry in manifest.entries()}


def test_a_file_takes_the_place_of_another() -> None:
    after = bound(BASE, configuration(mount("rain", "/erc/data/rain")))
    assert digests(after) == digests(BASE) | {"data/rain": "e"}


def test_a_folder_takes_the_place_of_a_folder_with_all_that_is_in_it() -> None:
    after = digests(bound(BASE, configuration(mount("./new/", "/erc/data"))))
    assert after == {"main": "a", "new/rain": "d", "rain": "e", "data/rain": "d"}


def test_a_later_mount_sees_what_an_earlier_one_did() -> None:
    after = bound(BASE, configuration(mount("rain", "/erc/x/y"), mount("x", "/erc/data")))
    assert digests(after)["data/y"] == "e"
    assert "data/rain" not in after


@pytest.mark.parametrize(
    "document", [None, {}, [], {"execution": None}, {"execution": {}}, {"execution": {"cmd": "x"}}]
)
def test_without_mounts_nothing_changes(document: Any) -> None:
    assert bound(BASE, document) == BASE


@pytest.mark.parametrize(
    "mounts",
    [
        "rain",
        [mount("nothing", "/erc/main")],
        [mount("rain", "main")],
        [mount("rain", "/etc/passwd")],
        [mount("rain", "/erc/../etc")],
        [mount("rain", "/erc/")],
        [mount("../rain", "/erc/main")],
        [mount("/rain", "/erc/main")],
        [mount("rain", "/erc//main")],
        [{"source": "rain"}],
        [{"destination": "/erc/main"}],
        ["rain"],
        [mount("rain", "/erc/main")] * 1001,
    ],
)
def test_a_mount_that_cannot_be_is_refused_with_a_sentence(mounts: Any) -> None:
    with pytest.raises(BindError, match=r"\w+ \w+"):
        bound(BASE, {"execution": {"bind_mounts": mounts}})


NAMES = st.sampled_from(["main", "data", "data/rain", "new", "rain", "x/y", "..", "", "/", "data/../main"])


@given(st.lists(st.builds(mount, NAMES, NAMES.map("/erc/{}".format)), max_size=4))
def test_no_mount_invents_bytes_or_leaves_the_workspace(mounts: list[dict[str, str]]) -> None:
    try:
        after = bound(BASE, configuration(*mounts))
    except BindError:
        return
    assert set(digests(after).values()) <= set(digests(BASE).values())
    assert not any(part in {"", ".", ".."} for entry in after.entries() for part in entry.path.split("/"))
