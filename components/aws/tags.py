"""What is on all that Amazon's blocks make."""

import pulumi

from components.blocks.block import Tags


def named(tags: Tags | None, name: str, **more: str) -> dict[str, pulumi.Input[str]]:
    """The program's own tags, with the name that Amazon's console shows."""
    return {**(tags or {}), "Name": name, **more}
