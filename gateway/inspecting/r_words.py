"""R's language objects as text: calls, expressions and functions are written down, never evaluated."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from rdata.parser import CharFlags, RObject, RObjectType

_INFIX = {
    *("+", "-", "*", "/", "^", "==", "!=", "<", ">", "<=", ">=", "&", "&&", "|", "||", "~", "<-", "<<-", "=", ":"),
    *("$", "@", "%%", "%/%", "%in%", "%*%", "|>"),
}
_TIGHT = {"^", ":", "$", "@"}
_DEEP = 200


def text(item: RObject | None) -> str:
    """Return the text of bytes, of a symbol or of a character; empty for what is missing."""
    value: Any = item.value if item is not None else None
    if isinstance(value, RObject):
        return text(value)
    if item is None or not isinstance(value, bytes):
        return ""
    return value.decode("latin-1" if item.info.gp & CharFlags.LATIN1 else "utf-8", "replace")


def symbol(item: RObject | None) -> str:
    """Return a symbol's name, also where it is mentioned again."""
    if item is not None and item.info.type is RObjectType.REF:
        return symbol(item.referenced_object)
    return text(item)


def pairs(item: RObject | None) -> Iterator[tuple[str, RObject]]:
    """Yield tag and value of each member of a pairlist or call."""
    while item is not None and item.info.type in {RObjectType.LIST, RObjectType.LANG}:
        value, rest = item.value
        yield symbol(item.tag), value
        item = rest


def deparsed(item: RObject, depth: int = 0) -> str:
    """Return a language object as R code."""
    write = _WRITERS.get(item.info.type)
    if write is None:
        return _constant(item)
    return write(item, depth + 1) if depth < _DEEP else "…"


def _symbol(item: RObject, _depth: int) -> str:
    return symbol(item)


def _expression(item: RObject, depth: int) -> str:
    return f"expression({', '.join(deparsed(one, depth) for one in item.value)})"


def _compiled(item: RObject, depth: int) -> str:
    _, constants = item.value
    return deparsed(constants[0], depth) if constants else "NULL"


def _call(item: RObject, depth: int) -> str:
    (_, called), *arguments = list(pairs(item))
    name = deparsed(called, depth)
    said = [f"{tag} = {deparsed(value, depth)}" if tag else deparsed(value, depth) for tag, value in arguments]
    if name in _INFIX and len(said) == 2:
        return (name if name in _TIGHT else f" {name} ").join(said)
    if name in {"-", "+", "!", "~"} and len(said) == 1:
        return f"{name}{said[0]}"
    if name == "{":
        return "{ " + "; ".join(said) + " }"
    if name == "(":
        return f"({', '.join(said)})"
    if name in {"[", "[["} and said:
        return f"{said[0]}{name}{', '.join(said[1:])}{']' * len(name)}"
    return f"{name}({', '.join(said)})"


def _function(item: RObject, depth: int) -> str:
    formals, body = item.value
    said = [f"{tag} = {deparsed(value, depth)}" if _given(value) else tag for tag, value in pairs(formals)]
    return f"function({', '.join(said)}) {deparsed(body, depth)}"


_WRITERS: dict[RObjectType, Callable[[RObject, int], str]] = {
    RObjectType.SYM: _symbol,
    RObjectType.REF: _symbol,
    RObjectType.LANG: _call,
    RObjectType.EXPR: _expression,
    RObjectType.CLO: _function,
    RObjectType.BCODE: _compiled,
}


def _given(value: RObject) -> bool:
    return value.info.type is not RObjectType.MISSINGARG


def _constant(item: RObject) -> str:
    kind, value = item.info.type, item.value
    if kind in {RObjectType.NIL, RObjectType.NILVALUE}:
        return "NULL"
    if kind is RObjectType.STR:
        words = [f'"{text(one)}"' for one in value]
        return words[0] if len(words) == 1 else f"c({', '.join(words)})"
    if kind in {RObjectType.LGL, RObjectType.INT, RObjectType.REAL}:
        suffix = "L" if kind is RObjectType.INT else ""
        words = [_literal(one, suffix) for one in value.tolist()]
        return words[0] if len(words) == 1 else f"c({', '.join(words)})"
    return f"<{kind.name.lower()}>"


def _literal(value: Any, suffix: str) -> str:
    if value is None:
        return "NA"
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    return f"{value:.15g}{suffix}"
