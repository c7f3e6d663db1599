"""The settings of the target aws-ec2, slipway:aws-ec2."""

from typing import Annotated, Literal

from pydantic import Field

from components.blocks import options
from components.settings import BOOT, kinds

REGION = kinds.matching("region", "the name of a region, such as eu-west-1", r"[a-z]{2}(-[a-z]+)+-\d")
INSTANCE_TYPE = kinds.matching("instance type", "an instance type, such as t4g.small", r"[a-z][a-z0-9-]*\.[a-z0-9-]+")
IMAGE = kinds.matching(
    "image", "debian-13, ubuntu-24.04, or an image's id such as ami-0123456789abcdef0", r"debian-13|ubuntu-24\.04|ami-[0-9a-f]{8,17}"
)
VPC = kinds.matching("network", "default, or the id of a VPC such as vpc-0123456789abcdef0", r"default|vpc-[0-9a-f]{8,17}")
SUBNET = kinds.matching("subnet", "the id of a subnet, such as subnet-0123456789abcdef0", r"subnet-[0-9a-f]{8,17}")


class Network(options.Network):
    """slipway:aws-ec2.network"""

    vpc: Annotated[str, VPC] | None = Field(
        default=None, description="An existing network by its id, or `default`. One of its own if left out."
    )
    subnets: tuple[Annotated[str, SUBNET], ...] = Field(
        default=(),
        description="The subnets of `vpc` for servers and load balancer, of two zones. Found if left out: those with public addresses.",
    )
    database_subnets: tuple[Annotated[str, SUBNET], ...] = Field(
        default=(), description="The subnets of `vpc` for a managed database, of two zones. As `subnets` if left out."
    )


class Database(options.Database):
    """slipway:aws-ec2.database"""

    instance_type: Annotated[str, INSTANCE_TYPE] = Field(default="t4g.small", description="Of its server; a managed one is `db.` of that.")


class Options(options.Options):
    """slipway:aws-ec2"""

    region: Annotated[str, REGION] = Field(description="Where all of it is.", json_schema_extra=BOOT)
    instance_type: Annotated[str, INSTANCE_TYPE] = Field(
        default="t4g.small",
        description="The size of a web server; what it is built of decides between ARM and x86 images.",
        json_schema_extra=BOOT,
    )
    image: Annotated[str, IMAGE] = Field(default="debian-13", description="What servers start from.", json_schema_extra=BOOT)
    network: Network = Field(default=Network(), description="Where they stand.", json_schema_extra=BOOT)
    zone: Annotated[str, kinds.DOMAIN] | None = Field(default=None, description="The Route 53 zone that `slipway:domain` is set in.")
    database: Database = Field(default=Database(), description="The database's server, own or managed.")
    logs: Literal[1, 3, 5, 7, 14, 30, 60, 90, 180, 365] | None = Field(
        default=None, description="Days that CloudWatch keeps the hosts' logs. None there if left out."
    )
