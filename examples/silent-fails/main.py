"""Counts species by site. Reports success, yet writes its figure under another name than it was published with."""

import csv
import statistics
import struct
import zlib
from pathlib import Path


def bars(heights: list[int], width: int = 12, scale: int = 6) -> bytes:
    """Return a PNG with one grey bar for each height; no library needed."""
    rows = scale * max(heights)
    lines = []
    for row in range(rows, 0, -1):
        line = b"".join((b"\x60" if height * scale >= row else b"\xff") * (width - 2) + b"\xff\xff" for height in heights)
        lines.append(b"\0" + line)

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width * len(heights), rows, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"".join(lines), 9)) + chunk(b"IEND", b"")


with Path("data/species.csv").open(newline="") as file:
    counts = [int(row["species"]) for row in csv.DictReader(file)]

Path("figure_final_2.png").write_bytes(bars(counts))
print(f"{len(counts)} sites, {statistics.mean(counts):.1f} species on average")
