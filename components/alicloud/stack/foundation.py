"""What all servers of a stack stand on: provider, network, store, and each kind's role."""

from typing import Any

import pulumi
import pulumi_alicloud as alicloud

from components.alicloud import common
from components.alicloud.blocks.firewall import WORLD, Firewall
from components.alicloud.blocks.host_role import HostRole, HostRoleArgs
from components.alicloud.blocks.network import Network, NetworkArgs
from components.alicloud.blocks.release_store import ReleaseStore
from components.alicloud.stack.options import Options
from components.blocks import names, subnets
from components.blocks.args import FirewallArgs, ReleaseStoreArgs
from components.blocks.stack import CloudStack
from components.settings import Settings
from components.target import StackPlace


class Foundation(CloudStack):
    """`store`, `network`; `firewall`: the web servers'."""

    options: Options

    def __init__(self, parent: pulumi.Resource, settings: Settings, place: StackPlace, options: Options) -> None:
        super().__init__(parent, settings, place, options)
        self.tags = {**self.tags, **options.tags}
        provider = alicloud.Provider(f"{self.name}-alicloud", region=options.region, profile=options.profile, opts=self.own)
        self.child = pulumi.ResourceOptions(parent=parent, providers={"alicloud": provider})
        account = alicloud.get_caller_identity_output(opts=pulumi.InvokeOutputOptions(parent=parent, provider=provider)).account_id
        bucket = account.apply(lambda number: names.bucket(number, options.region, place.project, place.stack, self.name))
        store = ReleaseStoreArgs(bucket=bucket, region=options.region, tags=self.tags, keep=settings.keep_data)
        self.store = ReleaseStore(f"{self.name}-store", store, self.child)
        self.deployers_store = self.store.bucket.apply(
            lambda name: common.store_address(name, options.region, options.store_endpoint, options.profile)
        )
        self.made = (self.store,)
        self.network = Network(f"{self.name}-network", self._network(), self.child)
        self.firewall = self._firewall()

    @property
    def subnet_id(self) -> pulumi.Output[str]:
        """The vswitch of single servers."""
        return self.network.subnets.apply(lambda ids: ids[0])

    @property
    def zone(self) -> pulumi.Output[str]:
        """That vswitch's zone."""
        return self.network.zones.apply(lambda zones: zones[0])

    def outputs(self) -> dict[str, Any]:
        return {
            "network": {"vpc": self.network.vpc_id, "subnets": self.network.subnets},
            "security_group": self.firewall.group_id,
            "bucket": self.store.bucket,
        }

    def role(self, kind: str, backups: bool = False, keep: bool = False, disk: pulumi.Input[str] | None = None) -> HostRole:
        """The role of servers of a kind; `backups`: they have a database; `keep`: they are kept;
        `disk`: its path where all data has one."""
        store: dict[str, Any] = {"store": self.store.inner_address, "bucket": self.store.bucket}
        args = HostRoleArgs(app=self.name, role=kind, backups=backups, keep=keep, disk=disk, tags=self.tags, **store)
        return HostRole(f"{self.name}-{kind}", args, self.child)

    def server_args(self, role: HostRole, firewall: Firewall) -> dict[str, Any]:
        """Arguments that every server has, of a fleet or not."""
        return {
            "image": self.options.image,
            "group_id": firewall.group_id,
            "role_name": role.name,
            "user_data": role.user_data,
            "tags": self.tags,
        }

    @property
    def _keeps_ground(self) -> bool:
        """A managed database stands in the network, and names the web servers' group, who may
        reach it."""
        return self.keeps_web or (self.settings.keep_data and self.settings.database.placement == "managed")

    def _network(self) -> NetworkArgs:
        options, network = self.options, self.options.network
        types = [options.instance_type, *([options.database.instance_type] if self.settings.database.placement == "own-host" else [])]
        return NetworkArgs(
            vpc=network.vpc, subnets=network.subnets, nat=network.nat, instance_types=types, keep=self._keeps_ground, tags=self.tags
        )

    def _firewall(self) -> Firewall:
        """Open to the world but for a fleet: its load balancer stands in the network's own
        addresses."""
        args = FirewallArgs(vpc_id=self.network.vpc_id, description="web servers", tags=self.tags, keep=self._keeps_ground)
        firewall = Firewall(f"{self.name}-web", args, self.child)
        for port in () if self.is_fleet else (80, 443):
            firewall.open(str(port), port, WORLD[:1])
        if self.is_fleet:
            firewall.open_inside("balancer", 80, self.network.cidr if self.options.network.vpc else subnets.NETWORK)
        firewall.open("ssh", 22, self.options.ssh)
        return firewall
