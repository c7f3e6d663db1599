"""Where two values differ, down to the place."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops.display.changes import differing, same
from policy.plan import SECRET, UNKNOWN

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
    | st.sampled_from(["[1]", '{"a": 1}', "a\nb"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["name", "a", "b.c", UNKNOWN, SECRET, ""]) | st.text(max_size=4), inner, max_size=4)
    ),
    max_leaves=12,
)


def told(old, new):
    return {str(one): (one.old, one.new) for one in differing(("k",), old, new)}


@pytest.mark.parametrize(
    ("old", "new", "places"),
    [
        (1, True, {"k": (1, True)}),
        ({"a": {"b": 1}}, {"a": {"b": 2, "c": 3}}, {"k.a.b": (1, 2), "k.a.c": (None, 3)}),
        ({"a.b": 1, "c d": 1, "": 1}, {}, {'k["a.b"]': (1, None), 'k["c d"]': (1, None), 'k[""]': (1, None)}),
        ([{"name": "x", "v": 1}, {"name": "y", "v": 1}], [{"name": "x", "v": 2}, {"name": "y", "v": 1}], {"k[0].v": (1, 2)}),
        ([{"name": "x"}, {"name": "y"}], [{"name": "y"}, {"name": "x"}], {"k[0].name": ("x", "y"), "k[1].name": ("y", "x")}),
        ([{"name": "x"}], [{"name": "w"}, {"name": "x"}], {"k[0]": (None, {"name": "w"})}),
        (["a", "c"], ["a", "b", "c"], {"k[1]": (None, "b")}),
        (["a", "b", "c"], ["c"], {"k[0]": ("a", None), "k[1]": ("b", None)}),
        ([{"port": 80}], [{"port": 81}], {"k[0].port": (80, 81)}),
        ('{"a": [1, 2]}', '{"a": [1, 3]}', {"k.a[1]": (2, 3)}),
        ('{"a":1}', '{"a": 1}', {"k": ('{"a":1}', '{"a": 1}')}),
        ("1\n2\n3", "1\n4\n3", {"k": ("2", "4")}),
        ("1\n", "1", {"k": ("", None)}),
        ({UNKNOWN: ["a", "b"]}, {UNKNOWN: ["b", "a"]}, {}),
        ({UNKNOWN: ["a"]}, {UNKNOWN: ["b"]}, {"k": ({UNKNOWN: ["a"]}, {UNKNOWN: ["b"]})}),
        ({SECRET: "1"}, {SECRET: "1"}, {}),
        ({"a": {SECRET: "1"}}, {"a": {SECRET: "2"}}, {"k.a": ({SECRET: "1"}, {SECRET: "2"})}),
        ({SECRET: "1"}, {"a": 1}, {"k": ({SECRET: "1"}, {"a": 1})}),
    ],
)
def test_differing(old, new, places):
    assert told(old, new) == places


def test_very_deep_texts_are_not_read():
    deep, deeper = "[" * 400 + "]" * 400, "[" * 401 + "]" * 401
    assert told(deep, deeper) == {"k": (deep, deeper)}
    assert told("[" * 100_000, "[" * 100_001)


def test_very_deep_values_are_one_place():
    def deep(value):
        for _ in range(60):
            value = {"a": value}
        return value

    (place,) = differing(("k",), deep(1), deep(2))
    assert str(place) == "k" + ".a" * 49


@given(JSON, JSON)
def test_whatever_it_is_given(old, new):
    places = list(differing(("k",), old, new))
    assert bool(places) is not same(old, new)
    assert not list(differing(("k",), json.loads(json.dumps(old)), old))
    assert all(not same(one.old, one.new) for one in places)


@given(JSON, JSON)
def test_both_ways(old, new):
    there, back = differing(("k",), old, new), differing(("k",), new, old)
    assert len(list(there)) == len(list(back))
