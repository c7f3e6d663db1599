"""A site: the hosts that serve an app, the store they share, the address that users come to."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from components.errors import SlipwayError
from components.hosts.transport import Transport
from components.release.store import Store


@dataclass(frozen=True)
class Site:
    """What a rollout over hosts needs to know of them."""

    store: Store
    hosts: Sequence[Transport]
    url: str
    follow: bool = False
    """The hosts follow the store by themselves; nobody drives them through a rollout."""
    expected: tuple[str, ...] = ()
    """Names of the hosts that follow, as far as the target knows them."""
    fewest: int = 0
    """Web hosts that there will be at least, where the target knows no names."""
    key: Callable[[], str] = str
    """The key of the stack's release ids; empty where this machine has no state of the stack."""
    addresses: tuple[str, ...] = ()
    """Addresses of the web hosts, in the order of `expected`; a domain leads there."""

    @property
    def web(self) -> Sequence[Transport]:
        """The hosts that serve the app."""
        return [host for host in self.hosts if host.role == "web"]

    @property
    def database_host(self) -> Transport:
        """The host to ask about the database: its own, or the one that runs release commands."""
        if not self.hosts:
            raise SlipwayError(f"no server of {self.url} is there; run `./slipway up`, or look why none starts")
        return next((host for host in self.hosts if host.role == "database"), self.hosts[0])
