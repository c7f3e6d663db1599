"""What all blocks put on what they make."""

from collections.abc import Mapping

import pulumi

ROLE = "slipway:role"
"""The tag that says what a server is for: `web` or `database`."""


def named(tags: Mapping[str, str], name: str, **more: str) -> dict[str, str]:
    """The stack's tags, with the name that Amazon's console shows."""
    return {**tags, "Name": name, **more}


def child(parent: pulumi.Resource, keep: bool = False, ignore: tuple[str, ...] = ()) -> pulumi.ResourceOptions:
    """Of a resource in a block; `keep`: it holds data, or what holds data stands in it."""
    return pulumi.ResourceOptions(parent=parent, protect=keep or None, retain_on_delete=keep or None, ignore_changes=[*ignore] or None)
