"""The settings of the target gcp-vm, and what must hold between them and the others."""

from collections.abc import Iterator, Mapping
from typing import Annotated

from pydantic import Field

from components.blocks.options import DATA_DISK, SIZE, CloudOptions, DatabaseOptions, NetworkOptions, boot_setting
from components.blocks.options import problems as cloud_problems
from components.errors import shown
from components.settings import BOOT, Settings, kinds, number
from components.settings.kinds import setting
from components.settings.report import Problem

SECTION = "slipway:gcp-vm"
_WORD = r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?"
_PROJECT = r"[a-z][a-z0-9-]{4,28}[a-z0-9]"
_IN_PROJECT = rf"(projects/{_PROJECT}/[a-z0-9/-]+/)?{_WORD}"
_REGION = r"[a-z]+-[a-z]+[0-9]+"
PROJECT = kinds.matching("project", "the id of a project, such as shop-123456", _PROJECT)
REGION = kinds.matching("region", "the name of a region, such as europe-west1", _REGION)
ZONE = kinds.matching("zone", "the name of a zone, such as europe-west1-b", rf"{_REGION}-[a-z]")
INSTANCE_TYPE = kinds.matching("machine type", "a machine type, such as e2-small", r"[a-z][0-9]+[a-z]?-[a-z0-9-]*[a-z0-9]")
_IMAGE = "debian-13, ubuntu-24.04, or an image's path such as projects/shop-123456/global/images/web-7"
IMAGE = kinds.matching("image", _IMAGE, rf"debian-13|ubuntu-24\.04|projects/{_PROJECT}/global/images/(family/)?{_WORD}")
VPC = kinds.matching("network", "a VPC network's name, or path projects/…/global/networks/…", _IN_PROJECT)
SUBNET = kinds.matching("subnet", "a subnet's name, or path projects/…/regions/…/subnetworks/…", _IN_PROJECT)
CLASS = kinds.matching("tier", "a tier of Cloud SQL, such as db-custom-1-3840", r"db-(f1-micro|g1-small|custom-[0-9]+-[0-9]+)")
_TAG = "a label of small letters, digits, - and _, at most 63, that neither Google nor Slipway has"
TAG = kinds.matching("label", _TAG, r"(?!goog|slipway-|(project|stack)$)[a-z][a-z0-9_-]{0,62}")
TAG_VALUE = kinds.matching("text", "a label's value of small letters, digits, - and _, at most 63", r"[a-z0-9_-]{0,63}")
_DISK = number(10, 16384, "GB")  # the least of Google's images is 10
_MANAGED = {"instance_class", "standby"}  # settings of a managed database alone


class GcpNetworkOptions(NetworkOptions):
    """slipway:gcp-vm.network"""

    vpc: Annotated[str, VPC] | None = setting(None, "An existing network by its name or path; one of its own if left out.")
    subnet: Annotated[str, SUBNET] | None = setting(None, "The subnet of `vpc` that servers stand in, by its name or path.")
    zones: tuple[Annotated[str, ZONE], ...] = setting(
        (), "Zones that servers stand in, at most three; single ones in the first. The region's first ones if left out."
    )
    nat: Annotated[bool, kinds.SWITCH] = setting(
        False, "Servers without public addresses, behind a load balancer: they go out by Cloud NAT. Priced."
    )


class GcpDatabaseOptions(DatabaseOptions):
    """slipway:gcp-vm.database"""

    instance_type: Annotated[str, INSTANCE_TYPE] = setting("e2-small", "The size of its own server.")
    instance_class: Annotated[str, CLASS] = setting("db-custom-1-3840", "The size of a managed one: its tier.")
    standby: Annotated[bool, kinds.SWITCH] = setting(False, "A managed one has a second one in another zone. Priced.")


class Options(CloudOptions):
    """slipway:gcp-vm"""

    project: Annotated[str, PROJECT] = Field(description="The project that all of it is in, by its id.", json_schema_extra=BOOT)
    region: Annotated[str, REGION] = Field(description="Where all of it is.", json_schema_extra=BOOT)
    tags: Mapping[Annotated[str, TAG], Annotated[str, TAG_VALUE]] = setting(
        {}, "Labels of your own on all that is made; `owner` takes the place of Slipway's."
    )
    instance_type: Annotated[str, INSTANCE_TYPE] = boot_setting("e2-small", SIZE)
    image: Annotated[str, IMAGE] = boot_setting("debian-13", "What servers start from.")
    disk: Annotated[int, _DISK] = boot_setting(16, "A web server's disk.")
    data_disk: Annotated[int, _DISK] | None = boot_setting(None, DATA_DISK)
    network: GcpNetworkOptions = boot_setting(GcpNetworkOptions(), "Where they stand.")
    ssh: tuple[Annotated[str, kinds.NETWORK], ...] = setting(
        (), "Networks that may reach port 22 beside Identity-Aware Proxy, by which all commands come."
    )
    zone: Annotated[str, kinds.DOMAIN] | None = setting(
        None, "The domain, with a public zone in Cloud DNS, that `slipway:domain` is set in."
    )
    database: GcpDatabaseOptions = setting(GcpDatabaseOptions(), "The database's server, own or managed.")
    logs: Annotated[bool, kinds.SWITCH] = setting(
        False, "What servers write goes to Cloud Logging, how full memory and disks are to Monitoring. Priced."
    )


def problems(settings: Settings, options: Options) -> Iterator[Problem]:
    """What is wrong in them."""
    yield from cloud_problems(SECTION, settings, options, _MANAGED, [], "Google's own")
    network, database = options.network, settings.database
    if network.vpc and not network.subnet:
        yield f"{SECTION}.network.subnet", f"wanted the subnet of {network.vpc}, found none; set it"
    if network.subnet and not network.vpc:
        wanted = f"wanted none without {SECTION}.network.vpc"
        yield f"{SECTION}.network.subnet", f"{wanted}, found {shown(network.subnet)}; set vpc too"
    for at, zone in enumerate(network.zones):
        if not zone.startswith(f"{options.region}-") or zone in network.zones[:at] or at > 2:
            wanted = f"wanted up to three zones of {options.region}, each once"
            yield f"{SECTION}.network.zones[{at}]", f"{wanted}, found {shown(zone)}; mend that"
    if settings.domain and options.is_fleet and not options.zone:
        wanted = "wanted the zone in Cloud DNS of slipway:domain, as the load balancer's certificate is proven by records in it"
        yield f"{SECTION}.zone", f"{wanted}, found none; set it, or leave slipway:domain out"
    if options.image == "ubuntu-24.04" and database.placement == "managed" and database.engine == "postgres":
        wanted = "wanted debian-13 with a managed PostgreSQL, which is 17, as pg_dump of ubuntu-24.04 reads no newer than 16"
        yield f"{SECTION}.image", f"{wanted}, found {shown(options.image)}; change it"
    if options.image == "ubuntu-24.04" and options.logs:
        wanted = f"wanted debian-13 with {SECTION}.logs, as Google puts its agent on no Ubuntu"
        yield f"{SECTION}.image", f"{wanted}, found {shown(options.image)}; change it, or leave logs out"
