"""Instances of Amazon's: hosts of a test network that stand as a recorded plan says, and that moto knows of."""

from collections.abc import Mapping
from dataclasses import dataclass

from systems_manager import SystemsManager

from .deployer import REGION, Deployer
from .machine import Machine
from .metadata import Metadata, of_instance
from .network import Network
from .recorded import Recorded
from .walls import Walls

_VOLUME = 5_000_000_000  # bytes of a data disk, whatever size is asked for; only what is written is there
_IMAGE = "ami-12c6146b"  # one that moto has


@dataclass(frozen=True)
class Wanted:
    """What an instance is made from: its resource's type and name, its instance profile, boot data and tags."""

    type: str
    name: str
    profile: str
    user_data: str
    tags: Mapping[str, str]


class Instances:
    """`running`: the hosts by their ids, in the order in which they were started. `recorded`: the plan of what is launched; `walls` keep
    to it. Commands reach them by `systems`, once they were looked up in the deployer's account."""

    recorded: Recorded

    def __init__(self, network: Network, metadata: Metadata, deployer: Deployer, systems: SystemsManager) -> None:
        self.network, self.metadata, self.deployer, self.systems = network, metadata, deployer, systems
        self.walls = Walls(network, deployer.port)
        self.running: dict[str, Machine] = {}
        self._wanted: dict[str, Wanted] = {}
        self._disks: dict[str, str] = {}  # the device of each role's data disk
        self._ec2 = deployer.client("ec2")

    def of(self, role: str) -> Machine:
        """The one host of that role."""
        (found,) = [machine for machine in self.running.values() if machine.name.startswith(role)]
        return found

    def start(self, wanted: Wanted) -> str:
        """Another one; its id. Its metadata stands ready before it asks. Its public address is its own, or none yet."""
        role, number = wanted.tags["slipway:role"], len(self.network.machines) + 1
        address = self.network.address(number + 1)
        identity = self._run(wanted, address)
        self.metadata.trees[address] = of_instance(self.deployer.account, REGION, identity, address, wanted.user_data)
        attached = [one.name.removesuffix("-data") for one in self.recorded.plan.of("aws:ec2/volumeAttachment:VolumeAttachment")]
        volume = self._disks.get(role, _VOLUME) if wanted.name.startswith(tuple(attached)) else None
        machine = self.network.instance(f"{role}-{number}", self.deployer.where, volume=volume, way_out=False)
        assert machine.address == address
        if machine.volume:
            self._disks[role] = machine.volume
        self.running[identity], self._wanted[identity] = machine, wanted
        self._stand(identity, self.recorded.unassociated())
        agent = ["env", *(f"{name}={value}" for name, value in self.deployer.where.items()), "sh"]  # a service's, as the image sets it
        self.systems.instances[identity] = lambda script: machine.run(agent, text=script, check=False)
        return identity

    def associate(self, identity: str, allocation: str) -> Machine:
        """The fixed address is its own from now on."""
        self._ec2.associate_address(AllocationId=allocation, InstanceId=identity, AllowReassociation=True)
        self._stand(identity, self.recorded)
        return self.running[identity]

    def end(self, identity: str) -> None:
        """For good."""
        machine = self.running.pop(identity)
        machine.kill()
        self.walls.remove(machine)
        self.systems.instances.pop(identity)
        self._ec2.terminate_instances(InstanceIds=[identity])

    def _run(self, wanted: Wanted, address: str) -> str:
        tags = [{"Key": key, "Value": value} for key, value in wanted.tags.items()]
        started = self._ec2.run_instances(
            ImageId=_IMAGE, MinCount=1, MaxCount=1, PrivateIpAddress=address, IamInstanceProfile={"Name": wanted.profile},
            TagSpecifications=[{"ResourceType": "instance", "Tags": tags}],
        )  # fmt: skip
        return str(started["Instances"][0]["InstanceId"])

    def _stand(self, identity: str, recorded: Recorded) -> None:
        machine, wanted = self.running[identity], self._wanted[identity]
        standing = recorded.standing(wanted.type, wanted.name)
        self.walls.put(machine, standing, recorded)
        if standing.way_out:
            self.network.lead_out(machine)
