"""Takes the data out of the script or the JSON that draws an interactive figure; no script is ever run."""

from __future__ import annotations

import json
import re
from typing import Any

from erc.schemas.check import Outcome
from erc.workers.checker.domain.result import Compared
from erc.workers.checker.domain.terms import PLAIN
from erc.workers.checker.domain.texts import settled
from erc.workers.checker.domain.values import compare_values

_OPENS = re.compile(r"[\[{]")
_ATTEMPTS = 2_000
_CHARACTERS = 20_000_000
"""How much of a script is read in vain, in search of data, before the rest is taken as it stands."""


def compare_drawn(published: str, reproduced: str) -> Compared:
    """Compare two interactive figures value by value; what stands around the values must be the same."""
    try:
        (theirs, around), (ours, other) = data_of(published), data_of(reproduced)
        compared = compare_values(theirs, ours, PLAIN)
    except RecursionError:
        return Compared("data", Outcome.UNCOMPARED, "could not be compared: its data nest too deeply", 1.0)
    if compared.agrees and around != other:
        finding = "could not be compared: it is drawn by another script, and a check runs none"
        return Compared("data", Outcome.UNCOMPARED, finding, 1.0)
    return compared


def data_of(script: str) -> tuple[list[Any], str]:
    """Return the JSON values in a script, and the script without them; raises RecursionError."""
    decoder = json.JSONDecoder(object_pairs_hook=_object)
    values, around = list[Any](), list[str]()
    at, attempts, read = 0, 0, 0
    while (opened := _OPENS.search(script, at)) and attempts < _ATTEMPTS and read < _CHARACTERS:
        around.append(script[at : opened.start()])
        try:
            value, at = decoder.raw_decode(script, opened.start())
            values.append(value)
            around.append("\0")
        except json.JSONDecodeError as error:
            attempts, read = attempts + 1, read + error.pos - opened.start()
            around.append(opened[0])
            at = opened.end()
    around.append(script[at:])
    return values, " ".join(settled("".join(around)).split())


def _object(pairs: list[tuple[str, Any]]) -> Any:
    """Return an object without generated names; as the list of its pairs where two names are then the same."""
    plain = [(settled(name), value) for name, value in pairs]
    made = dict(plain)
    return made if len(made) == len(plain) else [list(pair) for pair in plain]
