"""Reads pictures of any kind as pixels on white; sizes are known before anything is decoded."""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[np.uint8]

MAX_IMAGE_PIXELS = 50_000_000
"""The largest picture that is decoded, all its frames together."""
FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "TIFF")

_ALL_PIXELS = 400_000_000


class PixelBudget:
    """How many pixels one check may still decode."""

    def __init__(self, pixels: int = _ALL_PIXELS) -> None:
        self._left = pixels

    def take(self, pixels: int) -> None:
        """Use some; raises ValueError with a reason for readers when too few are left."""
        self._left -= pixels
        if self._left < 0:
            raise ValueError("is one picture too many to compare in one check")


@dataclass(frozen=True)
class Bitmap:
    """A picture whose header was read; nothing is decoded before a frame is asked for."""

    image: Image.Image
    side: str
    """`published` or `reproduced`, for sentences."""
    frames: int

    @property
    def media_type(self) -> str:
        """The type that its bytes have."""
        return Image.MIME.get(str(self.image.format), "")

    def frame(self, number: int) -> Pixels:
        """Return a frame, height by width by 3, on white; raises ValueError with a reason for readers."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                self.image.seek(number)
                self.image.load()
                return np.asarray(_on_white(self.image))
        except Exception as error:  # decoders of hostile bytes raise nearly anything
            raise ValueError(f"could not be compared: the {self.side} one is damaged") from error


def opened(content: bytes, side: str, budget: PixelBudget) -> Bitmap:
    """Read a picture's header; raises ValueError with a reason for readers when it is no picture or too large."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            image = Image.open(io.BytesIO(content), formats=FORMATS)
            frames = int(getattr(image, "n_frames", 1)) if image.width * image.height <= MAX_IMAGE_PIXELS else 1
    except Image.DecompressionBombError:
        raise ValueError(f"is too large to compare: the {side} one has more than {MAX_IMAGE_PIXELS:,} pixels") from None
    except Exception as error:  # decoders of hostile bytes raise nearly anything
        raise ValueError(f"could not be compared: the {side} one cannot be read as a picture") from error
    pixels = image.width * image.height * frames
    if pixels > MAX_IMAGE_PIXELS:
        raise ValueError(f"is too large to compare: the {side} one has {pixels:,} pixels")
    budget.take(pixels)
    return Bitmap(image, side, frames)


def _on_white(image: Image.Image) -> Image.Image:
    if image.mode.startswith(("I", "F")):
        return image.convert("I").point(lambda value: value * (1 / 256)).convert("L").convert("RGB")
    if image.has_transparency_data:
        white = Image.new("RGBA", image.size, "white")
        white.alpha_composite(image.convert("RGBA"))
        return white.convert("RGB")
    return image.convert("RGB")
