"""Security groups and routes of a recorded plan, kept by the bridge of a test network."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from policy.facts import ALL_PORTS

from .commands import run
from .machine import Machine
from .network import Network
from .recorded import Recorded, Standing


class Walls:
    """Around those hosts that are put there; others go where they like, as far as those let them in. `store`: S3's port at the gateway."""

    def __init__(self, network: Network, store: int) -> None:
        self.network, self.store = network, store
        self._around: dict[str, tuple[Machine, Standing, Recorded]] = {}

    def put(self, machine: Machine, standing: Standing, recorded: Recorded) -> None:
        """Around that one, or otherwise than before. Its groups know its address from now on."""
        self._around[machine.name] = machine, standing, recorded
        self._build()

    def remove(self, machine: Machine) -> None:
        """It is gone."""
        del self._around[machine.name]
        self._build()

    @contextmanager
    def down(self) -> Iterator[None]:
        """For as long as the block lasts."""
        run(["nft", "delete", "table", "bridge", self.network.name])
        try:
            yield
        finally:
            self._build()

    def _build(self) -> None:
        text = Path(__file__).with_name("walls.nft").read_text(encoding="utf-8")
        for word, lines in {"OUT\n": self._out(), "IN\n": self._in()}.items():
            text = text.replace(word, "".join(f"        {line}\n" for line in lines))
        run(["nft", "-f", "-"], text=text.replace("NAME", self.network.name))

    def _out(self) -> Iterator[str]:
        for machine, standing, recorded in self._around.values():
            at = f'iifname "{machine.link}"'
            if not (standing.way_out or standing.store):
                yield f"{at} ip daddr {self.network.gateway} tcp dport {self.store} drop"
            for outlet in (one for group in standing.groups for one in recorded.outlets(group)):
                yield f"{at} ip daddr {outlet.network} {_ports(outlet.ports)} accept"
            yield f"{at} drop"

    def _in(self) -> Iterator[str]:
        for machine, standing, recorded in self._around.values():
            at = f'oifname "{machine.link}"'
            for opening in (one for group in standing.groups for one in recorded.openings(group)):
                assert opening.ports, opening
                members = [one for group in opening.members for one in self._members(group, recorded)]
                yield from (f"{at} ip saddr {source} {_ports(opening.ports)} accept" for source in (*opening.addresses, *members))
            yield f"{at} drop"

    def _members(self, group: str, recorded: Recorded) -> Iterator[str]:
        """The load balancer's address is this machine's."""
        yield from (machine.address for machine, standing, _ in self._around.values() if group in standing.groups)
        if group in recorded.balancer():
            yield self.network.gateway


def _ports(ports: range) -> str:
    return "" if ports == ALL_PORTS else f"tcp dport {ports[0]}-{ports[-1]}"
