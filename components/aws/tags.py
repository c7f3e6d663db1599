"""What all blocks put on what they make."""

from collections.abc import Mapping

import pulumi

ROLE = "slipway:role"
"""The tag that says what a server is for: `web` or `database`."""

Tags = Mapping[str, pulumi.Input[str]]


def named(tags: Tags | None, name: str, **more: str) -> dict[str, pulumi.Input[str]]:
    """The program's own tags, with the name that Amazon's console shows."""
    return {**(tags or {}), "Name": name, **more}


def child(parent: pulumi.Resource, keep: bool | None = None, ignore: tuple[str, ...] = ()) -> pulumi.ResourceOptions:
    """Of a resource in a block; `keep`: it holds data, or what holds data stands in it."""
    return pulumi.ResourceOptions(parent=parent, protect=keep or None, retain_on_delete=keep or None, ignore_changes=[*ignore] or None)
