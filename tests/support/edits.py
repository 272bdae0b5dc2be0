"""Seeded edits of texts, tables and data: each case says whether its content changed or only how it is written."""

from __future__ import annotations

import csv
import io
import json
import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

WORDS = [
    "mean",
    "effect",
    "model",
    "group",
    "control",
    "treated",
    "rainfall",
    "yield",
    "season",
    "site",
    "sample",
    "estimate",
    "error",
    "slope",
    "temperature",
    "leaf",
    "water",
    "growth",
    "response",
    "interval",
    "survey",
    "plot",
    "station",
    "river",
    "forest",
    "soil",
    "index",
    "height",
    "density",
]
NUMBER = re.compile(r"(?<![\w.,#:/-])\d+\.\d+(?![\w.,:/-])|(?<![\w.,#:/-])\d{2,}(?![\w.,:/%-])")


@dataclass(frozen=True)
class Case:
    """Two versions of one file; `content` says whether what a reader learns from it changed."""

    edit: str
    content: bool
    path: str
    published: bytes
    reproduced: bytes


@dataclass
class Paper:
    """A small paper: passages, a table, printed lines."""

    passages: list[str]
    columns: list[str]
    rows: list[list[str]]
    listing: list[str]
    extra: list[str] = field(default_factory=list)

    def html(self, dress: Callable[[str], str] = lambda text: text, gap: str = "\n") -> bytes:
        body = gap.join(f"<p>{dress(escaped(text))}</p>" for text in self.passages)
        head = "".join(f"<th>{dress(escaped(name))}</th>" for name in self.columns)
        cells = gap.join(
            "<tr>" + "".join(f"<td>{dress(escaped(cell))}</td>" for cell in row) + "</tr>" for row in self.rows
        )
        listing = escaped("\n".join(self.listing))
        extra = "".join(self.extra)
        return (
            f"<!DOCTYPE html><html><head><meta charset='utf-8'><title>t</title></head><body>{gap}<h1>Results</h1>{body}"
            f"<table><thead><tr>{head}</tr></thead><tbody>{cells}</tbody></table>{gap}<pre>{listing}</pre>{extra}</body></html>"
        ).encode()

    def csv(self, delimiter: str = ",", quoting: int = csv.QUOTE_MINIMAL, end: str = "\n") -> bytes:
        text = io.StringIO(newline="")
        writer = csv.writer(text, delimiter=delimiter, quoting=quoting, lineterminator=end)
        writer.writerows([self.columns, *self.rows])
        return text.getvalue().encode()

    def json(self, **how: object) -> bytes:
        return json.dumps(self.value(), **how).encode()

    def value(self) -> dict[str, object]:
        rows = [{name: _value(cell) for name, cell in zip(self.columns, row, strict=True)} for row in self.rows]
        return {"title": self.passages[0], "rows": rows, "count": len(rows)}

    def notebook(self, start: int = 1, metadata: object = None) -> bytes:
        source = [f"print(model.{WORDS[at]}())\n" for at in range(3)]
        outputs = [
            {"output_type": "stream", "name": "stdout", "text": "\n".join(self.passages)},
            {"output_type": "execute_result", "data": {"text/plain": self.listing_text()}, "metadata": {}},
        ]
        cells = [
            {
                "cell_type": "code",
                "execution_count": start,
                "metadata": metadata or {},
                "source": source,
                "outputs": outputs,
            }
        ]
        return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {"made": metadata}, "cells": cells}).encode()

    def listing_text(self) -> str:
        return "\n".join(self.listing)

    def copy(self) -> Paper:
        return Paper(
            list(self.passages),
            list(self.columns),
            [list(row) for row in self.rows],
            list(self.listing),
            list(self.extra),
        )


def escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _value(cell: str) -> object:
    try:
        return int(cell) if cell.isdigit() else float(cell)
    except ValueError:
        return cell


def paper(chance: random.Random) -> Paper:
    """Draw a paper."""
    passages = [
        f"The {chance.choice(WORDS)} of the {chance.choice(WORDS)} was {chance.uniform(1, 90):.2f} "
        f"(p = 0.{chance.randint(101, 899)}, n = {chance.randint(1000, 9999)}). "
        f"A {chance.choice(WORDS)} of {chance.randint(11, 98)} % was seen in {chance.choice(WORDS)} {chance.choice('ABCD')}."
        for _ in range(chance.randint(3, 7))
    ]
    names = chance.sample(WORDS, 5)
    columns = ["id", *names]
    rows = [
        [f"{chance.choice(WORDS)}-{at}", *(f"{chance.uniform(-50, 50):.{digits}f}" for digits in (1, 2, 3)), str(chance.randint(100, 9999)), chance.choice(WORDS)]
        for at in range(chance.randint(4, 20))
    ]  # fmt: skip
    width = max(len(row[0]) for row in rows)
    listing = ["## " + " " * width + "".join(f"{name:>13}" for name in names[:3])]
    listing += [f"## {row[0]:<{width}}" + "".join(f"{cell:>13}" for cell in row[1:4]) for row in rows[:6]]
    return Paper(passages, columns, rows, listing)


