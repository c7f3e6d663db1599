"""What says of a resource which stack it is of, and of a server what it is for."""

from collections.abc import Mapping

import pulumi

ROLE = "slipway:role"
"""The tag that says what a server is for: `web` or `database`."""

Tags = Mapping[str, pulumi.Input[str]]


def of_stack(project: str, stack: str) -> dict[str, str]:
    """What everything of a stack has on it, and is found again by."""
    return {"project": project, "stack": stack, "owner": "slipway"}
