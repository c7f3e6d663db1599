"""The settings of the target aws-ec2, those of all on Amazon, and what must hold between them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Annotated

import pulumi_aws as aws
from pydantic import Field

from components.blocks.options import SIZE, BalancedOptions, CloudOptions, DatabaseOptions, NetworkOptions, boot_setting, subnet_problems
from components.blocks.options import problems as cloud_problems
from components.errors import shown
from components.settings import BOOT, Settings, kinds, number
from components.settings.kinds import setting
from components.settings.report import Problem

_SECTION = "slipway:aws-ec2"

REGION = kinds.matching("region", "the name of a region, such as eu-west-1", r"[a-z]{2}(-[a-z]+)+-\d")
INSTANCE_TYPE = kinds.matching("instance type", "an instance type, such as t4g.small", r"[a-z][a-z0-9-]*\.[a-z0-9-]+")
IMAGE = kinds.matching(
    "image", "debian-13, ubuntu-24.04, or an image's id such as ami-0123456789abcdef0", r"debian-13|ubuntu-24\.04|ami-[0-9a-f]{8,17}"
)
VPC = kinds.matching("network", "default, or the id of a VPC such as vpc-0123456789abcdef0", r"default|vpc-[0-9a-f]{8,17}")
VERSION = kinds.matching("version", 'an engine\'s major version in quotes, such as "17" or "8.4"', r"[0-9]{1,2}(\.[0-9])?")
SUBNET = kinds.matching("subnet", "the id of a subnet, such as subnet-0123456789abcdef0", r"subnet-[0-9a-f]{8,17}")
_MANAGED = {"version", "multi_az", "backup_days", "apply_now"}
_DUMPED = {"debian-13": 17, "ubuntu-24.04": 16}
"""The newest PostgreSQL that an image's pg_dump reads."""


_ACCOUNT = kinds.matching("account", "the number of an account, 12 digits in quotes", r"[0-9]{12}")
ACCOUNT = replace(_ACCOUNT, check=lambda value: _ACCOUNT.check(str(value)))
PROFILE = kinds.matching("profile", "the name of a profile of the AWS command line", r"[A-Za-z0-9_.@+/-]{1,128}")
_CERTIFICATE_ARN = r"arn:aws[a-z-]*:acm:[a-z0-9-]+:[0-9]{12}:certificate/[a-z0-9-]+"
CERTIFICATE = kinds.matching("certificate", "the ARN of a certificate in ACM", _CERTIFICATE_ARN)
_TAG = r"[\w +\-=.:/@]"
TAG = kinds.matching(
    "tag", "a tag of at most 128 letters that neither AWS nor Slipway has", rf"(?!(?i:aws:|slipway:)|(project|stack|Name)$){_TAG}{{1,128}}"
)
TAG_VALUE = kinds.matching("text", "a tag's value, of at most 256 letters, digits, spaces and + - = . : / @", rf"{_TAG}{{0,256}}")


class AwsNetworkOptions(NetworkOptions):
    """slipway:aws-ec2.network"""

    vpc: Annotated[str, VPC] | None = setting(None, "An existing network by its id, or `default`. One of its own if left out.")
    subnets: tuple[Annotated[str, SUBNET], ...] = setting(
        (), "The subnets of `vpc` for servers and load balancer, of two zones. Found if left out: those with public addresses."
    )
    server_subnets: tuple[Annotated[str, SUBNET], ...] = setting(
        (), "Private subnets of `vpc` for servers, with a way out; `subnets` are the load balancer's. As those if left out."
    )
    database_subnets: tuple[Annotated[str, SUBNET], ...] = setting(
        (), "The subnets of `vpc` for a managed database, of two zones. As `subnets` if left out."
    )

    @property
    def is_private(self) -> bool:
        return super().is_private or bool(self.server_subnets)


