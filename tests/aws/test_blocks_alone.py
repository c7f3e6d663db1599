"""The blocks as somebody else's program finds them: cheap, with arguments that are checked."""

import ast
import inspect
import json
import pkgutil
import subprocess
import sys
from dataclasses import fields, is_dataclass
from importlib import import_module
from itertools import pairwise
from typing import Any

import block_programs
import pulumi
import pytest

import components.aws.blocks
from components.blocks import args as shared
from components.blocks.block import Block

MODULES = [import_module(f"components.aws.blocks.{one.name}") for one in pkgutil.iter_modules(components.aws.blocks.__path__)]
CLASSES: dict[str, Any] = {
    name: one
    for module in MODULES
    for name, one in vars(module).items()
    if inspect.isclass(one) and one.__module__ == module.__name__ and (is_dataclass(one) or issubclass(one, Block))
}
BLOCKS = sorted(name for name, one in CLASSES.items() if issubclass(one, Block))
LOADED = "import json, sys; print(json.dumps(sorted(one for one in sys.modules if one.startswith(('components.', 'pulumi'))))) "
EMPTY = "import pulumi\n" + "".join(f"from {one.__name__} import *\n" for one in (shared, *MODULES))


def loaded(line):
    """Modules that there are after it."""
    done = subprocess.run([sys.executable, "-c", f"{line}\n{LOADED}"], capture_output=True, text=True, cwd=block_programs.ROOT, check=True)
    return set(json.loads(done.stdout))


def test_a_block_brings_no_other_and_no_more_of_the_sdk_than_it_needs():
    found = loaded("from components.aws.blocks.release_store import ReleaseStore")
    assert "components.aws.blocks.release_store" in found
    assert not {f"components.aws.{one}" for one in ("network", "web_fleet", "managed_database", "options", "account")} & found
    assert not {f"pulumi_aws.{one}" for one in ("ec2.instance", "rds.instance", "lb.load_balancer", "iam.role")} & found
    assert "pulumi_aws.ec2.instance" in loaded("import pulumi_aws; pulumi_aws.ec2.Instance")  # so that is how it would be seen


def test_all_that_a_stack_may_have_brings_nothing_of_the_sdk():
    """A part of it takes a tenth of a second: what a stack lacks, and any command after its launch, does without."""
    found = loaded("import components.targets.aws_ec2")
    assert {f"components.aws.blocks.{one}" for one in ("server", "web_fleet", "managed_database", "alarms")} <= found
    assert not {f"pulumi_aws.{one}" for one in ("ec2.instance", "rds.instance", "lb.load_balancer", "iam.role", "s3.bucket")} & found


@pytest.mark.parametrize("name", BLOCKS)
def test_every_block_keeps_the_convention(name):
    block = CLASSES[name]
    args = CLASSES.get(f"{name}Args") or getattr(shared, f"{name}Args")
    assert issubclass(block, Block)
    signature = inspect.signature(block.__init__)
    assert [*signature.parameters] == ["self", "name", "args", "opts"]
    assert (signature.parameters["args"].annotation, signature.parameters["opts"].default) == (args, None)
    assert all(one.kw_only for one in fields(args))
    assert block.__doc__
    assert f'super().__init__("slipway:aws:{name}", name, None, opts)' in inspect.getsource(block)


@pytest.mark.parametrize("name", CLASSES)
def test_editors_show_what_each_argument_and_output_is(name):
    """A docstring below each."""
    declared = ast.parse(inspect.getsource(CLASSES[name])).body[0]
    assert isinstance(declared, ast.ClassDef)
    body = declared.body
    told = [one for one, after in pairwise(body) if isinstance(one, ast.AnnAssign) and not _is_text(after)]
    told += [one for one in body[-1:] if isinstance(one, ast.AnnAssign)]
    assert [ast.unparse(one.target) for one in told if not ast.unparse(one.target).startswith("_")] == []


def _is_text(node):
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


WRONG = {
    'HostRole("shop", HostRoleArgs(app="shop", role="wbe", store="s3://a", store_arn="arn"))': (
        "shop: role: wanted web or database, found 'wbe'; set one of them"
    ),
    (
        'ManagedDatabase("shop", ManagedDatabaseArgs(app="shop", engine="postgresql", instance_class="db.t4g.small", storage=20, '
        'region="eu-west-1", vpc_id="vpc-1", subnets=["a"], client_group_id="sg-1"))'
    ): "shop: engine: wanted postgres or mysql, found 'postgresql'; set one of them",
    'SiteName("shop", SiteNameArgs(domain="a.example.com", zone="example.com"))': (
        "shop: wanted dns_name and zone_id, or else ipv4, ipv6 or both, found none; set those"
    ),
    'SiteName("shop", SiteNameArgs(domain="a.example.com", zone="example.com", dns_name="b", ipv4="192.0.2.1"))': (
        "shop: wanted dns_name and zone_id, or else ipv4, ipv6 or both, found dns_name, ipv4; set those"
    ),
    (
        'WebServer("shop", WebServerArgs(image="debian-13", instance_type="t4g.small", disk=8, subnet_id="a", group_ids=["b"], '
        'profile_name="c", user_data="d", store="s3://a"))'
    ): "shop: wanted both store and role_id, or none, found no role_id; set it",
}


@pytest.mark.parametrize("text", WRONG, ids=range(len(WRONG)))
def test_arguments_that_cannot_be_are_told_in_one_line(tmp_path, text):
    assert block_programs.refused(tmp_path, EMPTY + text) == WRONG[text]


def test_what_after_names_is_waited_for_and_no_more(tmp_path):
    """By the group alone: the load balancer is made meanwhile."""
    text = f"""{block_programs.FLEET}
slow = Firewall("slow", FirewallArgs(vpc_id=network.vpc_id))
WebFleet("shop-web", WebFleetArgs(**common, after=[slow.group_id]))
"""
    plan = block_programs.record(tmp_path, text)
    (slow,) = (one.urn for one in block_programs.of(plan, "ec2/securityGroup:SecurityGroup") if one.name == "slow")
    assert [one.type for one in plan.resources if slow in one.depends_on and one.name == "shop-web"] == ["aws:autoscaling/group:Group"]
    assert not [one for one in plan.resources if slow in one.depends_on and one.type.startswith("aws:lb/")]


def test_every_public_output_is_registered():
    """Attributes that say their type; they are what `register_outputs` is told."""

    class Some(Block):
        known: pulumi.Output[str]
        flag: bool
        _own: str

        def register_outputs(self, outputs):
            self.told = outputs

    some: Any = Some.__new__(Some)
    some.known, some.flag, some._own = "a", True, "b"
    some._finish()
    assert some.told == {"known": "a", "flag": True}
