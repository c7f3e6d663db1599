"""The settings of the target alicloud-ecs, and what must hold between them and the others."""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated

from pydantic import Field
from pydantic.alias_generators import to_camel

from components.blocks.options import DATA_DISK, SIZE, CloudOptions, DatabaseOptions, NetworkOptions, boot_setting, subnet_problems
from components.blocks.options import problems as cloud_problems
from components.errors import shown
from components.settings import BOOT, Settings, kinds, number
from components.settings.kinds import setting
from components.settings.report import Problem

SECTION = "slipway:alicloud-ecs"
REGION = kinds.matching("region", "the name of a region, such as ap-southeast-1", r"(cn|ap|us|eu|me|na|sa)-[a-z]+(-[a-z]+)?(-\d)?")
INSTANCE_TYPE = kinds.matching("instance type", "an instance type, such as ecs.u1-c1m2.large", r"ecs\.[a-z0-9-]+\.[a-z0-9-]+")
IMAGE = kinds.matching(
    "image", "debian-13, ubuntu-24.04, or an image's id", r"debian-13|ubuntu-24\.04|m-[a-z0-9]{20}|[a-z]+_[a-z0-9_]+\.vhd"
)
ACCOUNT = kinds.matching("account", "the number of an account, 16 digits in quotes", r"[0-9]{16}")
PROFILE = kinds.matching("profile", "the name of a profile of the aliyun command line", r"[A-Za-z0-9_.@-]{1,128}")
VPC = kinds.matching("network", "the id of a VPC, such as vpc-0xi0123456789abcdefgh", r"vpc-[a-z0-9]{8,30}")
SUBNET = kinds.matching("vswitch", "the id of a vswitch, such as vsw-0xi0123456789abcdefgh", r"vsw-[a-z0-9]{8,30}")
CLASS = kinds.matching("class", "a class of ApsaraDB RDS, such as mysql.n2.medium.1", r"[a-z0-9]+(\.[a-z0-9]+)+")
CERTIFICATE = kinds.matching("certificate", "the id of a certificate in the certificate service", r"[0-9]+-[a-z0-9-]+")
ENDPOINT = kinds.matching("address", "an address such as https://files.example.com", r"https://[a-z0-9.-]+")
FILE = kinds.matching("path", "the path of a file", r"\S.*")
_TAG = r"(?!(?i:aliyun|acs:|http://|https://|slipway:)|(project|stack)$).{1,128}"
TAG = kinds.matching("tag", "a tag of at most 128 letters that neither Alibaba Cloud nor Slipway has", _TAG)
TAG_VALUE = kinds.matching("text", "a tag's value of at most 128 letters", r"(?!(?i:https?://)).{0,128}")
_LONGEST_ANSWER = 590  # seconds: a load balancer waits for 600, and must do so for longer (`fronts.idle_timeout`)
_MANAGED = ("instance_class", "authority")  # what a managed database can't do without
_DISK = number(20, 16384, "GB")  # the least of the cloud's disks is 20


class AlicloudNetworkOptions(NetworkOptions):
    """slipway:alicloud-ecs.network"""

    vpc: Annotated[str, VPC] | None = setting(None, "An existing network by its id; one of its own if left out.")
    subnets: tuple[Annotated[str, SUBNET], ...] = setting((), "The vswitches of `vpc` that servers stand in: of two zones for a fleet.")


class AlicloudDatabaseOptions(DatabaseOptions):
    """slipway:alicloud-ecs.database"""

    instance_type: Annotated[str, INSTANCE_TYPE] = setting("ecs.u1-c1m2.large", "The size of its own server.")
    instance_class: Annotated[str, CLASS] | None = setting(None, "The size of a managed one, such as `mysql.n2.medium.1`.")
    authority: Annotated[str, FILE] | None = setting(
        None, "A file with the certificates that sign a managed one's (PEM), as its console gives them (ApsaraDB-CA-Chain)."
    )
    standby: Annotated[bool, kinds.SWITCH] = setting(False, "A managed one has a second one that takes over. Priced.")


