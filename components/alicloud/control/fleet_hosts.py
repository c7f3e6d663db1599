"""The servers of a stack as they are now: looked up each time, as groups start and end them; each
reached by Cloud Assistant's run command."""

import base64
import secrets
from dataclasses import dataclass
from typing import Any

from cloud_init.fleet import ROLES
from components.alicloud import common
from components.alicloud.control import account
from components.alicloud.control.account import ask
from components.blocks import names
from components.blocks.block import APP, ROLE
from components.blocks.command_transport import CommandTransport, Shown
from components.errors import SlipwayError
from components.hosts import names as host_names

_LONGEST = 86400  # seconds: a restore takes what it takes
_OPEN = {"Pending", "Scheduled", "Running", "Stopping"}
_ENDED = {"Success", "Failed"}


@dataclass(frozen=True)
class Instance:
    """Which instance, in which region."""

    region: str
    id: str
    called: str = "Cloud Assistant"

    def send(self, command: str, name: str) -> str:
        """A token makes it one command, however often the request is sent."""
        self.still_there()
        sent = ask(
            "ecs", self.region, "RunCommand",
            InstanceId=[self.id], Type="RunShellScript", Name=f"slipway-{name}", CommandContent=base64.b64encode(command.encode()).decode(),
            ContentEncoding="Base64", Timeout=_LONGEST, TerminationMode="ProcessTree", KeepCommand=False, ClientToken=secrets.token_hex(16),
        )  # fmt: skip
        return str(sent["InvokeId"])

    def look(self, command: str, age: float) -> Shown | None:
        answer = ask("ecs", self.region, "DescribeInvocationResults", InvokeId=command, InstanceId=self.id, ContentEncoding="Base64")
        results = answer["Invocation"]["InvocationResults"]["InvocationResult"]
        if not results or results[0].get("InvocationStatus", results[0].get("InvokeRecordStatus")) in _OPEN:
            return None
        one, state = results[0], results[0].get("InvocationStatus")
        # Failed are commands that ended with another status than 0, and those that no agent took.
        if state not in _ENDED or one.get("ErrorCode") not in (None, "", "ExitCodeNonzero"):
            raise self._unreached(str(one.get("ErrorInfo") or f"the command ended as {state}"))
        out = base64.b64decode(one.get("Output") or "").decode("utf-8", "replace")
        return Shown(int(one.get("ExitCode", 1)), out, str(one.get("ErrorInfo") or ""))

    def cancel(self, command: str) -> None:
        ask("ecs", self.region, "StopInvocation", InvokeId=command, InstanceId=[self.id])

    def still_there(self) -> None:
        found = ask("ecs", self.region, "DescribeCloudAssistantStatus", InstanceId=[self.id])
        states = found["InstanceCloudAssistantStatusSet"]["InstanceCloudAssistantStatus"]
        if not states or str(states[0].get("CloudAssistantStatus")).lower() != "true":
            raise self._unreached("Cloud Assistant doesn't hear of it (yet)")

    def _unreached(self, why: str) -> SlipwayError:
        how = f"aliyun ecs DescribeInstanceStatus --RegionId {self.region} --InstanceId.1 {self.id}"
        return SlipwayError(f"{self.id}: {why}; a new server needs a minute or two; look whether it runs: {how}")


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
    hosts, facts = [], {"app": app, "stack": stack, "store": store}
    for one in sorted(live, key=lambda one: (_role(one) != "web", one["CreationTime"], one["InstanceId"])):
        identity = one["InstanceId"]
        host = host_names.full(ids[identity], identity) if identity in ids else identity
        hosts.append(CommandTransport({**facts, "host": host, "role": _role(one), "address": _address(one)}, Instance(region, identity)))
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
