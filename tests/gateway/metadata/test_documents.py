"""The pure parts of saving: JSON, merge patch, validation, `erc.yml`, places."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from erc.gateway.erc_yml import ErcYmlError, rewritten
from erc.gateway.json_reading import JsonError, read_json
from erc.gateway.merge_patch import changed_fields, merged
from erc.gateway.o2r import faults_of, is_date, is_orcid, missing_fields, stored, suggestions
from erc.schemas.spatial import as_geojson, box_of, feature
from erc.schemas.yaml_reader import read_yaml
from erc.workers.metadata.domain.erc_yml import read_erc_yml

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=15,
)


@settings(max_examples=60, deadline=None)
@given(JSON)
def test_json_within_the_limits_is_read_as_it_is(value: Any) -> None:
    assert read_json(json.dumps(value).encode()) == value


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=60) | st.text('{}[]",:0123456789eE+-\\ud8null ', max_size=40).map(str.encode))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        value = read_json(data)
    except JsonError as error:
        assert str(error).endswith((".", "without."))
    else:
        assert json.loads(json.dumps(value)) == value


def test_a_pointer_tells_where_a_text_cannot_be_kept() -> None:
    with pytest.raises(JsonError) as caught:
        read_json(b'{"a/b": ["fine", {"c~d": "\\u0000"}]}')
    assert caught.value.pointer == "/a~1b/1/c~0d"


def test_many_equal_keys_are_refused_at_once() -> None:
    with pytest.raises(JsonError, match="twice"):
        read_json(b"{" + b",".join(b'"%d":1' % (number // 2) for number in reversed(range(100_000))) + b"}")


RFC_7396 = [
    ({"a": "b"}, {"a": "c"}, {"a": "c"}),
    ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
    ({"a": "b"}, {"a": None}, {}),
    ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
    ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
    ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
    ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
    ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
    (["a", "b"], ["c", "d"], ["c", "d"]),
    ({"a": "b"}, ["c"], ["c"]),
    ({"a": "foo"}, None, None),
    ({"a": "foo"}, "bar", "bar"),
    ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
    ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
    ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
]


@pytest.mark.parametrize(("target", "patch", "result"), RFC_7396)
def test_a_merge_patch_does_as_the_examples_of_its_standard(target, patch, result) -> None:
    assert merged(target, patch) == result


def without_null(value: Any) -> bool:
    if isinstance(value, dict):
        return all(item is not None and without_null(item) for item in value.values())
    return True


@settings(max_examples=60, deadline=None)
@given(JSON, JSON)
def test_a_patch_twice_is_a_patch_once(target: Any, patch: Any) -> None:
    once = merged(target, patch)
    assert merged(once, patch) == once
    if without_null(patch) and isinstance(patch, dict):
        assert merged({}, patch) == patch


def test_changed_fields_tell_true_from_one() -> None:
    assert changed_fields({"a": 1, "b": 1, "c": 0}, {"a": True, "b": 1, "d": 0}) == ["a", "c", "d"]


@settings(max_examples=60, deadline=None)
@given(JSON)
def test_any_json_is_valid_or_told_what_is_wrong(value: Any) -> None:
    faults = faults_of(value)
    assert faults
    assert all(fault.message and (not fault.pointer or fault.pointer.startswith("/")) for fault in faults)
    missing_fields(value)
    if isinstance(value, dict):
        suggestions(value)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(["creators", "license", "temporal", "identifier", "keywords", "spatial", "depends"]), JSON)
def test_any_value_of_a_field_is_doubted_without_an_error(name: str, value: Any) -> None:
    suggestions({name: value})


def test_orcids_and_dates() -> None:
    assert is_orcid("0000-0002-1825-0097")
    assert is_orcid("https://orcid.org/0000-0002-9079-593X")
    assert not is_orcid("0000-0002-1825-0098")
    assert not is_orcid(5)
    assert all(map(is_date, ("2019", "2019-05", "2019-05-01", "2019-05-01T12:00:00Z")))
    assert not any(map(is_date, ("", "soon", "2019-13", "2019-02-30", None, 2019)))


ERC_YML = """# top
id: rain-1   # kept
spec_version: "1"

main: 'main.R' # the script
display: display.png
licenses:
    # as agreed
    text: CC-BY-4.0
    code: MIT
execution:
  bind_mounts:
    - {source: data/, destination: /erc/data, readonly: true}
