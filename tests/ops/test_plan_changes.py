"""What differs is shown down to its place, and never more than a person reads."""

import json

import pytest

from ops.display import differences


def told(key: str, old: object, new: object) -> list[str]:
    return [text.plain for text in differences.lines(key, old, new)]


@pytest.mark.parametrize(
    ("old", "new", "lines"),
    [
        ("a", "b", ["k: a -> b"]),
        (None, "b", ["k: b"]),
        (None, "", []),
        (None, {}, []),
        ("x", "", ["k: x -> "]),
        ("", "x", ["k: x"]),
        ("b", None, ["k: b -> nothing"]),
        (8, 9, ["k: 8 -> 9"]),
        ({"a": 1, "b": {"c": 2}}, {"a": 1, "b": {"c": 3}}, ["k.b.c: 2 -> 3"]),
        (json.dumps({"a": 1}), json.dumps({"a": 2, "b": True}), ["k.a: 1 -> 2", "k.b: true"]),
        ([{"path": "x.conf", "content": "1\n2\n3"}], [{"path": "x.conf", "content": "1\n4\n3"}], ["k[x.conf].content: 2 -> 4"]),
        (["a"], ["a", "b"], ["k[1]: b"]),
        ("{broken", "{broken too", ["k: {broken -> {broken too"]),
        ("x", "y" * 300, ["k: x -> " + "y" * 69 + "…"]),
        ("[secret]", "[secret]", ["k: [secret] -> [secret]"]),
    ],
)
def test_lines(old, new, lines):
    assert told("k", old, new) == lines


def test_many_places_are_counted():
    lines = told("k", {str(n): 0 for n in range(30)}, {str(n): 1 for n in range(30)})
    assert (len(lines), lines[-1]) == (13, "… and 18 more")
