"""The image that servers start from, of the right architecture."""

import re
from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from components.aws.common import filters
from components.errors import UsageError

_ARM = re.compile(r"(a1|[a-z]+\d+g[a-z-]*)\.")
"""Amazon's own processors: a `g` after the generation, as in t4g, c7gn, m6gd; and a1. Not g4dn."""
_IMAGES = {
    # Debian's and Canonical's own accounts: anybody may give an image such a name.
    "debian-13": ("136693071363", "debian-13-{arch}-*"),
    "ubuntu-24.04": ("099720109477", "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-{arch}-server-*"),
}
_ARCHITECTURES = {"arm64": "arm64", "amd64": "x86_64"}
_ASKED = ["self", "amazon", "aws-marketplace", *(owner for owner, _ in _IMAGES.values())]
"""The owners of images that are looked at: a request has to name some."""


def architecture(instance_type: str) -> str:
    """The processor's architecture by Debian's name: `arm64` or `amd64`."""
    return "arm64" if _ARM.match(instance_type) else "amd64"


def find(server: str, image: str, instance_type: str, parent: pulumi.Resource) -> pulumi.Output[str]:
    """The id of the newest image of that name (`debian-13`, `ubuntu-24.04`) for that type; an id is
    one already. `server`: what it is for.

    Raises `UsageError` as the program runs where AWS says that the image of that id is for another
    architecture."""
    opts, arch = pulumi.InvokeOutputOptions(parent=parent), architecture(instance_type)
    wanted = _ARCHITECTURES[arch]
    if image in _IMAGES:
        owner, pattern = _IMAGES[image]
        fitting = filters({"name": pattern.format(arch=arch), "architecture": wanted, "virtualization-type": "hvm"})
        return aws.ec2.get_ami_output(most_recent=True, owners=[owner], filters=fitting, opts=opts).id
    # Whether it is one for another architecture is asked: an image that nobody may see, or that was
    # withdrawn since, gives no answer, and is no reason against a server that was started from it.
    (other,) = {*_ARCHITECTURES.values()} - {wanted}
    found = filters({"image-id": image, "architecture": other})
    answer = aws.ec2.get_ami_ids_output(owners=_ASKED, include_deprecated=True, filters=found, opts=opts)

    def checked(ids: Sequence[str]) -> str:
        if image not in ids:
            return image
        how = f"set an image for {wanted}, or an instance type of {other}"
        raise UsageError(f"{server}: image: wanted one for {wanted} ({instance_type}), found {image} for {other}; {how}")

    return answer.ids.apply(checked)
