"""The host tool run by Systems Manager's run command: as root, without a port or a key, and without a stream.

The service hands over what a command wrote when it has ended, and of that the first 24,000 letters; that's too little for a failed release
or a page of logs. So `host.pyz carry` runs the command, packs both its streams, and gives them page by page: mostly one is enough, and what
is long comes whole by a few more requests. (Compressing alone has an end, and the service's own way, a bucket, would need every host to
write where only its deployers read.) The command's words travel as base64: no shell and none of the service's own `{{…}}` sees them.
"""

import base64
import json
import time
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from components.aws.account import ask, ask_once
from components.aws.refusals import Refused
from components.errors import SlipwayError

TOOL = "python3 -I /opt/slipway/host.pyz"
_LONGEST = 48 * 3600  # seconds, the service's most: a restore takes what it takes
_DELIVERY = 60  # seconds until a host that doesn't take the command is given up
_FIRST, _SLOWEST = 0.3, 3.0  # seconds between two looks
_HEARD = 30.0  # seconds between two looks at whether the host's agent still lives
_NEW = 15.0  # seconds in which a command that was just sent may be unknown
_OPEN = {"Pending", "InProgress", "Delayed", "Cancelling"}
_ENDS = {
    "DeliveryTimedOut": f"its agent of Systems Manager didn't take the command within {_DELIVERY} s",
    "Undeliverable": "Systems Manager can't reach its agent",
    "ExecutionTimedOut": "the command took over 48 hours and was ended",
    "Cancelled": "the command was cancelled",
    "Terminated": "the command was ended by Systems Manager",
}


@dataclass(frozen=True)
class Answer:
    """How the command ended, and what it wrote; of very much, `left_out` bytes are missing in the middle."""

    status: int
    out: bytes
    err: bytes
    left_out: int = 0


@dataclass(frozen=True)
class Instance:
    """Which instance, in which region."""

    region: str
    id: str

    def run(self, words: Sequence[str], cancel: bool = False) -> Answer:
        """Runs a command of the host tool to its end. `cancel`: whoever interrupts this ends the command too.

        Raises `SlipwayError` where it can't be run, or what came of it isn't known."""
        packed = base64.urlsafe_b64encode(json.dumps([*words]).encode()).decode()
        invocation = self._invoke(f"carry {packed}", words[0], cancel)
        first = _carried(invocation)
        if first is None:  # it was refused before the command could run
            code = int(invocation.get("ResponseCode", 1))
            return Answer(code or 1, _text(invocation, "StandardOutputContent"), _text(invocation, "StandardErrorContent"))
        return _unpacked("".join(self._pages(first, words[0])), self.id)

    def _pages(self, first: dict[str, Any], name: str) -> Iterator[str]:
        yield first["page"]
        got = len(first["page"])
        while got < first["chars"]:
            invocation = self._invoke(f"carried {first['token']} {got}", name, False)
            page = _carried(invocation)
            if page is None or not page["page"]:
                raise SlipwayError(f"{self.id}: {name}: the rest of its output is gone; run it again")
            yield page["page"]
            got += len(page["page"])

    def _invoke(self, command: str, name: str, cancel: bool) -> dict[str, Any]:
        """What the service says of the command when it has ended."""
        identity = self._send(command, name)
        try:
            found = self._ended(identity)
        except KeyboardInterrupt:
            if cancel:
                ask("ssm", self.region, "CancelCommand", CommandId=identity, InstanceIds=[self.id])
            raise
        details = str(found.get("StatusDetails", "")).replace(" ", "")
        if details in _ENDS or found["Status"] not in ("Success", "Failed"):
            raise self._unreached(_ENDS.get(details, f"the command ended as {details or found['Status']}"))
        return found

    def _send(self, command: str, name: str) -> str:
        parameters = {"commands": [f"{TOOL} {command}"], "executionTimeout": [str(_LONGEST)]}
        try:
            sent = ask_once(
                "ssm", self.region, "SendCommand",
                InstanceIds=[self.id], DocumentName="AWS-RunShellScript", Parameters=parameters, TimeoutSeconds=_DELIVERY,
                Comment=f"slipway: {name}",
            )  # fmt: skip
        except Refused as refused:
            if refused.code != "InvalidInstanceId":
                raise
            raise self._unreached("Systems Manager doesn't know it (yet): a new server's agent needs a minute or two") from None
        return str(sent["Command"]["CommandId"])

    def _ended(self, command: str) -> dict[str, Any]:
        pause, began = _FIRST, time.monotonic()
        heard = began
        while True:
            found = self._look(command, began + _NEW)
            if found["Status"] not in _OPEN:
                return found
            if time.monotonic() > heard + _HEARD:
                heard = time.monotonic()
                self._still_there()
            time.sleep(pause)
            pause = min(pause * 1.3, _SLOWEST)

    def _look(self, command: str, until: float) -> dict[str, Any]:
        """The service answers a new command's id with an error until all of it has heard of it."""
        try:
            return ask("ssm", self.region, "GetCommandInvocation", CommandId=command, InstanceId=self.id)
        except Refused as refused:
            if refused.code != "InvocationDoesNotExist" or time.monotonic() > until:
                raise
            return {"Status": "Pending"}

    def _still_there(self) -> None:
        """A host that ends takes its command along; the service would show it as running for two days."""
        wanted = [{"Key": "InstanceIds", "Values": [self.id]}]
        found = ask("ssm", self.region, "DescribeInstanceInformation", Filters=wanted)["InstanceInformationList"]
        if not found or found[0].get("PingStatus") != "Online":
            raise self._unreached("its agent is silent; whether the command was done isn't known")

    def _unreached(self, why: str) -> SlipwayError:
        where = f"--region {self.region} --instance-id"
        look = f"aws ec2 describe-instance-status {where}s {self.id}; aws ec2 get-console-output --latest {where} {self.id}"
        return SlipwayError(f"{self.id}: {why}; look whether it runs and what it says: {look}")


def _carried(invocation: dict[str, Any]) -> dict[str, Any] | None:
    try:
        found = json.loads(invocation.get("StandardOutputContent") or "")
    except ValueError:
        return None
    return found if isinstance(found, dict) and found.get("event") == "carried" else None


def _unpacked(text: str, host: str) -> Answer:
    try:
        line, _, rest = zlib.decompress(base64.b64decode(text)).partition(b"\n")
        head = json.loads(line)
    except (ValueError, zlib.error) as error:
        raise SlipwayError(f"{host}: what the command wrote came back damaged ({error}); run it again") from None
    return Answer(head["status"], rest[: head["out"]], rest[head["out"] :], head["left_out"])


def _text(invocation: dict[str, Any], name: str) -> bytes:
    return str(invocation.get(name) or "").encode()
