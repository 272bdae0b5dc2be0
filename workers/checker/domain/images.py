"""Compares bitmaps pixel by pixel."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from PIL import Image, ImageChops, ImageFilter

from erc.schemas.check import Outcome
from erc.workers.checker.domain.result import Compared

MAX_IMAGE_PIXELS = 50_000_000
"""The largest picture that is decoded, all its frames together."""
CHANNEL_TOLERANCE = 0.10
"""A pixel differs when any channel differs by more than this share of its range."""
PIXEL_TOLERANCE = 0.0005
"""Scattered pixels up to this share of a picture may differ without being a difference."""

_ALL_PIXELS = 400_000_000
_FORMATS = ("PNG", "JPEG", "GIF", "WEBP")
_STEP = round(255 * CHANNEL_TOLERANCE)
_PATCH = 5
_PATCH_PIXELS = 6
_BAND_PIXELS = 2_000_000
_RED = (204, 0, 0)

Size = tuple[int, int]
Box = tuple[int, int, int, int]


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
class _Difference:
    pixels: int
    share: float
    real: bool
    """Whether it is more than scattered pixels and edges drawn up to one pixel elsewhere."""
    marked: bytes | None = None


def compare_images(published: bytes, reproduced: bytes, budget: PixelBudget) -> Compared:
    """Compare two PNG, JPEG, GIF or WebP files on white; `difference` is a PNG with the differing pixels in red.

    Not readable or too large is `uncompared`; another size is `different`.
    """
    media = ""
    try:
        theirs, ours = _opened(published, "published", budget), _opened(reproduced, "reproduced", budget)
        media = _media(theirs) if theirs.format == ours.format else ""
        found = _sizes(theirs, ours) or _pixels(theirs, ours)
    except ValueError as error:
        return Compared("image", Outcome.UNCOMPARED, str(error), 1.0, published, reproduced, media_type=media)
    outcome, finding, difference = found
    return Compared(
        "image",
        outcome,
        finding,
        difference.share,
        published,
        reproduced,
        difference.marked,
        media_type=media or "image/*",
    )


def media_type(content: bytes) -> str:
    """Return the type of a picture that can be read and is not too large, else nothing."""
    try:
        return _media(_opened(content, "", PixelBudget()))
    except ValueError:
        return ""


def _media(image: Image.Image) -> str:
    return Image.MIME.get(str(image.format), "")


def _opened(content: bytes, side: str, budget: PixelBudget) -> Image.Image:
    """Read a picture's header; nothing is decoded yet."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image = Image.open(io.BytesIO(content), formats=_FORMATS)
            frames = int(getattr(image, "n_frames", 1)) if image.width * image.height <= MAX_IMAGE_PIXELS else 1
    except Image.DecompressionBombError:
        raise ValueError(f"is too large to compare: the {side} one has more than {MAX_IMAGE_PIXELS:,} pixels") from None
    except Exception as error:  # decoders of hostile bytes raise nearly anything
        raise ValueError(f"could not be compared: the {side} one cannot be read as a picture") from error
    pixels = image.width * image.height * frames
    if pixels > MAX_IMAGE_PIXELS:
        raise ValueError(f"is too large to compare: the {side} one has {pixels:,} pixels")
    budget.take(pixels)
    return image


def _sizes(published: Image.Image, reproduced: Image.Image) -> tuple[Outcome, str, _Difference] | None:
    if published.size != reproduced.size:
        (width, height), (w, h) = published.size, reproduced.size
        finding = f"is {w:,} × {h:,} pixels, the published one is {width:,} × {height:,}"
        return Outcome.DIFFERENT, finding, _Difference(0, 1.0, real=True)
    frames, made = getattr(published, "n_frames", 1), getattr(reproduced, "n_frames", 1)
    if frames != made:
        return (
            Outcome.DIFFERENT,
            f"has {made} frames, the published one has {frames}",
            _Difference(0, 1.0, real=True),
        )
    return None


def _pixels(published: Image.Image, reproduced: Image.Image) -> tuple[Outcome, str, _Difference]:
    worst = _Difference(0, 0.0, real=False)
    for frame in range(getattr(published, "n_frames", 1)):
        found = _difference(_flat(published, frame, "published"), _flat(reproduced, frame, "reproduced"))
        if (found.real, found.share) > (worst.real, worst.share):
            worst = found
    if worst.real:
        return Outcome.DIFFERENT, f"differs in {_percent(worst)} of its pixels", worst
    if worst.pixels:
        return Outcome.EQUIVALENT, "differs only in the way it is drawn, by single pixels", worst
    return Outcome.EQUIVALENT, "shows the same picture", worst


