"""Systems Manager's run command as boto3 meets it, in little: commands really run, by whatever runs a script on the instance meant.

    with systems_manager({"i-0abc": on_tree(tool, root)}) as service:   # service.url is AWS_ENDPOINT_URL_SSM
    with systems_manager({"i-0abc": lambda script: machine.run(["sh"], text=script, check=False)}) as service: ...

As the real one it shows 24,000 letters of output and 8,000 of errors, and those only when the command has ended; forgets for a moment
what was just sent; refuses `{{`, which it would replace; and keeps a command for an agent that is silent until the delivery is given up.
"""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Protocol
from uuid import uuid4

OUT, ERR = 24_000, 8_000


class Ended(Protocol):
    """What `subprocess.run` gives, its streams as text or bytes."""

    returncode: int
    stdout: Any
    stderr: Any


Runner = Callable[[str], Ended]


class Problem(Exception):
    """An error as the service answers with it."""

    def __init__(self, code: str, message: str = "") -> None:
        super().__init__(message)
        self.code, self.message = code, message


class Machines:
    """What any cloud's service for commands has. `instances`: who runs a script there; `sent` are the requests for commands;
    `silent` instances take none. `fails`: of an action, the error that it answers with (once for each in the list). `broken`: what
    failed of `instances` themselves."""

    def __init__(self, instances: Mapping[str, Runner]) -> None:
        self.instances = dict(instances)
        self.sent: list[dict[str, Any]] = []
        self.cancelled: list[str] = []
        self.silent: set[str] = set()
        self.fails: dict[str, list[Problem]] = {}
        self.broken: list[str] = []
        self.url = ""
        self.known: dict[str, dict[str, Any]] = {}

    def fail(self, action: str) -> None:
        """Raises the next error that the action is to answer with."""
        if self.fails.get(action):
            raise self.fails[action].pop(0)

    def done(self, instance: str, script: str) -> Ended:
        """What the instance's function gives; where it gives nothing, or fails, the command fails, and so does the block."""
        try:
            done = self.instances[instance](script)
            if done is None:
                raise TypeError("wanted a returncode with stdout and stderr, found None")
        except Exception as error:  # noqa: BLE001  it may be anything, and nobody hears of it in a thread
            self.broken.append(f"{instance}: its function failed: {type(error).__name__}: {error}")
            return subprocess.CompletedProcess(script, 1, "", self.broken[-1])
        return done


class SystemsManager(Machines):
    """Amazon's. `delivery`: seconds until a command for a silent instance is given up."""

    def __init__(self, instances: Mapping[str, Runner]) -> None:
        super().__init__(instances)
        self.delivery: float | None = None
        self._asked: set[str] = set()

    def answer(self, action: str, asked: dict[str, Any]) -> dict[str, Any]:
        self.fail(action)
        answers = {
            "SendCommand": self._send, "GetCommandInvocation": self._get, "ListCommandInvocations": self._list,
            "CancelCommand": self._cancel, "DescribeInstanceInformation": self._describe,
        }  # fmt: skip
        return answers[action](asked)

    def _send(self, asked: dict[str, Any]) -> dict[str, Any]:
        (instance,) = asked["InstanceIds"]
        if instance not in self.instances:
            raise Problem("InvalidInstanceId", "Instances not in a valid state for account")
        if asked["DocumentName"] != "AWS-RunShellScript":
            raise Problem("InvalidDocument")
        if "{{" in json.dumps(asked["Parameters"]) or asked.get("TimeoutSeconds", 3600) < 30 or len(asked.get("Comment", "")) > 100:
            raise Problem("InvalidParameters")
        self.sent.append(asked)
        identity = str(uuid4())
        self.known[identity] = {"CommandId": identity, "InstanceId": instance, "Status": "Pending", "StatusDetails": "Pending"}
        threading.Thread(target=self._run, args=(identity, instance, asked), daemon=True).start()
        return {"Command": {"CommandId": identity, "Status": "Pending"}}

    def _run(self, identity: str, instance: str, asked: dict[str, Any]) -> None:
        command = self.known[identity]
        if instance in self.silent:
            time.sleep(asked["TimeoutSeconds"] if self.delivery is None else self.delivery)
            command.update(Status="TimedOut", StatusDetails="Delivery Timed Out", ResponseCode=-1)
            return
        command.update(Status="InProgress", StatusDetails="In Progress", ResponseCode=-1)
        done = self.done(instance, "\n".join(asked["Parameters"]["commands"]) + "\n")
        how = "Failed" if done.returncode else "Success"
        seen = {"StandardOutputContent": _text(done.stdout)[:OUT], "StandardErrorContent": _text(done.stderr)[:ERR]}
        if command["Status"] == "InProgress":
            command.update(StatusDetails=how, ResponseCode=done.returncode, **seen, Status=how)

    def _get(self, asked: dict[str, Any]) -> dict[str, Any]:
        identity = asked["CommandId"]
        if identity not in self.known or identity not in self._asked:
            self._asked.add(identity)
            raise Problem("InvocationDoesNotExist")
        return dict(self.known[identity])

    def _list(self, asked: dict[str, Any]) -> dict[str, Any]:
        wanted = [one for one in self.known.values() if asked.get("CommandId") in (None, one["CommandId"])]
        shown = ("CommandId", "InstanceId", "Status", "StatusDetails")
        plugins = [{"Status": one["Status"], "Output": (one.get("StandardOutputContent") or "")[:2500]} for one in wanted]
        return {
            "CommandInvocations": [
                {**{name: one[name] for name in shown}, **({"CommandPlugins": [plugin]} if asked.get("Details") else {})}
                for one, plugin in zip(wanted, plugins, strict=True)
            ]
        }

    def _cancel(self, asked: dict[str, Any]) -> dict[str, Any]:
        self.cancelled.append(asked["CommandId"])
        self.known[asked["CommandId"]].update(Status="Cancelled", StatusDetails="Cancelled")
        return {}

    def _describe(self, asked: dict[str, Any]) -> dict[str, Any]:
        wanted = [one for part in asked.get("Filters", []) for one in part["Values"]] or list(self.instances)
        ping = {one: "ConnectionLost" if one in self.silent else "Online" for one in wanted if one in self.instances}
        return {"InstanceInformationList": [{"InstanceId": one, "PingStatus": status} for one, status in ping.items()]}


def _text(data: Any) -> str:
    return data.decode(errors="replace") if isinstance(data, bytes) else data or ""


def on_tree(tool: Path, root: Path) -> Runner:
    """Runs scripts here, by /bin/sh, with the host tool of that tree as /opt/slipway/host.pyz. The agent gives them little environment."""

    def run(script: str) -> Ended:
        there = script.replace("/opt/slipway/host.pyz", f"'{tool}' --root '{root}'").replace("python3 ", f"{sys.executable} ")
        return subprocess.run(["/bin/sh"], input=there.encode(), capture_output=True, check=False, env={"PATH": "/usr/bin:/bin"})

    return run


@contextmanager
def systems_manager(instances: Mapping[str, Runner]) -> Iterator[SystemsManager]:
    """Serves on this machine's loopback until the end of the block, which fails where a function of `instances` did."""
    service = SystemsManager(instances)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status, answer = 200, {}
            try:
                answer = service.answer(self.headers["X-Amz-Target"].partition(".")[2], asked)
            except Problem as problem:
                status = 500 if problem.code == "InternalServerError" else 400
                answer = {"__type": problem.code, "message": problem.message}
            body = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nobody reads that."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    service.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield service
    finally:
        server.shutdown()
        server.server_close()
    assert not service.broken, service.broken
