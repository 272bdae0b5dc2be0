"""Compares figures that tests draw."""

from __future__ import annotations

import io

from PIL import Image

from erc.schemas.check import Likeness
from erc.workers.checker.domain.images import PixelBudget, compare_images


def saved(image: Image.Image, kind: str = "PNG") -> bytes:
    """Return a picture as a file."""
    kept = io.BytesIO()
    image.save(kept, kind, quality=80)
    return kept.getvalue()


def likeness(one: Image.Image, other: Image.Image) -> Likeness | None:
    """Return what two pictures are to each other."""
    return compare_images(saved(one), saved(other), PixelBudget()).likeness