Edit = Callable[[Paper, random.Random], Paper]


def _changed_number(text: str, chance: random.Random) -> str:
    found = chance.choice(list(NUMBER.finditer(text)))
    number = found[0]
    places = [at for at, one in enumerate(number) if one.isdigit() and (at or number[0] != "0")]
    at = chance.choice(places)
    digit = chance.choice([one for one in "123456789" if one != number[at]])
    return text[: found.start()] + number[:at] + digit + number[at + 1 :] + text[found.end() :]


def _in_passage(change: Callable[[str, random.Random], str]) -> Edit:
    def edit(one: Paper, chance: random.Random) -> Paper:
        made = one.copy()
        at = chance.randrange(len(made.passages))
        made.passages[at] = change(made.passages[at], chance)
        return made

    return edit


def _in_cell(change: Callable[[str, random.Random], str], columns: tuple[int, ...] = (1, 2, 3, 4)) -> Edit:
    def edit(one: Paper, chance: random.Random) -> Paper:
        made = one.copy()
        row, column = chance.randrange(len(made.rows)), chance.choice(columns)
        made.rows[row][column] = change(made.rows[row][column], chance)
        return made

    return edit


def _in_listing(one: Paper, chance: random.Random) -> Paper:
    made = one.copy()
    at = chance.randrange(1, len(made.listing))
    cut = made.listing[at].rindex("  ") + 2
    number = made.listing[at][cut:]
    digit = chance.choice([one for one in "123456789" if one != number[-1]])
    made.listing[at] = made.listing[at][:cut] + number[:-1] + digit
    return made


def _other_digit(cell: str, chance: random.Random) -> str:
    places = [at for at, one in enumerate(cell) if one.isdigit()]
    at = chance.choice(places)
    return cell[:at] + chance.choice([one for one in "123456789" if one != cell[at]]) + cell[at + 1 :]


def _swapped(items: list[object], chance: random.Random) -> None:
    i, k = chance.sample(range(len(items)), 2)
    items[i], items[k] = items[k], items[i]


def _structural(change: Callable[[Paper, random.Random], object]) -> Edit:
    def edit(one: Paper, chance: random.Random) -> Paper:
        made = one.copy()
        change(made, chance)
        return made

    return edit


def _new_word(text: str, chance: random.Random) -> str:
    words = text.split(" ")
    words.insert(chance.randrange(1, len(words)), "not")
    return " ".join(words)


def _other_word(text: str, chance: random.Random) -> str:
    words = text.split(" ")
    at = chance.choice([at for at, word in enumerate(words) if word.isalpha()])
    words[at] = chance.choice([word for word in ("never", "half", "double") if word != words[at]])
    return " ".join(words)


def _drop_column(one: Paper, chance: random.Random) -> None:
    at = chance.randrange(1, len(one.columns))
    for row in (one.columns, *one.rows):
        del row[at]


def _swap_columns(one: Paper, chance: random.Random) -> None:
    i, k = chance.sample(range(1, len(one.columns)), 2)
    for row in (one.columns, *one.rows):
        row[i], row[k] = row[k], row[i]


def _add_column(one: Paper, chance: random.Random) -> None:
    for at, row in enumerate((one.columns, *one.rows)):
        row.append("added" if at == 0 else str(chance.randint(1, 9)))


def _rename(one: Paper, chance: random.Random) -> None:
    one.columns[chance.randrange(1, len(one.columns))] = "renamed"


def _swap_values(one: Paper, chance: random.Random) -> None:
    i, k = chance.sample(range(len(one.rows)), 2)
    if one.rows[i][1] == one.rows[k][1]:
        one.rows[i][1] = one.rows[i][1] + "1"
    one.rows[i][1], one.rows[k][1] = one.rows[k][1], one.rows[i][1]


