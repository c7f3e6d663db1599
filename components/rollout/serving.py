"""Hosts that serve: what an address waits for before it moves to them.

serving = Serving(f"{name}-serving", ServingArgs(store.address, [host_name]), child)
EipAssociation(…, opts=ResourceOptions(depends_on=[serving]))
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi.dynamic

from components.providers import ServingProvider


@dataclass
class ServingArgs:
    """`store` its address; `hosts` their names in it."""

    store: pulumi.Input[str]
    hosts: pulumi.Input[Sequence[pulumi.Input[str]]]


class Serving(pulumi.dynamic.Resource, module="slipway", name="Serving"):
    """Made when each of these hosts serves the release that is live, at once where none is; other hosts replace it.

    A host that doesn't within 10 minutes is a `SlipwayError` of one line, and what depends on this stays as it is.
    """

    hosts: pulumi.Output[Sequence[str]]

    def __init__(self, name: str, args: ServingArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(ServingProvider(), name, dict(vars(args)), opts)
