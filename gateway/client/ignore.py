"""What of a folder is not part of its workspace: what tools leave behind, and the patterns of its `.ercignore`.

The patterns are a part of gitignore's, one a line: empty lines and lines with `#` first are skipped; `*`, `?` and
`[…]` match within one name, `**` any number of folders; a slash at the beginning or within ties the pattern to the
top of the folder, otherwise it matches at any depth; a slash at the end matches folders only; `!` first takes in again
what a line above left out, unless a folder above it is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

IGNORE_FILE = ".ercignore"
LEFT_BEHIND = frozenset({".git", "__pycache__", ".venv", "node_modules", ".Rproj.user"})

_TOKEN = re.compile(r"\*\*/|\*\*|\*|\?|\[[!^]?\]?[^\]/]*\]|\\.|.", re.DOTALL)


@dataclass(frozen=True)
class _Pattern:
    matcher: re.Pattern[str]
    takes_in: bool
    folders_only: bool


class Ignored:
    """Answers for one folder. Paths are relative to it, with `/` between the names.

    Raises ValueError for a pattern that cannot be read.
    """

    def __init__(self, lines: Iterable[str]) -> None:
        self._patterns = [pattern for line in lines if (pattern := _pattern(line))]

    def __call__(self, path: str, *, folder: bool) -> bool:
        """Return whether this path is left out; its parents are asked before."""
        if path.rpartition("/")[2] in LEFT_BEHIND:
            return True
        left_out = False
        for pattern in self._patterns:
            if (folder or not pattern.folders_only) and pattern.matcher.fullmatch(path):
                left_out = not pattern.takes_in
        return left_out


def _pattern(line: str) -> _Pattern | None:
    text = line.rstrip("\r\n").rstrip(" ")
    if not text or text.startswith("#"):
        return None
    takes_in = text.startswith("!")
    text = text.removeprefix("!")
    folders_only = text.endswith("/")
    text = text.rstrip("/")
    tied = "/" in text
    text = text.lstrip("/")
    if not text:
        return None
    try:
        matcher = re.compile(("" if tied else "(?:.*/)?") + _expression(text), re.DOTALL)
    except re.error as error:
        raise ValueError(f"The pattern “{line.strip()}” is not written rightly.") from error
    return _Pattern(matcher, takes_in, folders_only)


def _expression(glob: str) -> str:
    return "".join(_translated(token) for token in _TOKEN.findall(glob))


def _translated(token: str) -> str:
    plain = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}.get(token)
    if plain:
        return plain
    if token.startswith("[") and len(token) > 1:
        negated = token[1] in "!^"
        inner = token[2 if negated else 1 : -1]
        safe = re.sub(r"([\\\[\]^&~|])", r"\\\1", inner)
        return f"(?!/)[{'^' if negated else ''}{safe}]"
    return re.escape(token[1] if len(token) == 2 and token[0] == "\\" else token)
