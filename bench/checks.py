"""What a check costs: a paper that agrees, a figure that differs, a thousand figures, a table of 1 GB."""

from __future__ import annotations

import base64
import hashlib
import io
import random
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from bench.report import Figure
from PIL import Image, ImageDraw, ImageFont

from erc.schemas.check import Verdict
from erc.workers.checker.domain import Resources, check
from erc.workers.checker.domain.document import read_document
from erc.workers.checker.domain.tabular.rules import TableRules
from erc.workers.checker.domain.tabular.streamed import compare_streams

FIGURES, PAGES, MANY, TABLE_BYTES = 15, 30, 1000, 1_000_000_000
WORDS_A_PAGE = 500
WIDTH, HEIGHT, SMALL = 1400, 1000, 420
COLOURS = ("#1b7f79", "#c8553d", "#4b4e9c", "#777777")
NOTHING = Resources({}.get, {}.get)


def figures(root: Path) -> list[Figure]:
    """Return the rows; what needs memory runs in processes of its own, so that its peak is its own."""
    drawn = [plot(number) for number in range(FIGURES)]
    moved = [plot(number, moved=True) for number in range(FIGURES)]
    published = paper(drawn)
    again = paper([encoded_again(one) for one in drawn])
    floor = cpu(lambda: once(published, again))
    equal = cpu(lambda: compared(published, again, Verdict.REPRODUCED))
    same = cpu(lambda: compared(published, paper(drawn) + b"\n", Verdict.REPRODUCED))
    differs = cpu(lambda: compared(published, paper(moved), Verdict.DIFFERS))
    one = (differs - same) / FIGURES
    many = child("many")
    table = child("table", root)
    paper_said = f"decode and parse once {floor:.2f} s CPU, ours {equal:.2f} s; equal bytes {same:.2f} s"
    return [
        Figure(
            f"check of {FIGURES} equal figures, {PAGES} pages ÷ decode and parse once",
            equal / floor,
            "×",
            "≤ 2 ×",
            equal <= 2 * floor,
            paper_said,
        ),
        Figure("a figure that differs", one, "s CPU", "≤ 1 s", one <= 1, "–"),
        Figure(
            f"{MANY:,} figures, memory of the check", many[0], "MiB", "< 512 MiB", many[0] < 512, f"{many[1]:.0f} s CPU"
        ),
        Figure("a table of 1 GB a side, memory", table[0], "MiB", "< 512 MiB", table[0] < 512, f"{table[1]:.0f} s CPU"),
    ]


