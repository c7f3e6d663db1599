"""Google Compute Engine: one server with a fixed address, or a fleet; a database on a server, or
managed."""

import pulumi

from components.blocks import stack
from components.deployment.on_hosts import HostsDeployment
from components.gcp.blocks.firewall import IAP
from components.gcp.blocks.web_fleet import BALANCER
from components.gcp.control import account, fleet_hosts
from components.gcp.stack.foundation import Foundation
from components.gcp.stack.options import Options, problems
from components.gcp.stack.parts import PARTS
from components.settings import Settings, target_options
from components.target import StackPlace, Takes, TargetComponent
from components.target import needs_nothing as needs

__all__ = ["TAKES", "THIS_MACHINE", "Options", "Target", "deployment", "needs"]

THIS_MACHINE = False
TAKES: Takes = {}


class Target(TargetComponent):
    """Everything of a stack, in one region."""

    def __init__(self, name: str, settings: Settings, place: StackPlace, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:target:GcpVm", name, None, opts)
        options = target_options(settings, Options, "gcp-vm", problems)
        servers = stack.servers(settings, options, (), BALANCER, IAP)  # Google's images have its agents
        stack.launch(self, PARTS, settings, place, servers, lambda: Foundation(self, settings, place, options))


def deployment(settings: Settings, place: StackPlace) -> HostsDeployment:
    """The servers that there are now; Google keeps and removes their data."""
    options = target_options(settings, Options, "gcp-vm", problems)
    asked = (options.project, options.region, place.project, place.stack, settings.app.name)
    account.sign_in(options.project)
    store, hosts = fleet_hosts.find(*asked)
    return stack.deployment(settings, options, store, hosts, balancer=lambda: fleet_hosts.balancer(*asked))
