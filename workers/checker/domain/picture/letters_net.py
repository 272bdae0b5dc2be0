"""Reads a line of words with a neural network: PP-OCRv6, a model of PaddleOCR that the package RapidOCR brings."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from erc.workers.checker.domain.picture.parts import Pixels

_HEIGHT = 48
"""The height that the model reads, in pixels; one of its steps is 8 pixels wide."""
_MARGIN = 0.25
"""The ground around a line, in its height."""
_NARROWEST, _WIDEST = 16, 1600
_FAINTEST = 20.0
"""Ink weaker than this is not made stronger."""


@dataclass(frozen=True)
class Reading:
    """What a line says, with how sure each sign is (0 to 1)."""

    text: str
    sure: tuple[float, ...]

    @property
    def surely(self) -> float:
        """How sure the signs are on average; 0 of none."""
        return sum(self.sure) / len(self.sure) if self.sure else 0.0


def line_read(ink: Pixels, stretch: float = 1.0) -> Reading:
    """Return what a line says: its ink (height by width, 0 the ground to 255), read from left to right.

    Drawn wider by `stretch` the network tells narrow signs apart that it else takes for one, or leaves out.
    """
    if min(ink.shape) < 2:
        return Reading("", ())
    network, name, signs = network_loaded()
    odds = network.run(None, {name: _fed(ink, stretch)})[0][0]
    best = odds.argmax(1)
    text, sure, last = [], [], 0
    for step, sign in enumerate(best):
        if sign and sign != last:
            text.append(signs[sign])
            sure.append(float(odds[step, sign]))
        last = sign
    return Reading("".join(text), tuple(sure))


def _fed(ink: Pixels, stretch: float) -> NDArray[np.float32]:
    """Return a line as the model takes it: dark on white, -1 to 1, 1 by 3 by 48 by its width."""
    strong = max(_FAINTEST, float(np.percentile(ink, 99.5)))
    inked = np.clip(ink.astype(np.float32) * (255 / strong), 0, 255)
    light = 255 - np.pad(inked, max(2, round(ink.shape[0] * _MARGIN)))
    wide = min(_WIDEST, max(_NARROWEST, round(stretch * light.shape[1] * _HEIGHT / light.shape[0])))
    image = Image.fromarray(light.astype(np.uint8)).resize((wide, _HEIGHT), Image.Resampling.BICUBIC)
    drawn = np.asarray(image, dtype=np.float32) / 127.5 - 1
    return np.ascontiguousarray(np.broadcast_to(drawn, (1, 3, *drawn.shape)))


@lru_cache(maxsize=1)
def network_loaded() -> tuple[Any, str, list[str]]:
    """Return the network, the name of its input, and its signs by number; without threads, so forks may share it.

    The library is imported here, for it takes 200 MiB of address space, which most processes do not need.
    """
    onnxruntime = import_module("onnxruntime")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False
    network = onnxruntime.InferenceSession(str(_model()), options, providers=["CPUExecutionProvider"])
    signs = network.get_modelmeta().custom_metadata_map["character"].splitlines()
    return network, network.get_inputs()[0].name, ["", *signs, " "]


def _model() -> Path:
    """Return the model's file in the package, which need not be imported for it."""
    package = distribution("rapidocr")
    names = [str(file) for file in package.files or () if file.match("models/*_rec_*.onnx")]
    return Path(str(package.locate_file(names[0])))
