"""Alibaba Cloud's services as its library meets them, in little: servers, their roles, who asks, and Cloud Assistant, which really runs
commands, by whatever runs a script on the instance meant. A page of an answer has two servers; requests must be signed."""

import base64
import json
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from answers import serving
from systems_manager import Machines, Problem, Runner

from components.alicloud.control import account

ACCOUNT, INSTANCE, REGION = "1234567890123456", "i-0xi0123456789abcdefg", "ap-southeast-1"
LARGEST = 24_000  # bytes of output that are shown
_PAGE = 2


@dataclass(frozen=True)
class Server:
    """One instance. `tags`: slipway:role among them; `ram_role`: the role that it acts as."""

    id: str
    created: str
    tags: Mapping[str, str]
    ram_role: str = ""
    status: str = "Running"
    public: str = ""

    def shown(self) -> dict[str, Any]:
        return {
            "InstanceId": self.id, "CreationTime": self.created, "Status": self.status, "EipAddress": {"IpAddress": self.public},
            "PublicIpAddress": {"IpAddress": []}, "VpcAttributes": {"PrivateIpAddress": {"IpAddress": ["10.60.0.4"]}},
            "Tags": {"Tag": [{"TagKey": key, "TagValue": value} for key, value in self.tags.items()]},
        }  # fmt: skip


class Alibaba(Machines):
    """`servers`: what there is; `balancers`: names of load balancers, each with its tags; `asked`: actions, in order."""

    def __init__(self, instances: Mapping[str, Runner]) -> None:
        super().__init__(instances)
        self.servers: list[Server] = []
        self.balancers: dict[str, Mapping[str, str]] = {}
        self.asked: list[str] = []

    def answer(self, action: str, asked: dict[str, str]) -> dict[str, Any]:
        self.asked.append(action)
        self.fail(action)
        answer: dict[str, Any] = getattr(self, f"_{action}")(asked)
        return answer

    def role_id(self, name: str) -> str:
        """What it calls a role of that name."""
        return f"3{len(name):08d}"

    def _GetCallerIdentity(self, _asked: dict[str, str]) -> dict[str, Any]:  # noqa: N802  the services' names, here and below
        return {"AccountId": ACCOUNT}

    def _GetRole(self, asked: dict[str, str]) -> dict[str, Any]:  # noqa: N802
        return {"Role": {"RoleId": self.role_id(asked["RoleName"]), "RoleName": asked["RoleName"]}}

    def _ListLoadBalancers(self, asked: dict[str, str]) -> dict[str, Any]:  # noqa: N802
        wanted = _tags(asked)
        return {"LoadBalancers": [{"DNSName": name} for name, tags in self.balancers.items() if wanted.items() <= tags.items()]}

    def _DescribeInstances(self, asked: dict[str, str]) -> dict[str, Any]:  # noqa: N802
        wanted = _tags(asked)
        found = [one.shown() for one in self.servers if wanted.items() <= one.tags.items()]
        first = int(asked.get("NextToken") or 0)
        after = first + _PAGE
        return {"Instances": {"Instance": found[first:after]}, "NextToken": str(after) if after < len(found) else ""}

    def _DescribeInstanceRamRole(self, asked: dict[str, str]) -> dict[str, Any]:  # noqa: N802
        ids = json.loads(asked["InstanceIds"])
        found = [{"InstanceId": one.id, "RamRoleName": one.ram_role} for one in self.servers if one.id in ids]
        return {"InstanceRamRoleSets": {"InstanceRamRoleSet": found}}

    def _RunCommand(self, asked: dict[str, str]) -> dict[str, Any]:  # noqa: N802
        instance = asked["InstanceId.1"]
        if instance not in self.instances:
            raise Problem("InvalidInstance.NotFound", "The specified instance does not exist.")
        if (asked["Type"], asked["ContentEncoding"]) != ("RunShellScript", "Base64") or len(asked["CommandContent"]) > LARGEST:
            raise Problem("InvalidParameter")
        if not any(one["ClientToken"] == asked["ClientToken"] for one in self.sent):
            self.sent.append(asked)
            identity = f"t-{len(self.known)}"
            self.known[identity] = {"InvocationStatus": "Pending", "Token": asked["ClientToken"]}
            threading.Thread(target=self._run, args=(self.known[identity], instance, asked), daemon=True).start()
        return {"InvokeId": next(key for key, one in self.known.items() if one["Token"] == asked["ClientToken"])}

    def _run(self, command: dict[str, Any], instance: str, asked: dict[str, str]) -> None:
        if instance in self.silent:
            command.update(ErrorCode="ClientNotRunning", ErrorInfo="the client is not running", InvocationStatus="Failed")
            return
        command["InvocationStatus"] = "Running"
        done = self.done(instance, base64.b64decode(asked["CommandContent"]).decode() + "\n")
        data = done.stdout if isinstance(done.stdout, bytes) else (done.stdout or "").encode()
        shown = {"ExitCode": done.returncode, "Output": base64.b64encode(data[:LARGEST]).decode()}
        if command["InvocationStatus"] == "Running":
            failed = {"ErrorCode": "ExitCodeNonzero"} if done.returncode else {}
            command.update(**shown, **failed, InvocationStatus="Failed" if failed else "Success")

    def _DescribeInvocationResults(self, asked: dict[str, str]) -> dict[str, Any]:  # noqa: N802
        found = {**self.known[asked["InvokeId"]], "InstanceId": asked["InstanceId"]}
        return {"Invocation": {"InvocationResults": {"InvocationResult": [found]}}}

    def _StopInvocation(self, asked: dict[str, str]) -> dict[str, Any]:  # noqa: N802
        self.cancelled.append(asked["InvokeId"])
        self.known[asked["InvokeId"]]["InvocationStatus"] = "Terminated"
        return {}

    def _DescribeCloudAssistantStatus(self, asked: dict[str, str]) -> dict[str, Any]:  # noqa: N802
        instance = asked["InstanceId.1"]
        status = {"InstanceId": instance, "CloudAssistantStatus": str(instance not in self.silent).lower()}
        return {"InstanceCloudAssistantStatusSet": {"InstanceCloudAssistantStatus": [status] if instance in self.instances else []}}


