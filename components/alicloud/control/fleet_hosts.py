"""The servers of a stack as they are now: looked up each time, as groups start and end them."""

from typing import Any

from cloud_init.fleet import ROLES
from components.alicloud import common
from components.alicloud.control import account
from components.alicloud.control.assistant import connect
from components.blocks import names
from components.blocks.block import APP, ROLE
from components.blocks.command_transport import CommandTransport
from components.hosts import names as host_names


def find(
    region: str, project: str, stack: str, app: str, endpoint: str | None, profile: str | None
) -> tuple[str, tuple[CommandTransport, ...]]:
    """The address of that stack's store for deployers, and the hosts that the user's account has of
    it: web first, the oldest of each role first. There may be none. Raises `SlipwayError`."""
    bucket = names.bucket(account.number(region), region, project, stack, app)
    store = common.store_address(bucket, region, endpoint, profile)
    wanted = [{"Key": key, "Value": value} for key, value in (("project", project), ("stack", stack), (APP, app))]
    found = [*account.every("Instances.Instance", "ecs", region, "DescribeInstances", Tag=wanted)]
    live = [one for one in found if one["Status"] in ("Pending", "Starting", "Running") and _role(one) in ROLES]
    ids = {one["InstanceId"]: role for one, role in _roles(region, live)}
    hosts, facts = [], {"region": region, "app": app, "stack": stack, "store": store}
    for one in sorted(live, key=lambda one: (_role(one) != "web", one["CreationTime"], one["InstanceId"])):
        identity = one["InstanceId"]
        host = host_names.full(ids[identity], identity) if identity in ids else identity
        hosts.append(connect({**facts, "instance": identity, "host": host, "role": _role(one), "address": _address(one)}))
    return store, tuple(hosts)


def balancer(region: str, project: str, stack: str, app: str) -> str | None:
    """The name of the stack's load balancer; None where there is none. Raises `SlipwayError`."""
    wanted = [{"Key": key, "Value": value} for key, value in (("project", project), ("stack", stack), (APP, app))]
    found = [*account.every("LoadBalancers", "alb", region, "ListLoadBalancers", Tag=wanted)]
    return str(found[0]["DNSName"]) if found else None


def _roles(region: str, instances: list[dict[str, Any]]) -> list[tuple[dict[str, Any], str]]:
    """Each instance with the id of the RAM role that it acts as, by which the store knows it."""
    known: dict[str, str] = {}
    found = []
    for one in instances:
        asked = account.ask("ecs", region, "DescribeInstanceRamRole", InstanceIds=f'["{one["InstanceId"]}"]')
        for each in asked["InstanceRamRoleSets"]["InstanceRamRoleSet"]:
            if name := each.get("RamRoleName"):
                known[name] = known.get(name) or str(account.ask("ram", region, "GetRole", RoleName=name)["Role"]["RoleId"])
                found.append((one, known[name]))
    return found


def _role(instance: dict[str, Any]) -> str:
    tags = instance.get("Tags", {}).get("Tag", [])
    return next((str(tag["TagValue"]) for tag in tags if tag["TagKey"] == ROLE), "")


def _address(instance: dict[str, Any]) -> str:
    """The fixed address, or one of its own, or the private one."""
    own = [instance.get(kind, {}).get("IpAddress") or [] for kind in ("EipAddress", "PublicIpAddress")]
    inner = instance.get("VpcAttributes", {}).get("PrivateIpAddress", {}).get("IpAddress", [])
    return next((one if isinstance(one, str) else str(one[0]) for one in (*own, inner) if one), str(instance["InstanceId"]))
