"""Draws the shapes of letters that the comparator reads by: `python -m bench.figures.letters FOLDER_OF_FONTS`.

The shapes come from DejaVu (Bitstream Vera's licence) and Liberation (SIL Open Font License), 12 by 12 grey values each.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from erc.workers.checker.domain.picture.glyphs import LETTERS, SIDE, TEMPLATES, shape

FONTS = (
    "DejaVuSans", "DejaVuSans-Bold", "DejaVuSerif", "DejaVuSerif-Bold", "DejaVuSansMono", "LiberationSans-Regular",
    "LiberationSans-Bold", "LiberationSerif-Regular", "LiberationSerif-Bold", "LiberationMono-Regular",
    "LiberationSans-Italic", "LiberationSerif-Italic",
)  # fmt: skip


def main(folder: Path) -> None:
    """Write the picture of all shapes: a row a font, the first column holding each shape's proportion."""
    rows = []
    for name in FONTS:
        font = ImageFont.truetype(folder / f"{name}.ttf", 30)
        cells = [_cell(letter, font) for letter in LETTERS]
        rows.append(np.concatenate(cells, axis=1))
    Image.fromarray(np.concatenate(rows)).save(TEMPLATES, optimize=True)


def _cell(letter: str, font: ImageFont.FreeTypeFont) -> np.ndarray:
    image = Image.new("L", (90, 90), 0)
    ImageDraw.Draw(image).text((25, 20), letter, font=font, fill=255)
    box = image.point(lambda value: 255 if value > 110 else 0).getbbox()
    assert box is not None
    drawn, proportion = shape(image, box)
    cell = np.zeros((SIDE, SIDE + 1), dtype=np.uint8)
    cell[:, :SIDE] = np.round(255 * drawn)
    cell[:, SIDE] = round(128 + 40 * proportion)
    return cell


if __name__ == "__main__":
    main(Path(sys.argv[1]))
