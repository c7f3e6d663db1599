"""The tree for a terminal: what a reader looks at is there, and nothing is wider than the terminal."""

import made_plans
import pytest
from made_plans import SECRET, Made, unknown
from rich.cells import cell_len

from ops.plan import formats
from ops.plan.document import Comparison, PropertyChange
from ops.plan.formats import Names, Paper


def shown(made: Made, width: int = 160) -> str:
    return formats.text(made.document(), Paper(width))


def one(**inputs: object) -> str:
    """The inputs of a single resource."""
    made = Made()
    made.add("x", "aws:ec2/instance:Instance", inputs)
    lines = shown(made).split("\n\n")[1].splitlines()
    return "\n".join(line.strip() for line in lines[1:])


@pytest.mark.parametrize(
    ("inputs", "lines"),
    [
        ({"other": "a", "size": 8, "ami": "x1"}, "other: a · size: 8 · ami: x1"),
        ({"encrypted": True, "public": False, "price": 0.5, "none": None, "empty": {}}, "encrypted: true · public: false · price: 0.5"),
        ({"password": SECRET, "keys": [SECRET, "a"]}, "password: [secret] · keys[0]: [secret] · keys[1]: a"),
        ({"userData": "0123456789" * 8}, f"userData: {'0123456789' * 7}…"),
        ({"motd": "a\nb"}, "motd: a b"),
        ({"manifest": '{"id": "x"}', "broken": "{id"}, 'manifest: {"id": "x"} · broken: {id'),
        ({"disk": {"size": 20, "tags": {}, "kind": {"name": "gp3"}}}, "disk.size: 20 · disk.kind.name: gp3"),
        ({"rules": [{"cidr": "::/0", "a.b": 22}]}, 'rules[0].cidr: ::/0 · rules[0]["a.b"]: 22'),
        ({"name": "x", "tags": {"a": "b"}, "labels": {"a": "b"}, "description": "long words"}, ""),
        ({letter: 1 for letter in "abcdefghijklmnopqr"}, " · ".join([*(f"{letter}: 1" for letter in "abcdefghijklmnop"), "… 2 more"])),
        ({"image": {"$unknown": []}}, "image: [known after up]"),
        (
            {"a": {"$unknown": 3}, "b": [{"$unknown": None}], "c": {"$unknown": [1, {}]}},
            "a: [known after up] · b[0]: [known after up] · c: [known after up]",
        ),
    ],
)
def test_inputs(inputs, lines):
    assert one(**inputs) == lines


def test_unknowns_say_where_they_come_from():
    made = Made()
    made.add("last", "a:b:Last", {"address": unknown(made.add("web-host", "a:b:Host", {}))})
    assert "address: [known after up: web-host]" in [line.strip() for line in shown(made).splitlines()]


def test_flags_of_a_resource():
    made = Made()
    made.add("x", "a:b:C", {}, protect=True, retain=True, ignore_changes=["ami"], delete_before_replace=True)
    made.add("y", "a:b:C", {}, kind="existing")
    assert "x  C  protected  retained  ignores ami  deleted before it is replaced\n" in shown(made)
    assert "y  C  only read\n" in shown(made)


def test_look_ups_name_their_arguments_and_are_told_apart():
    made = Made()
    one, two = (made.look_up("aws:ec2/getAmi:getAmi", {"owners": [owner], "mostRecent": True}) for owner in "ab")
    made.add("x", "a:b:C", {"ami": f"{one}.id", "other": [f"arn:{two}.arn"]})
    assert "ami: lookup(aws:ec2/getAmi:getAmi#1a2b3c4d).id · other[0]: arn:lookup(aws:ec2/getAmi:getAmi#1a2b3c4e).arn" in shown(made)
    assert "  lookup(aws:ec2/getAmi:getAmi#1a2b3c4d) · owners[0]: a · mostRecent: true\n" in shown(made)


@pytest.mark.parametrize("width", [40, 80, 160])
def test_nothing_is_wider_than_the_paper_or_ends_in_spaces(width):
    for document in (made_plans.shop().document(made_plans.FINDINGS), made_plans.compared(made_plans.shop())):
        lines = formats.text(document, Paper(width)).splitlines()
        assert max(map(cell_len, lines)) <= width
        assert all(line == line.rstrip() for line in lines)


def test_colours_only_where_they_are_seen(monkeypatch):
    document = made_plans.compared(made_plans.shop())
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b" not in formats.text(document, Paper())
    monkeypatch.delenv("FORCE_COLOR")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert "\x1b[1;31m! replaced" in formats.text(document, Paper(colour=True))


def test_a_waived_finding_has_its_reason_and_comes_last():
    lines = formats.text(made_plans.single().document(made_plans.FINDINGS[::-1]), Paper()).splitlines()
    at = lines.index("Rules")
    assert lines[at + 1].startswith("  broken  open-ports: ")
    assert lines[at + 2].endswith("(waived: moved to the new account in May)")


def test_no_change_says_so():
    same = Comparison(base="main", settings=(), resources=(), unchanged=31, warnings=())
    told = formats.text(made_plans.shop().document(comparison=same), Paper())
    assert told == "Plan of stack prod (shop on aws-ec2)\n\nCompared with main\n\nno change, 31 unchanged; all rules are kept\n"


@pytest.mark.parametrize(
    ("change", "lines"),
    [
        (PropertyChange(path="size", old=8, new=16, replaces=True), ["size: 8 -> 16  (replaces)"]),
        (PropertyChange(path="size", old=8, new=16, replaces=None), ["size: 8 -> 16  (may replace)"]),
        (PropertyChange(path="size", new=16), ["size: 16"]),
        (PropertyChange(path="size", old=8), ["size: 8 -> nothing"]),
        (PropertyChange(path="a", old="x", new=""), ['a: x -> ""']),
        (PropertyChange(path="a", old={"$secret": "1"}, new={"$secret": "2"}), ["a: [secret] -> [another secret]"]),
        (PropertyChange(path="a", old="x", new={"$unknown": ["a::b::c::web"]}), ["a: x -> [known after up: web]"]),
        (PropertyChange(path="a", old="1\n2\n3", new="1\n4\n3"), ["a: 2 -> 4"]),
        (PropertyChange(path="a", old='{"b": 1}', new='{"b": 2, "c": "\\u001b["}'), ["a.b: 1 -> 2", r"a.c: \x1b["]),
        (PropertyChange(path="a", old=[0] * 14, new=[1] * 14), [*(f"a[{n}]: 0 -> 1" for n in range(12)), "… 2 more places in a"]),
    ],
)
def test_changed_properties(change, lines):
    assert [line.plain for line in formats.property_lines(change, Names(Made().plan()))] == lines
