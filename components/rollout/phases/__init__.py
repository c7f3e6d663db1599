"""How a rollout's phases reach the hosts: the coordinator drives them, or they follow the store."""

from typing import Literal, Protocol

from cloud_init.host.contracts.rollout import DesiredState, Outcome
from components.hosts.site import Site
from components.rollout.phases.direct import Driven
from components.rollout.phases.pulled import Following

Phase = Literal["prepare", "commit", "abort", "back"]
"""The candidate stands ready beside what serves; it serves; it stops; what served before serves
again."""


class Phases(Protocol):
    """A rollout's way to all hosts."""

    def gather(self) -> str:
        """Settles who takes part; returns the elected one. Raises `SlipwayError` for nobody."""

    def takes_part(self, host: str) -> bool:
        """Whether that host was there when all were gathered."""

    def run(self, phase: Phase, now: DesiredState, release: str | None = None) -> list[Outcome]:
        """Ends when every host is through; returns the outcomes that are not well. `now` is what
        the coordinator wrote for it."""


def of(site: Site, release: str) -> Phases:
    """How this target's hosts are reached, to serve that release."""
    return Following(site.store, site.expected, site.fewest) if site.follow else Driven(site.store, site.hosts, release, site.key)
