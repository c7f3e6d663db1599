"""A cloud's account whose instances are hosts of a test network: what a program registers is made, as far as hosts can tell."""

import abc
import threading
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import put_out

from ops.plan import stand_ins
from ops.stack.project import Project

from .balancer import Balancer
from .commands import run
from .instances import Instances, Wanted
from .machine import Machine
from .recorded import Recorded

Inputs = Mapping[str, Any]
Made = tuple[str, dict[str, Any]]
"""A resource's id, and what it puts out beside its inputs."""


class Account(abc.ABC):
    """`hosts`: those that it has."""

    TARGET: ClassVar[str]
    REGION: ClassVar[str]
    GROUP: ClassVar[str]
    """The type of a group of hosts."""
    INSTANCE: ClassVar[str]
    MOVING: ClassVar[tuple[str, ...]]
    """Types of what is made again where its inputs are others: an address that moves, a disk."""
    MAKERS: ClassVar[Mapping[str, Callable[[Any, str, Any], Made]]]
    """By type: of a name and inputs."""
    BALANCES_FROM: ClassVar[str] = ""
    """The address that its load balancer comes from; empty: the gateway's."""
    ANSWERS: ClassVar[Mapping[str, dict[str, Any]]] = {}
    """By a look-up's last word, what isn't a stand-in of its answer."""

    def __init__(self, hosts: Instances) -> None:
        self.hosts, self.network = hosts, hosts.network
        self._made: dict[str, tuple[Inputs, Made]] = {}
        self._wanted: set[str] = set()
        self.addresses: dict[str, tuple[str, Machine | None]] = {}
        self._attached: dict[str, Machine] = {}
        self._lock = threading.Lock()
        self._balancer: Balancer | None = None

    @abc.abstractmethod
    def recorded(self, project: Project) -> Recorded:
        """What the plan of that project's stack `dev` says."""

    @abc.abstractmethod
    def next(self) -> Wanted:
        """What the group starts as its next instance."""

    def options(self) -> dict[str, Any]:
        """What the target's section has for this account beside the region."""
        return {}

    @abc.abstractmethod
    def stored(self, folder: str) -> dict[str, bytes]:
        """What the release store has there."""

    def make(self, urn: str, type: str, name: str, inputs: Inputs) -> Made:
        """The resource; the same one again where it is there, but for what moves."""
        with self._lock:
            self._wanted.add(urn)
            before = self._made.get(urn)
            if before is None or (type in self.MOVING and before[0] != inputs):
                maker = self.MAKERS.get(type)
                identity, outputs = maker(self, name, inputs) if maker else (f"{name}-id", {})
                self._made[urn] = inputs, (identity, {**put_out.outputs(type, name), **inputs, **outputs})
            return self._made[urn][1]

    def settle(self, well: bool) -> None:
        """At a run's end: where it went well, what it didn't ask for goes, as any engine does it."""
        for urn in [one for one in self._made if well and one not in self._wanted]:
            _, (identity, _) = self._made.pop(urn)
            if urn.split("::")[2].endswith(self.INSTANCE):
                self.hosts.end(identity)
        self._wanted.clear()

    def look_up(self, token: str, arguments: Inputs) -> dict[str, Any]:
        """What the cloud would answer."""
        return {**stand_ins.lookup(token, arguments)[1], **self.ANSWERS.get(token.rpartition(":")[2], {})}

    def grow(self, hosts: int) -> list[Machine]:
        """More hosts of the group, from the very template that the first ones were started from."""
        return [self.hosts.running[self.hosts.start(self.next())] for _ in range(hosts)]

    def group(self, name: str, inputs: Inputs) -> Made:
        self.grow(inputs["minSize"])
        return name, {"name": name}

    def move(self, allocation: str, machine: Machine) -> None:
        """The address is there at once, and nowhere else any more."""
        address, before = self.addresses[allocation]
        if before:
            run(["ip", "-n", before.namespace, "address", "delete", f"{address}/24", "dev", "eth0"])
        run(["ip", "-n", machine.namespace, "address", "add", f"{address}/24", "dev", "eth0"])
        run(["ip", "neighbour", "flush", "to", address, "dev", self.network.name])
        self.addresses[allocation] = address, machine

    def attach(self, name: str, identity: str, link: str) -> None:
        """A host here has its disk from the start; from now on under the name that such disks have there. Who had it is stopped."""
        machine = self.hosts.running[identity]
        before, self._attached[name] = self._attached.get(name), machine
        if before:
            before.stop()
        machine.wait_booted()
        machine.shell(f"mkdir -p /dev/disk/by-id && ln -s {machine.volume} {link}")

    def balance(self, path: str, kind: str = "balancer.cfg") -> None:
        """A load balancer of that kind is at the network's gateway, whose hosts answer at that path."""
        self._balancer = Balancer(self.network, path, kind)

    def close(self) -> None:
        """Ends the load balancer, if there is one."""
        if self._balancer:
            self._balancer.close()