def _percent(difference: _Difference) -> str:
    percent = 100 * difference.share
    return f"{percent:.1f} %" if percent >= 0.1 else f"{percent:.2f} %" if percent >= 0.01 else "less than 0.01 %"


def _flat(image: Image.Image, frame: int, side: str) -> Image.Image:
    """Return a frame as RGB on white."""
    try:
        image.seek(frame)
        image.load()
        if image.mode.startswith(("I", "F")):
            return image.convert("I").point(lambda value: value * (1 / 256)).convert("L").convert("RGB")
        if image.has_transparency_data:
            white = Image.new("RGBA", image.size, "white")
            white.alpha_composite(image.convert("RGBA"))
            return white.convert("RGB")
        return image.convert("RGB")
    except Exception as error:  # decoders of hostile bytes raise nearly anything
        raise ValueError(f"could not be compared: the {side} one is damaged") from error


def _difference(published: Image.Image, reproduced: Image.Image) -> _Difference:
    mask = _mask(ImageChops.difference(published, reproduced))
    box = mask.getbbox()
    if box is None:
        return _Difference(0, 0.0, real=False)
    pixels = mask.histogram()[255]
    whole = mask.width * mask.height
    unexplained, real = 0, False
    for band in _bands(box, mask.size):
        left = _unexplained(published.crop(band), reproduced.crop(band), mask.crop(band))
        unexplained += left.histogram()[255]
        real = unexplained > PIXEL_TOLERANCE * whole or _has_patch(left, mask.crop(band))
        if real:
            break
    return _Difference(pixels, pixels / whole, real, _marked(published, mask) if real else None)


def _mask(difference: Image.Image) -> Image.Image:
    red, green, blue = difference.split()
    strongest = ImageChops.lighter(ImageChops.lighter(red, green), blue)
    return strongest.point([255 if value > _STEP else 0 for value in range(256)])


def _bands(box: Box, size: Size) -> Iterator[Box]:
    """Cut the region that differs into overlapping bands, so that memory stays flat."""
    left, right = max(0, box[0] - _PATCH), min(size[0], box[2] + _PATCH)
    height = max(1, _BAND_PIXELS // (right - left))
    for top in range(box[1], box[3], height):
        yield left, max(0, top - _PATCH), right, min(size[1], top + height + _PATCH)


def _unexplained(published: Image.Image, reproduced: Image.Image, mask: Image.Image) -> Image.Image:
    """Return the differing pixels that have no like among the other picture's pixels one step around."""
    one_way = _mask(_outside(published, reproduced))
    other_way = _mask(_outside(reproduced, published))
    return ImageChops.darker(ImageChops.lighter(one_way, other_way), mask)


def _outside(image: Image.Image, other: Image.Image) -> Image.Image:
    """Return by how much each channel lies outside the range of the other picture's pixels one step around."""
    darkest, lightest = _spread(other, ImageChops.darker, "white"), _spread(other, ImageChops.lighter, "black")
    return ImageChops.lighter(ImageChops.subtract(image, lightest), ImageChops.subtract(darkest, image))


def _spread(image: Image.Image, choose: Callable[[Image.Image, Image.Image], Image.Image], outside: str) -> Image.Image:
    """Give each pixel the chosen value of its neighbourhood; the frame around keeps edges from wrapping."""
    framed = Image.new("RGB", (image.width + 2, image.height + 2), outside)
    framed.paste(image, (1, 1))
    across = choose(choose(framed, ImageChops.offset(framed, 1, 0)), ImageChops.offset(framed, -1, 0))
    down = choose(choose(across, ImageChops.offset(across, 0, 1)), ImageChops.offset(across, 0, -1))
    return down.crop((1, 1, image.width + 1, image.height + 1))


def _has_patch(unexplained: Image.Image, mask: Image.Image) -> bool:
    """Return whether a pixel that nothing explains lies in a patch of differing ones: a digit, a mark, no noise."""
    if unexplained.getbbox() is None:
        return False
    dense = mask.filter(ImageFilter.BoxBlur(_PATCH // 2))
    least = 255 * _PATCH_PIXELS // _PATCH**2 - 1
    thick = dense.point([255 if value >= least else 0 for value in range(256)])
    return ImageChops.darker(unexplained, thick).getbbox() is not None


def _marked(published: Image.Image, mask: Image.Image) -> bytes:
    """Return the published picture in pale grey with the differing pixels in red, as PNG."""
    pale = published.convert("L").point([255 - round((255 - value) * 0.35) for value in range(256)]).convert("RGB")
    pale.paste(_RED, (0, 0, *pale.size), mask)
    kept = io.BytesIO()
    pale.save(kept, "PNG", compress_level=3)
    return kept.getvalue()