class AwsDatabaseOptions(DatabaseOptions):
    """slipway:aws-ec2.database"""

    instance_type: Annotated[str, INSTANCE_TYPE] = setting("t4g.small", "Of its server; a managed one is `db.` of that.")
    version: Annotated[str, VERSION] | None = setting(
        None, "A managed one's engine, in quotes. 17 or 8.4 if left out; another one is an upgrade, with no way back."
    )
    multi_az: Annotated[bool, kinds.SWITCH] = setting(False, "A managed one has a second one in another zone. Priced.")
    backup_days: Annotated[int, number(1, 35)] = setting(7, "Days of a managed one's own backups: each moment in them can be restored.")
    apply_now: Annotated[bool, kinds.SWITCH] = setting(
        False, "What restarts a managed one is done at once, not in its next maintenance window."
    )


class AwsOptions(BalancedOptions):
    """What the section of any target on Amazon has."""

    region: Annotated[str, REGION] = Field(description="Where all of it is.", json_schema_extra=BOOT)
    account: Annotated[str, ACCOUNT] | None = setting(
        None, "The account that it may be in. With credentials of another one nothing is done, nor shown."
    )
    profile: Annotated[str, PROFILE] | None = setting(
        None, "A profile of the AWS command line. As that would find credentials if left out (`AWS_PROFILE`)."
    )
    tags: Mapping[Annotated[str, TAG], Annotated[str, TAG_VALUE]] = setting(
        {}, "Tags of your own on all that is made; `owner` takes the place of Slipway's."
    )
    instance_type: Annotated[str, INSTANCE_TYPE] = boot_setting("t4g.small", SIZE)
    network: AwsNetworkOptions = boot_setting(AwsNetworkOptions(), "Where they stand.")
    zone: Annotated[str, kinds.DOMAIN] | None = setting(None, "The Route 53 zone that `slipway:domain` is set in.")
    certificate: Annotated[str, CERTIFICATE] | None = setting(
        None, "The load balancer's certificate of ACM, by its ARN. One is made, in `zone`, if left out."
    )
    database: AwsDatabaseOptions = setting(AwsDatabaseOptions(), "The database's server, own or managed.")


class Options(AwsOptions, CloudOptions):
    """slipway:aws-ec2"""

    image: Annotated[str, IMAGE] = boot_setting("debian-13", "What servers start from.")


def problems(settings: Settings, options: Options) -> Iterator[Problem]:
    """What is wrong in them."""
    yield from aws_problems(_SECTION, settings, options, ["certificate"])
    yield from _managed_problems(settings, options)


def aws_problems(section: str, settings: Settings, options: AwsOptions, balanced: Sequence[str]) -> Iterator[Problem]:
    """What is wrong in any target's settings on Amazon; arguments as those of `cloud_problems`."""
    yield from cloud_problems(section, settings, options, _MANAGED, balanced, "ACM")
    known = [one.value for one in aws.Region]
    if options.region not in known:
        yield f"{section}.region", f"wanted a region of AWS, such as eu-west-1, found {shown(options.region)}"
    network = options.network
    given = {"subnets": network.subnets, "serverSubnets": network.server_subnets, "databaseSubnets": network.database_subnets}
    yield from subnet_problems(section, options, given, several=["databaseSubnets"])
    if network.server_subnets and network.vpc and not network.subnets:
        wanted = "wanted the load balancer's public subnets beside serverSubnets"
        yield f"{section}.network.subnets", f"{wanted}, found none; set them"
    if settings.domain and not options.zone and not options.certificate and options.is_fleet:
        wanted = "wanted the Route 53 zone of slipway:domain, as the load balancer's certificate is proven by records in it"
        yield f"{section}.zone", f"{wanted}, found none; set it, or certificate, or leave slipway:domain out"
    if options.certificate and (not settings.domain or f":{options.region}:" not in options.certificate):
        wanted = f"wanted one of {options.region} for slipway:domain"
        yield f"{section}.certificate", f"{wanted}, found {shown(options.certificate)} for {shown(settings.domain)}; mend one of them"


def _managed_problems(settings: Settings, options: Options) -> Iterator[Problem]:
    database, where, newest = options.database, f"{_SECTION}.database", _DUMPED.get(options.image, 99)
    if settings.database.placement == "managed" and settings.database.engine == "postgres" and float(database.version or 0) > newest:
        yield f"{where}.version", f"wanted {newest} or older, as pg_dump of {options.image} reads no newer, found {database.version}"