TEXT: dict[str, Edit] = {
    "a number": _in_passage(_changed_number),
    "a sign": _in_passage(lambda text, _: text.replace(" was ", " was -", 1)),
    "= became <": _in_passage(lambda text, _: text.replace("p = ", "p < ", 1)),
    "a word": _in_passage(_other_word),
    "a new word": _in_passage(_new_word),
    "a passage gone": _structural(lambda one, chance: one.passages.pop(chance.randrange(len(one.passages)))),
    "a passage more": _structural(lambda one, chance: one.passages.insert(1, f"A further {chance.choice(WORDS)}.")),
    "passages in another order": _structural(lambda one, chance: _swapped(one.passages, chance)),
    "a printed number": _in_listing,
    "a printed row gone": _structural(lambda one, chance: one.listing.pop(chance.randrange(1, len(one.listing)))),
}
TABLE: dict[str, Edit] = {
    "a cell": _in_cell(_other_digit),
    "a sign in a cell": _in_cell(lambda cell, _: cell[1:] if cell.startswith("-") else f"-{cell}"),
    "a word in a cell": _in_cell(lambda cell, _: f"{cell} new", (0, 5)),
    "a cell emptied": _in_cell(lambda *_: "NA"),
    "two values swapped": _structural(_swap_values),
    "a row gone": _structural(lambda one, chance: one.rows.pop(chance.randrange(len(one.rows)))),
    "a row more": _structural(lambda one, chance: one.rows.insert(chance.randrange(len(one.rows)), ["new-1", "1.0", "2.00", "3.000", "4", "soil"])),
    "a row twice": _structural(lambda one, chance: one.rows.append(list(chance.choice(one.rows)))),
    "rows in another order": _structural(lambda one, chance: _swapped(one.rows, chance)),
    "a column gone": _structural(_drop_column),
    "a column more": _structural(_add_column),
    "columns in another order": _structural(_swap_columns),
    "a column renamed": _structural(_rename),
}  # fmt: skip


def _mark(text: str, chance: random.Random) -> str:
    words = text.split(" ")
    at = chance.randrange(len(words))
    words[at] = f"<b class='x{chance.randint(1, 9)}'>{words[at]}</b>"
    return "\n  ".join(words) if chance.random() < 0.5 else " ".join(words)


def _dressed(one: Paper, chance: random.Random) -> bytes:
    page = one.html(lambda text: _mark(text, chance), chance.choice(["", "\n\n  ", "<!-- made anew -->"]))
    return page.replace(b"<head>", b"<head><script>var seed = 7</script><style>p { color: red }</style>")


def _rewritten(pattern: str, into: Callable[[re.Match[str]], str]) -> Callable[[Paper, random.Random], bytes]:
    def edit(one: Paper, chance: random.Random) -> bytes:
        made = one.copy()
        made.passages = [re.sub(pattern, into, text) for text in made.passages]
        return made.html()

    return edit


def _power(match: re.Match[str]) -> str:
    return f"p = {float(match[1]):.2e}"


def _cells(change: Callable[[str], str], columns: tuple[int, ...] = (1, 2, 3)) -> Callable[[Paper], Paper]:
    def edit(one: Paper) -> Paper:
        made = one.copy()
        made.rows = [[change(cell) if at in columns else cell for at, cell in enumerate(row)] for row in made.rows]
        return made

    return edit


def _wider(one: Paper, _: random.Random) -> bytes:
    made = one.copy()
    parts = [re.split(r" {2,}", line.removeprefix("## ")) for line in made.listing]
    width = max(len(part[0]) for part in parts) + 3
    made.listing = [f"## {part[0]:<{width}}" + "".join(f"{cell:>18}" for cell in part[1:]) for part in parts]
    return made.html()


