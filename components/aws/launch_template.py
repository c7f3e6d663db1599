"""What every host of a fleet is started from."""

import base64
from typing import Protocol

import pulumi
import pulumi_aws as aws

from components.aws import image
from components.aws.tags import named
from components.blocks.block import child
from components.blocks.tags import ROLE, Tags


class Hosts(Protocol):
    """What a template is made of; `WebFleetArgs` has it, and says what each is."""

    image: str
    instance_type: str
    disk: pulumi.Input[int]
    group_id: pulumi.Input[str]
    profile_arn: pulumi.Input[str]
    user_data: pulumi.Input[str]
    public_address: bool | None
    tags: Tags | None


def make(name: str, args: Hosts, parent: pulumi.Resource) -> aws.ec2.LaunchTemplate:
    """A template whose resource is named after image and architecture as well: another of these makes another template. The image itself
    is ignored once the template is there: the answer of the look-up changes by itself."""
    found = image.find(name, args.image, args.instance_type, parent)
    tags = named(args.tags, name, **{ROLE: "web"})
    of = "instance", "volume", "network-interface"
    return aws.ec2.LaunchTemplate(
        f"{name}-{args.image}-{image.architecture(args.instance_type)}",
        image_id=found,
        instance_type=args.instance_type,
        iam_instance_profile=aws.ec2.LaunchTemplateIamInstanceProfileArgs(arn=args.profile_arn),
        user_data=pulumi.Output.from_input(args.user_data).apply(_encoded),
        network_interfaces=[_interface(args)],
        block_device_mappings=[_root_disk(found, args.disk, parent)],
        metadata_options=aws.ec2.LaunchTemplateMetadataOptionsArgs(
            http_endpoint="enabled", http_tokens="required", http_put_response_hop_limit=1
        ),
        private_dns_name_options=aws.ec2.LaunchTemplatePrivateDnsNameOptionsArgs(hostname_type="resource-name"),
        tag_specifications=[aws.ec2.LaunchTemplateTagSpecificationArgs(resource_type=one, tags=tags) for one in of],
        tags=named(args.tags, name),
        opts=child(parent, ignore=("imageId",)),
    )


def _interface(args: Hosts) -> aws.ec2.LaunchTemplateNetworkInterfaceArgs:
    """IPv6 addresses come from the subnet, where it has any."""
    return aws.ec2.LaunchTemplateNetworkInterfaceArgs(
        device_index=0,
        associate_public_ip_address="true" if args.public_address else "false",
        delete_on_termination="true",
        security_groups=[args.group_id],
    )


def _root_disk(found: pulumi.Output[str], size: pulumi.Input[int], parent: pulumi.Resource) -> aws.ec2.LaunchTemplateBlockDeviceMappingArgs:
    """Under the name that the image has for it: any other one would be a second disk, and the first stay small and unencrypted."""
    lookup = pulumi.InvokeOutputOptions(parent=parent)
    by_id = found.apply(lambda one: [aws.ec2.GetAmiFilterArgs(name="image-id", values=[one])])
    return aws.ec2.LaunchTemplateBlockDeviceMappingArgs(
        device_name=aws.ec2.get_ami_output(filters=by_id, include_deprecated=True, opts=lookup).root_device_name,
        ebs=aws.ec2.LaunchTemplateBlockDeviceMappingEbsArgs(
            volume_size=size, volume_type="gp3", encrypted="true", delete_on_termination="true"
        ),
    )


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
