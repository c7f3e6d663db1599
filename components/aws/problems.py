"""What holds between the settings of aws-ec2, and between them and the others."""

import difflib
import re
from collections.abc import Iterator

import pulumi_aws as aws

from components.aws.options import Options
from components.settings import Settings
from components.settings.found import shown
from components.settings.report import Problem

_XEN = re.compile(r"(t1|t2|m[1-4]|c[134]|r[34]|x1e?|d2|h1|i2|p[23]|g3s?|f1)\.")
"""Types of the older kind, where disks have other names."""


def is_fleet(options: Options) -> bool:
    """Several servers, or private ones: behind a load balancer."""
    return options.instances.max > 1 or options.network.nat


def problems(settings: Settings, options: Options) -> Iterator[Problem]:
    """Each that is wrong."""
    yield from _region(options.region)
    if options.instances.min > options.instances.max:
        found = f"{options.instances.min} and {options.instances.max}"
        yield "slipway:aws-ec2.instances", f"wanted a min that is at most max, found {found}"
    yield from _database(settings, options)
    yield from _network(options)
    yield from _domain(settings, options)


def _region(region: str) -> Iterator[Problem]:
    known = [one.value for one in aws.Region]
    if region not in known:
        near = difflib.get_close_matches(region, known, n=1) or ["eu-west-1"]
        yield "slipway:aws-ec2.region", f"wanted a region of AWS, found {shown(region)}; perhaps you meant {near[0]}"


def _database(settings: Settings, options: Options) -> Iterator[Problem]:
    engine, placement = settings.database.engine, settings.database.placement
    if is_fleet(options) and placement == "same-host" and engine != "none":
        choice = "postgres or mysql" if engine == "sqlite" else engine
        wanted = f"wanted own-host, managed or external ({choice}), as servers behind a load balancer come and go"
        yield "slipway:database.placement", f"{wanted}, found 'same-host'"
    if placement == "own-host" and _XEN.match(options.database.instance_type):
        wanted = "wanted a type of the Nitro kind, such as t4g.small"
        yield "slipway:aws-ec2.database.instanceType", f"{wanted}, found {shown(options.database.instance_type)}"


def _network(options: Options) -> Iterator[Problem]:
    network = options.network
    if network.vpc is None:
        for key, value in (("subnets", network.subnets), ("databaseSubnets", network.database_subnets)):
            if value:
                yield f"slipway:aws-ec2.network.{key}", f"wanted none without slipway:aws-ec2.network.vpc, found {len(value)}; set vpc too"
    elif network.nat:
        wanted = "wanted false with slipway:aws-ec2.network.vpc, whose routes are yours"
        yield "slipway:aws-ec2.network.nat", f"{wanted}, found true; leave vpc out, or nat"
    for key, value in (("subnets", network.subnets), ("databaseSubnets", network.database_subnets)):
        if len(value) == 1 and (key == "databaseSubnets" or is_fleet(options)):
            yield f"slipway:aws-ec2.network.{key}", "wanted subnets of two zones at least, found one"


def _domain(settings: Settings, options: Options) -> Iterator[Problem]:
    domain, zone = settings.domain, options.zone
    if zone and not domain:
        yield "slipway:domain", f"wanted a name in the zone {zone} (slipway:aws-ec2.zone), found none"
    elif zone and domain and domain != zone and not domain.endswith(f".{zone}"):
        yield "slipway:aws-ec2.zone", f"wanted the zone that slipway:domain ({domain}) is in, found {shown(zone)}"
    elif domain and not zone and is_fleet(options):
        wanted = "wanted the Route 53 zone of slipway:domain, as the load balancer's certificate is proven by records in it"
        yield "slipway:aws-ec2.zone", f"{wanted}, found none; set it, or leave slipway:domain out"
