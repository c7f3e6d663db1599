"""Alibaba Cloud ECS: one server with a fixed address, or a fleet; a database on a server, or
managed."""

import pulumi

from components.alicloud.control import account, fleet_hosts
from components.alicloud.stack.foundation import Foundation
from components.alicloud.stack.options import Options, problems
from components.alicloud.stack.parts import PARTS
from components.blocks import stack
from components.deployment.on_hosts import HostsDeployment
from components.settings import Settings, target_options
from components.target import StackPlace, Takes, TargetComponent
from components.target import needs_nothing as needs

__all__ = ["TAKES", "THIS_MACHINE", "Options", "Target", "deployment", "needs"]

THIS_MACHINE = False
TAKES: Takes = {}


class Target(TargetComponent):
    """Everything of a stack, in one region."""

    def __init__(self, name: str, settings: Settings, place: StackPlace, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:target:AlicloudEcs", name, None, opts)
        options = target_options(settings, Options, "alicloud-ecs", problems)
        servers = stack.servers(settings, options)  # the cloud's images have its agents
        stack.launch(self, PARTS, settings, place, servers, lambda: Foundation(self, settings, place, options))


def deployment(settings: Settings, place: StackPlace) -> HostsDeployment:
    """The servers that there are now; the cloud keeps and removes their data."""
    options = target_options(settings, Options, "alicloud-ecs", problems)
    asked = (options.region, place.project, place.stack, settings.app.name)
    account.sign_in(options.region, options.account, options.profile)
    store, hosts = fleet_hosts.find(*asked, options.store_endpoint, options.profile)
    return stack.deployment(settings, options, store, hosts, balancer=lambda: fleet_hosts.balancer(*asked))
