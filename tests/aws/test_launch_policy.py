"""The policy for whoever launches: what later commands ask is in it. What a launch asks test_real_provider.py compares."""

import ast
import json

from aws_calls import POLICY, allowed, covered, day_two
from cases import ROOT

LONGEST = 6144  # letters of a managed policy, without spaces
PLACES = {"APP", "REGION"}


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


def test_docs_name_what_is_to_be_filled_in():
    text = (ROOT / "docs/targets/aws-ec2.md").read_text()
    assert POLICY.name in text
    assert all(f"`{one}`" in text and one in POLICY.read_text() for one in PLACES)
