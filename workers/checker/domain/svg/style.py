"""What elements of an SVG drawing look like: attributes, style sheets, style attributes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from PIL import ImageColor

INHERITED = (
    "fill", "stroke", "stroke-width", "stroke-dasharray", "fill-opacity", "stroke-opacity", "font-size", "font-family",
    "visibility", "clip-rule", "fill-rule", "stroke-linecap", "stroke-linejoin", "color", "text-anchor",
)  # fmt: skip
OWN = ("opacity", "display", "clip-path", "mask", "filter", "marker-start", "marker-mid", "marker-end")
"""Properties that an element does not hand down."""
START: Mapping[str, str] = {"fill": "#000000", "stroke": "none", "stroke-width": "1"}
GROUP_OPACITY, GROUP_WORN = "group opacity", "group worn"
"""What the groups around an element add to its own opacity and clip."""
MOST_RULES = 500
KNOWN = frozenset((*INHERITED, *OWN))
_COMMENT = re.compile(r"/\*.{0,100000}?\*/", re.DOTALL)
_SIMPLE = re.compile(r"[.#]?[A-Za-z_*][\w-]{0,99}|\*")


@dataclass(frozen=True)
class Rule:
    """A rule of a style sheet: the parts of its selector from the outside in, and what it sets."""

    parts: tuple[frozenset[str], ...]
    sets: Mapping[str, str]

    @property
    def weight(self) -> tuple[int, int, int]:
        """How much it counts against other rules: its identifiers, its classes, its names."""
        names = [name for part in self.parts for name in part]
        ids, classes = (sum(name.startswith(sign) for name in names) for sign in "#.")
        return ids, classes, sum(name[0] not in "#.*" for name in names)


def read_sheet(text: str) -> list[Rule]:
    """Return the rules of a style sheet; those with selectors of another kind than names and classes are left out."""
    rules: list[Rule] = []
    for selectors, body in blocks_of(text):
        sets = declared(body)
        for selector in selectors.split(",")[:50] if sets else ():
            parts = tuple(frozenset(_SIMPLE.findall(one.lower())) for one in selector.replace(">", " ").split())
            if parts and understood(selector):
                rules.append(Rule(parts, sets))
    return rules


def blocks_of(text: str) -> Iterator[tuple[str, str]]:
    """Yield selectors and bodies of a style sheet, as they stand between braces."""
    for block in _COMMENT.sub("", text).replace("<![CDATA[", "").replace("]]>", "").split("}")[:MOST_RULES]:
        selectors, brace, body = block.rpartition("{")
        if brace:
            yield selectors.strip(), body


def understood(selector: str) -> bool:
    """Return whether a selector names elements by nothing but names, classes and identifiers."""
    return not any(sign in selector for sign in ":[@+~{")


def pairs_of(text: str) -> list[tuple[str, str]]:
    """Return the properties that a style attribute or the body of a rule sets, all of them as they stand."""
    pairs = (part.partition(":") for part in text.split(";")[:200])
    return [(name.strip().lower(), value.strip()) for name, _, value in pairs if name.strip() and value.strip()]


def declared(text: str) -> dict[str, str]:
    """Return the known properties that a style attribute or the body of a rule sets."""
    found = {name: value.replace("!important", "").strip() for name, value in pairs_of(text)}
    return {name: value for name, value in found.items() if name in KNOWN and value}


def names_of(tag: str, attributes: Mapping[str, str]) -> frozenset[str]:
    """Return what selectors may call an element."""
    classes = (f".{one}" for one in attributes.get("class", "").lower().split()[:20])
    return frozenset((tag, "*", *classes, *([f"#{attributes['id'].lower()}"] if "id" in attributes else [])))


def styled(
    parent: Mapping[str, str], attributes: Mapping[str, str], path: Sequence[frozenset[str]], rules: Sequence[Rule]
) -> dict[str, str]:
    """Return the properties of an element; `path` names its ancestors from the outside in, and itself last."""
    found = {name: parent[name] for name in (*INHERITED, GROUP_OPACITY, GROUP_WORN) if name in parent}
    found |= {name: attributes[name].strip() for name in KNOWN if name in attributes}
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
