"""Shapes of letters: how far two glyphs are apart, in whatever fonts they are drawn."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Array = NDArray[np.float32]

LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz.,:;()[]%+-=/*<>&#?!°²µ±αβσ~_"
SIDE = 12
TEMPLATES = Path(__file__).with_name("letters.png")
"""All letters in some fonts (see `bench/figures/letters.py`): a row a font, `SIDE` + 1 columns a letter."""

_PROPORTION = 0.06
"""How much a difference of the logarithms of two proportions weighs beside a difference of shapes."""
_TALLNESS = 0.35
_KNOWN, _UNKNOWN = 0.05, 0.7
"""Two glyphs together further than the first from known letters count their excess times the second."""


@dataclass(frozen=True)
class Glyph:
    """One connected sign of a line of words; places in pixels of its line's picture."""

    drawn: Array
    """Ink, 0 to 1, in `SIDE` by `SIDE` cells stretched over its box."""
    proportion: float
    """Logarithm of width by height."""
    top: float
    """Where its top lies between the line's top (0) and bottom (1)."""
    bottom: float


def shape(image: Image.Image, box: tuple[int, int, int, int]) -> tuple[Array, float]:
    """Return a glyph's ink (a box of a grey picture) in cells, 0 to 1, and its proportion's logarithm."""
    width, height = box[2] - box[0], box[3] - box[1]
    how = Image.Resampling.BOX if min(width, height) >= SIDE else Image.Resampling.BILINEAR
    cells = np.frombuffer(image.resize((SIDE, SIDE), how, box=box).tobytes(), dtype=np.uint8)  # faster than asarray
    return cells.reshape(SIDE, SIDE).astype(np.float32) / np.float32(255), math.log(width / height)


def distances(one: list[Glyph], other: list[Glyph]) -> tuple[Array, Array]:
    """Return how far each glyph is from each other one: as letters (0: may be the same letter), and as shapes.

    The distance as letters counts what both lack to be one known letter, beside what each lacks to be any.
    """
    a, b = _features(one), _features(other)
    shapes = _apart(a, b)
    to_a, to_b = _per_letter(_apart(a, _templates())), _per_letter(_apart(b, _templates()))
    best = to_a.min(1)[:, None] + to_b.min(1)[None, :]
    joint = (to_a[:, None, :] + to_b[None, :, :]).min(2) - best
    unknown = _UNKNOWN * np.maximum(0, best - _KNOWN)
    tall = np.abs(_column(one, "top")[:, None] - _column(other, "top")[None, :])
    tall += np.abs(_column(one, "bottom")[:, None] - _column(other, "bottom")[None, :])
    uneven = _TALLNESS * np.maximum(0, tall - 0.22)
    return (joint + unknown + uneven).astype(np.float32), (shapes + uneven).astype(np.float32)


def read(glyphs: list[Glyph]) -> tuple[str, Array]:
    """Return the likeliest letter of each glyph and how far each is from it."""
    if not glyphs:
        return "", np.zeros(0, dtype=np.float32)
    apart = _per_letter(_apart(_features(glyphs), _templates()))
    return "".join(LETTERS[at] for at in apart.argmin(1)), apart.min(1).astype(np.float32)


def _column(glyphs: list[Glyph], name: str) -> Array:
    return np.array([getattr(glyph, name) for glyph in glyphs], dtype=np.float32)


def _features(glyphs: list[Glyph]) -> Array:
    cells = np.stack([glyph.drawn.ravel() for glyph in glyphs]) / SIDE
    return np.concatenate([cells, math.sqrt(_PROPORTION) * _column(glyphs, "proportion")[:, None]], axis=1)


def _apart(a: Array, b: Array) -> Array:
    square = (a**2).sum(1)[:, None] + (b**2).sum(1)[None, :] - 2 * a @ b.T
    apart: Array = np.maximum(square, 0)
    return apart


def _per_letter(apart: Array) -> Array:
    nearest: Array = apart.reshape(len(apart), -1, len(LETTERS)).min(1)
    return nearest


@lru_cache(maxsize=1)
def _templates() -> Array:
    sheet = np.asarray(Image.open(TEMPLATES), dtype=np.float32)
    cells = sheet.reshape(sheet.shape[0] // SIDE, SIDE, len(LETTERS), SIDE + 1).transpose(0, 2, 1, 3)
    drawn = cells[..., :SIDE].reshape(-1, SIDE * SIDE) / 255 / SIDE
    proportion = (cells[..., 0, SIDE].reshape(-1, 1) - 128) / 40
    return np.concatenate([drawn, math.sqrt(_PROPORTION) * proportion], axis=1)
