"""`CITATION.cff`, which says what a script cannot: title, authors, licence."""

from __future__ import annotations

from typing import Any

from erc.schemas.yaml_reader import YamlError, read_yaml
from erc.workers.code.rmarkdown import HEADER_BYTES
from erc.workers.code.text import normalise
from erc.workers.metadata.domain.files import Files

NAME = "CITATION.cff"


def read_citation(files: Files) -> dict[str, Any]:
    """Return the file's values under the names of a header, {} when there is none; a bad one is a warning."""
    text = files.text(NAME, HEADER_BYTES)
    if text is None:
        return {}
    try:
        value = normalise(read_yaml(text, tags=False))
    except YamlError as error:
        files.warn(f"“{NAME}” is not valid YAML and was not read: {error}")
        return {}
    return value if isinstance(value, dict) else {}