class Options(CloudOptions):
    """slipway:alicloud-ecs"""

    region: Annotated[str, REGION] = Field(description="Where all of it is.", json_schema_extra=BOOT)
    account: Annotated[str, ACCOUNT] | None = setting(
        None, "The account that it may be in. With credentials of another one its servers aren't asked, nor shown."
    )
    profile: Annotated[str, PROFILE] | None = setting(
        None, "A profile of the aliyun command line. As that would find credentials if left out (`ALIBABA_CLOUD_PROFILE`)."
    )
    store_endpoint: Annotated[str, ENDPOINT] | None = setting(
        None, "A domain of the release store's bucket for whoever launches: mainland regions refuse the common one."
    )
    tags: Mapping[Annotated[str, TAG], Annotated[str, TAG_VALUE]] = setting(
        {}, "Tags of your own on all that is made; `owner` takes the place of Slipway's."
    )
    instance_type: Annotated[str, INSTANCE_TYPE] = boot_setting("ecs.u1-c1m2.large", SIZE)
    image: Annotated[str, IMAGE] = boot_setting("debian-13", "What servers start from.")
    disk: Annotated[int, _DISK] = boot_setting(20, "A web server's disk.")
    data_disk: Annotated[int, _DISK] | None = boot_setting(None, DATA_DISK)
    network: AlicloudNetworkOptions = boot_setting(AlicloudNetworkOptions(), "Where they stand.")
    zone: Annotated[str, kinds.DOMAIN] | None = setting(None, "The domain in Alibaba Cloud DNS that `slipway:domain` is set in.")
    certificate: Annotated[str, CERTIFICATE] | None = setting(
        None, "The load balancer's certificate, by its id in the certificate service: of the domain, and renewed by you."
    )
    database: AlicloudDatabaseOptions = setting(AlicloudDatabaseOptions(), "The database's server, own or managed.")


def problems(settings: Settings, options: Options) -> Iterator[Problem]:
    """What is wrong in them."""
    yield from cloud_problems(SECTION, settings, options, {*_MANAGED, "standby"}, ["certificate"], "the certificate service")
    network, domain = options.network, settings.domain
    yield from subnet_problems(SECTION, options, {"subnets": network.subnets}, several=[])
    if network.vpc and not network.subnets:
        yield f"{SECTION}.network.subnets", f"wanted vswitches of {network.vpc}, found none; set them"
    if options.instances.requests != type(options.instances)().requests:
        wanted = "wanted none, as this target adds servers by their processors alone"
        yield f"{SECTION}.instances.requests", f"{wanted}, found {options.instances.requests}; leave it out"
    if domain and options.is_fleet and not options.certificate:
        wanted = "wanted the load balancer's certificate, as slipway:domain is set"
        yield f"{SECTION}.certificate", f"{wanted}, found none; set its id, or leave slipway:domain out"
    if options.is_fleet and settings.server.timeout > _LONGEST_ANSWER:
        wanted = f"wanted at most {_LONGEST_ANSWER} seconds behind a load balancer, which waits no longer"
        yield "slipway:server.timeout", f"{wanted}, found {settings.server.timeout}; make it shorter"
    if options.is_fleet and options.zone and domain == options.zone:
        wanted = "wanted a name below the zone, as a load balancer's is an alias, which the zone itself can't be"
        yield "slipway:domain", f"{wanted}, found {shown(domain)}; take www.{options.zone}, say"
    if re.match("cn-(?!hongkong)", options.region) and not options.store_endpoint:
        wanted = f"wanted a domain of the bucket's own, as OSS refuses its common address in {options.region}"
        yield f"{SECTION}.storeEndpoint", f"{wanted}, found none; bind one to the bucket (docs/targets/alicloud-ecs.md), and set it"
    yield from _managed_problems(settings, options)


def _managed_problems(settings: Settings, options: Options) -> Iterator[Problem]:
    where, is_managed = f"{SECTION}.database", settings.database.placement == "managed"
    for name in _MANAGED:
        if is_managed and not getattr(options.database, name):
            yield f"{where}.{to_camel(name)}", "wanted it with slipway:database.placement: managed, found none; set it"
