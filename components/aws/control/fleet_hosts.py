"""The servers of a stack as they are now: looked up each time, as groups start and end them; each
reached by Systems Manager's run command."""

from dataclasses import dataclass
from typing import Any

from cloud_init.fleet import ROLES
from components.aws import common
from components.aws.control import account
from components.aws.control.account import AwsError, ask, ask_once
from components.blocks.block import APP, ROLE
from components.blocks.command_transport import CommandTransport, Shown
from components.errors import SlipwayError
from components.hosts import names as host_names

_LONGEST = 48 * 3600  # seconds, the service's most: a restore takes what it takes
_DELIVERY = 60  # seconds until a host that doesn't take the command is given up
_NEW = 15.0  # seconds in which a command that was just sent may be unknown
_OPEN = {"Pending", "InProgress", "Delayed", "Cancelling"}


@dataclass(frozen=True)
class Instance:
    """Which instance, in which region."""

    region: str
    id: str
    called: str = "Systems Manager"

    def send(self, command: str, name: str) -> str:
        parameters = {"commands": [command], "executionTimeout": [str(_LONGEST)]}
        try:
            sent = ask_once(
                "ssm", self.region, "SendCommand",
                InstanceIds=[self.id], DocumentName="AWS-RunShellScript", Parameters=parameters, TimeoutSeconds=_DELIVERY,
                Comment=f"slipway: {name}",
            )  # fmt: skip
        except AwsError as error:
            if error.code != "InvalidInstanceId":
                raise
            raise self._unreached("Systems Manager doesn't know it (yet): a new server's agent needs a minute or two") from None
        return str(sent["Command"]["CommandId"])

    def look(self, command: str, age: float) -> Shown | None:
        """The service answers a new command's id with an error until all of it has heard of it."""
        try:
            found = ask("ssm", self.region, "GetCommandInvocation", CommandId=command, InstanceId=self.id)
        except AwsError as error:
            if error.code != "InvocationDoesNotExist" or age > _NEW:
                raise
            return None
        if found["Status"] in _OPEN:
            return None
        details = str(found.get("StatusDetails", "")).replace(" ", "") or found["Status"]
        if details not in ("Success", "Failed"):
            raise self._unreached(f"the command ended as {details} (by Systems Manager's agent)")
        out, err = (str(found.get(f"Standard{stream}Content") or "") for stream in ("Output", "Error"))
        return Shown(int(found.get("ResponseCode", 1)), out, err)

    def cancel(self, command: str) -> None:
        ask("ssm", self.region, "CancelCommand", CommandId=command, InstanceIds=[self.id])

    def still_there(self) -> None:
        wanted = [{"Key": "InstanceIds", "Values": [self.id]}]
        found = ask("ssm", self.region, "DescribeInstanceInformation", Filters=wanted)["InstanceInformationList"]
        if not found or found[0].get("PingStatus") != "Online":
            raise self._unreached("its agent is silent; whether the command was done isn't known")

    def _unreached(self, why: str) -> SlipwayError:
        where = f"--region {self.region} --instance-id"
        look = f"aws ec2 describe-instance-status {where}s {self.id}; aws ec2 get-console-output --latest {where} {self.id}"
        return SlipwayError(f"{self.id}: {why}; look whether it runs and what it says: {look}")


def find(region: str, project: str, stack: str, app: str) -> tuple[str, tuple[CommandTransport, ...]]:
    """The address of that stack's release store, and the hosts that the user's account has of it:
    web first, the oldest of each role first. Raises `SlipwayError`.

    Hosts are known by the tags `project`, `stack`, `slipway:role` and `slipway:app`, while they
    start or run. There may be none."""
    store = common.store_address(common.bucket_name(account.number(region), region, project, stack, app), region)
    found = _instances(region, project, stack, app)
    instances = sorted(found, key=lambda one: (_tag(one, ROLE) != "web", one["LaunchTime"], one["InstanceId"]))
    roles = {arn: _role_id(region, arn) for arn in {_profile(one) for one in instances} if arn}
    hosts, facts = [], {"app": app, "stack": stack, "store": store}
    for one in instances:
        identity, role_id = one["InstanceId"], roles.get(_profile(one))
        host = host_names.full(role_id, identity) if role_id else identity
        address = one.get("PublicIpAddress") or one.get("PrivateIpAddress") or identity
        hosts.append(CommandTransport({**facts, "host": host, "role": _tag(one, ROLE), "address": address}, Instance(region, identity)))
    return store, tuple(hosts)


def balancer(region: str, project: str, stack: str, app: str) -> str | None:
    """The name of the stack's load balancer; None where there is none. Raises `SlipwayError`."""
    tags = [{"Key": key, "Values": [value]} for key, value in (("project", project), ("stack", stack), (APP, app))]
    given: Any = {"TagFilters": tags, "ResourceTypeFilters": ["elasticloadbalancing:loadbalancer"]}
    arns = [*account.every("ResourceTagMappingList[].ResourceARN", "resourcegroupstaggingapi", region, "GetResources", **given)]
    if not arns:
        return None
    return str(account.ask("elbv2", region, "DescribeLoadBalancers", LoadBalancerArns=arns[:1])["LoadBalancers"][0]["DNSName"])


def _instances(region: str, project: str, stack: str, app: str) -> list[dict[str, Any]]:
    wanted = {
        "tag:project": [project],
        "tag:stack": [stack],
        f"tag:{APP}": [app],
        f"tag:{ROLE}": [*ROLES],
        "instance-state-name": ["pending", "running"],
    }
    filters = [{"Name": name, "Values": values} for name, values in wanted.items()]
    return [*account.every("Reservations[].Instances[]", "ec2", region, "DescribeInstances", Filters=filters)]


def _tag(instance: dict[str, Any], name: str) -> str:
    return next((str(tag["Value"]) for tag in instance.get("Tags", []) if tag["Key"] == name), "")


def _profile(instance: dict[str, Any]) -> str:
    return str(instance.get("IamInstanceProfile", {}).get("Arn", ""))


def _role_id(region: str, arn: str) -> str:
    """The id of the role that a host acts as, which its name in the store begins with."""
    profile = account.ask("iam", region, "GetInstanceProfile", InstanceProfileName=arn.rpartition("/")[2])["InstanceProfile"]
    return str(next((role["RoleId"] for role in profile["Roles"]), ""))
