"""Hostile pictures end in a child process, with a sentence for whoever sent them."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image

from erc.events.errors import Rejected
from erc.events.limited import Limited
from erc.gateway.files.kept import Folder
from erc.gateway.files.pictures import resized
from erc.gateway.files.smaller import first_lines


@pytest.fixture(scope="module")
def reader() -> Limited:
    return Limited(["erc.gateway.files.pictures"], 1536, 20)


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, data: bytes = b"") -> bytes:
    head = struct.pack(">2I5B", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def saved(picture: Image.Image, kind: str) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind)
    return buffer.getvalue()


_BOMB = zlib.compress(bytes(64 << 20), 9)
_TEXT = png(1, 1)[:33] + chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(100 << 20), 9)) + png(1, 1)[33:]
_TALL = saved(Image.new("L", (1, 40_000)), "PNG")

HOSTILE = {
    "3.6 Gpx": (png(60_000, 60_000, _BOMB), "picture_too_large"),
    "51 Mpx": (png(51_000, 1000, _BOMB), "picture_too_large"),
    "lying about its size": (png(4000, 4000, zlib.compress(b"few")), "picture_unreadable"),
    "text bomb": (_TEXT, "picture_unreadable"),
    "none": (b"no picture", "picture_unreadable"),
    "empty": (b"", "picture_unreadable"),
    "a script for another program": (b"%!PS\n(/etc/passwd) (r) file", "picture_unreadable"),
    "an allowed name, a format that is not": (saved(Image.new("RGB", (9, 9)), "TIFF"), "picture_unreadable"),
    "too high": (_TALL, "invalid_size"),
}


@pytest.mark.parametrize("name", HOSTILE)
async def test_a_hostile_picture_is_refused(reader: Limited, tmp_path: Path, name: str) -> None:
    data, code = HOSTILE[name]
    (tmp_path / "picture").write_bytes(data)
    with pytest.raises(Rejected) as refused:
        await reader.read(1 << 26, resized, tmp_path / "picture", 100)
    assert refused.value.problem.code == code


@pytest.mark.parametrize(
    ("mode", "kind"),
    [
        ("1", "PNG"), ("L", "PNG"), ("LA", "PNG"), ("P", "PNG"), ("RGBA", "PNG"), ("I;16", "PNG"),
        ("L", "JPEG"), ("CMYK", "JPEG"), ("P", "GIF"), ("RGBA", "WEBP"), ("1", "BMP"), ("P", "BMP"),
    ],
)  # fmt: skip
def test_every_kind_of_colours_is_resized(tmp_path: Path, mode: str, kind: str) -> None:
    (tmp_path / "picture").write_bytes(saved(Image.new(mode, (40, 20)), kind))
    made = Image.open(io.BytesIO(resized(tmp_path / "picture", 10)))
    assert (made.size, made.format) == ((10, 5), kind)


def test_of_a_moving_picture_comes_the_first_frame(tmp_path: Path) -> None:
    first, second = Image.new("RGB", (8, 8), "red"), Image.new("RGB", (8, 8), "blue")
    first.save(tmp_path / "moving", "GIF", save_all=True, append_images=[second] * 500)
    made = Image.open(io.BytesIO(resized(tmp_path / "moving", 4)))
    assert getattr(made, "n_frames", 1) == 1
    assert made.convert("RGB").getpixel((1, 1))[0] > 200


@pytest.mark.parametrize(
    ("text", "lines", "length"),
    [
        (b"", 3, 0),
        (b"a", 3, 1),
        (b"a\nb\nc\nd", 2, 4),
        (b"\n\n\n", 2, 2),
        (b"a\r\nb", 1, 3),
        (b"x" * 70_000 + b"\ny\n", 1, 70_001),
    ],
)
def test_the_first_lines_end_with_their_end(tmp_path: Path, text: bytes, lines: int, length: int) -> None:
    (tmp_path / "text").write_bytes(text)
    assert first_lines(tmp_path / "text", lines) == length


def test_a_line_without_end_is_cut(tmp_path: Path) -> None:
    with (tmp_path / "text").open("wb") as file:
        file.truncate(1 << 30)
    assert first_lines(tmp_path / "text", 1) == 16 << 20


async def test_the_folder_makes_once_what_many_want_and_stays_bounded(tmp_path: Path) -> None:
    folder, made = Folder(tmp_path, 1000), 0

    async def make() -> bytes:
        nonlocal made
        made += 1
        return bytes(100)

    for number in range(40):
        path = await folder.get(f"{number:04}", make)
        assert path.read_bytes() == bytes(100)
    assert made == 40
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert 5 <= len(files) <= 12
    assert (tmp_path / "00" / "0039") in files


async def test_what_cannot_be_made_leaves_nothing_and_is_tried_again(tmp_path: Path) -> None:
    folder = Folder(tmp_path)

    async def fail() -> bytes:
        raise Rejected("No")

    async def make() -> bytes:
        return b"x"

    with pytest.raises(Rejected):
        await folder.get("name", fail)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    assert (await folder.get("name", make)).read_bytes() == b"x"