def anew() -> None:
    """Credentials are looked for again: their library reads the environment as it is imported."""
    for name in [name for name in sys.modules if name.startswith("alibabacloud_credentials.")]:
        del sys.modules[name]
    account.forget()


def _tags(asked: Mapping[str, str]) -> dict[str, str]:
    """Those asked for, as `Tag.1.Key` and `Tag.1.Value`."""
    return {asked[f"Tag.{place}.Key"]: asked[f"Tag.{place}.Value"] for place in range(1, 21) if f"Tag.{place}.Key" in asked}


@contextmanager
def alibaba(instances: Mapping[str, Runner]) -> Iterator[Alibaba]:
    """Serves on this machine's loopback until the end of the block, which fails where a function of `instances` did."""
    service = Alibaba(instances)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            asked = dict([*parse_qsl(urlsplit(self.path).query), *parse_qsl(body)])
            status, answer = 200, {}
            try:
                if not self.headers.get("Authorization", "").startswith("ACS3-HMAC-SHA256 Credential=") and "Signature" not in asked:
                    raise Problem("IncompleteSignature", "The request is not signed.")
                answer = service.answer(self.headers.get("x-acs-action") or asked["Action"], asked)
            except Problem as problem:
                status, answer = 400, {"Code": problem.code, "Message": problem.message, "RequestId": "1"}
            text = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json;charset=utf-8")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: object) -> None:
            """Nobody reads that."""

    with serving(Handler) as address:
        service.url = address
        yield service
    assert not service.broken, service.broken
