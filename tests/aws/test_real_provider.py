"""The real AWS provider says yes to every stack: applied against an emulated account, applied again without a change, destroyed.

What the emulator doesn't tell is in aws_provider.py (`not_told`), what it had to be given in aws_emulator.py, each with its reason.
"""

import json
import os
from contextlib import contextmanager

import aws_calls
import aws_emulated
import cases
import pytest
from aws_emulated import REGION
from aws_provider import AWS
from block_programs import CONFIG, EXAMPLE
from cases import ROOT
from clouds import terraform as terraforms
from clouds.launch import Launch
from clouds.recording import record

from ops.stack.project import Project

WANTED = "SLIPWAY_AWS_STACKS"
"""Which stacks to try instead of those chosen: names, or `all`."""
CHOSEN = ("default", "fleet", "fleet-own", "given", "managed-mysql", "sqlite")
"""Together they ask for all that any does: every type, look-up and field."""
PROGRAMS = {"example": (Project("shop", EXAMPLE), CONFIG)}
"""Programs that use the blocks without a stack of Slipway's; tried with the others, as their stack `dev` keeps nothing."""
FOLDERS = ("stacks", "tests/aws/stacks")
ZONE = "example.com"
GIVEN = {"vpc": "vpc-0123456789abcdef0", "subnets": ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]}
"""What the stack of a network that is there says of it."""
IMAGE = "ami-0123456789abcdef0"
"""What it says of its image."""
pytestmark = [pytest.mark.cost, pytest.mark.skipif(bool(terraforms.missing(AWS)), reason=terraforms.missing(AWS))]


def stacks():
    """Those to be tried, each under a name of its own."""
    paths = {path.stem: path for folder in FOLDERS for path in sorted((ROOT / folder).glob("*.yaml")) if "aws-ec2" in path.read_text()}
    return [_apart(cases.read(paths[name]), name) for name in wanted(paths)]


def _apart(case, name):
    """Under names that no other stack has."""
    domain = {"slipway:domain": f"{name}.{ZONE}"} if "slipway:domain" in case.config else {}
    return case.with_({"slipway:app.name": name, **domain})


def programs():
    """Those of the blocks."""
    return [(name, *PROGRAMS[name]) for name in wanted(PROGRAMS)]


def wanted(known):
    """Which of these names."""
    names = os.environ.get(WANTED, " ".join((*CHOSEN, *PROGRAMS))).split()
    assert {*names} <= {"all", *PROGRAMS} | {path.stem for folder in FOLDERS for path in (ROOT / folder).glob("*.yaml")}
    return [name for name in known if name in names or names == ["all"]]


def ids(endpoint):
    """{architecture: the id of Debian's image for it}"""
    found = aws_emulated.client("ec2", endpoint, REGION).describe_images(Owners=[next(iter(aws_emulated.IMAGES))])["Images"]
    return {one["Architecture"]: one["ImageId"] for one in found}


@contextmanager
def account(tmp_path):
    """An account with a zone, and a network that stacks are given. Its address, and what ids in stack files are there."""
    with aws_emulated.account(tmp_path) as endpoint:
        aws_emulated.client("route53", endpoint, REGION).create_hosted_zone(Name=ZONE, CallerReference="1")
        ec2 = aws_emulated.client("ec2", endpoint, REGION)
        vpc = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
        real = {GIVEN["vpc"]: vpc, IMAGE: ids(endpoint)["arm64"]}
        for number, name in enumerate(GIVEN["subnets"]):
            words = {"VpcId": vpc, "CidrBlock": f"10.1.{number}.0/24", "AvailabilityZone": f"{REGION}{'ab'[number]}"}
            real[name] = ec2.create_subnet(**words)["Subnet"]["SubnetId"]
        yield endpoint, real


def replaced(value, real):
    """With the ids that are there."""
    if isinstance(value, dict):
        return {key: replaced(one, real) for key, one in value.items()}
    return (
        [replaced(one, real) for one in value] if isinstance(value, list) else real.get(value, value) if isinstance(value, str) else value
    )


def test_every_stack_is_applied_and_destroyed(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    project, before = Project("slipway", ROOT), terraforms.spent()
    with account(tmp_path) as (endpoint, real), terraforms.started(AWS, tmp_path / "terraform") as terraform:
        schema = terraform.schema()

        def recorded(changes):
            of_slipway = [record(one.name, project, replaced(dict(one.with_(changes).config), real), schema) for one in stacks()]
            return of_slipway + [record(name, by, replaced(config, real), schema) for name, by, config in programs()]

        keeping = recorded({})
        launch = Launch(terraform, schema, endpoint, keeping)
        names = {one.name for one in keeping}
        chosen = {*CHOSEN, *PROGRAMS}
        assert not names >= chosen or launch.asked(names) == launch.asked(chosen), "more is asked than those chosen ask"
        launch.apply()
        assert launch.wrongly_listed() == []
        launch.again()
        filled = launch.fill()
        kept = launch.destroy_all_but_kept()
        assert launch.left() == kept | {one for one in filled if ("aws_s3_bucket", one[1].partition("/")[0]) in kept}
        snapshots = launch.destroy_kept(recorded({"slipway:keepData": False}))
        assert launch.left() == snapshots
    asked = aws_calls.actions(tmp_path / "calls")
    policy = aws_calls.allowed(json.loads(aws_calls.POLICY.read_text()))
    with capsys.disabled():
        count, seconds = sum(len(one.made) for one in keeping), terraforms.spent() - before
        print(f"\n{len(keeping)} stacks, {count} resources, {len(kept)} things stay: {seconds:.0f} s of processor time")
        print(", ".join(f"{what} {seconds:.0f} s" for what, seconds in launch.seconds.items()))
    assert asked - aws_calls.covered(asked, policy) == set(), "docs/targets/aws-ec2-policy.json must allow it"
    assert asked & aws_calls.NOT_SEEN.keys() == set(), "which is seen"
    needed = asked | aws_calls.day_two() | aws_calls.NOT_SEEN.keys()
    assert not names >= chosen or {one for one in policy if not aws_calls.covered(needed, [one])} == set(), "what nobody asks"


def test_images_are_owned_by_whom_targets_ask():
    """The emulated account's owners are the target's: another would find nothing."""
    text = (ROOT / "components/aws/blocks/server.py").read_text()
    assert all(owner in text for owner in aws_emulated.IMAGES)
