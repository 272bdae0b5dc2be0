from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

from erc.workers.checker.domain import not_comparable

Check = Callable[..., Any]
HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(2)>'
ESCAPED = HOSTILE.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&#34;")


class Tags(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))

    def of(self, name: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.seen if tag == name]


def test_nothing_of_a_user_becomes_markup(checked: Check, plot: Check, page_of: Check) -> None:
    shown = ESCAPED.replace("&", "&amp;").replace("&amp;", "&")
    before = page_of((shown, plot()), text=f"{shown} 4.2")
    after = page_of((shown, plot(block=50)), text=f"{shown} 4.3")
    pages = [
        checked(before, after).page,
        checked(f"{HOSTILE}\n4", f"{HOSTILE}\n5{HOSTILE}", "a.txt").page,
        checked(f"{HOSTILE}\n4", f"{HOSTILE}\n{HOSTILE}", "a.csv").page,
        checked("a", "b", f"{HOSTILE}.txt").page,
        checked("a", None, f"{HOSTILE}.html").page,
    ]
    for page in pages:
        tags = Tags(page)
        assert "alert" in page
        assert not tags.of("script")
        assert not any(name.startswith("on") for _, attributes in tags.seen for name in attributes)
        assert all((image["src"] or "").startswith("data:image/") for image in tags.of("img"))


def test_a_page_fetches_nothing_and_names_its_language(checked: Check, plot: Check, page_of: Check) -> None:
    page = checked(page_of(("a", plot())), page_of(("a", plot(block=9)))).page
    assert '<html lang="en">' in page
    assert "default-src 'none'" in page
    assert not re.search(r"https?:|@import|url\(", page)


def test_pictures_stand_side_by_side_with_words_for_those_who_cannot_see(
    checked: Check, plot: Check, page_of: Check
) -> None:
    images = Tags(checked(page_of(("rain", plot())), page_of(("rain", plot(block=9)))).page).of("img")
    assert [image["alt"] for image in images] == [
        "Figure 1 (rain), published", "Figure 1 (rain), this run", "Figure 1 (rain), difference, in red",
    ]  # fmt: skip


def test_changed_words_are_marked(checked: Check) -> None:
    page = checked("<p>the mean was 4.2 degrees</p>", "<p>the mean was 4.3 degrees</p>").page
    assert "the mean was <del>4.2</del> <ins>4.3</ins> degrees" in page


def test_changed_cells_stand_in_a_table(checked: Check) -> None:
    page = checked("city,mean\nBonn,4.2\n", "city,mean\nBonn,4.3\n", "t.csv").page
    assert '<tr><th scope="row">row 2 “Bonn”, column “mean”</th><td>4.2</td><td>4.3</td></tr>' in page


def test_a_page_stays_small_when_much_differs(checked: Check) -> None:
    before = "".join(f"<p>{'a' * 9000} {at}</p>" for at in range(3000))
    found = checked(before, before.replace("aaa ", "aab "))
    assert len(found.page) < 4 << 20
    assert "further differences are not shown" in found.page


def test_large_pictures_become_a_note(checked: Check) -> None:
    svg = "<svg>" + "<path d='M0 0'/>" * 700_000 + "<text>{}</text></svg>"
    found = checked(svg.format(1), svg.format(2), "display.svg")
    assert "too large to be shown" in found.page
    assert len(found.page) < 1 << 20


def test_displays_too_large_to_be_read_are_told_apart() -> None:
    kept: list[bytes] = []
    put = lambda content: kept.append(content) or "0" * 64  # noqa: E731
    assert not_comparable("a.html", (5, 5), put, same_bytes=True).verdict == "reproduced"
    report = not_comparable("a.html", (10**9, 2), put, same_bytes=False)
    assert report.verdict == "not comparable"
    assert report.reason == "a.html is too large to compare: 2 bytes, the published one 1,000,000,000."
