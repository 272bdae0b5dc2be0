"""The compendium's own statement, `erc.yml` (ERC specification 1)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from erc.events.errors import Rejected
from erc.schemas.yaml_reader import YamlError, read_yaml
from erc.workers.code.text import MAX_TEXT, normalise
from erc.workers.metadata.domain.files import ERC_YML_BYTES

NAME = "erc.yml"
LICENCES = ("text", "data", "code", "metadata")
_ID = re.compile(r"[a-zA-Z0-9](?:[a-zA-Z0-9._-]{0,126}[a-zA-Z0-9])?")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f\\]")


@dataclass(frozen=True)
class ErcYml:
    """What `erc.yml` says; texts are empty and mappings are empty where it says nothing."""

    erc_id: str = ""
    spec_version: str = ""
    main: str = ""
    display: str = ""
    licenses: dict[str, str] = field(default_factory=dict)
    execution: dict[str, Any] = field(default_factory=dict)
    document: dict[str, Any] = field(default_factory=dict)
    """All of it, JSON-safe."""
    warnings: tuple[str, ...] = ()


def read_erc_yml(data: bytes) -> ErcYml:
    """Read the bytes of an `erc.yml`; raises Rejected with the code `erc_yml_invalid` and the place of the fault."""
    written = _mapping(data)
    document = normalise(written)
    if document != written:
        raise _invalid(f"A text in it holds a NUL or half a character, or has more than {MAX_TEXT} characters.")
    execution = _part(document, "execution")
    _check_bind_mounts(execution)
    result = ErcYml(
        erc_id=_id(document),
        spec_version=_text(document, "spec_version"),
        main=_path(document, "main"),
        display=_path(document, "display"),
        licenses=_licenses(document),
        execution=execution,
        document=document,
    )
    return ErcYml(**{**vars(result), "warnings": tuple(_missing(result))})


def relative_path(text: str) -> str:
    """Return the path without a leading `./`, or '' when it is absolute, has a `..`, or is no path of a workspace."""
    path = text.removeprefix("./")
    parts = path.split("/")
    odd = _UNPRINTABLE.search(path) or re.match(r"[A-Za-z]:", path)
    return "" if odd or any(part in {"", ".", ".."} for part in parts) else path


def too_large(size_bytes: int) -> Rejected:
    """Return the refusal of an `erc.yml` of this size."""
    return _invalid(f"It has {size_bytes} bytes; {ERC_YML_BYTES} may be.", "erc.yml is too large")


def _invalid(detail: str, title: str = "erc.yml does not follow the ERC specification") -> Rejected:
    return Rejected(title, detail, code="erc_yml_invalid")


def _mapping(data: bytes) -> dict[str, Any]:
    if len(data) > ERC_YML_BYTES:
        raise too_large(len(data))
    try:
        value = read_yaml(data.decode("utf-8-sig"), tags=False)
    except UnicodeDecodeError as error:
        raise _invalid(f"Byte {error.start} is not UTF-8. Save the file as UTF-8.", "erc.yml is not UTF-8") from error
    except YamlError as error:
        raise _invalid(f"{error}.", "erc.yml is not valid YAML") from error
    if not isinstance(value, dict):
        raise _invalid("Write it as `key: value` lines, such as `main: main.Rmd`.", "erc.yml is not a mapping")
    return value


def _id(document: dict[str, Any]) -> str:
    if "id" not in document:
        return ""
    text = _text(document, "id")
    if not _ID.fullmatch(text):
        raise _invalid(
            "`id` must have 1 to 128 letters (a-z), digits and the separators `.`, `_`, `-`, with no separator at "
            "either end."
        )
    return text


def _text(document: dict[str, Any], key: str) -> str:
    value = document.get(key)
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise _invalid(f"`{key}` must be a text.")
    return str(value)


def _path(document: dict[str, Any], key: str) -> str:
    text = _text(document, key)
    if text and not (path := relative_path(text)):
        raise _invalid(f"`{key}` must be the path of a file, relative to erc.yml, with `/` and without `..`.")
    return path if text else ""


def _part(document: dict[str, Any], key: str) -> dict[str, Any]:
    value = document.get(key)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise _invalid(f"`{key}` must be a mapping.")
    return value


def _licenses(document: dict[str, Any]) -> dict[str, str]:
    part = _part(document, "licenses")
    return {key: text for key in LICENCES if (text := _text(part, key))}


def _check_bind_mounts(execution: dict[str, Any]) -> None:
    mounts = execution.get("bind_mounts")
    if mounts is None:
        return
    if not isinstance(mounts, list):
        raise _invalid("`execution.bind_mounts` must be a list.")
    for mount in mounts:
        source = mount.get("source") if isinstance(mount, dict) else None
        if not isinstance(source, str) or not relative_path(source.rstrip("/")):
            raise _invalid("Each of `execution.bind_mounts` needs a `source`: a relative path without `..`.")


def _missing(erc: ErcYml) -> list[str]:
    warnings = []
    if not erc.erc_id:
        warnings.append("erc.yml has no `id`; the specification asks for one")
    if erc.spec_version != "1":
        said = f"`spec_version` {erc.spec_version[:50]}" if erc.spec_version else "no `spec_version`"
        warnings.append(f"erc.yml has {said}; version 1 of the specification is understood")
    if absent := [key for key in LICENCES if key not in erc.licenses]:
        warnings.append(f"erc.yml names no licence for {', '.join(absent)}; add them under `licenses`")
    return warnings
