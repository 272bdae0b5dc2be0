from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erc.events.blob_place import BlobPlace
from erc.events.blobs import FileBlobStore
from erc.schemas.check import CheckReport
from erc.schemas.workspace import Entry, Manifest
from erc.workers.checker.compare_files import CheckRequest, check_files
from erc.workers.checker.domain import claimed_rows, claims, read_rules
from erc.workers.checker.domain.globs import Ignored, matches, path_matches

PAGE = b"<p>The mean is 4.2.</p>"


def report(folder: Path, published: dict[str, bytes], made: dict[str, bytes], rules: str = "") -> CheckReport:
    blobs = FileBlobStore(folder / "blobs")
    if rules:
        published = {**published, "erc.yml": rules.encode()}
    digests = [
        blobs.put(
            Manifest(
                Entry(path=path, digest=blobs.put(one), size_bytes=len(one)) for path, one in files.items()
            ).document()
        )
        for files in ({"d.html": PAGE, **published}, {"d.html": PAGE, **made})
    ]
    return check_files(CheckRequest(BlobPlace(folder), digests[0], digests[1], "d.html"))


def outcomes(one: CheckReport) -> dict[str, str]:
    return {row.name: row.outcome.value for row in one.comparisons[1:]}


def test_what_the_run_writes_over_a_published_file_is_compared(tmp_path: Path) -> None:
    published = {"out/a.csv": b"k,v\nx,1.0\n", "out/b.csv": b"k,v\nx,1\n", "data.csv": b"k\n1\n"}
    made = {"out/a.csv": b"k,v\nx,1.5\n", "out/b.csv": b"k,v\nx,1\n"}
    found = report(tmp_path, published, made)
    assert outcomes(found) == {"out/a.csv": "different", "out/b.csv": "identical"}
    assert (
        found.reason
        == "1 of 2 files comes out again; out/a.csv differs in 1 of 2 cells, first in row 2 “x”, column “v”: “1.0” became “1.5”."
    )
    agreed = report(tmp_path, published, {"out/a.csv": b"k,v\nx,1.00\n", "out/b.csv": b"k,v\nx,1\n"})
    assert agreed.verdict == "reproduced"
    assert agreed.reason == "The text agrees with the published d.html, byte for byte. 2 further files agree."


def test_equal_digests_are_never_read(tmp_path: Path) -> None:
    blobs = FileBlobStore(tmp_path / "blobs")
    entries = [
        Entry(path="big.bin", digest="0" * 64, size_bytes=1 << 40),
        Entry(path="d.html", digest=blobs.put(PAGE), size_bytes=len(PAGE)),
    ]
    manifest = blobs.put(Manifest(entries).document())
    found = check_files(CheckRequest(BlobPlace(tmp_path), manifest, manifest, "d.html"))
    assert outcomes(found) == {"big.bin": "identical"}


def many(count: int, odd: str, digest: str) -> Manifest:
    paths = [f"out/{at:05}.bin" for at in range(count)]
    return Manifest(Entry(path=path, digest=(digest if path >= odd else "0") * 64, size_bytes=9) for path in paths)


def test_what_may_differ_is_compared_before_what_is_the_same() -> None:
    found = claims(many(2_003, "out/02002", "1"), many(2_003, "out/02002", "2"), "d", read_rules(b"", b""))
    assert (found.items[-1].path, found.items[-1].state, len(found.items)) == ("out/02002.bin", "compare", 2_000)
    assert not found.further


def test_files_for_which_there_is_no_room_are_told_and_not_taken_for_equal(tmp_path: Path) -> None:
    blobs = FileBlobStore(tmp_path / "blobs")
    page = Entry(path="d.html", digest=blobs.put(PAGE), size_bytes=len(PAGE))
    rules = b"check:\n  - path: out/*.bin\n"
    stated = Entry(path="erc.yml", digest=blobs.put(rules), size_bytes=len(rules))
    made = blobs.put(Manifest([page]).document())
    for count, name in ((2_001, "1 further file"), (2_005, "5 further files")):
        published = blobs.put(Manifest([page, stated, *many(count, "", "1").entries()]).document())
        found = check_files(CheckRequest(BlobPlace(tmp_path), published, made, "d.html"))
        assert len(found.comparisons) == 1 + 2_000 + 1
        assert (found.comparisons[-1].name, found.comparisons[-1].outcome) == (name, "uncompared")
        assert "not compared: a check compares 2,000 files" in found.comparisons[-1].finding
        assert found.verdict == "differs"


