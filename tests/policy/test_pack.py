"""What the engine hands to a policy pack, as the plan that the rules read."""

import base64
import functools
import json
from typing import Any

import pulumi
import pytest
from pulumi_policy import PolicyCustomTimeouts, PolicyResource, PolicyResourceOptions, StackValidationArgs, StackValidationPolicy
from pulumi_policy.deserialize import SPECIAL_SECRET_SIG, SPECIAL_SIG_KEY, deserialize_properties
from pulumi_policy.proxy import UNKNOWN_ARRAY_VALUE, UNKNOWN_STRING_VALUE, unknown_checking_proxy

from policy import check, pack
from policy.plan import Plan

SECRET = "tr0ub4dor&3"
CONFIG = {
    "slipway:target": "local",
    "slipway:app": json.dumps({"name": "shop", "env": {"API_TOKEN": "x"}}),
    "slipway:secretEnv": json.dumps({"SHOP_KEY": SECRET, "FLAG": "on"}),
    "aws:region": "eu-central-1",
}


@pytest.fixture(autouse=True)
def stack(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulumi, "get_project", lambda: "shop")
    monkeypatch.setattr(pulumi, "get_stack", lambda: "dev")


def told(type: str, name: str, props: dict[str, Any], protect: bool = False, ignored: tuple[str, ...] = ()) -> PolicyResource:
    """As the SDK makes it of what the engine sends."""
    options = PolicyResourceOptions(protect, list(ignored), None, [], PolicyCustomTimeouts(0, 0, 0), ["password"])
    return PolicyResource(type, sent(props), f"urn:pulumi:dev::shop::{type}::{name}", name, options, None, None, [], {})


def sent(props: dict[str, Any]) -> Any:
    return unknown_checking_proxy(deserialize_properties(props))


def plan(*resources: PolicyResource, config: dict[str, str] = CONFIG) -> Plan:
    return pack.plan_of([*resources], {one.urn: one.props for one in resources}, config)


def test_values_become_those_of_a_plan() -> None:
    given = {"a": UNKNOWN_STRING_VALUE, "b": [1.0, UNKNOWN_ARRAY_VALUE, {"c": UNKNOWN_STRING_VALUE, "d": True, "e": None}], "f": "text"}
    unknown = {"$unknown": []}
    assert plan(told("x:y/z:Z", "one", given)).resources[0].inputs == {
        "a": unknown,
        "b": [1, unknown, {"c": unknown, "d": True, "e": None}],
        "f": "text",
    }


def test_what_the_engine_says_of_a_resource_is_kept() -> None:
    vpc, subnet = told("aws:ec2/vpc:Vpc", "vpc", {}, protect=True), told("aws:ec2/subnet:Subnet", "a", {}, ignored=("tags",))
    subnet.parent, subnet.dependencies, subnet.property_dependencies = vpc, [vpc], {"vpcId": [vpc], "tags": []}
    first, second = plan(vpc, subnet).resources
    assert (first.protect, first.retain, first.parent) == (True, True, "")
    assert (second.protect, second.ignore_changes, second.parent) == (False, ("tags",), vpc.urn)
    assert (second.depends_on, second.references) == ((vpc.urn,), {"vpcId": (vpc.urn,)})
    assert second.secret_outputs == ("password",)


def test_inputs_are_judged_and_what_is_only_read_is_not() -> None:
    made, read = told("aws:ec2/instance:Instance", "made", {"ami": "out"}), told("aws:ec2/instance:Instance", "read", {"ami": "out"})
    provider = told("pulumi:providers:aws", "default", {})
    over = pack.plan_of([made, read, provider], {made.urn: sent({"userData": "in"})}, {})
    assert [(one.kind, one.inputs) for one in over.resources] == [
        ("resource", {"userData": "in"}),
        ("existing", {"ami": "out"}),
        ("provider", {}),
    ]


def test_secrets_of_the_stack_are_found_again_and_nowhere_kept() -> None:
    encoded = base64.b64encode(f"key: {SECRET}".encode()).decode()
    wrapped = {SPECIAL_SIG_KEY: SPECIAL_SECRET_SIG, "value": SECRET}
    web = told(
        "aws:ec2/instance:Instance", "web", {"userData": f"a{SECRET}b", "userDataBase64": encoded, "tags": {"k": wrapped, "on": "on"}}
    )
    over = plan(web)
    assert SECRET not in over.model_dump_json()
    found = [one.message for one in check.run(over) if one.rule == "secrets-in-plain" and one.urn]
    assert [said.partition("found ")[2] for said in found] == [
        "one in userData; let the host fetch it",
        "one in userDataBase64; let the host fetch it",
        "one in tags; leave it out",
    ]
    assert over.resources[0].inputs["tags"]["on"] == "on"


def test_settings_are_seen_whole_without_the_secret_ones() -> None:
    over = plan()
    assert over.settings == {"slipway:target": "local", "slipway:app": {"name": "shop", "env": {"API_TOKEN": "x"}}}
    assert [one.message.partition(":")[2].partition(":")[0] for one in check.run(over)] == ["app.env.API_TOKEN"]


def test_what_cannot_be_told_is_not_held_against_a_stack() -> None:
    db = told("aws:rds/instance:Instance", "db", {"password": "plain", "storageEncrypted": True}, protect=True)
    rules = {one.rule for one in check.run(plan(db, config={}))}
    assert not rules & {"secrets-in-plain", "database-protected"}


@pytest.mark.parametrize("waivers", ["nonsense", "[", "5", '[1, null, "x", {}]', '{"rule": "tagged"}'])
def test_broken_waivers_waive_nothing_and_break_nothing(waivers: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulumi.runtime, "get_config_env", lambda: {**CONFIG, "slipway:waivers": waivers})
    assert violations() == ["secrets-in-plain"]


def test_what_is_waived_is_no_violation(monkeypatch: pytest.MonkeyPatch) -> None:
    waivers = json.dumps([{"rule": "secrets-in-plain", "resource": "app.env.API_TOKEN", "reason": "a lab"}])
    monkeypatch.setattr(pulumi.runtime, "get_config_env", lambda: {**CONFIG, "slipway:waivers": waivers})
    assert violations() == []


def violations() -> list[str]:
    """Of all policies, over an empty stack."""
    found: list[str] = []

    def note(name: str, _said: str, _urn: str | None = None) -> None:
        found.append(name)

    args = StackValidationArgs([])
    for policy in pack.policies():
        if isinstance(policy, StackValidationPolicy):
            policy.validate(args, functools.partial(note, policy.name))
    return found
