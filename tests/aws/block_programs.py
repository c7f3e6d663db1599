"""Small programs of somebody's own that use the building blocks, recorded as plans."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import put_out

from ops.engine import program
from ops.plan.record import plan_of, with_marks
from ops.stack.project import Project, Stack
from policy.plan import Plan, Resource, is_unknown

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples/aws"
CONFIG = {
    "shop:vpc": "vpc-0123456789abcdef0",
    "shop:subnets": ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"],
    "shop:bucket": "shop-releases",
}
"""Of the example's stacks."""
TAGS = {"project": "shop", "stack": "prod", "owner": "slipway"}
FLEET = """
import pulumi
from components.aws.blocks.firewall import Firewall
from components.aws.blocks.managed_database import ManagedDatabase, ManagedDatabaseArgs
from components.aws.blocks.site_name import Certificate, CertificateArgs
from components.blocks.args import FirewallArgs
from components.aws.blocks.network import Network, NetworkArgs
from components.aws.blocks.site_name import SiteName, SiteNameArgs
from components.aws.blocks.web_fleet import WebFleet, WebFleetArgs

tags = {"project": "shop", "stack": "prod", "owner": "slipway"}
network = Network("shop-network", NetworkArgs(tags=tags, databases=True, keep=True))
web = Firewall("shop-web", FirewallArgs(vpc_id=network.vpc_id, description="Web hosts", tags=tags))
common = dict(
    image="debian-13", instance_type="t4g.small", disk=16, user_data="#cloud-config\\n",
    profile_arn="arn:aws:iam::1:instance-profile/web", group_id=web.group_id, minimum=2, maximum=4,
    vpc_id=network.vpc_id, public_subnets=network.public_subnets,
    host_subnets=network.host_subnets, tags=tags, has_ipv6=True,
)
"""


def record(folder: Path, text: str, answered: bool = False) -> Plan:
    """The plan of that program; `answered`: with a value for everything that a cloud would tell."""
    (folder / "__main__.py").write_text(text, encoding="utf-8")
    plan, error = run(folder, answered)
    assert error is None, error
    return plan


def refused(folder: Path, text: str) -> str | None:
    """What that program ends with."""
    (folder / "__main__.py").write_text(text, encoding="utf-8")
    return run(folder)[1]


def run(folder: Path, answered: bool = False, stack: str = "prod", config: Mapping[str, Any] | None = None) -> tuple[Plan, str | None]:
    """The plan of the program in that folder as far as it came, and why it failed."""
    recorder = put_out.Answering("shop", stack, (folder,))
    recorder.answer = _answer if answered else None
    with with_marks():
        chosen = Stack(stack, dict(config or {}), frozenset(), None)
        error = program.run(Project("shop", folder), chosen, recorder, dry=not answered)
    return plan_of(recorder, {}), error


def of(plan: Plan, type: str) -> list[Resource]:
    """The resources of a type such as `lb/listener:Listener`, by name."""
    return sorted((one for one in plan.resources if one.type == f"aws:{type}"), key=lambda one: one.name)


def only(plan: Plan, type: str) -> Resource:
    (found,) = of(plan, type)
    return found


def types(plan: Plan) -> set[str]:
    """Of all that would be made in the cloud."""
    return {one.type.removeprefix("aws:") for one in plan.resources if one.kind == "resource" and one.type.startswith("aws:")}


def agree(preview: Any, real: Any) -> bool:
    """Wherever the preview knows a value, it is the one."""
    if is_unknown(preview):
        return True
    if isinstance(preview, dict) and isinstance(real, dict):
        return preview.keys() == real.keys() and all(agree(preview[key], real[key]) for key in preview)
    if isinstance(preview, list) and isinstance(real, list):
        return len(preview) == len(real) and all(map(agree, preview, real))
    return bool(preview == real)


def _answer(resource: Resource) -> tuple[str, dict[str, Any]]:
    if resource.type.startswith("pulumi-python:dynamic"):
        return f"{resource.name}-id", {"value": "0123456789abcdef" * 4}
    answered = put_out.outputs(resource.type, resource.name)
    if resource.type == "aws:ec2/vpc:Vpc":
        answered["ipv6CidrBlock"] = "2001:db8:1200:ff00::/56"
    return f"{resource.name}-id", answered
