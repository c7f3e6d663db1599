"""Small programs of somebody's own that use the building blocks, recorded as plans."""

from pathlib import Path
from typing import Any

from ops.engine.program import Program
from ops.plan import stand_ins
from ops.plan.asked import with_marks
from ops.plan.record import plan_of
from ops.plan.recorder import Recorder
from ops.project import Project, Stack
from policy.plan import Plan, Resource

ROOT = Path(__file__).parents[2]
TAGS = {"project": "shop", "stack": "prod", "owner": "slipway"}
FLEET = """
import pulumi
from components.aws.certificate import Certificate, CertificateArgs
from components.aws.firewall import Firewall, FirewallArgs
from components.aws.managed_database import ManagedDatabase, ManagedDatabaseArgs
from components.aws.network import Network, NetworkArgs
from components.aws.site_name import SiteName, SiteNameArgs
from components.aws.web_fleet import WebFleet, WebFleetArgs

tags = {"project": "shop", "stack": "prod", "owner": "slipway"}
network = Network("shop-network", NetworkArgs(tags, databases=True, keep=True))
web = Firewall("shop-web", FirewallArgs(network.vpc_id, "Web hosts", tags))
common = dict(
    image="debian-13", instance_type="t4g.small", disk=16, user_data="#cloud-config\\n", profile_arn="arn:aws:iam::1:instance-profile/web",
    firewall=web, minimum=2, maximum=4, vpc_id=network.vpc_id, public_subnets=network.public_subnets, host_subnets=network.host_subnets,
    tags=tags, has_ipv6=True,
)
"""


def record(folder: Path, text: str, answered: bool = False) -> Plan:
    """The plan of that program; `answered`: with a value for everything that a cloud would tell."""
    (folder / "__main__.py").write_text(text, encoding="utf-8")
    recorder = Recorder("shop", "prod", (folder,), _answer if answered else None)
    with with_marks():
        error = Program(Project("shop", "python", folder), Stack("prod", {}, frozenset(), None), dry=not answered).run(recorder, recorder)
    assert error is None, error
    return plan_of(recorder, {})


def of(plan: Plan, type: str) -> list[Resource]:
    """The resources of a type such as `lb/listener:Listener`, by name."""
    return sorted((one for one in plan.resources if one.type == f"aws:{type}"), key=lambda one: one.name)


def only(plan: Plan, type: str) -> Resource:
    (found,) = of(plan, type)
    return found


def types(plan: Plan) -> set[str]:
    """Of all that would be made in the cloud."""
    return {one.type.removeprefix("aws:") for one in plan.resources if one.kind == "resource" and one.type.startswith("aws:")}


def _answer(resource: Resource) -> tuple[str, dict[str, Any]]:
    if resource.type.startswith("pulumi-python:dynamic"):
        return f"{resource.name}-id", {"value": "0123456789abcdef" * 4}
    answered = stand_ins.outputs(resource.type, resource.name)
    if resource.type == "aws:ec2/vpc:Vpc":
        answered["ipv6CidrBlock"] = "2001:db8:1200:ff00::/56"
    return f"{resource.name}-id", answered
