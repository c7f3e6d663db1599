"""An instance on AWS, reached by Systems Manager's run command."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from components.aws.control.account import ask, ask_once
from components.aws.control.errors import AwsError
from components.blocks.command_transport import CommandTransport, Shown
from components.errors import SlipwayError

_LONGEST = 48 * 3600  # seconds, the service's most: a restore takes what it takes
_DELIVERY = 60  # seconds until a host that doesn't take the command is given up
_NEW = 15.0  # seconds in which a command that was just sent may be unknown
_OPEN = {"Pending", "InProgress", "Delayed", "Cancelling"}
_ENDS = {
    "DeliveryTimedOut": f"its agent of Systems Manager didn't take the command within {_DELIVERY} s",
    "Undeliverable": "Systems Manager can't reach its agent",
    "ExecutionTimedOut": "the command took over 48 hours and was ended",
    "Cancelled": "the command was cancelled",
    "Terminated": "the command was ended by Systems Manager",
}


def connect(facts: Mapping[str, Any]) -> CommandTransport:
    """The instance that `facts` describes: `region`, `instance`, `host` (its name in the store),
    `role`, `app`, `address`, `store` (an address)."""
    return CommandTransport(facts, Instance(str(facts["region"]), str(facts["instance"])))


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
        details = str(found.get("StatusDetails", "")).replace(" ", "")
        if details in _ENDS or found["Status"] not in ("Success", "Failed"):
            raise self._unreached(_ENDS.get(details, f"the command ended as {details or found['Status']}"))
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
