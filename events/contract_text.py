"""Writes a generated contract as YAML."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml


def as_yaml(document: Mapping[str, Any]) -> str:
    """Return a document as YAML, in its own order, texts of several lines as such."""
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)


class _Dumper(yaml.SafeDumper):
    """Writes nothing by reference to what came before."""

    def ignore_aliases(self, data: object) -> bool:
        """Return that everything is written out."""
        del data
        return True


def _text_of(dumper: yaml.SafeDumper, value: str) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)


_Dumper.add_representer(str, _text_of)
