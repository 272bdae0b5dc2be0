"""Writes what a person chose into an author's `erc.yml`, and leaves the rest of it as it is. Pure."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import yaml
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError as RoundTripError

from erc.schemas.limits import MIB
from erc.schemas.yaml_reader import YamlError, read_yaml

NAME = "erc.yml"
MAX_BYTES = MIB


class ErcYmlError(ValueError):
    """Why an `erc.yml` cannot be written anew, in words."""


def rewritten(data: bytes, main: str, display: str, licences: Mapping[str, str]) -> bytes:
    """Return an `erc.yml` with these values of `main`, `display` and `licenses`; comments and other keys stay.

    Paths are relative to the file. Licences that are not given stay as they are. A file that says all this already is
    returned as it is. Where a round trip would change anything else, comments are given up for the values. Raises
    ErcYmlError for a file that is too large, or is not the YAML that `erc.yml` may be.
    """
    if len(data) > MAX_BYTES:
        raise ErcYmlError(f"erc.yml has {len(data)} bytes; {MAX_BYTES} may be.")
    try:
        text = data.decode("utf-8-sig")
        before = read_yaml(text, tags=False)
    except (YamlError, UnicodeDecodeError) as error:
        raise ErcYmlError(f"erc.yml cannot be read: {str(error)[:200]}.") from error
    if not isinstance(before, dict):
        raise ErcYmlError("erc.yml is not a mapping of keys to values.")
    wanted = _changed(before, main, display, licences)
    if wanted == before:
        return data
    written = _round_trip(text, main, display, licences)
    return (written if _says(written, wanted) else _plain(wanted)).encode()


def _changed(document: dict[str, Any], main: str, display: str, licences: Mapping[str, str]) -> dict[str, Any]:
    """Return the document with the new values."""
    changes: dict[str, Any] = {"main": main, "display": display}
    if licences:
        stated = document.get("licenses")
        changes["licenses"] = {**stated, **licences} if isinstance(stated, dict) else dict(licences)
    return {**document, **changes}


def _round_trip(text: str, main: str, display: str, licences: Mapping[str, str]) -> str:
    """Return the text with the new values put in by a writer that keeps comments; '' when it cannot read the text."""
    writer = YAML(typ="rt", pure=True)
    writer.preserve_quotes, writer.width, writer.allow_unicode = True, 1 << 16, True
    buffer = io.StringIO()
    try:
        document = writer.load(text)
        document["main"], document["display"] = main, display
        if licences and isinstance(document.get("licenses"), dict):
            document["licenses"].update(licences)
        elif licences:
            document["licenses"] = dict(licences)
        writer.dump(document, buffer)
    except (RoundTripError, ValueError, TypeError, KeyError, AttributeError, AssertionError, IndexError):
        return ""
    return buffer.getvalue()


def _says(text: str, wanted: dict[str, Any]) -> bool:
    try:
        return len(text.encode()) <= MAX_BYTES and bool(read_yaml(text, tags=False) == wanted)
    except (YamlError, UnicodeEncodeError):
        return False


def _plain(document: dict[str, Any]) -> str:
    """Return the document as YAML; letters stay readable unless the writer would lose one."""
    for readable in (True, False):
        text = yaml.safe_dump(document, sort_keys=False, allow_unicode=readable)
        if _says(text, document):
            return text
    raise ErcYmlError("erc.yml cannot be written with these values.")