def test_files_that_nobody_claims_are_told_and_do_not_count(tmp_path: Path) -> None:
    found = report(tmp_path, {}, {"cache/x.rds": b"1", "__pycache__/a.pyc": b"2"})
    assert (found.verdict, found.unclaimed) == ("reproduced", ["cache/x.rds"])


def test_claimed_and_not_made_is_missing_and_the_reverse_is_extra(tmp_path: Path) -> None:
    rules = "check:\n  - path: results/*.csv\n"
    found = report(tmp_path, {"results/a.csv": b"1"}, {"results/b.csv": b"1", "results/deep/c.csv": b"1"}, rules)
    assert outcomes(found) == {"results/a.csv": "missing", "results/b.csv": "extra"}
    assert found.reason.startswith("results/a.csv is missing: erc.yml names it and this run did not make it")


def test_a_rule_may_ignore_files_and_is_named(tmp_path: Path) -> None:
    rules = "check:\n  - path: 'logs/**'\n    ignore: true\n"
    found = report(tmp_path, {"logs/a/run.log": b"1"}, {"logs/a/run.log": b"2"}, rules)
    assert found.verdict == "reproduced"
    assert [(row.outcome, row.rule) for row in found.comparisons[1:]] == [("ignored", "erc.yml ignores “logs/**”")]
    ignored = report(tmp_path, {"a.log": b"1", ".ercignore": b"*.log\n"}, {"a.log": b"2"})
    assert [row.rule for row in ignored.comparisons[1:]] == [".ercignore names “*.log”"]


@pytest.mark.parametrize(
    ("rule", "before", "after", "outcome"),
    [
        ("tolerance: {absolute: 0.5}", b"k,v\nx,1.0\n", b"k,v\nx,1.4\n", "equivalent"),
        ("tolerance: {relative: 1e-2}", b"k,v\nx,1.0\n", b"k,v\nx,1.4\n", "different"),
        ("tolerance: 49%", b"k,v\nx,1.0\n", b"k,v\nx,1.4\n", "equivalent"),
        ("sort: true", b"k,v\nx,1\ny,2\n", b"k,v\ny,2\nx,1\n", "equivalent"),
        ("ignore: {columns: [v]}", b"k,v\nx,1\n", b"k,v\nx,2\n", "equivalent"),
        ("ignore: {lines: ['x*']}\n    compare: text", b"k,v\nx,1\n", b"k,v\nx,2\n", "equivalent"),
        ("compare: diff\n    lines_diff: 1", b"k\nx 1\n", b"k\nx 2\n", "equivalent"),
        ("compare: sim_size\n    delta: 2", b"12345", b"123456", "equivalent"),
        ("compare: sim_size\n    delta: 2", b"12345", b"123456789", "different"),
        ("compare: contains\n    value: done", b"1", b"all done", "equivalent"),
        ("compare: contains\n    value: done", b"1", b"all gone", "different"),
        ("compare: bytes", b"k,v\nx,1\n", b"k,v\nx,1.0\n", "different"),
        ("compare: json", b"k,v\n", b"k;v\n", "uncompared"),
    ],
)
def test_the_terms_of_a_rule_hold(tmp_path: Path, rule: str, before: bytes, after: bytes, outcome: str) -> None:
    found = report(tmp_path, {"a.csv": before}, {"a.csv": after}, f"check:\n  - path: a.csv\n    {rule}\n")
    assert (found.warnings, outcomes(found)) == ([], {"a.csv": outcome})


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("tolerance: 1", "a relative tolerance of 100 %"),
        ("tolerance: {relative: 2}", "a relative tolerance of 200 %"),
        ("relative: 50%", "a relative tolerance of 50 %"),
        ("compare: sim_size\n    delta_frac: 1", "a relative tolerance of 100 %"),
        ("compare: contains\n    value:", "`contains` without a text"),
        ("compare: contains", "`contains` without a text"),
        ("compare: contains\n    value: ' '", "`contains` without a text"),
    ],
)
def test_terms_under_which_everything_agrees_are_refused_with_a_warning(tmp_path: Path, rule: str, said: str) -> None:
    rules = f"check:\n  - path: a.csv\n    {rule}\n"
    found = report(tmp_path, {"a.csv": b"k,v\nx,1.0\n"}, {"a.csv": b"k,v\nx,1.49\n"}, rules)
    assert (len(found.warnings), outcomes(found)) == (1, {"a.csv": "different"})
    assert said in found.warnings[0]


