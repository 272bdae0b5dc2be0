"""What others do: bytes, pixelmatch's test, RMS of matplotlib, SSIM. Each gives a distance; larger is less alike."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image
from scipy import ndimage

Grey = np.ndarray
BASELINES = ("bytes", "pixelmatch", "rms", "ssim")


def distances(first: Path, second: Path) -> dict[str, float]:
    """Return the distances of two files; pictures of unlike size are brought to the first one's."""
    same = first.read_bytes() == second.read_bytes()
    a, b = _read(first), _read(second)
    if a.shape != b.shape:
        b = np.asarray(Image.fromarray(b).resize(a.shape[1::-1], Image.Resampling.BICUBIC))
    return {"bytes": float(not same), "pixelmatch": _pixelmatch(a, b), "rms": _rms(a, b), "ssim": 1 - _ssim(a, b)}


def _read(path: Path) -> np.ndarray:
    image = Image.open(path)
    if image.has_transparency_data:
        white = Image.new("RGBA", image.size, "white")
        white.alpha_composite(image.convert("RGBA"))
        image = white
    return np.asarray(image.convert("RGB"))


def _pixelmatch(a: np.ndarray, b: np.ndarray) -> float:
    """Return the share of pixels further apart than 0.1 in YIQ, as pixelmatch without its test of anti-aliasing."""
    red, green, blue = (a[..., at].astype(np.float32) - b[..., at] for at in range(3))
    y = red * 0.29889531 + green * 0.58662247 + blue * 0.11448223
    i = red * 0.59597799 - green * 0.27417610 - blue * 0.32180189
    q = red * 0.21147017 - green * 0.52261711 + blue * 0.31114694
    return float((0.5053 * y * y + 0.299 * i * i + 0.1957 * q * q > 35215 * 0.01).mean())


def _rms(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.sqrt(((a.astype(np.float32) - b) ** 2).mean()))


def _ssim(a: np.ndarray, b: np.ndarray) -> float:
    x, y = a.astype(np.float32).mean(2), b.astype(np.float32).mean(2)
    mean_x, mean_y = ndimage.uniform_filter(x, 7), ndimage.uniform_filter(y, 7)
    xx, yy = ndimage.uniform_filter(x * x, 7) - mean_x**2, ndimage.uniform_filter(y * y, 7) - mean_y**2
    xy = ndimage.uniform_filter(x * y, 7) - mean_x * mean_y
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    score = (2 * mean_x * mean_y + c1) * (2 * xy + c2) / ((mean_x**2 + mean_y**2 + c1) * (xx + yy + c2))
    return float(score.mean())
