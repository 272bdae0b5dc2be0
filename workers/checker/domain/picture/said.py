"""What lines of two pictures say to one another."""

from __future__ import annotations

import re
from dataclasses import dataclass

from erc.workers.checker.domain.picture.parts import Box

_TEXT = 0.6
"""A reading less sure than this is no text."""
_CLEARLY = 0.8
"""The same among marks, which may look like letters."""
_KNOWN = 0.05
"""The same of glyphs: how far half of them are from known letters at most."""
AGREED = 0.4
"""Lines that are read as different no more surely than this say the same."""
_GLYPHS = 0.1
"""Lines that were not read agree when no two of their glyphs are further apart."""
_NO_WORDS = frozenset("oO08QlI1|-_.,:·°*+xXvVAΔ△▲○●□■◇◆'\"/\\()~`^")
"""Signs that marks read as."""
_TAG = re.compile(r"\([A-Za-z0-9]\)")
"""What names a panel: a letter or number in brackets."""


@dataclass(frozen=True)
class Said:
    """How lines of the first picture compare with those of the second that stand at their place."""

    box: Box | None
    """In pixels of the first; None when it has nothing there."""
    other: Box | None
    worst: float
    """The largest distance of two glyphs as letters; about 0 when they may be the same."""
    odd: float
    """The largest distance of two glyphs as shapes."""
    count: int
    """How many signs the longer side has."""
    read: str = ""
    read_other: str = ""
    sure: float = 0.0
    """How far half of the glyphs are from known letters at most; above about 0.05 it is hardly text."""
    shift: float = 0.0
    """How far apart both stand, in letters' heights."""
    equal: bool = False
    """Whether they are alike pixel by pixel; then nothing is read."""
    told: float | None = None
    """How surely both say different things, 0 to 1, as the network reads them; None where glyphs agree as they are."""
    surely: float = 0.0
    """How sure the network is of its letters, of the side it is less sure of."""

    crowded: bool = False
    """Whether words lie over others there, so that nobody can tell what they say."""

    def agrees(self, told: float = AGREED) -> bool:
        """Return whether both say the same; `told` is how surely they may be read otherwise."""
        return self.worst < _GLYPHS if self.told is None else self.told <= told

    @property
    def is_text(self) -> bool:
        """Whether it reads as words."""
        if self.told is not None:
            return self.surely >= _TEXT and any(sign.isalnum() for sign in self.read + self.read_other)
        return (self.equal and self.count > 1) or (self.sure < _KNOWN and len(set(self.read)) > 1)

    @property
    def is_wordy(self) -> bool:
        """Whether it reads as words even among marks, which may look like letters."""
        if self.equal:
            return self.count > 1
        text = self.read or self.read_other
        clear = [sign for sign in text if sign.isalnum() and sign not in _NO_WORDS]
        sure = self.told is None or self.surely >= _CLEARLY
        if sure and self.told is not None and _TAG.fullmatch(text):
            return True
        return sure and self.is_text and bool(clear) and sum(sign.isalnum() for sign in text) > 1
