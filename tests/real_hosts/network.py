"""A bridge of its own with a network namespace for each host; out of it through this machine."""

import json
import shutil
from itertools import count
from pathlib import Path
from types import TracebackType

from . import addresses, cgroups
from .base import Base
from .commands import run
from .disk import Disk
from .machine import Machine
from .seed import Seed, cloud_seed, ssh_seed

METADATA = ("169.254.169.254", "100.100.100.200")
"""The addresses at which clouds tell a server about itself."""
_PROPAGATED = Path("/run/systemd/nspawn/propagate")


class Network:
    """Hosts that reach each other, this machine and, through it, the outside. Ends with `destroy()`, or as a context.

    A network whose process was killed is removed by the next one that is made.
    """

    def __init__(self) -> None:
        remove_left_overs()
        self._range = addresses.take()
        _clear(self._range)
        self.name, self.prefix = self._range.name, self._range.network
        self.gateway = self._range.address(1)
        self.machines: dict[str, Machine] = {}
        self._strangers: list[Machine] = []
        self._fixed = count(200)
        self._range.folder.mkdir(parents=True)
        self._make_bridge()

    def __enter__(self) -> "Network":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None) -> None:
        self.destroy()

    def machine(
        self,
        name: str,
        user_data: str | bytes = "#cloud-config\n",
        meta_data: str | None = None,
        *,
        base: Base | None = None,
        disk: int | None = None,
        volume: int | None = None,
    ) -> Machine:
        """A host booted from this boot data by cloud-init. `disk`: bytes it can write at most; `volume`: bytes of a second, empty disk."""
        meta = meta_data or f"instance-id: {self.name}-{name}\nlocal-hostname: {name}\n"
        return self._add(name, cloud_seed(user_data, meta), base, disk, volume)

    def bare(self, name: str, key: str, *, base: Base | None = None, disk: int | None = None, volume: int | None = None) -> Machine:
        """A host that knows nothing but a user `admin`, who has sudo and this public key. cloud-init finds nothing and stays out."""
        return self._add(name, ssh_seed(name, key), base, disk, volume)

    def instance(
        self, name: str, seed: Seed, *, base: Base | None = None, volume: int | str | None = None, way_out: bool = True
    ) -> Machine:
        """A host that gets its boot data from a cloud's metadata service.

        `volume`: also the device of one that another host had. Without a `way_out` its routes lead to the network and to that service
        alone."""
        return self._add(name, seed, base, None, volume, way_out)

    def stranger(self, name: str, way_out: bool = True) -> Machine:
        """Somebody with an address from 100 on, where nothing boots: enough to ask from, by `in_network`."""
        machine = self._at(100 + len(self._strangers), name)
        machine.disk.folder.mkdir()
        self._strangers.append(machine)
        self._connect(machine, way_out)
        return machine

    def lead_out(self, machine: Machine) -> None:
        """Its routes lead to the outside, through this machine."""
        run(["ip", "-n", machine.namespace, "route", "replace", "default", "via", self.gateway])

    def address(self, number: int) -> str:
        """Hosts have those from 2 on, in the order in which they are made."""
        return self._range.address(number)

    def fixed_address(self) -> str:
        """Another one that may move between hosts."""
        return self._range.address(next(self._fixed))

    def own_address(self) -> str:
        """Another one of this machine's, beside the gateway."""
        address = self.fixed_address()
        run(["ip", "address", "add", f"{address}/24", "dev", self.name])
        return address

    def destroy(self) -> None:
        """Ends every host, whatever state it is in, and leaves nothing."""
        _clear(self._range)
        self._range.lock.close()

    def _add(self, name: str, seed: Seed, base: Base | None, disk: int | None, volume: int | str | None, way_out: bool = True) -> Machine:
        self.machines[name] = machine = self._at(len(self.machines) + 2, name)
        machine.disk.make((base or Base()).folder(), disk)
        if volume:
            machine.volume = volume if isinstance(volume, str) else machine.disk.add_volume(volume)
        seed(machine.disk.root)
        self._connect(machine, way_out)
        return machine.start()

    def _at(self, number: int, name: str) -> Machine:
        return Machine(name, f"{self.name}-{name}", self._range.address(number), f"{self.name}.{number}", self._range.folder / name)

    def _make_bridge(self) -> None:
        Path("/proc/sys/net/ipv4/ip_forward").write_text("1")
        run(["ip", "link", "add", self.name, "type", "bridge"])
        run(["ip", "address", "add", f"{self.gateway}/24", "dev", self.name])
        run(["ip", "link", "set", self.name, "up"])
        template = Path(__file__).with_name("masquerade.nft").read_text(encoding="utf-8")
        run(["nft", "-f", "-"], text=template.replace("NAME", self.name).replace("PREFIX", self.prefix))

    def _connect(self, machine: Machine, way_out: bool) -> None:
        space = machine.namespace
        run(["ip", "netns", "add", space])
        run(["ip", "link", "add", machine.link, "type", "veth", "peer", "name", "eth0", "netns", space])
        run(["ip", "link", "set", machine.link, "mtu", _mtu(), "master", self.name, "up"])
        run(["ip", "-n", space, "address", "add", f"{machine.address}/24", "dev", "eth0"])
        run(["ip", "-n", space, "link", "set", "eth0", "mtu", _mtu(), "up"])
        run(["ip", "-n", space, "link", "set", "lo", "up"])
        for place in ("default",) if way_out else METADATA:
            run(["ip", "-n", space, "route", "add", place, "via", self.gateway])


def remove_left_overs() -> None:
    """What test runs left behind that were killed."""
    for one in addresses.left_over():
        _clear(one)
        one.lock.close()


def _clear(one: addresses.Range) -> None:
    """By names alone: it may be the network of a process that is gone. Links first: a namespace ends late."""
    for link in Path("/sys/class/net").glob(f"{one.name}.*"):
        run(["ip", "link", "delete", link.name], check=False)
    if not one.folder.is_dir():
        return
    for folder in one.folder.iterdir():
        name = f"{one.name}-{folder.name}"
        cgroups.remove(name)
        run(["ip", "netns", "delete", name], check=False)
        Disk(folder).remove()
        shutil.rmtree(_PROPAGATED / name, ignore_errors=True)
    for link in Path("/sys/class/net").glob(f"{one.name}.*"):  # a namespace takes its own along later than it says
        run(["ip", "link", "delete", link.name], check=False)
    run(["ip", "link", "delete", one.name], check=False)
    for family in ("ip", "bridge"):
        run(["nft", "delete", "table", family, one.name], check=False)
    shutil.rmtree(one.folder, ignore_errors=True)


def _mtu() -> str:
    """That of the way out: larger packets would be lost where it is small."""
    routes = json.loads(run(["ip", "-j", "route", "show", "default"]).stdout)
    return Path("/sys/class/net", routes[0]["dev"], "mtu").read_text().strip() if routes else "1500"
