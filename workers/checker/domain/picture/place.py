"""Places one picture on another: a scale and a shift an axis, from where long edges lie."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from erc.workers.checker.domain.picture.parts import Box, Pixels

Profile = NDArray[np.float32]

_PEAKS = 12
_STRETCH = 0.06


@dataclass(frozen=True)
class Line:
    """`other = scale * one + shift`, along one axis."""

    scale: float
    shift: float

    def at(self, place: float) -> float:
        """Map a place."""
        return self.scale * place + self.shift


@dataclass(frozen=True)
class Map:
    """Where a place of the first picture lies in the second."""

    x: Line
    y: Line

    def box(self, box: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
        """Map a box."""
        return self.x.at(box[0]), self.y.at(box[1]), self.x.at(box[2]), self.y.at(box[3])

    def back(self, box: Box) -> Box:
        """Return the box of the first picture that lies on a box of the second."""
        x, y = self.x, self.y
        left, right = (round((side - x.shift) / x.scale) for side in (box[0], box[2]))
        top, bottom = (round((side - y.shift) / y.scale) for side in (box[1], box[3]))
        return left, top, right, bottom

    def apart(self, other: Map, width: int, height: int) -> float:
        """Return how far two maps put a place apart at most, in pixels."""
        x = max(abs(self.x.at(at) - other.x.at(at)) for at in (0, width))
        y = max(abs(self.y.at(at) - other.y.at(at)) for at in (0, height))
        return max(x, y)


IDENTITY = Map(Line(1.0, 0.0), Line(1.0, 0.0))


def between(one: Box, other: Box) -> Map:
    """Return the map that puts a box on another."""
    return Map(_ends(one[0], one[2], other[0], other[2]), _ends(one[1], one[3], other[1], other[3]))


def refined(first: Pixels, second: Pixels, one: Box, start: Map, slack: float) -> Map:
    """Return the map of a box of the first picture near a first guess that brings most edges together.

    `slack` pixels is how far the guess may be wrong.
    """
    other = start.box(one)
    a, b = _cut(first, one, slack), _cut(second, tuple(round(side) for side in other), slack)  # type: ignore[arg-type]
    lines = []
    for axis, begin, line in ((1, 0, start.x), (0, 1, start.y)):
        offset_a, offset_b = a[1][begin], b[1][begin]
        guess = Line(line.scale, line.at(offset_a) - offset_b)
        found = _aligned(_profile(a[0], axis), _profile(b[0], axis), guess, slack)
        lines.append(Line(found.scale, found.shift + offset_b - found.scale * offset_a))
    return Map(lines[0], lines[1])


def _cut(pixels: Pixels, box: Box, slack: float) -> tuple[Pixels, tuple[int, int]]:
    margin = int(slack) + 3
    left, top = max(0, box[0] - margin), max(0, box[1] - margin)
    return pixels[top : box[3] + margin, left : box[2] + margin], (left, top)


def _ends(a: float, b: float, c: float, d: float) -> Line:
    scale = (d - c) / max(1.0, b - a)
    return Line(scale, c - scale * a)


def _profile(pixels: Pixels, axis: int) -> Profile:
    """Return how much edge lies across each place of an axis; long edges count most."""
    grey = pixels.astype(np.float32).mean(2)
    step = np.zeros_like(grey)
    if axis == 1:
        step[:, 1:] = np.diff(grey, axis=1)
        total = np.abs(ndimage.uniform_filter1d(step, 7, axis=0)).sum(0)
    else:
        step[1:] = np.diff(grey, axis=0)
        total = np.abs(ndimage.uniform_filter1d(step, 7, axis=1)).sum(1)
    strong = np.sqrt(total)
    profile: Profile = (strong - np.median(strong)).clip(0).astype(np.float32)
    return profile


def _aligned(a: Profile, b: Profile, guess: Line, slack: float) -> Line:
    if len(a) < 8 or len(b) < 8 or not a.any() or not b.any():
        return guess
    wide = ndimage.gaussian_filter1d(b, 1.2)
    lines = _candidates(_peaks(a), _peaks(b), guess, slack, len(a))
    best = lines[int(_scores(a, wide, lines, guess, slack, len(a)).argmax())]
    for reach, step in ((1.5, 0.5), (0.5, 0.125)):
        ends = np.arange(-reach, reach + step / 2, step)
        low, high = np.meshgrid(ends, ends)
        start, end = best.shift, best.at(len(a))
        tried = [
            Line((end + h - start - lo) / len(a), start + lo) for lo, h in zip(low.ravel(), high.ravel(), strict=True)
        ]
        best = tried[int(_scores(a, ndimage.gaussian_filter1d(b, 0.7), tried, guess, slack, len(a)).argmax())]
    return best


def _peaks(profile: Profile) -> list[tuple[int, float]]:
    top = (profile == ndimage.maximum_filter1d(profile, 5)) & (profile > 0)
    places = np.flatnonzero(top)
    strongest = places[np.argsort(-profile[places], kind="stable")][:_PEAKS]
    return [(int(at), float(profile[at])) for at in sorted(strongest)]


def _candidates(
    a: list[tuple[int, float]], b: list[tuple[int, float]], guess: Line, slack: float, length: int
) -> list[Line]:
    lines = [guess]
    for i, (x, _) in enumerate(a):
        for y, _ in a[i + 1 :]:
            if y - x < 0.3 * length:
                continue
            for u, _ in b:
                if abs(u - guess.at(x)) > slack:
                    continue
                lines.extend(_ends(x, y, u, v) for v, _ in b if abs(v - guess.at(y)) <= slack and v > u)
    return [line for line in lines if abs(line.scale / guess.scale - 1) <= _STRETCH + slack / length]


def _scores(a: Profile, b: Profile, lines: list[Line], guess: Line, slack: float, length: int) -> NDArray[np.float64]:
    """Return how much of the first profile's edges fall on the second's, less a little for leaving the guess."""
    places = np.flatnonzero(a > 0.08 * a.max())
    scale = np.array([line.scale for line in lines])[:, None]
    shift = np.array([line.shift for line in lines])[:, None]
    mapped = scale * places[None, :] + shift
    low = np.floor(mapped).astype(int)
    part = mapped - low
    padded = np.pad(b, 1)
    one, two = (np.take(padded, np.clip(low + step, 0, len(b) + 1)) for step in (1, 2))
    met = np.minimum(a[places][None, :], one * (1 - part) + two * part).sum(1)
    away = np.abs(scale * length / 2 + shift - guess.at(length / 2)) / max(1.0, slack)
    result: NDArray[np.float64] = met / max(1e-6, float(a[places].sum())) - 0.02 * np.minimum(1, away[:, 0])
    return result
