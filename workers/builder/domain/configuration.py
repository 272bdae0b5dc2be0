"""The configuration file of a compendium, `erc.yml`: made when it is missing, checked when it is there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import yaml

from erc.schemas.metadata import Description

ALL_CHECKS_PASSED = "all checks passed"
"""What the step says when `validate_configuration` finds nothing."""

SPEC_VERSIONS = ("1", "0.1")
LICENSED = ("text", "data", "code", "metadata")

_REQUIRED = ("id", "spec_version", "main", "display", "licenses")
_ID = re.compile(r"[^-_.\n\r][a-zA-Z0-9._-]*[^-_.\n\r]")


def configuration(description: Description, erc_id: str, licenses: Mapping[str, Any] | None = None) -> str:
    """Return the text of an `erc.yml` for a workspace that has none.

    `erc_id` is used unless the author has an id of their own. Licences are those given, else those of the o2r
    metadata; what nobody stated is left empty.
    """
    stated = licenses if licenses is not None else description.o2r.get("license")
    if isinstance(stated, str):
        stated = dict.fromkeys(LICENSED, stated)
    known = stated if isinstance(stated, Mapping) else {}
    document = {
        "id": description.erc_id or erc_id,
        "spec_version": "1",
        "main": description.main,
        "display": description.display,
        "licenses": {part: str(known.get(part) or "") for part in LICENSED},
    }
    # Letters stay readable; where the writer would lose a control character, everything is escaped instead.
    text = yaml.safe_dump(document, sort_keys=False, allow_unicode=True)
    return text if yaml.safe_load(text) == document else yaml.safe_dump(document, sort_keys=False)


def validate_configuration(document: Any) -> list[str]:
    """Return what is wrong with a parsed `erc.yml`, in the words of the o2r reference; empty when it is valid."""
    if not isinstance(document, Mapping):
        return ["config file is not a mapping of keys to values"]
    errors = [f'"{key}" required in config file' for key in _REQUIRED if not document.get(key)]
    identifier, version = document.get("id"), document.get("spec_version")
    if identifier and not _ID.fullmatch(str(identifier)):
        errors.append(
            f'"id" in config file is not valid: {str(identifier)[:100]!r} must consist of letters, digits and single '
            "separators (. _ -) and neither start nor end with one"
        )
    if version and str(version) not in SPEC_VERSIONS:
        errors.append(f'"spec_version" in config file is not supported: {str(version)[:100]!r} is not one of 0.1, 1')
    main, display = document.get("main"), document.get("display")
    if main and main == display:
        errors.append('"main" and "display" in config file must be different files')
    return errors
