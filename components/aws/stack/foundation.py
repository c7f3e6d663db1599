"""What all servers of a stack stand on: provider, network, store, and each kind's role."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pulumi
import pulumi_aws as aws

from components.aws import common
from components.aws.blocks.firewall import WORLD, Firewall, FirewallArgs
from components.aws.blocks.host_role import HostRole, HostRoleArgs
from components.aws.blocks.network import Network, NetworkArgs
from components.aws.blocks.release_store import ReleaseStore, ReleaseStoreArgs
from components.aws.stack.options import Options
from components.blocks.stack import CloudStack
from components.rollout.resources import DatabaseOutputs
from components.settings import Settings
from components.target import StackPlace


@dataclass(frozen=True, kw_only=True)
class Tier:
    """The servers of one kind, or what stands in for them.

    `resources`: what a rollout waits for; `hosts`: names in the store of single servers; `roles`:
    names of the servers' roles, by kind; `servers`: ids of single instances, by kind; `watched`:
    what else `Alarms` is to look at, as its arguments have it; `connection`: how a release reaches
    a database beside the web servers.
    """

    resources: tuple[pulumi.Resource, ...] = ()
    hosts: tuple[pulumi.Output[str], ...] = ()
    roles: Mapping[str, pulumi.Output[str]] = field(default_factory=dict)
    servers: Mapping[str, pulumi.Output[str]] = field(default_factory=dict)
    watched: Mapping[str, Any] = field(default_factory=dict)
    connection: DatabaseOutputs | None = None


class Foundation(CloudStack):
    """`store`, `network`; `firewall`: the web servers'; `child`: options of what stands on it."""

    def __init__(self, parent: pulumi.Resource, settings: Settings, place: StackPlace, options: Options) -> None:
        super().__init__(parent, settings, place)
        self.options = options
        self.tags = {**self.tags, **options.tags}
        provider = aws.Provider(
            f"{self.name}-aws",
            region=options.region,
            profile=options.profile,
            assume_roles=[aws.ProviderAssumeRoleArgs(role_arn=options.role, session_name="slipway")] if options.role else None,
            allowed_account_ids=[options.account] if options.account else None,
            opts=self.own,
        )
        self.child = pulumi.ResourceOptions(parent=parent, providers={"aws": provider})
        account = aws.get_caller_identity_output(opts=pulumi.InvokeOutputOptions(parent=parent, provider=provider)).account_id
        bucket = account.apply(lambda number: common.bucket_name(number, options.region, place.project, place.stack, self.name))
        store = ReleaseStoreArgs(bucket=bucket, region=options.region, tags=self.tags, keep=settings.keep_data)
        self.store = ReleaseStore(f"{self.name}-store", store, self.child)
        self.network = Network(f"{self.name}-network", self._network(), self.child)
        self.firewall = self._firewall()

    @property
    def keeps_web(self) -> bool:
        """Whether the web server stays at a `destroy`; a disk for the data stays without it."""
        return super().keeps_web and self.options.data_disk is None and not self.options.is_fleet

    @property
    def deployers_store(self) -> pulumi.Output[str]:
        """The store's address for what runs where the stack is launched from."""
        profile, role = self.options.profile, self.options.role
        return self.store.address.apply(lambda address: common.signed(address, profile, role))

    def role(self, kind: str, backups: bool = False, keep: bool = False, disk: pulumi.Input[str] | None = None) -> HostRole:
        """The role of servers of a kind; `backups`: they have a database; `keep`: they are kept;
        `disk`: its path where all data has one."""
        store, boundary = self.store, self.options.boundary
        rights: dict[str, Any] = {"store": store.address, "store_arn": store.arn, "backups": backups, "boundary": boundary}
        args = HostRoleArgs(app=self.name, role=kind, keep=keep, disk=disk, tags=self.tags, **rights)
        return HostRole(f"{self.name}-{kind}", args, self.child)

    def server_args(self, role: HostRole, firewall: Firewall) -> dict[str, Any]:
        """Arguments that every single server has."""
        return {
            "image": self.options.image,
            "subnet_id": self.network.host_subnets.apply(lambda subnets: subnets[0]),
            "group_ids": [firewall.group_id],
            "profile_name": role.profile_name,
            "user_data": role.user_data,
            "tags": self.tags,
            "has_ipv6": self.network.has_ipv6,
        }

    def _network(self) -> NetworkArgs:
        managed = self.settings.database.placement == "managed"
        keep = self.settings.keep_data and managed
        own = self.options.database.instance_type if self.settings.database.placement == "own-host" else None
        types = [type for type in (self.options.instance_type, own) if type]
        return NetworkArgs(
            **dict(self.options.network), instance_types=types, databases=managed, keep=keep, keep_public=self.keeps_web, tags=self.tags
        )

    def _firewall(self) -> Firewall:
        """Open to the world but for a fleet, whose load balancer alone is let in."""
        args = FirewallArgs(vpc_id=self.network.vpc_id, description="web servers", tags=self.tags, keep=self.keeps_web)
        firewall = Firewall(f"{self.name}-web", args, self.child)
        for port in () if self.options.is_fleet else (80, 443):
            firewall.open(str(port), port, WORLD)
        firewall.open("ssh", 22, self.options.ssh)
        return firewall