number: 007
"""
PATHS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="/\\"), min_size=1)
LICENCES = st.dictionaries(st.sampled_from(["text", "data", "code", "metadata"]), st.text("abc -.:#'\"{}", max_size=9))


def test_comments_and_unknown_keys_stay() -> None:
    text = rewritten(ERC_YML.encode(), "b.R", "b.png", {"code": "Apache-2.0", "data": "CC0-1.0"}).decode()
    for line in ("# top", "# kept", "# the script", "# as agreed", "number: 007", 'spec_version: "1"'):
        assert line in text
    erc = read_erc_yml(text.encode())
    assert (erc.main, erc.display) == ("b.R", "b.png")
    assert erc.licenses == {"text": "CC-BY-4.0", "code": "Apache-2.0", "data": "CC0-1.0"}
    assert erc.document["execution"] == read_erc_yml(ERC_YML.encode()).execution


def test_what_it_says_already_is_left_as_it_is() -> None:
    data = b"\xef\xbb\xbf" + ERC_YML.encode()
    assert rewritten(data, "main.R", "display.png", {"code": "MIT"}) is data


@settings(max_examples=60, deadline=None)
@given(PATHS, PATHS, LICENCES)
def test_what_is_written_is_what_the_reader_of_workspaces_reads(main: str, display: str, licences: dict) -> None:
    assume(not main.startswith(".") and not display.startswith(".") and ":" not in main[:2] + display[:2])
    licences = {key: value for key, value in licences.items() if value}
    data = rewritten(ERC_YML.encode(), main, display, licences)
    erc = read_erc_yml(data)
    assert (erc.main, erc.display) == (main, display)
    assert erc.licenses == {"text": "CC-BY-4.0", "code": "MIT"} | licences
    assert erc.document["number"] == "007"
    assert rewritten(data, main, display, licences) == data


KEYS = st.text("abcde", min_size=1, max_size=3)
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-99, 99) | st.text(st.characters(codec="utf-8"), max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=12,
)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(KEYS, PLAIN, max_size=4), st.booleans(), st.booleans())
def test_of_any_file_nothing_else_changes(document: dict[str, Any], flow: bool, readable: bool) -> None:
    text = yaml.safe_dump(document, allow_unicode=readable, default_flow_style=flow)
    assume("&" not in text)
    before = read_yaml(text, tags=False)
    after = read_yaml(rewritten(text.encode(), "main.R", "display.html", {"text": "MIT"}).decode(), tags=False)
    wanted = {"main": "main.R", "display": "display.html", "licenses": {"text": "MIT"}}
    assert after == {**(before or {}), **wanted}


@pytest.mark.parametrize(
    "data",
    [
        b"a: &x 1\nb: *x",
        b"- a",
        b"a: [",
        b"\xff",
        b"a: !!python/object/apply:os.system [ls]",
        b"a: " + b"[" * 1000,
        b"#" * ((1 << 20) + 1),
        b"main: a\nmain: b",
    ],
)
def test_hostile_yaml_is_refused(data: bytes) -> None:
    with pytest.raises(ErcYmlError):
        rewritten(data, "main.R", "display.html", {})


BOX = [5.0, 50.0, 9.0, 53.0]
CORNERS = [[5, 50], [9, 50], [9, 53], [5, 53], [5, 50]]
SHAPE = {"type": "Polygon", "coordinates": [CORNERS]}


@pytest.mark.parametrize(
    "union",
    [
        BOX,
        [5, 50, 0, 9, 53, 100],
        CORNERS,
        {"bbox": BOX},
        {"bbox": CORNERS[:4]},
        {"geojson": {"type": "Feature", "geometry": SHAPE}},
        {"geojson": {"bbox": BOX}},
        {"geojson": SHAPE},
        {"type": "Feature", "geometry": SHAPE, "properties": {}},
        SHAPE,
    ],
)
def test_every_shape_of_a_place_becomes_geojson(union: Any) -> None:
    placed = as_geojson({"union": union, "more": 1})
    assert placed and placed["more"] == 1
    found = placed["union"]["geojson"]
    assert (found["type"], list(found["bbox"])) == ("Feature", BOX)
    assert found["geometry"]["type"] == "Polygon"
    assert as_geojson(placed) == placed
    if isinstance(union, dict) and "bbox" in union:
        assert placed["union"]["bbox"] == union["bbox"], "what the o2r pages read stays"


@pytest.mark.parametrize("union", [None, [], {}, ""])
def test_a_place_that_is_not_told_stays_untold(union: Any) -> None:
    assert as_geojson({"union": union, "files": [{"name": "a", "bbox": BOX}, "?"]}) == {
        "union": union,
        "files": [{"name": "a", "bbox": BOX, "geojson": feature((5.0, 50.0, 9.0, 53.0))}, "?"],
    }


@pytest.mark.parametrize("union", [5, "here", [0, 91, 0, 92], [1, 2, 3], [0, 10, 0, 5], {"x": 1}, [["a", "b"]]])
def test_what_is_no_place_is_none(union: Any) -> None:
    assert as_geojson({"union": union}) is None


def test_a_box_over_the_180th_meridian_is_two_polygons() -> None:
    box = box_of([170, -20, -170, -10])
    assert box == (170, -20, -170, -10)
    assert feature(box)["geometry"]["type"] == "MultiPolygon"


def test_a_shape_that_no_index_takes_becomes_its_box() -> None:
    placed = as_geojson({"union": {"geojson": {"type": "Polygon", "coordinates": [CORNERS[:3]]}}})
    assert placed["union"]["geojson"]["geometry"]["coordinates"][0][0] == [5.0, 50.0]
    assert len(placed["union"]["geojson"]["geometry"]["coordinates"][0]) == 5


@settings(max_examples=60, deadline=None)
@given(JSON)
def test_any_spatial_is_placed_once_or_refused(union: Any) -> None:
    placed = as_geojson({"union": union})
    if placed is not None:
        assert as_geojson(placed) == placed
        assert stored({"spatial": {"union": union}})["spatial"] == placed
