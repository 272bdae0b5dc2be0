"""Makes pictures smaller, or larger; meant to run in a limited child process."""

from __future__ import annotations

import io
import warnings
from pathlib import Path

from PIL import (
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    JpegImagePlugin,
    PngImagePlugin,
    PpmImagePlugin,
    UnidentifiedImageError,
    WebPImagePlugin,
)

from erc.events.errors import Rejected

MOST_PIXELS = 50_000_000
MOST_WIDTH = 4096
MOST_HEIGHT = 16_384
_LOADED = (BmpImagePlugin, GifImagePlugin, JpegImagePlugin, PngImagePlugin, PpmImagePlugin, WebPImagePlugin)
"""Pillow would import them in every child."""
FORMATS = ("PNG", "JPEG", "GIF", "BMP", "WEBP")


def resized(path: Path, width: int) -> bytes:
    """Return the first frame of a picture with this width in pixels, its sides in proportion, in its own format.

    Raises Rejected when it is none of the formats, has too many pixels, or would be too high.
    """
    Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            with path.open("rb") as file, Image.open(file, formats=FORMATS) as picture:
                return _resized(picture, width)
        except (Image.DecompressionBombWarning, Image.DecompressionBombError):
            raise Rejected(
                "The picture is too large", f"At most {MOST_PIXELS:,} pixels are read.", "picture_too_large"
            ) from None
        except (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError, OverflowError) as error:
            raise Rejected("The picture cannot be read", str(error)[:300], "picture_unreadable") from None


def _resized(picture: Image.Image, width: int) -> bytes:
    kind = str(picture.format)
    height = max(1, round(picture.height * width / picture.width))
    if height > MOST_HEIGHT or width * height > MOST_PIXELS:
        raise Rejected("invalid size parameter", "The picture would be too high at this width.", "invalid_size")
    if kind == "JPEG":
        picture.draft(picture.mode, (width, height))
    made = _coloured(picture, kind).resize((width, height), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    made.save(buffer, kind)
    return buffer.getvalue()


def _coloured(picture: Image.Image, kind: str) -> Image.Image:
    """Return the picture in colours that can be mixed and that its format can hold."""
    clear = picture.mode in {"LA", "PA", "RGBA"} or "transparency" in picture.info
    if kind in {"JPEG", "BMP"}:
        return picture.convert("L" if picture.mode == "L" else "RGB")
    if picture.mode in {"L", "RGB", "RGBA", "LA"} and "transparency" not in picture.info:
        return picture
    return picture.convert("RGBA" if clear else "RGB")