def test_lines_that_may_differ_are_no_passages_of_a_page(tmp_path: Path) -> None:
    rules = "check:\n  - path: a.html\n    lines_diff: 1\n"
    pages = [f"<html><body><p>The mean is {mean}.</p></body></html>".encode() for mean in (4.2, 4.3)]
    found = report(tmp_path, {"a.html": pages[0]}, {"a.html": pages[1]}, rules)
    assert (found.verdict, outcomes(found)) == ("differs", {"a.html": "different"})


def test_rules_that_mean_nothing_are_warnings(tmp_path: Path) -> None:
    rules = "check:\n  - path: nowhere/*.csv\n    compare: magic\n    tolerence: 1\n  - 7\n"
    found = report(tmp_path, {}, {}, rules)
    assert found.verdict == "reproduced"
    assert "“magic”" in found.warnings[1]
    assert "`tolerence`" in found.warnings[0]
    assert "names “nowhere/*.csv” under `check`, but neither" in found.warnings[-1]
    assert (
        "cannot be parsed" in report(tmp_path, {}, {}, "check: [").warnings[0]
        or "not read" in report(tmp_path, {}, {}, "check: [").warnings[0]
    )


def test_a_figure_that_the_display_shows_is_not_compared_twice(tmp_path: Path) -> None:
    page = b'<p>x</p><img src="a.bin" alt="rain">'
    blobs = FileBlobStore(tmp_path / "blobs")
    sides = [
        blobs.put(
            Manifest(
                Entry(path=path, digest=blobs.put(one), size_bytes=len(one)) for path, one in files.items()
            ).document()
        )
        for files in ({"d.html": page, "a.bin": b"1"}, {"d.html": page, "a.bin": b"2"})
    ]
    names = [row.name for row in check_files(CheckRequest(BlobPlace(tmp_path), *sides, "d.html")).comparisons]
    assert names == ["Text of d.html", "Figure 1 (rain)"]


@pytest.mark.parametrize(
    ("pattern", "path", "fits"),
    [
        ("*.csv", "a.csv", True), ("*.csv", "b/a.csv", False), ("**/*.csv", "b/c/a.csv", True), ("**/*.csv", "a.csv", True),
        ("b/", "b/c/a.csv", True), ("./b/?.csv", "b/a.csv", True), ("b/[a-c].csv", "b/b.csv", True),
        ("b/[!a-c].csv", "b/b.csv", False), ("a\\*", "a*", True), ("a**b", "axxb", True), ("", "", True),
    ],
)  # fmt: skip
def test_patterns_of_paths(pattern: str, path: str, fits: bool) -> None:
    assert path_matches(pattern, path) == fits


def test_ercignore_takes_in_again() -> None:
    rules = Ignored("# large\n*.csv\n!keep.csv\n/raw/\n")
    assert [bool(rules.rule(path)) for path in ("a/x.csv", "keep.csv", "raw/a.txt", "b/raw/a.txt", "x.txt")] == [
        True, False, True, False, False,
    ]  # fmt: skip


@given(st.text("ab*", max_size=12), st.text("ab", max_size=12))
def test_a_pattern_without_stars_is_the_text_and_stars_match_more(pattern: str, text: str) -> None:
    assert matches(text, text)
    assert matches("*", text)
    assert not matches(pattern, text) or matches(f"{pattern}*", f"{text}b")


def test_hostile_patterns_take_no_long_time() -> None:
    started = time.process_time()
    assert not matches("*a" * 2000 + "b", "a" * 20_000)
    assert not path_matches("**/*a*a*a*a*a*a*a*a*b", "/".join(["a" * 100] * 10))
    rules = read_rules(b"check:\n" + b"  - path: '**/*a*b*c*'\n" * 60, b"*a*a*a*b\n" * 300)
    manifest = Manifest(Entry(path=f"{'a' * 20}/{at}", digest="0" * 64, size_bytes=1) for at in range(300))
    assert "the first 50 are used" in claims(manifest, manifest, "d", rules).warnings[0]
    assert time.process_time() - started < 6


def test_a_check_reads_and_keeps_only_so_much(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    published = {f"out/{at}.txt": b"x 1\n" * 10 for at in range(4)}
    made = {path: one.replace(b"1", b"2") for path, one in published.items()}
    monkeypatch.setattr(claimed_rows, "READ_BYTES", 200)
    monkeypatch.setattr(claimed_rows, "SHOWN_BYTES", 100)
    found = report(tmp_path, published, made)
    assert list(outcomes(found).values()) == ["different", "different", "uncompared", "uncompared"]
    assert [row.original is not None for row in found.comparisons[1:]] == [True, False, False, False]
