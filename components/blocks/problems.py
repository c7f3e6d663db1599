"""What holds between a target's settings of servers on a cloud, and between them and the others. `section` is the target's, such as
`slipway:NAME`."""

from collections.abc import Iterator, Mapping, Sequence

from components.blocks.options import Options
from components.settings import Settings
from components.settings.found import shown
from components.settings.report import Problem


def problems(section: str, settings: Settings, options: Options) -> Iterator[Problem]:
    """Each that is wrong, on whatever cloud."""
    if options.instances.min > options.instances.max:
        found = f"{options.instances.min} and {options.instances.max}"
        yield f"{section}.instances", f"wanted a min that is at most max, found {found}"
    engine = settings.database.engine
    if options.is_fleet and settings.database.placement == "same-host" and engine != "none":
        choice = "postgres or mysql" if engine == "sqlite" else engine
        wanted = f"wanted own-host, managed or external ({choice}), as servers behind a load balancer come and go"
        yield "slipway:database.placement", f"{wanted}, found 'same-host'"
    if options.network.nat and options.network.vpc is not None:
        wanted = f"wanted false with {section}.network.vpc, whose routes are yours"
        yield f"{section}.network.nat", f"{wanted}, found true; leave vpc out, or nat"
    yield from _zone(section, settings.domain, options.zone)


def subnets(section: str, options: Options, given: Mapping[str, Sequence[str]], several: Sequence[str]) -> Iterator[Problem]:
    """What is wrong in settings of `network` that hold ids of subnets, each in one zone. `several`: those that a single one never does
    for; a fleet needs two of each."""
    for key, ids in given.items():
        if ids and options.network.vpc is None:
            yield f"{section}.network.{key}", f"wanted none without {section}.network.vpc, found {len(ids)}; set vpc too"
        if len(ids) == 1 and (key in several or options.is_fleet):
            yield f"{section}.network.{key}", "wanted subnets of two zones at least, found one"


def _zone(section: str, domain: str | None, zone: str | None) -> Iterator[Problem]:
    if zone and not domain:
        yield "slipway:domain", f"wanted a name in the zone {zone} ({section}.zone), found none"
    elif zone and domain and domain != zone and not domain.endswith(f".{zone}"):
        yield f"{section}.zone", f"wanted the zone that slipway:domain ({domain}) is in, found {shown(zone)}"