def plot(number: int, *, moved: bool = False, width: int = WIDTH) -> bytes:
    """Draw a scatter of 60 points in four panels, of this width in pixels; `moved` moves one point far."""
    chance = random.Random(number)
    large = Image.new("RGB", (2 * WIDTH, 2 * HEIGHT), "white")
    pen = ImageDraw.Draw(large)
    font = ImageFont.load_default(36)
    for at in range(4):
        left, top = 180 + at % 2 * WIDTH, 110 + at // 2 * HEIGHT
        pen.rectangle((left, top, left + 1100, top + 720), outline="black", width=4)
        pen.text((left + 380, top - 70), f"Site {number}.{at}", "black", font)
        pen.text((left + 400, top + 800), "Temperature", "black", font)
        for tick in range(6):
            pen.line((left + 200 * tick + 50, top + 720, left + 200 * tick + 50, top + 740), "black", 4)
            pen.text((left + 200 * tick + 30, top + 745), str(tick), "black", font)
        for point in range(60):
            x, y = left + chance.uniform(40, 1060), top + chance.uniform(120, 690)
            y -= 90 if moved and not at and point == 7 else 0
            pen.ellipse((x - 14, y - 14, x + 14, y + 14), fill=COLOURS[number % 4])
    kept = io.BytesIO()
    large.resize((width, width * HEIGHT // WIDTH), Image.Resampling.LANCZOS).save(kept, "PNG")
    return kept.getvalue()


def encoded_again(picture: bytes) -> bytes:
    """Return the same pixels in other bytes."""
    kept = io.BytesIO()
    Image.open(io.BytesIO(picture)).convert("RGB").save(kept, "PNG", compress_level=1)
    return kept.getvalue()


def paper(drawn: list[bytes]) -> bytes:
    """Return a paper of 30 pages with these figures and five tables."""
    chance = random.Random(7)
    words = [f"word{number}" for number in range(4000)]
    parts = []
    for page in range(PAGES):
        parts += [f"<h2>Section {page}</h2>"]
        parts += [f"<p>{' '.join(chance.choices(words, k=WORDS_A_PAGE // 5))}, mean {page}.5.</p>" for _ in range(5)]
    for number, one in enumerate(drawn, 1):
        parts.append(f'<img alt="Figure {number}" src="data:image/png;base64,{base64.b64encode(one).decode()}">')
    rows = "".join(f"<tr><td>{number}</td><td>{number / 7:.3f}</td></tr>" for number in range(30))
    parts += [
        f"<table><caption>Table {number}</caption><tr><th>a</th><th>b</th></tr>{rows}</table>" for number in range(5)
    ]
    return f"<!DOCTYPE html><html><body>{''.join(parts)}</body></html>".encode()


def once(*pages: bytes) -> None:
    """Parse both documents and decode all of their pictures, once: what nobody can do without."""
    for page in pages:
        for figure in read_document(page).figures:
            Image.open(io.BytesIO(base64.b64decode(figure.source.partition(",")[2]))).convert("RGB").load()


def compared(published: bytes, reproduced: bytes, verdict: Verdict) -> None:
    report = check(published, reproduced, "display.html", NOTHING, lambda content: hashlib.sha256(content).hexdigest())
    assert report.verdict is verdict, report.reason


def cpu(work: Callable[[], None], rounds: int = 2) -> float:
    """Return the least processor time of some rounds, in seconds: others use the machine as well."""
    times = []
    for _ in range(rounds):
        begun = time.process_time()
        work()
        times.append(time.process_time() - begun)
    return min(times)


def child(what: str, *arguments: object) -> tuple[float, float]:
    """Run a part in a process of its own; returns its peak memory in MiB and its processor time in seconds."""
    command = [sys.executable, "-m", "bench.checks", what, *map(str, arguments)]
    said = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, timeout=3600).stdout
    memory, seconds = said.split()[-2:]
    return float(memory), float(seconds)


def many() -> float:
    """Compare two papers with 1,000 figures each, every one encoded again and every hundredth with a moved point.

    They are small, because a check decodes 400 million pixels.
    """
    drawn = [plot(number, width=SMALL) for number in range(10)]
    other = [encoded_again(one) for one in drawn]
    moved = [*other[:9], plot(9, moved=True, width=SMALL)]
    files = {f"f{number}.png": drawn[number % 10] for number in range(MANY)}
    made = {f"f{number}.png": (moved if number % 100 == 99 else other)[number % 10] for number in range(MANY)}
    page = "".join(f'<p>Text {number}.</p><img src="f{number}.png">' for number in range(MANY)).encode()
    resources = Resources(files.get, made.get)
    begun = time.process_time()
    report = check(page, page, "display.html", resources, lambda content: hashlib.sha256(content).hexdigest())
    seconds = time.process_time() - begun
    assert sum(not row.outcome.agrees for row in report.comparisons) == MANY // 100, report.reason
    return seconds


def table(root: Path) -> float:
    """Compare two tables of 1 GB, of which one cell differs."""
    paths = [root / "published.csv", root / "reproduced.csv"]
    for side, path in enumerate(paths):
        write_table(path, odd=bool(side))
    begun = time.process_time()
    with paths[0].open("rb") as theirs, paths[1].open("rb") as ours:
        found = compare_streams(theirs, ours, TableRules())
    assert found is not None
    assert found.changed == 1, found
    seconds = time.process_time() - begun
    for path in paths:
        path.unlink()
    return seconds


def write_table(path: Path, *, odd: bool) -> None:
    """Write rows of four columns until the file has 1 GB."""
    block = b"".join(b"%07d,site%02d,%d.%03d,%d\n" % (at, at % 40, at % 90, at % 997, at % 7) for at in range(100_000))
    with path.open("wb") as file:
        file.write(b"row,site,value,count\n")
        for number in range(TABLE_BYTES // len(block)):
            last = odd and number == TABLE_BYTES // len(block) - 1
            file.write(block.replace(b"0000123,site03", b"0000123,site04") if last else block)


def main() -> None:
    """Run one part and print its peak memory in MiB, and the processor time of its check in seconds."""
    what, *arguments = sys.argv[1:]
    seconds = many() if what == "many" else table(Path(arguments[0]))
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, seconds)


if __name__ == "__main__":
    main()
