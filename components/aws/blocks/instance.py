"""What every single server is: metadata by token alone, an encrypted disk, named after its id, moved by Amazon when its hardware fails."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.aws.blocks import image
from components.aws.tags import named
from components.blocks.block import ROLE, Args, Tags

_IGNORED = [
    "ami",  # looked up: the answer changes by itself
    "userData",  # boot data is read once
    "associatePublicIpAddress",  # told otherwise of a server that is stopped, which would replace it
]


@dataclass(kw_only=True)
class ServerArgs(Args):
    """Of one server."""

    image: str
    """`debian-13`, `ubuntu-24.04` or an image's id. Another one makes another server; a newer one of that name doesn't."""
    instance_type: str
    """Such as `t4g.small`. It decides between images for ARM and for x86."""
    disk: pulumi.Input[int]
    """The system's, in GB."""
    subnet_id: pulumi.Input[str]
    """Where it stands: a subnet that leads out."""
    group_ids: Sequence[pulumi.Input[str]]
    """Its security groups."""
    profile_name: pulumi.Input[str]
    """Its instance profile, as `HostRole` puts it out."""
    user_data: pulumi.Input[str]
    """What it boots with: `HostRole`'s, or your own. Read once: another one changes nothing of a server that is there."""
    has_ipv6: bool | None = None
    """It has an IPv6 address, as its subnet has them."""
    public_address: bool | None = True
    """It has a public IPv4 address from the start."""
    tags: Tags | None = None
    """On all that is made."""


def make(name: str, role: str, args: ServerArgs, parent: pulumi.Resource, keep: bool | None = None) -> aws.ec2.Instance:
    """An instance whose resource is named after image and architecture as well: another of these makes another server, and only
    then the old one goes. `keep`: there is data on it."""
    tags = named(args.tags, name, **{ROLE: role})
    keep = keep or None
    return aws.ec2.Instance(
        f"{name}-{args.image}-{image.architecture(args.instance_type)}",
        ami=image.find(name, args.image, args.instance_type, parent),
        instance_type=args.instance_type,
        subnet_id=args.subnet_id,
        vpc_security_group_ids=[*args.group_ids],
        iam_instance_profile=args.profile_name,
        associate_public_ip_address=args.public_address,
        ipv6_address_count=1 if args.has_ipv6 else None,
        private_dns_name_options=aws.ec2.InstancePrivateDnsNameOptionsArgs(hostname_type="resource-name"),
        metadata_options=aws.ec2.InstanceMetadataOptionsArgs(
            http_endpoint="enabled", http_tokens="required", http_put_response_hop_limit=1
        ),
        maintenance_options=aws.ec2.InstanceMaintenanceOptionsArgs(auto_recovery="default"),
        root_block_device=aws.ec2.InstanceRootBlockDeviceArgs(
            volume_size=args.disk, volume_type="gp3", encrypted=True, delete_on_termination=True, tags=tags
        ),
        disable_api_termination=bool(keep),  # said also where it isn't: left out, it would stay as it was
        user_data=args.user_data,
        tags=tags,
        opts=pulumi.ResourceOptions(parent=parent, ignore_changes=_IGNORED, protect=keep, retain_on_delete=keep),
    )
