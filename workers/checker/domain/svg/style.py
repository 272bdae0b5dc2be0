"""What elements of an SVG drawing look like: attributes, style sheets, style attributes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from PIL import ImageColor

INHERITED = (
    "fill", "stroke", "stroke-width", "stroke-dasharray", "fill-opacity", "stroke-opacity", "font-size", "font-family",
    "visibility", "clip-rule", "fill-rule", "stroke-linecap", "stroke-linejoin", "color",
)  # fmt: skip
OWN = ("opacity", "display", "clip-path", "mask", "filter", "marker-start", "marker-mid", "marker-end")
"""Properties that an element does not hand down."""
START: Mapping[str, str] = {"fill": "#000000", "stroke": "none", "stroke-width": "1"}
GROUP_OPACITY, GROUP_WORN = "group opacity", "group worn"
"""What the groups around an element add to its own opacity and clip."""
MOST_RULES = 500
_KNOWN = frozenset((*INHERITED, *OWN))
_COMMENT = re.compile(r"/\*.{0,100000}?\*/", re.DOTALL)
_SIMPLE = re.compile(r"[.#]?[A-Za-z_*][\w-]{0,99}|\*")


@dataclass(frozen=True)
class Rule:
    """A rule of a style sheet: the parts of its selector from the outside in, and what it sets."""

    parts: tuple[frozenset[str], ...]
    sets: Mapping[str, str]


def read_sheet(text: str) -> list[Rule]:
    """Return the rules of a style sheet; those with selectors of another kind than names and classes are left out."""
    rules: list[Rule] = []
    for block in _COMMENT.sub("", text).replace("<![CDATA[", "").replace("]]>", "").split("}")[:MOST_RULES]:
        selectors, brace, body = block.rpartition("{")
        sets = declared(body)
        if not brace or not sets or "@" in selectors:
            continue
        for selector in selectors.split(",")[:50]:
            parts = tuple(frozenset(_SIMPLE.findall(one.lower())) for one in selector.replace(">", " ").split())
            if parts and ":" not in selector and "[" not in selector:
                rules.append(Rule(parts, sets))
    return rules


def declared(text: str) -> dict[str, str]:
    """Return the known properties that a style attribute or the body of a rule sets."""
    pairs = (part.partition(":") for part in text.split(";")[:200])
    found = {name.strip().lower(): value.replace("!important", "").strip() for name, _, value in pairs}
    return {name: value for name, value in found.items() if name in _KNOWN and value}


def names_of(tag: str, attributes: Mapping[str, str]) -> frozenset[str]:
    """Return what selectors may call an element."""
    classes = (f".{one}" for one in attributes.get("class", "").lower().split()[:20])
    return frozenset((tag, "*", *classes, *([f"#{attributes['id'].lower()}"] if "id" in attributes else [])))


def styled(
    parent: Mapping[str, str], attributes: Mapping[str, str], path: Sequence[frozenset[str]], rules: Sequence[Rule]
) -> dict[str, str]:
    """Return the properties of an element; `path` names its ancestors from the outside in, and itself last."""
    found = {name: parent[name] for name in (*INHERITED, GROUP_OPACITY, GROUP_WORN) if name in parent}
    found |= {name: attributes[name].strip() for name in _KNOWN if name in attributes}
    for rule in rules:
        if rule.parts[-1] <= path[-1] and all(any(part <= one for one in path[:-1]) for part in rule.parts[:-1]):
            found |= rule.sets
    found |= declared(attributes.get("style", ""))
    return {name: (parent.get(name, "") if value == "inherit" else value) for name, value in found.items()}


def colour(text: str) -> str:
    """Return a colour in one way of writing; what is none as it stands."""
    plain = text.strip().lower()
    if plain in {"", "none", "transparent"}:
        return "none"
    try:
        return "#" + "".join(f"{one:02x}" for one in ImageColor.getrgb(plain[:40]))
    except ValueError:
        return plain
