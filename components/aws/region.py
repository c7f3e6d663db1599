"""The region that a block stands in."""

import pulumi
import pulumi_aws as aws


def of(block: pulumi.Resource, given: pulumi.Input[str] | None = None) -> pulumi.Output[str]:
    """As given, or else that of the block's provider."""
    if given is not None:
        return pulumi.Output.from_input(given)
    return aws.get_region_output(opts=pulumi.InvokeOutputOptions(parent=block)).region
