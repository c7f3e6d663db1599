"""What differs is shown down to its place, and never more than a person reads."""

import json

import pytest
from made_up import result, step


@pytest.fixture
def told(world, slipway):
    """The lines that `preview` shows of one property."""

    def show(old: object, new: object) -> list[str]:
        world.plan = result([step("update", "host", k=(old, new))])
        head, *lines, last = slipway("preview").stdout.splitlines()
        assert (head.strip(), last) == ("~ host  Host", "1 to update, 0 unchanged")
        assert [line for line in lines if line.endswith(" ")] == []
        return [line.strip() for line in lines]

    return show


@pytest.mark.parametrize(
    ("old", "new", "lines"),
    [
        ("a", "b", ["k: a -> b"]),
        (None, "b", ["k: b"]),
        (None, "", []),
        (None, {}, []),
        ("x", "", ['k: x -> ""']),
        ("", "x", ["k: x"]),
        ("", "a sentence " * 12, ["k: " + "a sentence " * 11 + "a sentence"]),
        ("b", None, ["k: b -> nothing"]),
        (8, 9, ["k: 8 -> 9"]),
        ({"a": 1, "b": {"c": 2}}, {"a": 1, "b": {"c": 3}}, ["k.b.c: 2 -> 3"]),
        (json.dumps({"a": 1}), json.dumps({"a": 2, "b": True}), ["k.a: 1 -> 2", "k.b: true"]),
        ([{"path": "x.conf", "content": "1\n2\n3"}], [{"path": "x.conf", "content": "1\n4\n3"}], ["k[0].content: 2 -> 4"]),
        (["a"], ["a", "b"], ["k[1]: b"]),
        ("{broken", "{broken too", ["k: {broken -> {broken too"]),
        ("x", "y" * 300, ["k: x -> " + "y" * 70 + "…"]),
        ("x", "\x1b[31m", [r"k: x -> \x1b[31m"]),
        ("[secret]", "[secret]", ["k: [secret] -> another one"]),
    ],
)
def test_lines(told, old, new, lines):
    assert told(old, new) == lines


def test_many_places_are_counted(told):
    lines = told({str(n): 0 for n in range(30)}, {str(n): 1 for n in range(30)})
    assert (len(lines), lines[-1]) == (13, "… 18 more places in k")
