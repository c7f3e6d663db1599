"""How a rollout's phases reach the hosts: the coordinator drives them, or they follow the store."""

from typing import Protocol

from cloud_init.host.contracts.rollout import DesiredState, Outcome
from components.hosts.site import Site
from components.rollout.phases.direct import Driven
from components.rollout.phases.pulled import Following


class Phases(Protocol):
    """Each phase ends when every host has; it returns the outcomes that are not well. `now` is what
    the coordinator wrote for it."""

    def gather(self) -> str:
        """Settles who takes part; returns the elected one. Raises `SlipwayError` for nobody."""

    def takes_part(self, host: str) -> bool:
        """Whether that host was there when all were gathered."""

    def prepare(self, now: DesiredState, release: str) -> list[Outcome]:
        """The candidate stands ready beside what serves."""

    def commit(self, now: DesiredState, release: str) -> list[Outcome]:
        """The candidate serves."""

    def abort(self, now: DesiredState) -> list[Outcome]:
        """The candidate stops."""

    def back(self, now: DesiredState, release: str) -> list[Outcome]:
        """What served before serves again."""


def of(site: Site, release: str) -> Phases:
    """How this target's hosts are reached, to serve that release."""
    return Following(site.store, site.expected, site.fewest) if site.follow else Driven(site.store, site.hosts, release, site.key)
