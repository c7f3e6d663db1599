"""The policy for whoever launches: what later commands ask is in it. What a launch asks test_real_provider.py compares."""

import ast
import json
import shutil

import pytest
from aws_calls import POLICY, allowed, covered, day_two
from aws_permissions import Simulator
from cases import ROOT

LONGEST = 6144  # letters of a managed policy, without spaces
PLACES = {"APP", "DOMAIN", "REGION"}
UNBOUND = {"sns:Unsubscribe", "ssm:CancelCommand"}
"""What AWS binds to nothing that is the app's: both want an id that nobody guesses."""
STRANGERS = {
    "First": "the role of a service",
    "RunWhat": "the document, beside the instances of `Run`",
    "Within": "what there is already, or is made without tags, and what is said of the rest in other statements",
}
"""Statements about what isn't the app's, or isn't yet: why."""


def policy():
    return json.loads(POLICY.read_text())


def test_all_that_the_commands_ask_is_allowed():
    asked = day_two()
    assert {"ssm:SendCommand", "tag:GetResources", "sts:GetCallerIdentity", "ec2:DescribeInstances"} <= asked
    assert asked - covered(asked, allowed(policy())) == set()


def test_every_request_of_the_commands_says_by_name_what_it_asks():
    """Else it isn't seen here."""
    for path in (ROOT / "components").rglob("*.py"):
        for call in ast.walk(ast.parse(path.read_text())):
            assert not (isinstance(call, ast.Attribute) and call.attr == "client" and path.name != "account.py"), path


def test_it_is_short_enough_and_lets_nobody_do_everything():
    given = policy()
    assert len(json.dumps(given, separators=(",", ":"))) <= LONGEST
    assert not [one for one in allowed(given) if one.endswith(":*") or one == "*"]
    assert [one["Sid"] for one in given["Statement"]] == list(dict.fromkeys(one["Sid"] for one in given["Statement"]))


def test_what_changes_something_is_bound_to_the_app():
    """By the app's tag or name. `Look` reads; the rest is told by name, here and in the docs."""
    loose = {action for one in policy()["Statement"] if not bound(one) for action in allowed({"Statement": [one]})}
    assert loose == UNBOUND
    text = (ROOT / "docs/targets/aws-ec2.md").read_text()
    assert all(f"`{one}`" in text for one in (*UNBOUND, *STRANGERS))
    given = {one["Sid"]: one for one in policy()["Statement"]}
    assert {*STRANGERS} < {*given}
    assert all(given[name]["Resource"] != "*" for name in STRANGERS)


EC2, RDS, LB = (f"arn:aws:{service}:eu-west-1:123456789012" for service in ("ec2", "rds", "elasticloadbalancing"))
SERVER, ZONE = f"{EC2}:instance/i-0123456789abcdef0", "arn:aws:route53:::hostedzone/Z0123456789"
OWN, OTHERS, GETS = {"aws:ResourceTag/slipway:app": "shop"}, {"aws:ResourceTag/slipway:app": "blog"}, {"aws:RequestTag/slipway:app": "shop"}
RECORD = "route53:ChangeResourceRecordSetsNormalizedRecordNames"


@pytest.mark.cost
@pytest.mark.skipif(not (shutil.which("node") and shutil.which("npm")), reason="node or npm isn't on PATH")
@pytest.mark.parametrize(
    ("action", "resource", "said", "wanted"),
    [
        ("ec2:TerminateInstances", SERVER, OWN, True),
        ("ec2:TerminateInstances", SERVER, OTHERS, False),
        ("ec2:TerminateInstances", SERVER, {}, False),
        ("ec2:CreateTags", SERVER, {**GETS, "ec2:CreateAction": "RunInstances"}, True),
        ("ec2:CreateTags", SERVER, {**OTHERS, **GETS}, False),
        ("ec2:RunInstances", SERVER, GETS, True),
        ("ec2:RunInstances", SERVER, {}, False),
        ("ec2:RunInstances", f"{EC2}:subnet/subnet-1", {}, True),
        ("ec2:CreateVpc", f"{EC2}:vpc/vpc-1", {}, False),
        ("ec2:CreateSecurityGroup", f"{EC2}:vpc/vpc-1", {}, True),
        ("ec2:DeleteVolume", f"{EC2}:volume/vol-1", OTHERS, False),
        ("elasticloadbalancing:DeleteLoadBalancer", f"{LB}:loadbalancer/app/blog/1", OTHERS, False),
        ("elasticloadbalancing:AddTags", f"{LB}:loadbalancer/app/blog/1", {**OTHERS, **GETS}, False),
        ("rds:DeleteDBInstance", f"{RDS}:db:shop-database-1", OWN, True),
        ("rds:DeleteDBInstance", f"{RDS}:db:blog-database-1", OTHERS, False),
        ("rds:AddTagsToResource", f"{RDS}:db:blog-database-1", {**OTHERS, **GETS}, False),
        ("ssm:SendCommand", SERVER, {"ssm:resourceTag/slipway:app": "shop"}, True),
        ("ssm:SendCommand", SERVER, {"ssm:resourceTag/slipway:app": "blog"}, False),
        ("route53:ChangeResourceRecordSets", ZONE, {RECORD: ["_abc.shop.example.com"]}, True),
        ("route53:ChangeResourceRecordSets", ZONE, {RECORD: ["blog.example.com"]}, False),
    ],
)
def test_nothing_of_another_app_is_changed(simulated, action, resource, said, wanted):
    """Decided by a simulator that reads policies as AWS does."""
    who = {"aws:userid": "AIDA:me", "aws:RequestedRegion": "eu-west-1"}
    (allowed,) = simulated([{"action": action, "resource": resource, "context": {**who, **said}, "policies": [filled()]}])
    assert allowed == wanted


@pytest.fixture(scope="module")
def simulated(tmp_path_factory):
    return Simulator(tmp_path_factory.mktemp("simulator"))


def filled():
    """The policy of an app `shop`."""
    text = POLICY.read_text()
    for place, value in (("APP", "shop"), ("REGION", "eu-west-1"), ("DOMAIN", "shop.example.com")):
        text = text.replace(place, value)
    return json.loads(text)


def bound(statement):
    said = json.dumps([statement["Resource"], statement.get("Condition")])
    return statement["Sid"] in ("Look", *STRANGERS) or "APP" in said or "DOMAIN" in said


def test_docs_name_what_is_to_be_filled_in():
    text = (ROOT / "docs/targets/aws-ec2.md").read_text()
    assert POLICY.name in text
    assert all(f"`{one}`" in text and one in POLICY.read_text() for one in PLACES)
