"""Instances of a cloud: hosts of a test network that stand as a recorded plan says."""

import abc
from collections.abc import Mapping
from dataclasses import dataclass, replace

from systems_manager import Machines

from .machine import Machine
from .metadata import Metadata, Tree
from .network import Network
from .recorded import Recorded
from .seed import Image
from .walls import Walls

_VOLUME = 5_000_000_000  # bytes of a data disk, whatever size is asked for; only what is written is there


@dataclass(frozen=True)
class Wanted:
    """What an instance is made from: its resource's type and name, the name of its role, boot data and tags."""

    type: str
    name: str
    role: str
    user_data: str
    tags: Mapping[str, str]


class Instances(abc.ABC):
    """`running`: the hosts by their ids, in the order in which they were started. `recorded`: the plan of what is launched; `walls` keep
    to it. Commands reach them by `agents`. `store`: the port of the cloud's storage, at the gateway."""

    recorded: Recorded
    ATTACHMENT: str
    """The type of what gives an instance a disk."""

    def __init__(self, network: Network, metadata: Metadata, agents: Machines, image: Image, store: int) -> None:
        self.network, self.metadata, self.agents, self.image = network, metadata, agents, image
        self.walls = Walls(network, store)
        self.running: dict[str, Machine] = {}
        self.wanted: dict[str, Wanted] = {}
        self._disks: dict[str, str] = {}  # the device of each role's data disk

    @abc.abstractmethod
    def register(self, wanted: Wanted, address: str) -> tuple[str, Tree]:
        """The account has it from now on: its id, and what its metadata tells it."""

    @abc.abstractmethod
    def unregister(self, identity: str) -> None:
        """The account has it no more."""

    def imaged(self, identity: str) -> Image:
        """What that one starts from."""
        return replace(self.image, users=len(self.network.machines))

    def of(self, role: str) -> Machine:
        """The one host of that role."""
        (found,) = [machine for machine in self.running.values() if machine.name.startswith(role)]
        return found

    def start(self, wanted: Wanted) -> str:
        """Another one; its id. Its metadata stands ready before it asks. Its public address is its own, or none yet."""
        role, number = wanted.tags["slipway:role"], len(self.network.machines) + 1
        address = self.network.address(number + 1)
        identity, self.metadata.trees[address] = self.register(wanted, address)
        attached = [one.name.removesuffix("-data") for one in self.recorded.plan.of(self.ATTACHMENT)]
        volume = self._disks.get(role, _VOLUME) if wanted.name.startswith(tuple(attached)) else None
        image = self.imaged(identity)
        machine = self.network.instance(f"{role}-{number}", image.seed, base=image.base, volume=volume, way_out=False)
        assert machine.address == address
        if machine.volume:
            self._disks[role] = machine.volume
        self.running[identity], self.wanted[identity] = machine, wanted
        self.stand(identity, self.recorded.unassociated())
        agent = ["env", *(f"{name}={value}" for name, value in self.image.environment.items()), "sh"]  # a service's, as the image sets it
        self.agents.instances[identity] = lambda script: machine.run(agent, text=script, check=False)
        return identity

    def end(self, identity: str) -> None:
        """For good."""
        machine = self.running.pop(identity)
        machine.kill()
        self.walls.remove(machine)
        self.agents.instances.pop(identity)
        self.unregister(identity)

    def stand(self, identity: str, recorded: Recorded) -> None:
        """Stands there as that plan says."""
        machine, wanted = self.running[identity], self.wanted[identity]
        standing = recorded.standing(wanted.type, wanted.name)
        self.walls.put(machine, standing, recorded)
        if standing.way_out:
            self.network.lead_out(machine)
