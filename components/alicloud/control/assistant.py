"""An instance on Alibaba Cloud, reached by Cloud Assistant's run command."""

import base64
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from components.alicloud.control.account import ask
from components.blocks.command_transport import CommandTransport, Shown
from components.errors import SlipwayError

_LONGEST = 86400  # seconds: a restore takes what it takes
_OPEN = {"Pending", "Scheduled", "Running", "Stopping"}
_ENDED = {"Success", "Failed"}


def connect(facts: Mapping[str, Any]) -> CommandTransport:
    """The instance that `facts` describes: `region`, `instance`, `host` (its name in the store),
    `role`, `app`, `address`, `store` (an address)."""
    return CommandTransport(facts, Instance(str(facts["region"]), str(facts["instance"])))


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
