"""Settings that all targets with instances on a cloud have, and what must hold between them. Each
target derives its own models, and gives what is left bare here its kind, its default and words."""

from collections.abc import Iterator, Mapping, Sequence, Set
from typing import Annotated, Any

from pydantic import Field
from pydantic.alias_generators import to_camel

from components.errors import shown
from components.settings import BOOT, Model, Settings, kinds, number
from components.settings.kinds import setting
from components.settings.report import Problem

SIZE = "The size of a web server; what it is built of decides between ARM and x86 images."
DATA_DISK = "A disk of a single server for its data alone, which outlives it. On the system's disk if left out."


def boot_setting(default: Any, description: str) -> Any:
    """A setting that may be left out, and that what servers boot from may depend on."""
    return Field(default=default, description=description, json_schema_extra=BOOT)


class Instances(Model):
    """How many servers."""

    min: Annotated[int, number(1, 100)] = setting(1, "How many servers there are at least.")
    max: Annotated[int, number(1, 100)] = setting(1, "And at most. Over 1 they stand behind a load balancer.")
    requests: Annotated[int, number(0, 1_000_000)] = setting(
        3000, "Requests a minute for each server: more add servers, as a busy processor does. 0: the processor alone."
    )


class NetworkOptions(Model):
    """The network that servers stand in."""

    vpc: str | None = None
    nat: Annotated[bool, kinds.SWITCH] = setting(
        False, "Servers without public addresses, behind a load balancer: they go out by a NAT gateway. Priced."
    )

    @property
    def is_private(self) -> bool:
        """Servers have no public addresses."""
        return self.nat


class DatabaseOptions(Model):
    """The database's server, own or managed."""

    instance_type: str
    disk: Annotated[int, number(20, 16384, "GB")] = setting(20, "The disk of its data.")


class BalancedOptions(Model):
    """What a target's section has wherever instances may stand behind the cloud's load balancer."""

    region: str
    instance_type: str
    disk: Annotated[int, number(8, 16384, "GB")] = boot_setting(16, "A web server's disk.")
    instances: Instances = Field(default=Instances(), description="How many web servers.", json_schema_extra=BOOT)
    network: NetworkOptions = Field(default=NetworkOptions(), description="Where they stand.", json_schema_extra=BOOT)
    zone: Annotated[str, kinds.DOMAIN] | None = None
    database: DatabaseOptions
    email: Annotated[str, kinds.EMAIL] | None = setting(None, "Who is told when something is wrong. No alarms if left out.")

    @property
    def is_fleet(self) -> bool:
        """Several servers, or private ones: behind a load balancer."""
        return self.instances.max > 1 or self.network.is_private


class CloudOptions(BalancedOptions):
    """The section of a target whose servers are Slipway's own."""

    image: str
    data_disk: Annotated[int, number(8, 16384, "GB")] | None = boot_setting(None, DATA_DISK)
    ssh: tuple[Annotated[str, kinds.NETWORK], ...] = setting(
        (), "Networks that may reach port 22. Nobody if left out: `exec` and `logs` need no port."
    )


def problems(
    section: str, settings: Settings, options: BalancedOptions, managed: Set[str], balanced: Sequence[str], service: str
) -> Iterator[Problem]:
    """What is wrong on whatever cloud. `section`: the target's, such as `slipway:NAME`; `managed`:
    settings of `database` for a managed one alone; `balanced`: those for a load balancer, of which
    the first is its certificate, of that `service`; without any, `zone` is what proves one."""
    if options.instances.min > options.instances.max:
        found = f"{options.instances.min} and {options.instances.max}"
        yield f"{section}.instances", f"wanted a min that is at most max, found {found}"
    engine = settings.database.engine
    if options.is_fleet and settings.database.placement == "same-host" and engine != "none":
        choice = "postgres or mysql" if engine == "sqlite" else engine
        wanted = f"wanted own-host, managed or external ({choice}), as servers behind a load balancer come and go"
        yield "slipway:database.placement", f"{wanted}, found 'same-host'"
    data_disk = options.data_disk if isinstance(options, CloudOptions) else None
    if data_disk and (options.is_fleet or settings.database.placement != "same-host"):
        found = "a fleet" if options.is_fleet else f"{settings.database.placement!r}"
        wanted = "wanted one server, with slipway:database.placement: same-host"
        yield f"{section}.dataDisk", f"{wanted}, found {found}; leave it out"
    if options.network.nat and options.network.vpc is not None:
        wanted = f"wanted false with {section}.network.vpc, whose routes are yours"
        yield f"{section}.network.nat", f"{wanted}, found {shown(options.network.nat)}; leave vpc out, or nat"
    yield from _zone_problems(section, settings, options)
    if options.is_fleet and settings.tls.certificate:
        wanted = f"wanted none behind a load balancer (instances.max over 1), which takes one of {service}"
        yield "slipway:tls.certificate", f"{wanted}: {section}.{to_camel((*balanced, 'zone')[0])}; leave it out"
    for name in balanced if not options.is_fleet else ():
        if getattr(options, name):
            yield f"{section}.{to_camel(name)}", "wanted a load balancer with it (instances.max over 1), found one server; leave it out"
    for name in sorted(managed & options.database.model_fields_set if settings.database.placement != "managed" else ()):
        where = f"{section}.database.{to_camel(name)}"
        yield where, "wanted slipway:database.placement: managed with it, found another one; leave it out"


def subnet_problems(
    section: str, options: BalancedOptions, given: Mapping[str, Sequence[str]], several: Sequence[str]
) -> Iterator[Problem]:
    """What is wrong in settings of `network` that hold ids of subnets, each in one zone. `several`:
    those that a single one never does for; a fleet needs two of each."""
    for key, ids in given.items():
        if ids and options.network.vpc is None:
            yield f"{section}.network.{key}", f"wanted none without {section}.network.vpc, found {len(ids)}; set vpc too"
        if len(ids) == 1 and (key in several or options.is_fleet):
            yield f"{section}.network.{key}", "wanted subnets of two zones at least, found one"


def _zone_problems(section: str, settings: Settings, options: BalancedOptions) -> Iterator[Problem]:
    domain, zone = settings.domain, options.zone
    if zone and not domain:
        yield "slipway:domain", f"wanted a name in the zone {zone} ({section}.zone), found none"
    elif zone and domain and domain != zone and not domain.endswith(f".{zone}"):
        yield f"{section}.zone", f"wanted the zone that slipway:domain ({domain}) is in, found {shown(zone)}"
    for at, name in enumerate(settings.http.redirect_domains if zone and options.is_fleet else ()):
        if not f".{name}".endswith(f".{zone}"):
            yield f"slipway:http.redirectDomains[{at}]", f"wanted a name in {section}.zone, which proves it, found {shown(name)}"
