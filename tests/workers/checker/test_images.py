from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

Check = Callable[..., Any]


def saved(image: Image.Image, kind: str = "PNG", **how: Any) -> bytes:
    kept = io.BytesIO()
    image.save(kept, kind, **how)
    return kept.getvalue()


def claimed(width: int, height: int) -> bytes:
    """A PNG that says it is this large."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 99)) + chunk(b"IEND", b"")


def test_the_same_pixels_in_other_bytes_are_equivalent(checked: Check, plot: Check) -> None:
    again = saved(Image.open(io.BytesIO(plot())), compress_level=1)
    found = checked(plot(), again, "display.png")
    assert found.outcomes == ["equivalent"]
    assert found.reason == "display.png agrees with the published one; only bytes differ that no reader sees."


def test_the_same_bytes_are_identical(checked: Check, plot: Check) -> None:
    found = checked(plot(), plot(), "display.png")
    assert found.outcomes == ["identical"]
    assert found.reason == "display.png agrees with the published one, byte for byte."


@pytest.mark.parametrize("block", [4, 10, 100])
def test_a_changed_block_is_found_marked_and_measured(checked: Check, plot: Check, block: int) -> None:
    found = checked(plot(), plot(block=block), "display.png")
    row = found.row("display.png")
    assert found.outcomes == ["different"]
    assert (row.likeness, row.places[0].what) == ("different content", "marks")
    place = row.places[0]
    assert place.left <= 200 + block // 2 <= place.left + place.width
    assert place.top <= 100 + block // 2 <= place.top + place.height
    assert place.width <= block + 8
    assert place.height <= block + 8
    assert 0 < row.measure <= (block + 8) ** 2 / (400 * 300)
    marked = Image.open(io.BytesIO(found.blobs[row.difference])).convert("RGB")
    assert marked.size == (400, 300)
    assert (204, 0, 0) in {colour for _, colour in marked.getcolors(1 << 20)}


@pytest.mark.parametrize("label", ["12.6", "12.3", "13.5", "72.5", "-12.5"])
def test_a_changed_label_is_a_difference(checked: Check, plot: Check, label: str) -> None:
    assert checked(plot(), plot(label), "display.png").outcomes == ["different"]


def test_what_a_lossy_encoding_changes_is_tolerated(checked: Check, plot: Check) -> None:
    image = Image.open(io.BytesIO(plot())).convert("RGB")
    for quality in (95, 85):
        again = Image.open(io.BytesIO(saved(image, "JPEG", quality=quality)))
        assert checked(plot(), saved(again), "display.png").outcomes[0] in {"equivalent", "other rendering"}


def test_many_scattered_pixels_are_a_difference(checked: Check, plot: Check) -> None:
    image = Image.open(io.BytesIO(plot())).convert("RGB")
    for step in range(200):
        image.putpixel((10 + 19 * (step % 20), 5 + 28 * (step // 20)), (255, 0, 0))
    assert checked(plot(), saved(image), "display.png").outcomes == ["different"]


def test_marks_drawn_one_pixel_lower_are_tolerated_and_eight_are_not(checked: Check, plot: Check) -> None:
    assert checked(plot(), plot(shift=1), "display.png").outcomes == ["equivalent"]
    assert checked(plot(), plot(shift=8), "display.png").outcomes == ["different"]


def test_a_faint_change_is_tolerated(checked: Check) -> None:
    before, after = Image.new("RGB", (100, 100), (200, 200, 200)), Image.new("RGB", (100, 100), (210, 200, 190))
    assert checked(saved(before), saved(after), "display.png").outcomes == ["equivalent"]


def pale(left: int = 60, ink: int = 235) -> Image.Image:
    image = Image.new("RGB", (400, 300), "white")
    pen = ImageDraw.Draw(image)
    pen.rectangle((30, 20, 380, 270), outline="black")
    pen.ellipse((left, 100, left + 60, 160), fill=(ink, ink, ink))
    return image


def raster(signal: float = 0.0, noise: float = 0.0) -> Image.Image:
    down, across = np.mgrid[0:300, 0:400]
    ground = 128 + 60 * np.sin(across / 50) * np.cos(down / 40)
    drawn = ground + signal * np.sin(across / 30) * np.sin(down / 30)
    drawn += np.random.default_rng(7).uniform(-noise, noise, drawn.shape)
    return Image.fromarray(drawn.round().astype(np.uint8)).convert("RGB")


@pytest.mark.parametrize(
    "after", [pale(250), pale(ink=255), pale(ink=225), pale(64)], ids=["moved", "gone", "ink", "4 px"]
)
def test_pale_shapes_that_differ_are_a_difference_with_its_place(checked: Check, after: Image.Image) -> None:
    found = checked(saved(pale()), saved(after), "display.png")
    assert found.outcomes == ["different"]
    place = found.row("display.png").places[0]
    assert place.left <= 90 <= place.left + place.width + 30
    assert place.top <= 130 <= place.top + place.height


@pytest.mark.parametrize("signal", [8.0, 22.0])
def test_a_smooth_signal_on_a_raster_is_a_difference_and_noise_is_none(checked: Check, signal: float) -> None:
    assert checked(saved(raster()), saved(raster(signal)), "display.png").outcomes == ["different"]
    assert checked(saved(raster()), saved(raster(noise=4)), "display.png").verdict == "reproduced"


@pytest.mark.parametrize("quality", [75, 85, 95])
def test_an_encoding_of_a_pale_figure_is_tolerated(checked: Check, quality: int) -> None:
    again = Image.open(io.BytesIO(saved(pale(), "JPEG", quality=quality)))
    assert checked(saved(pale()), saved(again), "display.png").verdict != "differs"


def test_transparency_counts_as_white(checked: Check) -> None:
    clear, white = Image.new("RGBA", (50, 50), (0, 0, 0, 0)), Image.new("RGB", (50, 50), "white")
    assert checked(saved(clear), saved(white), "display.png").outcomes == ["equivalent"]
    assert checked(saved(clear), saved(Image.new("RGB", (50, 50))), "display.png").outcomes == ["different"]


def test_sixteen_bits_of_grey_are_compared(checked: Check) -> None:
    before, after = Image.new("I;16", (20, 20), 65535), Image.new("I;16", (20, 20), 20000)
    assert checked(saved(before), saved(after), "display.png").outcomes == ["different"]


def test_the_same_picture_at_another_size_is_equivalent_and_both_sizes_are_named(checked: Check, plot: Check) -> None:
    larger = Image.open(io.BytesIO(plot())).resize((600, 450), Image.Resampling.LANCZOS)
    found = checked(plot(), saved(larger), "display.png")
    assert found.verdict in {"reproduced", "reproduced, rendered differently"}
    assert "at 600 × 450 pixels instead of 400 × 300" in found.reason


def test_jpeg_and_gif_are_compared(checked: Check, plot: Check) -> None:
    before, after = (Image.open(io.BytesIO(plot(block=size))) for size in (0, 60))
    for kind, name in (("JPEG", "display.jpg"), ("GIF", "display.gif")):
        assert checked(saved(before, kind), saved(after, kind), name).outcomes == ["different"]


def test_a_later_frame_of_an_animation_is_compared(checked: Check) -> None:
    frames = [Image.new("RGB", (30, 30), colour) for colour in ("white", "red", "blue")]
    before = saved(frames[0], "GIF", save_all=True, append_images=frames[1:])
    after = saved(frames[0], "GIF", save_all=True, append_images=[frames[1], frames[0]])
    assert checked(before, after, "display.gif").outcomes == ["different"]


@pytest.mark.parametrize("size", [(60_000, 60_000), (10_000, 6_000), (2_000_000_000, 1)])
def test_a_picture_that_claims_to_be_huge_is_not_decoded(checked: Check, plot: Check, size: tuple[int, int]) -> None:
    for before, after in ((plot(), claimed(*size)), (claimed(*size), plot())):
        found = checked(before, after, "display.png")
        assert found.outcomes == ["uncompared"]
        assert found.verdict == "not comparable"
        assert "cannot be read" in found.reason or "too large to compare" in found.reason


def test_bytes_that_are_no_picture_are_not_compared(checked: Check, plot: Check) -> None:
    for broken in (b"no picture", plot()[:700], b""):
        found = checked(plot(), broken, "display.png")
        assert found.outcomes == ["uncompared"]
        assert found.reason.startswith("display.png could not be compared: the reproduced one")


def test_a_check_decodes_only_so_many_pixels(checked: Check) -> None:
    def large(ink: int) -> bytes:
        image = Image.new("1", (7000, 7000), 1)
        ImageDraw.Draw(image).rectangle((0, 0, ink, 9), fill=0)
        return saved(image)

    files = [{f"{at}.png": large(2000 * side + at) for at in range(6)} for side in (0, 1)]
    page = "".join(f'<img src="{at}.png">' for at in range(6))
    found = checked(page, page, files=files[0], made=files[1])
    assert found.outcomes == ["identical", *["different"] * 4, *["uncompared"] * 2]
