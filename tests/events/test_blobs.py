"""What every blob store does: files, obstore's memory, and a bucket of a real S3 service (`make setup-extra`)."""

from __future__ import annotations

import hashlib
import os
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import obstore
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from obstore.store import MemoryStore
from support.servers import S3, s3, s3_program

from erc.events.blob_cache import BlobCache
from erc.events.blob_place import BlobPlace, Bucket
from erc.events.blob_pump import PART_BYTES
from erc.events.blobs import BlobStore, FileBlobStore, read_manifest
from erc.events.errors import Rejected, Unavailable
from erc.events.object_blobs import ObjectBlobStore

LARGE = 2 * PART_BYTES + 4321
"""More than is kept in memory, and no whole number of parts."""


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3]:
    program = s3_program()
    if program is None:
        pytest.skip("There is no S3 server (versitygw): run `make setup-extra`")
    with s3(tmp_path_factory.mktemp("s3"), program) as running:
        yield running


def bucket_of(service: S3, **changes: str) -> Bucket:
    keys = {"access_key": service.access_key, "secret_key": service.secret_key}
    return Bucket(service.bucket, **{"endpoint": service.url, **keys, **changes})


@pytest.fixture(params=["file", "memory", "s3"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> BlobStore:
    if request.param == "file":
        return FileBlobStore(tmp_path / "blobs")
    if request.param == "memory":
        return ObjectBlobStore(MemoryStore(), BlobCache(tmp_path / "cache", 1 << 30))
    service = request.getfixturevalue("service")
    return BlobPlace(tmp_path, bucket_of(service, prefix=f"tests/{tmp_path.name}")).store()


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.binary(max_size=2000), max_size=5))
def test_what_is_put_comes_back_under_its_digest(blobs: BlobStore, pieces: list[bytes]) -> None:
    whole = b"".join(pieces)
    digest = blobs.put(pieces)
    assert digest == hashlib.sha256(whole).hexdigest()
    assert (blobs.read(digest), blobs.size(digest)) == (whole, len(whole))
    assert blobs.put(whole) == digest


def large() -> Iterator[bytes]:
    left = LARGE
    while left:
        piece = hashlib.sha256(str(left).encode()).digest() * 32_768
        yield piece[:left]
        left -= min(left, len(piece))


def test_a_large_blob_comes_back_whole_and_from_any_place_in_it(blobs: BlobStore) -> None:
    whole = b"".join(large())
    digest = blobs.put(large(), expect=hashlib.sha256(whole).hexdigest())
    assert (blobs.size(digest), len(whole)) == (LARGE, LARGE)
    with blobs.open(digest) as file:
        assert file.seek(-10, os.SEEK_END) == LARGE - 10
        assert file.read() == whole[-10:]
        file.seek(PART_BYTES - 5)
        assert file.read(10) == whole[PART_BYTES - 5 : PART_BYTES + 5]
        file.seek(0)
        assert file.read() == whole
    assert blobs.path(digest).read_bytes() == whole
    assert blobs.put(large()) == digest


def test_bytes_that_are_not_those_expected_are_not_kept(blobs: BlobStore) -> None:
    for pieces in ([b"a few"], large()):
        with pytest.raises(Rejected, match="not those that were announced"):
            blobs.put(pieces, expect="0" * 64)
    assert blobs.missing(["0" * 64, hashlib.sha256(b"a few").hexdigest()]) == {
        "0" * 64,
        hashlib.sha256(b"a few").hexdigest(),
    }


def test_a_write_that_is_given_up_leaves_nothing(blobs: BlobStore) -> None:
    before = everything(blobs)
    for pieces in ([b"half"], list(large())):
        with pytest.raises(KeyError), blobs.writer() as writer:
            for piece in pieces:
                writer.write(piece)
            raise KeyError
    assert everything(blobs) == before == []


def everything(blobs: BlobStore) -> list[str]:
    if isinstance(blobs, ObjectBlobStore):
        return [one["path"] for listed in obstore.list(blobs.bucket) for one in listed]
    assert isinstance(blobs, FileBlobStore)
    return [path.name for path in blobs._root.rglob("*") if path.is_file()]


