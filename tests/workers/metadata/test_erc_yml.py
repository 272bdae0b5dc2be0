"""`erc.yml`, and the YAML that it may hold."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from erc.events.errors import Rejected
from erc.schemas.yaml_reader import YamlError, read_yaml
from erc.workers.metadata.domain.erc_yml import read_erc_yml, relative_path

COMPLETE = b"""
id: my.erc_1-a
spec_version: 1
main: ./paper/main.Rmd
display: paper/display.html
licenses:
  text: CC-BY-4.0
  data: ODbL-1.0
  code: Apache-2.0
  metadata: CC0-1.0
execution:
  kernel: 5.4
  bind_mounts:
    - {source: data/, destination: /erc/data, readonly: true}
convention: https://example.org/convention
"""


def test_a_complete_erc_yml_is_read_without_a_warning() -> None:
    erc = read_erc_yml(COMPLETE)
    assert (erc.erc_id, erc.spec_version) == ("my.erc_1-a", "1")
    assert (erc.main, erc.display) == ("paper/main.Rmd", "paper/display.html")
    assert erc.licenses["data"] == "ODbL-1.0"
    assert erc.execution["bind_mounts"] == [{"source": "data/", "destination": "/erc/data", "readonly": True}]
    assert erc.document["convention"] == "https://example.org/convention"
    assert erc.warnings == ()


def test_what_the_specification_asks_for_and_is_missing_is_a_warning() -> None:
    text = " ".join(read_erc_yml(b"main: main.Rmd").warnings)
    assert "`id`" in text
    assert "`spec_version`" in text
    assert "licence for text, data, code, metadata" in text


@pytest.mark.parametrize("erc_id", ["a", "7", "b9b0099e-9f8d-4a33-8acf-cb0c062efaec", "1.10", "007", "123", "a..b"])
def test_an_id_keeps_its_text(erc_id: str) -> None:
    assert read_erc_yml(f"id: {erc_id}".encode()).erc_id == erc_id


@pytest.mark.parametrize(
    "written",
    [
        *(
            '""',
            "null",
            "true",
            "-a",
            "a-",
            ".a",
            "a.",
            "_a",
            '"a\\n"',
            '"a b"',
            '"erc.>"',
            '"*"',
            "ä",
            "[a]",
            "{a: b}",
        ),
        *('"a/b"', '"a\\0b"', '"../a"', "a" * 200),
    ],
)
def test_an_id_that_no_tag_can_have_is_refused(written: str) -> None:
    with pytest.raises(Rejected, match="specification"):
        read_erc_yml(f"id: {written}".encode())


@pytest.mark.parametrize(
    ("document", "place"),
    [
        (b"a: &x 1\nb: 2", "line 1, column 4"),
        (b"a: [1, 2]\nb: *a", "line 2, column 4"),
        (b"main: a\nmain: b", "line 2, column 1"),
        (b"a:\n\tb: 1", "line 2, column 1"),
        (b"a: 1\n---\nb: 1", "more than one document"),
        (b"a: !!python/object/apply:os.system [ls]", "the tag"),
        (b"a: !expr 1", "the tag !expr"),
        (b"a: " + b"[" * 65, "deeper than 64"),
        (b"a: [" + b"1," * 10_001 + b"]", "more than 10000 values"),
        (b"? [a]\n: b", "plain text"),
        (b"a: [", "line"),
        (b"a: \0", "character"),
        (b'a: "\\U00110000"', "parsed"),
        (b"%YAML " + b"1" * 9000 + b".1\n---\na: b", "parsed"),
        (b"a: \xff", "UTF-8"),
        (b"- a", "key: value"),
        (b"", "key: value"),
        (b"just words", "key: value"),
        (b"#" * ((1 << 20) + 1), "bytes"),
        (b"licenses: MIT", "`licenses` must be a mapping"),
        (b"licenses: {code: [MIT]}", "`code` must be a text"),
        (b"execution: []", "`execution` must be a mapping"),
        (b"execution: {bind_mounts: x}", "must be a list"),
        (b"execution: {bind_mounts: [{source: ../x}]}", "relative path"),
        (b"main: [a]", "`main` must be a text"),
        (b"main: a//b", "`main` must be the path"),
        (b"main: a\\b", "`main` must be the path"),
        (b"main: C:/a", "`main` must be the path"),
    ],
)
def test_a_fault_is_refused_with_its_place(document: bytes, place: str) -> None:
    with pytest.raises(Rejected) as caught:
        read_erc_yml(document)
    assert caught.value.problem.code == "erc_yml_invalid"
    assert place in caught.value.problem.detail


@settings(max_examples=300, deadline=None)
@given(st.binary() | st.text("ab:-[]{}&*!?|>'\"%@`#,. \n\t\\", max_size=60).map(str.encode))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        erc = read_erc_yml(data)
    except Rejected as refused:
        assert refused.problem.code == "erc_yml_invalid"
    else:
        assert isinstance(erc.document, dict)


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**14), 10**14) | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abcde", min_size=1), inner, max_size=4),
    max_leaves=20,
)


@settings(max_examples=300, deadline=None)
@given(PLAIN)
def test_what_yaml_writes_is_read_back(value: object) -> None:
    text = yaml.safe_dump(value, allow_unicode=False)
    if "&" not in text:
        assert read_yaml(text, tags=False) == value


def test_unknown_tags_become_text_where_they_are_tolerated() -> None:
    assert read_yaml("date: !expr Sys.Date()\nn: !r 1\nb: !!binary x", tags=True) == {
        "date": "Sys.Date()",
        "n": "1",
        "b": "x",
    }


def test_a_number_is_one_only_when_its_text_is_canonical() -> None:
    text = "[1, 007, 1.10, 1.5, 1e3, 0x10, yes, .nan, 2019-05-01, 99999999999999999999]"
    assert read_yaml(text, tags=False) == [
        *(1, "007", "1.10", 1.5, "1e3", "0x10", "yes", ".nan", "2019-05-01", "99999999999999999999")
    ]


def test_an_alias_bomb_is_refused_at_once() -> None:
    bomb = "a: &a [x,x]\n" + "".join(
        f"{chr(98 + n)}: &{chr(98 + n)} [*{chr(97 + n)},*{chr(97 + n)}]\n" for n in range(20)
    )
    with pytest.raises(YamlError, match="anchors"):
        read_yaml(bomb, tags=True)


@given(st.text())
def test_a_relative_path_never_leaves_the_workspace(text: str) -> None:
    path = relative_path(text)
    assert not path.startswith("/")
    assert ".." not in path.split("/")
    assert relative_path(path) == path


def test_files_that_rules_name_by_their_paths_are_made_by_a_run() -> None:
    rules = b"""
check:
  - path: ./results/table.csv
    tolerance: 0.1
  - files: [a.txt, 'logs/*.txt', folder/, ../b.txt]
  - {path: cache.bin, ignore: true}
  - nonsense
"""
    assert read_erc_yml(rules).outputs == ("results/table.csv", "a.txt")
    assert read_erc_yml(b"check: yes").outputs == ()
