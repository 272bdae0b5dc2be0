from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

Check = Callable[..., Any]
NAMES = ["a.html", "a.png", "a.jpg", "a.gif", "a.csv", "a.tsv", "a.txt", "a.svg", "a.pdf", "a.json", "a", ""]
PIECES = [
    "<p>", "</p>", "<svg>", "</svg>", "<figure>", "<figcaption>", "</figure>", "<td>", "<pre>", "\n", "x", "4.2", "<img",
    " src=data:image/png;base64,iVBORw0KGgo= >", "<img src=a.png alt='", "'>", "<!--", "-->", "<script>", "</script>",
    "&#0;", "&#xD800;", "\ufffe", "\u202e", "<html>", "</html>", "</body>", "<h1>", "<p class=caption>", "<div hidden>",
    "</div>", "<![CDATA[", "<?x", "<script type=application/json data-for=x>", "<template>", "<iframe src='", '"', ",", ";",
]  # fmt: skip
loose = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
junk = st.one_of(
    st.binary(max_size=300),
    st.lists(st.sampled_from(PIECES), max_size=30).map(lambda parts: "".join(parts).encode("utf-8", "replace")),
)


@loose
@given(junk, junk, st.sampled_from(NAMES))
def test_any_bytes_give_a_report(checked: Check, before: bytes, after: bytes, name: str) -> None:
    found = checked(before, after, name, {"a.png": before}, {"a.png": after})
    assert found.verdict in {"reproduced", "differs", "not comparable"}
    assert found.page.startswith("<!DOCTYPE html>")


@loose
@given(junk, st.sampled_from(NAMES))
def test_equal_bytes_are_reproduced(checked: Check, content: bytes, name: str) -> None:
    if name != "a.html" or b"<" not in content:
        assert checked(content, content, name).verdict == "reproduced"


@loose
@given(st.data())
def test_a_damaged_picture_gives_a_report(checked: Check, plot: Check, data: st.DataObject) -> None:
    damaged = bytearray(plot())
    for _ in range(data.draw(st.integers(1, 5))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    assert checked(plot(), bytes(damaged), "a.png").outcomes[0] in {
        "identical", "equivalent", "different", "uncompared",
    }  # fmt: skip


@loose
@given(st.lists(st.sampled_from("abcdefg"), max_size=40), st.integers(0, 39))
def test_any_changed_passage_is_found(checked: Check, words: list[str], place: int) -> None:
    before = [f"<p>{word} 1</p>" for word in words]
    after = list(before)
    after.insert(min(place, len(after)), "<p>new 2</p>")
    found = checked("".join(before), "".join(after))
    assert f"differs in 1 of {len(after)} passage" in found.reason


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("<div>" * 200_000 + "a", "<div>" * 200_000 + "b"),
        ("<b><svg>" * 100_000 + "a", "<b><svg>" * 100_000 + "b"),
        ("".join(f"<p>{at}</p>" for at in range(40_000)), "".join(f"<p>{-at}</p>" for at in range(40_000))),
        ("<p>a<p>b" * 20_000, "<p>b<p>b<p>a" * 15_000),
        ("".join(f"<td>{at % 7}" for at in range(60_000)), "".join(f"<td>{at % 11}" for at in range(60_000))),
        ("<p>" + "a " * 1_000_000, "<p>" + "b " * 1_000_000),
        ("<!--" * 300_000, "<svg" * 300_000),
        ("<img src=x>" * 30_000, "<img src=y>" * 30_000),
    ],
    ids=["deep", "deep-drawings", "unique", "repeated", "cells", "one-passage", "unfinished", "figures"],
)
def test_a_hostile_page_is_compared_in_bounded_time(checked: Check, before: str, after: str) -> None:
    started = time.process_time()
    assert checked(before, after).verdict in {"differs", "not comparable"}
    assert time.process_time() - started < 8


def test_a_huge_page_is_not_looked_into(checked: Check) -> None:
    huge = b"<p>a</p>" * (5 << 20)
    assert checked(huge, huge).verdict == "reproduced"
    found = checked(huge, huge[:-1] + b" ")
    assert found.outcomes == ["uncompared"]
    assert found.reason == "display.html is too large to compare: 40 MiB of HTML."
