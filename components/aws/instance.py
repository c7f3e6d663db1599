"""What every single server is: metadata by token alone, an encrypted disk, named after its id, moved by Amazon when its hardware fails."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.aws import image
from components.aws.tags import ROLE, named

_IGNORED = [
    "ami",  # looked up: the answer changes by itself
    "userData",  # boot data is read once
    "associatePublicIpAddress",  # told otherwise of a server that is stopped, which would replace it
]


@dataclass
class ServerArgs:
    """`image`: `debian-13`, `ubuntu-24.04` or an image's id; `instance_type` decides the architecture; `disk` in GB; `profile`: the
    instance profile's name; `group_ids`: its security groups; `subnet_id` must lead out; `user_data`: `boot.user_data`;
    `public_address`: it has one from the start. `keep`: the app's
    data is on its disk, so it is protected and retained."""

    image: str
    instance_type: str
    disk: int
    subnet_id: pulumi.Input[str]
    group_ids: Sequence[pulumi.Input[str]]
    profile: pulumi.Input[str]
    user_data: pulumi.Input[str]
    tags: Mapping[str, str]
    has_ipv6: bool = False
    public_address: bool = True
    keep: bool = False


def make(name: str, role: str, args: ServerArgs, parent: pulumi.Resource) -> aws.ec2.Instance:
    """An instance whose resource is named after image and architecture as well: another of these makes another server, and only
    then the old one goes."""
    tags = named(args.tags, name, **{ROLE: role})
    keep = args.keep or None
    return aws.ec2.Instance(
        f"{name}-{args.image}-{image.architecture(args.instance_type)}",
        ami=image.find(args.image, args.instance_type, pulumi.InvokeOutputOptions(parent=parent)),
        instance_type=args.instance_type,
        subnet_id=args.subnet_id,
        vpc_security_group_ids=[*args.group_ids],
        iam_instance_profile=args.profile,
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
        disable_api_termination=args.keep,  # said also where it isn't: left out, it would stay as it was
        user_data=args.user_data,
        tags=tags,
        opts=pulumi.ResourceOptions(parent=parent, ignore_changes=_IGNORED, protect=keep, retain_on_delete=keep),
    )