FORM_HTML: dict[str, Callable[[Paper, random.Random], bytes]] = {
    "markup, blanks, comments": _dressed,
    "zeros at the end": _rewritten(r"(was \d+\.\d+)", lambda match: f"{match[1]}0"),
    "thousands": _rewritten(r"n = (\d)(\d{3})", lambda match: f"n = {match[1]},{match[2]}"),
    "powers of ten": _rewritten(r"p = (0\.\d+)", _power),
    "percent": _rewritten(r" %", lambda _: "%"),
    "no-break blanks": _rewritten(r" = ", lambda _: "\u00a0=\u00a0"),
    "minus signs in cells": lambda one, _: _cells(lambda cell: cell.replace("-", "−"))(one).html(),
    "zeros in cells": lambda one, _: _cells(lambda cell: f"{cell}0")(one).html(),
}
VOLATILE: dict[str, tuple[str, str]] = {
    "memory address": ("<pre>&lt;Axes at 0x7f3c2a0b1d30&gt;</pre>", "<pre>&lt;Axes at 0x7fe0aa0b1e10&gt;</pre>"),
    "environment": ("<pre>&lt;environment: 0x55d5c8a1b2c8&gt;</pre>", "<pre>&lt;environment: 0x5603f1a1b2c8&gt;</pre>"),
    "widget": ("<p>see htmlwidget-0a1b2c3d4e5f</p>", "<p>see htmlwidget-9f8e7d6c5b4a</p>"),
    "date of the run": ("<p>Rendered on 2024-05-03 at 12:01:02</p>", "<p>Rendered on 2026-11-29 at 08:15:47</p>"),
    "run time": ("<pre>Time difference of 2.31 secs</pre>", "<pre>Time difference of 12.7 secs</pre>"),
    "system.time": (
        "<pre>##    user  system elapsed \n##   0.812   0.031   0.902</pre>",
        "<pre>##    user  system elapsed \n##   1.212   0.131   1.902</pre>",
    ),
    "temporary path": ("<p>saved to /tmp/RtmpAb12Cd/fig.png</p>", "<p>saved to /tmp/RtmpXy98Zz/fig.png</p>"),
    "home folder": ("<p>read /home/ada/paper/data.csv</p>", "<p>read /erc/data.csv</p>"),
    "session": (
        "<pre>R version 4.2.1 (2022-06-23)\nPlatform: x86_64-pc-linux-gnu (64-bit)\n\nlocale:\n[1] LC_CTYPE=en_US.UTF-8\n\nattached base packages:\n[1] stats     graphics  grDevices</pre>",
        "<pre>R version 4.3.0 (2023-04-21)\nPlatform: aarch64-apple-darwin20 (64-bit)\n\nlocale:\n[1] LC_CTYPE=C.UTF-8\n\nattached base packages:\n[1] stats     graphics  utils     methods</pre>",
    ),
}
FORM_CSV: dict[str, Callable[[Paper, random.Random], bytes]] = {
    "quotes": lambda one, _: one.csv(quoting=csv.QUOTE_ALL),
    "semicolons": lambda one, _: one.csv(";"),
    "tabs": lambda one, _: one.csv("\t"),
    "line ends": lambda one, _: one.csv(end="\r\n"),
    "byte order mark": lambda one, _: b"\xef\xbb\xbf" + one.csv(),
    "zeros in cells": lambda one, _: _cells(lambda cell: f"{cell}00")(one).csv(),
    "powers of ten": lambda one, _: _cells(lambda cell: f"{float(cell):.6e}")(one).csv(),
    "rounding": lambda one, _: _cells(lambda cell: repr(float(cell) * (1 + 1e-13)))(one).csv(),
    "whole numbers with a point": lambda one, _: _cells(lambda cell: f"{cell}.0", (4,))(one).csv(),
    "blanks": lambda one, _: _cells(lambda cell: f" {cell}")(one).csv(),
}
FORM_JSON: dict[str, Callable[[Paper, random.Random], bytes]] = {
    "indentation": lambda one, _: one.json(indent=2),
    "keys in another order": lambda one, _: one.json(sort_keys=True),
    "powers of ten": lambda one, _: re.sub(rb"(?<=: )-?\d+\.\d+", lambda match: f"{float(match[0]):.8e}".encode(), one.json()),
}  # fmt: skip


def cases(seed: int, papers: int) -> Iterator[Case]:
    """Draw so many papers and edit each in every way; equal seeds give equal cases."""
    chance = random.Random(seed)
    for _ in range(papers):
        one = paper(chance)
        yield from _content(one, chance)
        yield from _formatting(one, chance)


def _content(one: Paper, chance: random.Random) -> Iterator[Case]:
    for name, edit in TEXT.items():
        made = edit(one, chance)
        yield Case(f"html: {name}", True, "display.html", one.html(), made.html())
        yield Case(f"notebook: {name}", True, "main.ipynb", one.notebook(), made.notebook())
    for name, edit in TABLE.items():
        made = edit(one, chance)
        yield Case(f"html table: {name}", True, "display.html", one.html(), made.html())
        yield Case(f"csv: {name}", True, "table.csv", one.csv(), made.csv())
        if name != "columns in another order":
            yield Case(f"json: {name}", True, "result.json", one.json(), made.json())


def _formatting(one: Paper, chance: random.Random) -> Iterator[Case]:
    for name, edit in FORM_HTML.items():
        yield Case(f"html: {name}", False, "display.html", one.html(), edit(one, chance))
    yield Case("html: wider columns", False, "display.html", one.html(), _wider(one, chance))
    for name, (before, after) in VOLATILE.items():
        a, b = one.copy(), one.copy()
        a.extra, b.extra = [before, "<p>The end 7.</p>"], [after, "<p>The end 7.</p>"]
        yield Case(f"html: {name}", False, "display.html", a.html(), b.html())
    for name, edit in FORM_CSV.items():
        yield Case(f"csv: {name}", False, "table.csv", one.csv(), edit(one, chance))
    for name, edit in FORM_JSON.items():
        yield Case(f"json: {name}", False, "result.json", one.json(), edit(one, chance))
    again = one.notebook(chance.randint(2, 90), {"at": str(chance.random())})
    yield Case("notebook: counts and metadata", False, "main.ipynb", one.notebook(), again)
