"""Makes the pictures: containers of the suites draw, Pillow treats; what is kept already is not made again."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
from collections import defaultdict
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from bench.figures.pairs import Picture
from PIL import Image

HERE = Path(__file__).parent
CHUNK = 150
AT_ONCE = 2


def make(pictures: Iterable[Picture], kept: Path) -> dict[Picture, Path]:
    """Return the file of each picture that could be made."""
    wanted = list(dict.fromkeys(pictures))
    drawn = {picture: _drawn_path(picture, kept) for picture in wanted}
    waiting: dict[tuple[str, bool], dict[Path, Picture]] = defaultdict(dict)
    for picture, path in drawn.items():
        if not path.exists():
            waiting[picture.suite, picture.plot.toolkit in {"base", "ggplot"}][path] = picture
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for one in [pool.submit(_draw_all, *key, list(todo.items()), kept) for key, todo in waiting.items()]:
            one.result()
    return {picture: _treated(picture, path) for picture, path in drawn.items() if path.exists()}


def _draw_all(suite: str, in_r: bool, items: list[tuple[Path, Picture]], kept: Path) -> None:
    for at in range(0, len(items), CHUNK):
        _draw(suite, in_r, items[at : at + CHUNK], kept)
        done = min(len(items), at + CHUNK)
        print(f"{suite} {'R' if in_r else 'Python'}: {done} of {len(items)} drawn", flush=True)


def _drawn_path(picture: Picture, kept: Path) -> Path:
    said = json.dumps([_job(picture, ""), picture.suite, picture.copy], sort_keys=True)
    return kept / f"{hashlib.sha256(said.encode()).hexdigest()[:20]}.png"


def _job(picture: Picture, out: str) -> dict[str, Any]:
    plot = picture.plot
    about = {"kind": plot.kind, "toolkit": plot.toolkit, "data": plot.data, "texts": plot.texts}
    return about | {"style": dict(picture.style), "out": out}


def _draw(suite: str, in_r: bool, items: list[tuple[Path, Picture]], kept: Path) -> None:
    jobs = [_job(picture, f"/kept/{path.name}") for path, picture in items]
    script = kept / f"jobs-{suite}.{'R' if in_r else 'json'}"
    script.write_text(f"jobs <- {in_r_words(jobs)}\n" if in_r else json.dumps(jobs))
    how = ["nice", *(("Rscript", "/bench/draw.R") if in_r else ("python3", "/bench/draw.py"))]
    mounts = ["-v", f"{HERE}:/bench:ro", "-v", f"{kept}:/kept"]
    command = [
        "docker",
        "run",
        "--rm",
        "--network=none",
        "--cpus=1",
        *mounts,
        f"erc-figures:{suite}",
        *how,
        f"/kept/{script.name}",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.stderr.strip():
        (kept / f"errors-{suite}-{script.name}.log").write_text(done.stderr)


def in_r_words(value: Any) -> str:
    """Write a value as R does."""
    match value:
        case bool():
            return "TRUE" if value else "FALSE"
        case str():
            return json.dumps(value)
        case dict():
            return f"list({', '.join(f'`{key}` = {in_r_words(one)}' for key, one in value.items())})"
        case list():
            word = "list" if any(isinstance(one, (dict, list)) for one in value) else "c"
            return f"{word}({', '.join(in_r_words(one) for one in value)})"
        case _:
            return str(value)


def _treated(picture: Picture, drawn: Path) -> Path:
    how = dict(picture.bitmap)
    if not how:
        return drawn
    suffix = "jpg" if "jpeg" in how else "webp" if how.get("encode") == "webp" else "png"
    path = drawn.with_name(f"{drawn.stem}-{hashlib.sha256(json.dumps(how).encode()).hexdigest()[:8]}.{suffix}")
    if not path.exists():
        path.write_bytes(_bitmap(Image.open(drawn), how))
    return path


def _bitmap(image: Image.Image, how: dict[str, Any]) -> bytes:
    encode = how.get("encode")
    image = image.convert("RGBA") if encode == "rgba" else image.convert("RGB")
    if "scale" in how:
        size = round(image.width * how["scale"]), round(image.height * how["scale"])
        image = image.resize(size, Image.Resampling.LANCZOS)
    if "shift" in how:
        image = _shifted(image, how["shift"], how["side"])
    if encode == "palette":
        image = image.quantize(256)
    kept = io.BytesIO()
    if "jpeg" in how:
        image.save(kept, "JPEG", quality=how["jpeg"])
    elif encode == "webp":
        image.save(kept, "WEBP", quality=90)
    else:
        image.save(kept, "PNG", compress_level=9)
    return kept.getvalue()


def _shifted(image: Image.Image, by: int, side: str) -> Image.Image:
    left, top = (by if side in {"left", "all"} else 0), (by if side in {"top", "all"} else 0)
    more = by if side == "all" else 0
    shifted = Image.new("RGB", (image.width + left + more, image.height + top + more), "white")
    shifted.paste(image, (left, top))
    return shifted
