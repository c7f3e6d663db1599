"""Each rule over small plans (cases.yaml), waivers, and what rules make of values of any shape."""

import unicodedata
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from plans import plan
from speeds import examples

from policy import check
from policy.check import Finding
from policy.plan import Plan, Resource, text
from tools.pages import rules_table

CASES = yaml.safe_load((Path(__file__).parent / "cases.yaml").read_text())
NAMED = [pytest.param(rule, case, id=f"{rule}: {case['name']}") for rule, cases in CASES.items() for case in cases]


def judged(rule: str, over: Plan, waivers: list[dict[str, Any]] | None = None) -> list[Finding]:
    return [one for one in check.run(over, waivers or []) if one.rule == rule]


@pytest.mark.parametrize(("rule", "case"), NAMED)
def test_each_case(rule: str, case: dict[str, Any]) -> None:
    found: dict[str, list[str]] = {}
    for one in judged(rule, plan(case.get("resources", {}), case.get("settings", {}))):
        found.setdefault(one.urn.rpartition("::")[2] or one.message.partition(": ")[0], []).append(one.message)
    wanted = {name: [said] if isinstance(said, str) else said for name, said in case.get("found", {}).items()}
    assert {name: len(said) for name, said in found.items()} == {name: len(said) for name, said in wanted.items()}, found
    for name, said in wanted.items():
        assert all(part in message for part, message in zip(said, found[name], strict=True)), found[name]


def test_every_rule_has_failing_and_kept_examples() -> None:
    assert sorted(CASES) == [*check.every()]
    for rule, cases in CASES.items():
        assert any(case.get("found") for case in cases), rule
        assert any(not case.get("found") for case in cases), rule


def test_every_rule_says_what_it_wants() -> None:
    for id, rule in check.every().items():
        description, _ = rules_table.words(rule)
        assert description.endswith("."), id
        assert len(description) < 140, id


OPEN: dict[str, dict[str, Any]] = {"web": {"type": "ec2/securityGroup:SecurityGroup", "tags": {"project": "a", "stack": "b", "owner": "c"}}}
OPEN["web"]["ingress"] = [{"protocol": "tcp", "fromPort": 22, "toPort": 22, "cidrBlocks": ["0.0.0.0/0"]}]


def test_findings_stand_in_the_order_of_rules_and_of_the_plan() -> None:
    twice = plan({"b": OPEN["web"], "a": OPEN["web"]})
    found = check.run(twice)
    assert [(one.rule, one.urn[-1]) for one in found] == [
        ("ports-open", "b"),
        ("ports-open", "a"),
        ("ssh-closed", "b"),
        ("ssh-closed", "a"),
    ]
    assert check.run(twice) == found


@pytest.mark.parametrize("resource", [{}, {"resource": "web"}, {"resource": None}])
def test_a_waived_finding_stays_with_its_reason(resource: dict[str, Any]) -> None:
    waivers = [{"rule": "ssh-closed", "reason": "a lab", **resource}]
    assert [(one.rule, one.waived) for one in check.run(plan(OPEN), waivers)] == [("ports-open", ""), ("ssh-closed", "a lab")]


@pytest.mark.parametrize("name", ["app.env.API_KEY", "slipway:app.env.API_KEY"])
def test_a_setting_is_waived_by_its_key(name: str) -> None:
    over = plan(settings={"slipway:app.env.API_KEY": "x", "slipway:app.env.API_TOKEN": "x"})
    found = check.run(over, [{"rule": "secrets-in-plain", "resource": name, "reason": "public"}])
    assert [one.waived for one in found] == ["public", ""]


@pytest.mark.parametrize(
    ("waiver", "said"),
    [
        (
            {"rule": "ssh-close", "reason": "x"},
            "found ssh-close, so nothing is waived; correct it by docs/policy.md, or take the waiver out",
        ),
        ({"rule": "tagged", "reason": "x"}, "found tagged, so nothing"),
        ({"rule": "ssh-closed", "resource": "db", "reason": "x"}, "found ssh-closed on db, so nothing"),
        ({"rule": "waivers", "reason": "x"}, "found waivers, so nothing"),
    ],
)
def test_a_waiver_that_waives_nothing_is_told(waiver: dict[str, Any], said: str) -> None:
    found = check.run(plan(OPEN), [waiver])
    assert [one.rule for one in found] == ["ports-open", "ssh-closed", "waivers"]
    assert found[-1].message.startswith(f"slipway:waivers[0]: wanted a rule that isn't kept, {said}")
    assert not any(one.waived for one in found)


# What plans may hold where something else is meant. ----------------------------------------------------------------------------------

LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 10**30),
    st.sampled_from(("big",)).map(lambda _: 10**5000),
    st.floats(),
    st.text(st.characters(), max_size=6),
    st.sampled_from(("0.0.0.0/0", "::/0", "true", "tcp", "-1", "\x1b[31m\n", "\ud800", "lookup(a#b).c", "AAAA", "{", "{}", "required")),
    st.sampled_from(({"$unknown": []}, {"$unknown": ["urn"]}, {"$unknown": 1}, {"$secret": ""}, {"$secret": None, "a": 1})),
)
KEYS = st.text(st.characters(), max_size=3) | st.sampled_from(
    (
        "cidrBlocks",
        "ebs",
        "encrypted",
        "fromPort",
        "gatewayId",
        "key",
        "natGatewayId",
        "password",
        "protocol",
        "self",
        "tags",
        "toPort",
        "value",
    )
)
SHAPES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=12)
TYPES = sorted({name if name.count(":") > 1 else f"aws:{name}" for case in CASES.values() for one in case for name in
                (given["type"] for given in one.get("resources", {}).values())})  # fmt: skip
INPUTS = sorted(
    {name.rstrip("_") for case in CASES.values() for one in case for given in one.get("resources", {}).values() for name in given}
)


@st.composite
def resources(draw: st.DrawFn) -> tuple[Resource, ...]:
    types = draw(st.lists(st.sampled_from(TYPES), min_size=1, max_size=5))
    urns = [f"urn:{place}" for place in range(len(types))]
    links = st.dictionaries(st.sampled_from(INPUTS), st.lists(st.sampled_from([*urns, "urn:nowhere"]), max_size=3).map(tuple), max_size=5)
    inputs = st.dictionaries(st.sampled_from(INPUTS), SHAPES, max_size=6)
    names = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
    return tuple(
        Resource(urn=urn, type=type, name=draw(names), inputs=draw(inputs), references=draw(links), protect=draw(st.booleans()))
        for urn, type in zip(urns, types, strict=True)
    )


@settings(max_examples=examples(200), deadline=None, suppress_health_check=list(HealthCheck))
@given(
    made=resources(),
    config=st.dictionaries(st.sampled_from(("slipway:app", "slipway:app.env", "slipway:app.env.KEY", "slipway:waivers", "x")), SHAPES),
    waivers=st.lists(
        st.fixed_dictionaries(
            {"rule": st.sampled_from([*check.every()]) | st.text(), "resource": st.none() | st.text(), "reason": st.text()}
        ),
        max_size=3,
    ),
)
@example(made=(), config={"slipway:app.env.KEY": 10**5000}, waivers=[])
def test_no_rule_raises_whatever_it_reads(made: tuple[Resource, ...], config: dict[str, Any], waivers: list[Any]) -> None:
    over = Plan(project="shop", stack="dev", target="local", settings=config, resources=made)
    for one in check.run(over, waivers):
        assert one_line(one.message), one.message
        assert one_line(one.waived), one.waived
        assert one.message.strip()


@pytest.mark.parametrize("odd", ["\n", "\r", "\x1b[31m", "\u2028", "\x85", "\u202e", "x" * 10_000])
def test_odd_names_and_values_stay_on_one_short_line(odd: str) -> None:
    rule = {
        "type": "vpc/securityGroupIngressRule:SecurityGroupIngressRule",
        "ipProtocol": "tcp",
        "fromPort": 5432,
        "toPort": 5432,
        "cidrIpv4": f"a{odd}b",
    }
    over = plan(
        {
            f"a{odd}": rule,
            f"s{odd}": {"type": "ec2/subnet:Subnet", "refs": {"vpcId": ["vpc"]}},
            "vpc": {"type": "ec2/vpc:Vpc"},
            "web": {"type": "ec2/instance:Instance", "refs": {"subnetId": [f"s{odd}"]}, "deep": {f"{odd}": {"password": "x"}}},
        },
        {f"slipway:app.env.{odd}_PASSWORD": "x"},
    )
    found = check.run(over, [{"rule": odd, "resource": odd, "reason": odd}, {"rule": "tagged", "reason": odd}])
    assert {"database-reach", "secrets-in-plain", "waivers"} <= {one.rule for one in found}
    assert all(one_line(one.message) and one_line(one.waived) for one in found)
    assert all(len(one.message) < 1000 for one in found), max(found, key=lambda one: len(one.message))


def one_line(said: str) -> bool:
    return said.isprintable() and not any(unicodedata.category(letter) in ("Cc", "Cf", "Cs", "Zl", "Zp") for letter in text(said))
