"""What is let in to servers of one kind, whom firewall rules know by their service account."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_gcp as gcp

from components.blocks.block import Block, child
from components.gcp.common import resource_name

WORLD = ("0.0.0.0/0",)
"""All networks: what `open` takes for everybody."""
BALANCERS = ("130.211.0.0/22", "35.191.0.0/16")
"""Networks that Google's load balancers and their health checks come from."""
IAP = ("35.235.240.0/20",)
"""Networks that Google's Identity-Aware Proxy comes from, with those whom it knows."""


@dataclass(kw_only=True)
class FirewallArgs:
    """The arguments of a `Firewall`."""

    vpc_id: pulumi.Input[str]
    """The network."""
    group_id: pulumi.Input[str]
    """`name` of the servers' `HostRole`."""


class Firewall(Block):
    """Closed but for what `open` and `let_in` open; everything may go out. In an existing network
    that network's other rules hold too."""

    def __init__(self, name: str, args: FirewallArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:gcp:Firewall", name, None, opts)
        self._name, self._args = name, args
        self._finish()

    def open(self, name: str, ports: Sequence[int], networks: Sequence[str]) -> None:
        """Lets TCP to those ports in from networks such as `198.51.100.0/24`. `name`: the rule's,
        within this firewall."""
        self._rule(name, ports, source_ranges=[*networks])

    def let_in(self, name: str, port: int, group_id: pulumi.Input[str]) -> None:
        """Lets TCP to that port in from servers with that service account. `name`: the rule's."""
        self._rule(name, (port,), source_service_accounts=[group_id])

    def _rule(self, name: str, ports: Sequence[int], **source: Any) -> None:
        gcp.compute.Firewall(
            resource_name(f"{self._name}-{name}"),
            network=self._args.vpc_id,
            direction="INGRESS",
            allows=[{"protocol": "tcp", "ports": [str(port) for port in ports]}],
            target_service_accounts=[self._args.group_id],
            **source,
            opts=child(self),
        )
