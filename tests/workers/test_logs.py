"""The log of a step: whole, in order, in bounded chunks and memory, whatever the run says."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erc.events.blobs import FileBlobStore
from erc.events.errors import Unavailable
from erc.workers.logs import CHUNK_CHARACTERS, StepLog

MIB = 1 << 20


class Published:
    """Takes chunks; the first `failures` are not taken."""

    def __init__(self, failures: int = 0) -> None:
        self.texts: list[str] = []
        self.failures = failures

    async def publish(self, job_id: str, step: str, attempt: int, number: int, text: str) -> None:
        if self.failures:
            self.failures -= 1
            raise Unavailable("later")
        assert number == len(self.texts) + 1
        self.texts.append(text)


def a_log(published: Published, limit: int = 64 * MIB) -> StepLog:
    return StepLog(published, "job", "image_execute", 1, limit)


async def the_whole(log: StepLog, tmp_path: Path) -> tuple[str, int]:
    blobs = FileBlobStore(tmp_path / "blobs")
    digest, chunks = await log.close(blobs)
    return (blobs.read(digest).decode() if digest else ""), chunks


@pytest.mark.parametrize(
    ("said", "read"),
    [
        (b"x" * 5 * MIB, "x" * 5 * MIB),
        (b"a line\n" * 1_000_000, None),
        (b"".join(b"\r%3d %%" % (n % 100) for n in range(200_000)), None),
        (b"\xff\xfe caf\xc3\xa9 \xf0\x9f", "\ufffd\ufffd caf\xe9 \ufffd"),
        (b"\x1b[31mred\x1b[0m\x00\n", "\x1b[31mred\x1b[0m\ufffd\n"),
        (b"", ""),
    ],
    ids=["no line end", "a million lines", "progress bar", "no UTF-8", "ANSI", "nothing"],
)
async def test_whatever_is_said_is_kept_and_published_alike(said: bytes, read: str | None, tmp_path: Path) -> None:
    published = Published()
    log = a_log(published)
    for begin in range(0, len(said), 8191):
        await log.write(said[begin : begin + 8191])
    whole, chunks = await the_whole(log, tmp_path)
    assert whole == "".join(published.texts) == (said.decode() if read is None else read)
    assert chunks == len(published.texts)
    assert all(len(text) <= CHUNK_CHARACTERS for text in published.texts)


async def test_many_lines_cost_no_more_memory_than_their_bytes(tmp_path: Path) -> None:
    published = Published(failures=10**9)
    log = a_log(published, limit=8 * MIB)
    tracemalloc.start()
    for _ in range(40_000):
        await log.write(b"a line\n")
    used = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert used < 4 * 7 * 40_000
    published.failures = 0
    assert (await the_whole(log, tmp_path))[0] == "a line\n" * 40_000


async def test_the_log_itself_says_that_it_is_cut(tmp_path: Path) -> None:
    published = Published()
    log = a_log(published, limit=100)
    for _ in range(50):
        await log.write(b"0123456789")
    whole, _ = await the_whole(log, tmp_path)
    assert whole == "0123456789" * 10 + "\n[The log is cut here: it is longer than 100 bytes.]\n"
    assert whole == "".join(published.texts)


async def test_the_tail_of_a_line_without_end_is_short() -> None:
    log = a_log(Published())
    await log.write(b"x" * MIB + b"\nlast")
    assert log.tail(1) == "last"
    assert len(log.tail()) <= 1 << 16


@given(st.lists(st.binary(max_size=40), max_size=20))
async def test_how_the_bytes_are_cut_into_writes_does_not_matter(pieces: list[bytes]) -> None:
    log = a_log(Published(failures=10**9))
    for piece in pieces:
        await log.write(piece)
    log._add(log._decoder.decode(b"", final=True))
    assert log.text() == b"".join(pieces).decode(errors="replace").replace("\0", "\ufffd")
