"""Writes to the terminal: for people in colour, for programs as one JSON document; never what a stranger commands."""

from __future__ import annotations

import json
import re
import sys
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.text import Text

from erc.schemas.check import Verdict

_COMMANDS = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"  # CSI: colours, cursor
    r"|(?:\x1b\]|\x9d)[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c)?"  # OSC: titles, links, clipboard
    r"|(?:\x1b[PX^_]|[\x90\x98\x9e\x9f])[^\x1b\x9c\n]*(?:\x1b\\|\x9c)?"  # DCS, SOS, PM, APC
    r"|\x1b[ -/]*[0-~]?"
)
_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_RETURN = re.compile(r"\r+\n?")

VERDICT_STYLES = {
    Verdict.REPRODUCED.value: ("✓", "bold green"),
    Verdict.RENDERED_DIFFERENTLY.value: ("≈", "bold green"),
    Verdict.DIFFERS.value: ("≠", "bold yellow"),
    Verdict.FAILED.value: ("✗", "bold red"),
    Verdict.NOT_COMPARABLE.value: ("?", "bold yellow"),
    Verdict.CANCELLED.value: ("–", "bold"),
}


def plain(text: str) -> str:
    """Return the text without anything that a terminal would act on; tabs and line ends stay."""
    return _UNSEEN.sub("", _COMMANDS.sub("", _RETURN.sub("\n", text)))


def one_line(text: str) -> str:
    """Return the text as one clean line."""
    return " ".join(plain(text).split())


class Lines:
    """Cuts what comes in pieces into clean lines."""

    LONGEST = 65_536

    def __init__(self) -> None:
        self._rest = ""

    def add(self, piece: str) -> list[str]:
        """Return the lines that this piece completes."""
        *whole, self._rest = (self._rest + piece).split("\n")
        if len(self._rest) > self.LONGEST:
            whole.append(self._rest)
            self._rest = ""
        return [plain(line.removesuffix("\r")) for line in whole]

    def end(self) -> list[str]:
        """Return the line that had no end."""
        rest, self._rest = self._rest, ""
        return [plain(rest)] if rest else []


class Terminal:
    """Two places to write to: `out` for what was asked for, `err` for what happens meanwhile.

    With `as_json`, `out` gets one document and nothing else.
    """

    def __init__(self, *, as_json: bool = False) -> None:
        self.as_json = as_json
        self.err = Console(stderr=True, markup=False, emoji=False, highlight=False)
        self.out = self.err if as_json else Console(markup=False, emoji=False, highlight=False)

    def say(self, sentence: str, style: str = "") -> None:
        """Tell what happens; nothing when the sentence is empty."""
        if sentence:
            self.err.print(Text(plain(sentence), style), soft_wrap=True)

    def show(self, text: str, style: str = "") -> None:
        """Show a line of what was asked for."""
        self.out.print(Text(plain(text), style), soft_wrap=True)

    def document(self, document: dict[str, Any]) -> None:
        """Write the one JSON document, if one is wanted."""
        if self.as_json:
            sys.stdout.write(json.dumps(document, indent=2) + "\n")
            sys.stdout.flush()


def moment(time: datetime | None) -> str:
    """Return a time as the reader's clock shows it."""
    return time.astimezone().strftime("%Y-%m-%d %H:%M:%S") if time else ""


def in_words(seconds: float) -> str:
    """Return a duration as a person would estimate it: `about 4 minutes`."""
    for unit, name in ((86_400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= 0.95 * unit:
            number = max(1, round(seconds / unit))
            return f"about {number} {name}{'s' if number > 1 else ''}"
    return "less than a minute"