def test_equal_bytes_written_at_once_are_kept_once(blobs: BlobStore) -> None:
    threads = [threading.Thread(target=blobs.put, args=(b"same" * 1000,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(everything(blobs)) == 1


def test_a_large_blob_is_kept_once_and_nothing_is_left_in_staging(blobs: BlobStore) -> None:
    digest = blobs.put(large())
    blobs.put(large())
    (only,) = everything(blobs)
    assert only.endswith(digest)


def test_a_missing_blob_is_rejected_with_its_name(blobs: BlobStore) -> None:
    for ask in (blobs.read, blobs.open):
        with pytest.raises(Rejected, match="missing"):
            ask("0" * 64)
    assert blobs.size("0" * 64) is None


def test_those_that_are_missing_are_told(blobs: BlobStore) -> None:
    there = [blobs.put(f"blob {number}".encode()) for number in range(40)]
    absent = [hashlib.sha256(f"not {number}".encode()).hexdigest() for number in range(40)]
    assert blobs.missing(iter(there + absent)) == set(absent)


def test_a_blob_larger_than_the_reader_takes_is_rejected(blobs: BlobStore) -> None:
    digest = blobs.put(b"12345")
    assert blobs.read(digest, limit_bytes=5) == b"12345"
    with pytest.raises(Rejected, match="too large"):
        blobs.read(digest, limit_bytes=4)


def test_a_deleted_blob_is_gone_and_deleting_it_again_is_nothing(blobs: BlobStore) -> None:
    digest = blobs.put(b"to be deleted")
    blobs.path(digest)
    blobs.delete(digest)
    blobs.delete(digest)
    assert (blobs.size(digest), blobs.missing([digest])) == (None, {digest})


def test_an_unreadable_manifest_is_rejected(blobs: BlobStore) -> None:
    with pytest.raises(Rejected, match="cannot be read"):
        read_manifest(blobs, blobs.put(b"{"))


@pytest.mark.parametrize("kind", ["memory", "s3"])
def test_what_is_too_large_for_one_copy_is_sent_again(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    bucket = MemoryStore()
    if kind == "s3":
        place = BlobPlace(tmp_path, bucket_of(request.getfixturevalue("service"), prefix="twice"))
        bucket = place.store().bucket  # type: ignore[attr-defined]
    blobs = ObjectBlobStore(bucket, BlobCache(tmp_path / "cache", 1 << 30), copy_bytes=PART_BYTES)
    assert blobs.read(blobs.put(large())) == b"".join(large())


def test_a_damaged_object_is_never_laid_out(tmp_path: Path) -> None:
    blobs = ObjectBlobStore(MemoryStore(), BlobCache(tmp_path / "cache", 1 << 30))
    digest = blobs.put(b"what was published")
    obstore.put(blobs.bucket, blobs.key(digest), b"what somebody put there")
    with pytest.raises(Rejected):
        blobs.path(digest)
    assert not [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]


def test_the_longest_unused_copies_go_and_young_ones_stay(tmp_path: Path) -> None:
    cache = BlobCache(tmp_path, most_bytes=250)
    blobs = ObjectBlobStore(MemoryStore(), cache)
    digests = [blobs.put(bytes([number]) * 100) for number in range(4)]
    for age, digest in enumerate(digests):
        os.utime(blobs.path(digest), (1_000_000.0 - age, 1_000_000.0 - age))
    assert cache.evict(now=1_000_000.0 + 60) == 0
    assert cache.evict(now=1_000_000.0 + 7200) == 2
    assert [cache.size(digest) for digest in digests] == [100, 100, None, None]
    assert blobs.path(digests[3]).read_bytes() == bytes([3]) * 100


def test_what_nobody_finished_in_staging_goes_after_a_day(tmp_path: Path) -> None:
    blobs = ObjectBlobStore(MemoryStore(), BlobCache(tmp_path, 1 << 30))
    obstore.put(blobs.bucket, "staging/left", b"half")
    made = obstore.head(blobs.bucket, "staging/left")["last_modified"].timestamp()
    assert blobs.sweep(20, now=made + 86_000) == 0
    blobs = ObjectBlobStore(blobs.bucket, BlobCache(tmp_path, 1 << 30))
    assert blobs.sweep(20, now=made + 86_500) == 1
    assert everything(blobs) == []


def test_a_large_blob_goes_through_little_memory(tmp_path: Path, service: S3) -> None:
    blobs = BlobPlace(tmp_path, bucket_of(service, prefix="memory")).store()
    piece = os.urandom(1 << 20)
    tracemalloc.start()
    try:
        digest = blobs.put(piece for _ in range(160))
        with blobs.open(digest) as file:
            while file.read(1 << 20):
                pass
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 64 << 20


def test_a_bucket_that_does_not_answer_is_unavailable_and_tells_no_secret(service: S3, tmp_path: Path) -> None:
    wrong = BlobPlace(tmp_path, bucket_of(service, secret_key="not-the-secret", prefix="wrong")).store()
    refused: list[Callable[[], object]] = [
        lambda: wrong.put(b"x"),
        lambda: wrong.put(large()),
        lambda: wrong.size("0" * 64),
    ]
    for ask in refused:
        with pytest.raises(Unavailable) as told:
            ask()
        assert "not-the-secret" not in repr(told.value)
        assert service.url not in str(told.value)


def test_the_settings_name_a_bucket_and_never_show_its_keys(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("of-a-file\n")
    place = BlobPlace.read(
        tmp_path,
        {
            "BLOBS_URL": "s3://papers/erc/",
            "BLOBS_ENDPOINT": "https://s3.example.org",
            "BLOBS_ACCESS_KEY": "of-the-environment",
            "BLOBS_SECRET_KEY_FILE": str(tmp_path / "secret"),
        },
    )
    assert place.bucket == Bucket(
        "papers",
        "erc",
        "https://s3.example.org",
        access_key="of-the-environment",
        secret_key="of-a-file",
    )
    assert "of-a-file" not in repr(place)
    assert "of-the-environment" not in repr(place)


@pytest.mark.parametrize(
    "settings",
    [
        {"BLOBS_URL": "s3://papers"},
        {"BLOBS_URL": "ftp://papers", "BLOBS_ACCESS_KEY": "a", "BLOBS_SECRET_KEY": "b"},
        {"BLOBS_URL": "s3://key:secret@papers", "BLOBS_ACCESS_KEY": "a", "BLOBS_SECRET_KEY": "b"},
        {"BLOBS_URL": "s3://papers", "BLOBS_ACCESS_KEY_FILE": "/nowhere", "BLOBS_SECRET_KEY": "b"},
    ],
)
def test_settings_that_cannot_be_used_say_which(tmp_path: Path, settings: dict[str, str]) -> None:
    with pytest.raises(Unavailable, match="BLOBS_"):
        BlobPlace.read(tmp_path, settings)


def test_without_a_bucket_blobs_are_files_of_the_home(tmp_path: Path) -> None:
    digest = BlobPlace.read(tmp_path, {}).store().put(b"x")
    assert FileBlobStore(tmp_path / "blobs").read(digest) == b"x"
