"""JSON as every store holds it: read from bytes, or refused with the place of what is wrong. Pure."""

from __future__ import annotations

import json
import math
import re
from typing import Any

MAX_DEPTH = 64
MAX_VALUES = 50_000
MAX_TEXT = 100_000
MAX_INTEGER = 2**53
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


class JsonError(ValueError):
    """Why a body cannot be taken, in words; `pointer` says where (RFC 6901) when its text can be parsed."""

    def __init__(self, sentence: str, pointer: str | None = None) -> None:
        super().__init__(sentence)
        self.pointer = pointer


def read_json(data: bytes) -> Any:
    """Return the value of a JSON text.

    Raises JsonError for what is no JSON, for keys that are there twice, NaN and infinity, integers above 2^53, texts
    with a NUL or half a character or of more than 100,000 characters, depth above 64 and more than 50,000 values.
    """
    try:
        value = json.loads(
            data, parse_int=_integer, parse_float=_decimal, parse_constant=_constant, object_pairs_hook=_once
        )
    except RecursionError as error:
        raise JsonError(f"It is nested deeper than {MAX_DEPTH} levels.") from error
    except JsonError:
        raise
    except ValueError as error:
        raise JsonError(f"{str(error)[:200]}.") from error
    check_json(value)
    return value


def check_json(value: Any) -> None:
    """Raise JsonError unless the value is within the limits and every store holds it."""
    waiting: list[tuple[Any, str, int]] = [(value, "", 0)]
    seen = 0
    while waiting:
        one, pointer, depth = waiting.pop()
        seen += 1
        if seen > MAX_VALUES:
            raise JsonError(f"It has more than {MAX_VALUES} values.", "")
        if depth > MAX_DEPTH:
            raise JsonError(f"It is nested deeper than {MAX_DEPTH} levels.", pointer)
        _check_text(one, pointer)
        if isinstance(one, dict):
            for key, item in one.items():
                _check_text(key, pointer)
                waiting.append((item, pointer_to(pointer, key), depth + 1))
        elif isinstance(one, list):
            waiting += [(item, pointer_to(pointer, place), depth + 1) for place, item in enumerate(one)]


def pointer_to(pointer: str, key: str | int) -> str:
    """Return the pointer to a member below a pointer."""
    return f"{pointer}/{str(key).replace('~', '~0').replace('/', '~1')}"


def _check_text(value: Any, pointer: str) -> None:
    if not isinstance(value, str):
        return
    if len(value) > MAX_TEXT:
        raise JsonError(f"A text has more than {MAX_TEXT} characters.", pointer)
    if _UNSTORABLE.search(value):
        raise JsonError("A text holds a NUL or half a character. Type it again without.", pointer)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) < len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _value in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise JsonError(f"The key “{_UNSTORABLE.sub('', twice)[:100]}” is there twice.")
    return result


def _integer(text: str) -> int:
    if len(text) > 17 or abs(int(text)) > MAX_INTEGER:
        raise JsonError(f"The number {text[:20]}… is too large; write it as a text.")
    return int(text)


def _decimal(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise JsonError(f"The number {text[:20]} is too large; write it as a text.")
    return number


def _constant(text: str) -> Any:
    raise JsonError(f"{text} is no number of JSON.")
