"""What holds between the settings of aws-ec2, and between them and the others."""

import difflib
import re
from collections.abc import Iterator

import pulumi_aws as aws

from components.aws.stack.options import Options
from components.blocks import problems as blocks
from components.settings import Settings
from components.settings.found import shown
from components.settings.report import Problem

_SECTION = "slipway:aws-ec2"
_XEN = re.compile(r"(t1|t2|m[1-4]|c[134]|r[34]|x1e?|d2|h1|i2|p[23]|g3s?|f1)\.")
"""Types of the older kind, where disks have other names."""


def problems(settings: Settings, options: Options) -> Iterator[Problem]:
    """Each that is wrong."""
    yield from _region(options.region)
    yield from blocks.problems(_SECTION, settings, options)
    given = {"subnets": options.network.subnets, "databaseSubnets": options.network.database_subnets}
    yield from blocks.subnets(_SECTION, options, given, several=["databaseSubnets"])
    if settings.database.placement == "own-host" and _XEN.match(options.database.instance_type):
        wanted = "wanted a type of the Nitro kind, such as t4g.small"
        yield f"{_SECTION}.database.instanceType", f"{wanted}, found {shown(options.database.instance_type)}"
    if settings.domain and not options.zone and options.is_fleet:
        wanted = "wanted the Route 53 zone of slipway:domain, as the load balancer's certificate is proven by records in it"
        yield f"{_SECTION}.zone", f"{wanted}, found none; set it, or leave slipway:domain out"


def _region(region: str) -> Iterator[Problem]:
    known = [one.value for one in aws.Region]
    if region not in known:
        near = difflib.get_close_matches(region, known, n=1) or ["eu-west-1"]
        yield f"{_SECTION}.region", f"wanted a region of AWS, found {shown(region)}; perhaps you meant {near[0]}"
