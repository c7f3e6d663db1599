"""A project whose target is a cloud, launched by our own engine: behind it an account of test hosts, which stand as its plan says."""

import http.client
import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from buckets import logged_in, s3_here
from project import Project
from pulumi.runtime.proto import resource_pb2
from systems_manager import systems_manager

import ops.engine.run
from components.aws.control import account
from ops.engine import Engine
from ops.engine.events import Event, Result
from ops.engine.program import Monitor, from_struct, to_struct, urn_of
from ops.engine.providers import is_dynamic
from ops.stack.project import load_project, load_stack

from .account import Account
from .alibaba_account import alibaba_account
from .amazon import Amazon, AmazonInstances, agents_there
from .deployer import Deployer
from .google_account import google_account
from .machine import Machine
from .metadata import metadata
from .network import Network
from .seed import Image


class CloudMonitor(Monitor):
    """The engine's own, with that account behind it: Slipway's dynamic resources run as ever, the cloud's are made there."""

    account: Account

    def Invoke(self, request: Any, *_: Any) -> Any:  # noqa: N802  the SDK's name
        arguments, _hidden = from_struct(request.args)
        answer = resource_pb2.ResourceInvokeResponse()
        getattr(answer, "return").update(self.account.look_up(request.tok, arguments))
        return answer

    def RegisterResource(self, request: Any, *words: Any) -> Any:  # noqa: N802
        request.providers.clear()
        if not request.custom or is_dynamic(request.type):
            return super().RegisterResource(request, *words)
        urn = urn_of(self.project, self.stack, request)
        inputs, _hidden = from_struct(request.object)
        try:
            identity, outputs = self.account.make(urn, request.type, request.name, inputs)
        except Exception as error:  # noqa: BLE001  told by the engine, as a provider's
            self.fail(f"{request.name}: {type(error).__name__}: {error}")
        return resource_pb2.RegisterResourceResponse(urn=urn, id=identity, object=to_struct(outputs, ()))


class Stack:
    """The project, its account, and what is asked of the site."""

    def __init__(self, account: Account, project: Project, patch: pytest.MonkeyPatch) -> None:
        self.account, self.hosts, self.project, self._patch = account, account.hosts, project, patch
        self.said: list[str] = []

    def use(self) -> None:
        """From here on this one is what the engine launches, where there are several."""
        monitor = type("OfAccount", (CloudMonitor,), {"account": self.account})
        self._patch.setattr(ops.engine.run, "Monitor", monitor)
        self._patch.chdir(self.project.folder)

    def write(self, **config: object) -> None:
        """Its settings, of an app that is written already: where its hosts stand is read from the plan."""
        target, own = self.account.TARGET, {"region": self.account.REGION, **self.account.options()}
        given: dict[str, object] = {"target": target, target: {**own, **config.pop(target, {})}}  # type: ignore[dict-item]
        self.project.write_config({**given, **config})
        self.hosts.recorded = self.account.recorded(load_project(self.project.folder))

    def up(self) -> Result:
        """By the engine; the account's part of it is the account's."""
        project = load_project(self.project.folder)
        done = Engine(project, load_stack(project, "dev"), self._hear).up()
        self.account.settle(done.ok)
        return done

    def slipway(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """A command of its user's, which must succeed."""
        done = self.project.run(*words)
        assert done.returncode == 0, done.stdout + done.stderr
        return done

    def told(self, *words: str) -> dict[str, Any]:
        """What such a command says as JSON."""
        found: dict[str, Any] = json.loads(self.slipway(*words, "--json").stdout)
        return found

    def passwords(self, release: str) -> dict[str, str]:
        """Of the database's roles, as that release tells its host."""
        name = f"secrets/database/{release}.json"
        return dict(json.loads(self.account.stored(name)[name])["passwords"])

    def change(self) -> None:
        """The app's code, for another release than any before."""
        self.project.edit("VERSION = ", f"NUMBER = {time.monotonic_ns()}\nVERSION = ")

    def ask(self, address: str, path: str = "/", data: bytes | None = None, source: str = "") -> tuple[int, str, str]:
        """Status, text and release; `data` goes out by POST. `source`: an address to ask from."""
        connection = http.client.HTTPConnection(address, timeout=20, source_address=(source, 0))
        try:
            connection.request("GET" if data is None else "POST", path, data)
            answer = connection.getresponse()
            return answer.status, answer.read().decode(), answer.headers.get("X-Release-Id", "")
        finally:
            connection.close()

    def serving(self, host: Machine) -> str:
        """The release that a host itself answers its load balancer with; empty where it doesn't."""
        try:
            return self.ask(host.address, source=self.account.BALANCES_FROM)[2]
        except (OSError, http.client.HTTPException):
            return ""

    def _hear(self, event: Event) -> None:
        self.said.append(event.text if event.step is None else f"{event.kind} {event.step.op} {event.step.name} {event.step.error or ''}")


@contextmanager
def on_amazon(network: Network, patch: pytest.MonkeyPatch) -> Iterator[Stack]:
    """A project of somebody who is logged in to an account of that network's."""
    logged_in(patch)
    with s3_here(network.gateway) as endpoint, metadata(network) as told, systems_manager({}) as systems, agents_there(network) as image:
        deployer = Deployer(endpoint)
        for name, value in {**deployer.environment, "AWS_ENDPOINT_URL_SSM": systems.url}.items():
            patch.setenv(name, value)
        account.forget()
        with _launching(Amazon(AmazonInstances(network, told, deployer, systems, image)), patch) as stack:
            yield stack
    account.forget()


@contextmanager
def on_alibaba(network: Network, patch: pytest.MonkeyPatch) -> Iterator[Stack]:
    """The same on Alibaba Cloud."""
    with alibaba_account(network, patch) as made, _launching(made, patch) as stack:
        yield stack


@contextmanager
def on_google(network: Network, patch: pytest.MonkeyPatch, image: Image) -> Iterator[Stack]:
    """The same on Google Cloud, whose servers are of that image."""
    with google_account(network, patch, image) as made, _launching(made, patch) as stack:
        yield stack


@contextmanager
def _launching(account: Account, patch: pytest.MonkeyPatch) -> Iterator[Stack]:
    """What was said is shown where the test fails."""
    project = Project()
    stack = Stack(account, project, patch)
    stack.use()
    yield stack
    print("\n".join(stack.said[-80:]))
    for machine in account.network.machines.values():
        print(f"== {machine.name}\n{machine.last_words('slipway*')}")
    account.close()
    project.remove()
