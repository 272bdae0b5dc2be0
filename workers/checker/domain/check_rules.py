"""What `erc.yml` says under `check`: which files are compared, and on which terms.

The words are those of Galaxy's tests of tools where they fit: `compare: diff | contains | sim_size`, `sort`,
`lines_diff`, `delta`, `delta_frac`, `value` for the text that `contains` looks for.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from erc.schemas.yaml_reader import YamlError, read_yaml
from erc.workers.checker.domain.globs import Ignored, path_matches
from erc.workers.checker.domain.terms import PLAIN, Terms
from erc.workers.checker.domain.tolerance import NONE, Tolerance

RULES_NAME, IGNORE_NAME = "erc.yml", ".ercignore"
READ_BYTES = 1 << 20
"""The largest `erc.yml` or `.ercignore` that is read."""
MOST_RULES = 50
COMPARATORS = {
    "auto": "auto", "diff": "text", "text": "text", "lines": "text", "table": "table", "image": "image",
    "figure": "image", "image_diff": "image", "document": "document", "html": "document", "notebook": "notebook",
    "json": "data", "xml": "data", "data": "data", "object": "data", "bytes": "bytes", "sim_size": "size",
    "size": "size", "contains": "contains",
}  # fmt: skip
"""What `compare` may say, with the comparator that it means."""
_KNOWN = {
    "path", "file", "files", "compare", "tolerance", "absolute", "relative", "key", "order", "sort", "ignore",
    "lines_diff", "delta", "delta_frac", "value", "text",
}  # fmt: skip
MOST_RELATIVE = 0.5
"""From this share on a relative tolerance is refused: 1 or 2 is mostly meant as a number, and all would agree."""
_NUMBER = re.compile(r"\d{1,20}(?:\.\d{1,20})?(?:[eE][-+]?\d{1,3})?")


@dataclass(frozen=True)
class CheckRule:
    """A rule: the files that it names by a path or a pattern, and the terms for them."""

    selector: str
    terms: Terms = PLAIN
    ignore: bool = False
    """Whether these files are not compared at all."""


@dataclass(frozen=True)
class CheckRules:
    """All rules in order; the last one that names a file decides. `warnings` says what was not understood."""

    rules: tuple[CheckRule, ...] = ()
    ignored: Ignored = field(default_factory=lambda: Ignored(""))
    warnings: tuple[str, ...] = ()

    def of(self, path: str) -> CheckRule | None:
        """Return the rule for a path, None when no rule names it."""
        return next((rule for rule in reversed(self.rules) if path_matches(rule.selector, path)), None)

    def unused(self, paths: Iterable[str]) -> list[str]:
        """Return the selectors that name none of these paths."""
        known = list(paths)
        return [rule.selector for rule in self.rules if not any(path_matches(rule.selector, path) for path in known)]


def read_rules(erc_yml: bytes, ercignore: bytes) -> CheckRules:
    """Read the rules of a compendium; what cannot be read is a warning, for a check must not fail for it."""
    ignored = Ignored(ercignore.decode("utf-8", "replace"))
    try:
        document = read_yaml(erc_yml.decode("utf-8-sig"), tags=False) if erc_yml.strip() else {}
    except (YamlError, UnicodeDecodeError) as error:
        return CheckRules((), ignored, (f"The rules of erc.yml were not read: {str(error)[:200]}.",))
    stated = document.get("check") if isinstance(document, dict) else None
    if stated is None:
        return CheckRules((), ignored)
    reader = _Reader()
    rules = reader.rules(stated)
    return CheckRules(tuple(rules), ignored, tuple(reader.warnings[:20]))


class _Reader:
    def __init__(self) -> None:
        self.warnings: list[str] = []

    def rules(self, stated: Any) -> list[CheckRule]:
        items = stated if isinstance(stated, list) else [stated]
        if len(items) > MOST_RULES:
            self.warnings.append(f"erc.yml has {len(items):,} rules under `check`; the first {MOST_RULES} are used.")
        found = []
        for number, item in enumerate(items[:MOST_RULES], 1):
            found += self._rule({"path": item} if isinstance(item, str) else item, number)
        return found

    def _rule(self, item: Any, number: int) -> list[CheckRule]:
        if not isinstance(item, dict):
            self.warnings.append(f"Rule {number} of `check` in erc.yml is no mapping; it was left out.")
            return []
        if unknown := sorted(set(item) - _KNOWN):
            self.warnings.append(
                f"Rule {number} of `check` in erc.yml has words that mean nothing here: {_few(unknown)}."
            )
        selectors = _texts(item.get("path") or item.get("file") or item.get("files"))
        if not selectors:
            self.warnings.append(f"Rule {number} of `check` in erc.yml names no `path`; it was left out.")
        terms = self._terms(item, number)
        return [CheckRule(selector[:1024], terms, item.get("ignore") is True) for selector in selectors[:MOST_RULES]]

    def _terms(self, item: dict[str, Any], number: int) -> Terms:
        stated = str(item.get("compare", "auto"))
        if stated not in COMPARATORS:
            self.warnings.append(
                f"Rule {number} of `check` in erc.yml asks for the comparator “{stated[:40]}”, which there is not; "
                f"there are {_few(sorted(COMPARATORS))}."
            )
        ignore = item.get("ignore")
        parts = ignore if isinstance(ignore, dict) else {"lines": ignore} if isinstance(ignore, str | list) else {}
        wanted = item.get("value", item.get("text"))
        contains = "" if wanted is None else str(wanted)[:10_000]
        return Terms(
            comparator=self._comparator(stated, contains, number),
            tolerance=self._tolerance(item, number),
            key=tuple(_texts(item.get("key"))),
            any_order=item.get("sort") is True or item.get("order") in {"any", "ignore"},
            ignore_columns=self._patterns(_texts(parts.get("columns")), number),
            ignore_lines=self._patterns(_texts(parts.get("lines")) + _texts(parts.get("text")), number),
            lines=int(self._number(item.get("lines_diff"), number)),
            size=Tolerance(
                self._number(item.get("delta"), number), self._share(item.get("delta_frac"), number, below=1.0)
            ),
            contains=contains,
        )

    def _patterns(self, stated: list[str], number: int) -> tuple[str, ...]:
        """Return patterns of what does not count, but for those that fit anything."""
        kept = tuple(one for one in stated if one.strip("* "))
        if len(kept) < len(stated):
            self.warnings.append(
                f"Rule {number} of `check` in erc.yml ignores `*`, which is everything; that is not used. "
                "A file that is not to be compared at all has `ignore: true`."
            )
        return kept

    def _comparator(self, stated: str, contains: str, number: int) -> str:
        named = COMPARATORS.get(stated, "auto")
        if named != "contains" or contains.strip():
            return named
        self.warnings.append(
            f"Rule {number} of `check` in erc.yml asks for `contains` without a text in `value`; "
            "every file would hold that, so the files are compared as they are."
        )
        return "auto"

    def _tolerance(self, item: dict[str, Any], number: int) -> Tolerance:
        stated = item.get("tolerance")
        if isinstance(stated, dict):
            return Tolerance(self._number(stated.get("absolute"), number), self._share(stated.get("relative"), number))
        if stated is not None:
            return Tolerance(relative=self._share(stated, number))
        absolute, relative = self._number(item.get("absolute"), number), self._share(item.get("relative"), number)
        return Tolerance(absolute, relative) if absolute or relative else NONE

    def _share(self, value: Any, number: int, *, below: float = MOST_RELATIVE) -> float:
        share = self._number(value, number)
        if share < below:
            return share
        self.warnings.append(
            f"Rule {number} of `check` in erc.yml asks for a relative tolerance of {100 * share:g} %, under which "
            f"nearly everything agrees; it must be below {100 * below:g} % and is not used. A difference in "
            "units of the value is an `absolute` one."
        )
        return 0.0

    def _number(self, value: Any, number: int) -> float:
        if value is None:
            return 0.0
        text = str(value).strip()
        percent = text.endswith("%")
        plain = text.rstrip("% ")
        if isinstance(value, bool) or not _NUMBER.fullmatch(plain) or not math.isfinite(float(plain)):
            self.warnings.append(f"Rule {number} of `check` in erc.yml says “{text[:40]}” where a number is wanted.")
            return 0.0
        return float(plain) / (100 if percent else 1)


def _texts(value: Any) -> list[str]:
    items = value if isinstance(value, list) else [] if value is None else [value]
    return [str(item) for item in items if isinstance(item, str | int | float) and str(item).strip()]


def _few(names: list[str]) -> str:
    shown = ", ".join(f"`{name[:40]}`" for name in names[:20])
    return shown + (" …" if len(names) > 20 else "")
