"""The workspace as detection sees it: bounded reading of text, and where a thing stands in it."""

from __future__ import annotations

import configparser
import json
import re
import tomllib
from collections.abc import Callable
from typing import Any

from erc.schemas.limits import KIB, MIB
from erc.schemas.workspace import Entry, Manifest
from erc.schemas.yaml_reader import YamlError, read_yaml
from erc.workers.builder.domain.detect.asked import refused
from erc.workers.code.text import decode

SMALL_BYTES = 256 * KIB
"""The most that is read of a file that a person writes."""
LOCK_BYTES = 8 * MIB
"""The most that is read of a file that a program writes."""
CODE_BYTES = MIB
NOTEBOOK_BYTES = 32 * MIB
"""The most of a notebook, most of which is what its cells showed."""
TOTAL_BYTES = 64 * MIB
"""All that one detection reads of files that describe an environment, and of notebooks."""
TOTAL_CODE_BYTES = 16 * MIB
"""All that one detection reads of other code, as parsing it takes far longer than reading it."""


class Sources:
    """The files of a workspace. `read` returns the bytes of one; only files of bounded size are asked for."""

    def __init__(self, manifest: Manifest, read: Callable[[str], bytes]) -> None:
        self.manifest = manifest
        self._read, self._left, self._code_left = read, TOTAL_BYTES, TOTAL_CODE_BYTES

    def __contains__(self, path: str) -> bool:
        return path in self.manifest

    def entry(self, path: str) -> Entry | None:
        """Return the file of this path."""
        return self.manifest.get(path)

    def text(self, path: str, limit_bytes: int = SMALL_BYTES) -> str:
        """Return the text of an environment file; raises Rejected when it is too large."""
        entry = self.manifest.get(path)
        size = entry.size_bytes if entry else 0
        if size > min(limit_bytes, self._left):
            raise refused(path, 0, f"it has {size} bytes; {limit_bytes} are read", code="environment_file_too_large")
        self._left -= size
        data = self._read(path)
        if len(data) > limit_bytes:
            raise refused(path, 0, f"more than {limit_bytes} bytes are not read", code="environment_file_too_large")
        text, _ = decode(data)
        return text.replace("\r\n", "\n").replace("\r", "\n")

    def code(self, path: str) -> str | None:
        """Return the text of a file of code, None when it is too large or enough was read; never raises Rejected."""
        entry, notebook = self.manifest.get(path), path.lower().endswith(".ipynb")
        most = min(NOTEBOOK_BYTES, self._left) if notebook else min(CODE_BYTES, self._code_left)
        if entry is None or entry.size_bytes > most:
            return None
        if notebook:
            self._left -= entry.size_bytes
        else:
            self._code_left -= entry.size_bytes
        return self._read(path)[:most].decode("utf-8", "replace")


def toml_of(text: str, path: str) -> dict[str, Any]:
    """Return a TOML document; raises Rejected with the place of the fault."""
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
        raise refused(path, _line_in(str(error)), f"it is not valid TOML ({_said(error)})") from error


def json_of(text: str, path: str) -> dict[str, Any]:
    """Return a JSON object; raises Rejected with the place of the fault."""
    try:
        document = json.loads(text, parse_constant=lambda _: None)
    except json.JSONDecodeError as error:
        raise refused(path, error.lineno, f"it is not valid JSON ({error.msg})") from error
    except (ValueError, RecursionError) as error:
        raise refused(path, 0, f"it is not valid JSON ({_said(error)})") from error
    if not isinstance(document, dict):
        raise refused(path, 1, "it is not a JSON object")
    return document


def yaml_of(text: str, path: str) -> dict[str, Any]:
    """Return a YAML mapping, empty for an empty file; raises Rejected with the place of the fault."""
    try:
        document = read_yaml(text, tags=False)
    except YamlError as error:
        raise refused(path, _line_in(str(error)), f"it is not valid YAML ({_said(error)})") from error
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise refused(path, 1, "it is not a mapping of `key: value`")
    return document


def ini_of(text: str, path: str) -> configparser.ConfigParser:
    """Return a file of sections; raises Rejected with the place of the fault."""
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(text)
    except configparser.Error as error:
        raise refused(path, _line_in(str(error)), "it cannot be read as sections of `key = value`") from error
    return parser


def mapping(value: Any) -> dict[str, Any]:
    """Return a value that is a mapping, else an empty one."""
    return value if isinstance(value, dict) else {}


def listing(value: Any) -> list[Any]:
    """Return a value that is a list, else an empty one."""
    return value if isinstance(value, list) else []


def words(value: Any) -> str:
    """Return a value that is a text or a number as text, else an empty one."""
    return str(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else ""


class Lines:
    """Tells the line of the next place where a text stands, in the order in which a document is read."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._position, self._line = 0, 1
        self._backwards = 500

    def of(self, needle: str) -> int:
        """Return the line (from 1) of the next `needle`, from the beginning when none follows; 0 when it is nowhere."""
        found = self._text.find(needle, self._position) if self._backwards else -1
        if found < 0:
            if not self._backwards:
                return 0
            # A text whose order is another one is searched from its beginning, but not for ever.
            self._backwards -= 1
            first = self._text.find(needle)
            return 0 if first < 0 else self._text.count("\n", 0, first) + 1
        self._line += self._text.count("\n", self._position, found)
        self._position = found
        return self._line


def _line_in(said: str) -> int:
    match = re.search(r"\bline:? {1,3}([0-9]{1,7})", said)
    return int(match[1]) if match else 0


def _said(error: Exception) -> str:
    return " ".join(str(error).split())[:200].rstrip(".") or type(error).__name__
