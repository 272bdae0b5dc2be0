"""What a repeat has otherwise, decided without any engine."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erc.events.blobs import FileBlobStore
from erc.schemas.limits import RunLimits
from erc.schemas.repeat import Variation
from erc.schemas.workspace import Entry, Manifest
from erc.workers.executor.domain import Able, Circumstances, Image, Mount, Owner, RunRequest, container_config
from erc.workers.executor.domain.varying import COPIED_BYTES, halves, read_probe, vary
from erc.workers.trees import Trees

OWNER = Owner(61234, 61234)
EVERYTHING = Able(processors=(0, 1), faketime="/h/lent/f.so", locales="/h/lent/locale", root=True, overlay=True)
WILLING = Image(clock=True, zone=True, lent_locale=True)
SAID = (
    "plain=A B a b \nlent=a A b B \nday=20261130\nlater=20280104\nzone=+1345\nlocale=C\nlocale=C.utf8\nlocale=POSIX\n"
)


def workspace(*paths: str, size_bytes: int = 1) -> Manifest:
    return Manifest(Entry(path=path, digest="0" * 64, size_bytes=size_bytes) for path in paths)


TWO = workspace("data/a", "data/b")


def config(circumstances: Circumstances) -> dict[str, object]:
    request = RunRequest("j", 1, "sha256:1", ("sh",), Path("/tree"), circumstances=circumstances)
    return container_config(request, Mount("v", "o"), RunLimits(), OWNER, {})


def test_everything_is_varied_where_everything_can_be() -> None:
    circumstances, conditions = vary(list(Variation), EVERYTHING, WILLING, OWNER, TWO)
    assert [one.variation for one in conditions.tried] == list(Variation)
    assert conditions.not_tried == []
    assert all(one.was != one.became for one in conditions.tried)
    assert circumstances.hostname != Circumstances().hostname
    assert {one.target for one in circumstances.lent} == {"/run/erc/libfaketime.so.1", "/run/erc/locale"}


def test_nothing_is_varied_where_nothing_can_be_and_each_reason_is_told() -> None:
    circumstances, conditions = vary(list(Variation), Able(), Image(), OWNER, TWO)
    assert [one.variation for one in conditions.tried] == [Variation.HOST]
    assert {one.variation for one in conditions.not_tried} == set(Variation) - {Variation.HOST}
    assert all(one.reason.endswith(".") for one in conditions.not_tried)
    assert circumstances == Circumstances(hostname=circumstances.hostname)


@given(st.sets(st.sampled_from(list(Variation))))
def test_a_repeat_is_shut_in_as_every_run_is(asked: set[Variation]) -> None:
    circumstances, conditions = vary(sorted(asked), EVERYTHING, WILLING, OWNER, TWO)
    before, after = config(Circumstances()), config(circumstances)
    free = {"Env", "Hostname", "User", "HostConfig"}
    assert {name: value for name, value in before.items() if name not in free} == {
        name: value for name, value in after.items() if name not in free
    }
    inner = {"CpusetCpus", "Mounts", "Tmpfs"}
    assert {name: value for name, value in before["HostConfig"].items() if name not in inner} == {
        name: value for name, value in after["HostConfig"].items() if name not in inner
    }
    assert before["HostConfig"]["Mounts"] == after["HostConfig"]["Mounts"][:1]
    assert all(mount["ReadOnly"] for mount in after["HostConfig"]["Mounts"][1:])
    assert not after["User"].startswith("0")
    assert len(conditions.tried) == len(asked)


def test_a_locale_of_the_image_is_better_than_a_lent_one() -> None:
    image = read_probe(SAID + "locale=de_DE.utf8\nlocale=en_US.utf8\n")
    assert image.locale == "en_US.utf8"
    circumstances, _ = vary([Variation.LOCALE], EVERYTHING, image, OWNER, TWO)
    assert "LC_ALL=en_US.utf8" in circumstances.environment
    assert circumstances.lent == ()


def test_what_an_image_says_is_read_strictly() -> None:
    assert read_probe(SAID) == Image(clock=True, zone=True, lent_locale=True)
    assert read_probe("") == Image()
    assert not read_probe(SAID.replace("later=20280104", "later=20261130")).clock
    assert not read_probe(SAID.replace("later=20280104", "later=²0280104")).clock
    assert not read_probe(SAID.replace("lent=a A b B ", "lent=A B a b ")).lent_locale
    assert read_probe("locale=../../etc.utf8\nlocale=x y.utf8\n").locale == ""


@given(st.text(max_size=3000))
def test_an_image_may_say_anything(said: str) -> None:
    assert isinstance(read_probe(said), Image)


def test_a_long_answer_is_read_quickly() -> None:
    began = time.process_time()
    read_probe("locale=" + "a" * 5_000_000)
    read_probe("locale=aa_AA@" * 500_000)
    assert time.process_time() - began < 1.0


PATHS = st.lists(st.sampled_from([f"{folder}{name}" for folder in ("", "a/", "a/b/") for name in "xyzw"]), unique=True)


@given(PATHS)
def test_the_halves_are_the_whole(paths: list[str]) -> None:
    whole = workspace(*paths)
    one, two = halves(whole)
    assert sorted([*one.entries(), *two.entries()], key=lambda entry: entry.path) == whole.entries()
    for folder in {path.rpartition("/")[0] for path in paths}:
        sizes = [sum(entry.path.rpartition("/")[0] == folder for entry in half.entries()) for half in (one, two)]
        assert 0 <= sizes[0] - sizes[1] <= 1


@pytest.mark.parametrize(
    ("one", "manifest"),
    [(Variation.USER, workspace("a", "b", size_bytes=COPIED_BYTES)), (Variation.ORDER, workspace("a", "b/c"))],
)
def test_a_workspace_may_be_too_large_or_too_small(one: Variation, manifest: Manifest) -> None:
    _, conditions = vary([one], EVERYTHING, WILLING, OWNER, manifest)
    assert [left.variation for left in conditions.not_tried] == [one]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_a_tree_for_another_owner_shares_nothing_and_goes_after_a_day(tmp_path: Path) -> None:
    blobs = FileBlobStore(tmp_path / "blobs")
    data = blobs.put(b"1")
    whole = Manifest(
        [Entry(path="a", digest=data, size_bytes=1), Entry(path="d/run", digest=data, size_bytes=1, executable=True)]
    )
    trees, other = Trees(blobs, tmp_path / "trees", OWNER), Owner(61235, 61235)
    mine, theirs = (trees.materialise(whole.digest, lambda: whole, owner) for owner in (None, other))
    assert {path.stat().st_uid for path in [theirs, *theirs.rglob("*")]} == {61235}
    assert not (theirs / "a").samefile(blobs.path(data))
    assert (theirs / "d" / "run").stat().st_mode & 0o777 == 0o755
    assert blobs.path(data).stat().st_uid != 61235
    now = time.time()
    old = now - 2 * 86_400
    for tree in (mine, theirs):
        os.utime(tree, (old, old))
    assert trees.sweep(set(), now - 7 * 86_400, now - 30) == 1
    assert (mine.exists(), theirs.exists()) == (True, False)
