from __future__ import annotations

import base64
import hashlib
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import pytest
from PIL import Image, ImageDraw

from erc.schemas.check import CheckReport, Comparison
from erc.workers.checker.domain import Apart, Resources, check
from erc.workers.checker.domain.apart import directly


@dataclass
class Checked:
    """A comparison that was made, with the blobs that it kept."""

    blobs: dict[str, bytes] = field(default_factory=dict)
    made: CheckReport | None = None

    def put(self, content: bytes) -> str:
        digest = hashlib.sha256(content).hexdigest()
        self.blobs[digest] = content
        return digest

    @property
    def report(self) -> CheckReport:
        assert self.made is not None
        return self.made

    @property
    def verdict(self) -> str:
        return self.report.verdict.value

    @property
    def reason(self) -> str:
        return self.report.reason

    @property
    def outcomes(self) -> list[str]:
        return [row.outcome.value for row in self.report.comparisons]

    def row(self, start: str) -> Comparison:
        return next(row for row in self.report.comparisons if row.name.startswith(start))

    @property
    def page(self) -> str:
        assert self.report.html is not None
        return self.blobs[self.report.html].decode()


@pytest.fixture(scope="session")
def checked() -> Callable[..., Checked]:
    """Compare two displays, which may be texts."""

    def run(
        published: bytes | str | None,
        reproduced: bytes | str | None,
        display: str = "display.html",
        files: Mapping[str, bytes] | None = None,
        made: Mapping[str, bytes] | None = None,
        apart: Apart = directly,
    ) -> Checked:
        one = Checked()
        sides = [side.encode() if isinstance(side, str) else side for side in (published, reproduced)]
        one.made = check(sides[0], sides[1], display, Resources((files or {}).get, (made or {}).get, apart), one.put)
        assert CheckReport.model_validate_json(one.made.model_dump_json()) == one.made
        return one

    return run


@pytest.fixture(scope="session")
def plot() -> Callable[..., bytes]:
    """Draw a figure of 400 × 300 pixels with a label and perhaps a red block of a given size."""

    def draw(label: str = "12.5", block: int = 0, shift: int = 0, size: tuple[int, int] = (400, 300)) -> bytes:
        image = Image.new("RGB", size, "white")
        pen = ImageDraw.Draw(image)
        pen.rectangle((40, 20, 380, 260), outline="black")
        for step in range(30):
            pen.ellipse((50 + 11 * step, 240 - 7 * step + shift, 54 + 11 * step, 244 - 7 * step + shift), fill="blue")
        pen.text((10, 275), label, fill="black")
        if block:
            pen.rectangle((200, 100, 199 + block, 99 + block), fill="red")
        return saved(image)

    return draw


@pytest.fixture(scope="session")
def page_of() -> Callable[..., str]:
    """Write a page of text and embedded figures, each given as (alternative text, PNG)."""

    def write(*figures: tuple[str, bytes], text: str = "The mean is 4.2.") -> str:
        shown = "".join(
            f'<p><img alt="{alt}" src="data:image/png;base64,{base64.b64encode(png).decode()}"></p>'
            for alt, png in figures
        )
        return (
            f"<!DOCTYPE html><html><head><title>t</title></head><body><h1>Rain</h1><p>{text}</p>{shown}</body></html>"
        )

    return write


def saved(image: Image.Image, kind: str = "PNG") -> bytes:
    kept = io.BytesIO()
    image.save(kept, kind)
    return kept.getvalue()
