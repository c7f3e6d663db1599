"""What all servers of a stack stand on: provider, services, network, store, each kind's account."""

from collections.abc import Sequence
from typing import Any

import pulumi
import pulumi_gcp as gcp

from components.blocks.args import ReleaseStoreArgs
from components.blocks.stack import CloudStack
from components.gcp import common
from components.gcp.blocks.firewall import BALANCERS, IAP, WORLD, Firewall, FirewallArgs
from components.gcp.blocks.host_role import HostRole, HostRoleArgs
from components.gcp.blocks.network import Network, NetworkArgs
from components.gcp.blocks.release_store import ReleaseStore
from components.gcp.blocks.server import DEVICE
from components.gcp.stack.options import SECTION, Options
from components.settings import Settings
from components.target import StackPlace

_SERVICES = ("compute", "iam", "iap", "oslogin", "storage")


class Foundation(CloudStack):
    """`store`, `network`; `zone`: that of single servers; `web`: the web servers' role, `firewall`
    theirs; `labels`: those of its servers alone; `dns_zone`: what Cloud DNS calls the settings'."""

    options: Options

    def __init__(self, parent: pulumi.Resource, settings: Settings, place: StackPlace, options: Options) -> None:
        super().__init__(parent, settings, place, options)
        self.tags, self.labels = {**self.tags, **options.tags}, common.of_stack(place.project, place.stack, self.name)
        provider = self._provider()
        self.child = pulumi.ResourceOptions(parent=parent, providers={"gcp": provider})
        bucket = common.bucket_name(options.project, options.region, place.project, place.stack, self.name)
        store = ReleaseStoreArgs(bucket=bucket, region=options.region, tags=self.tags, keep=settings.keep_data)
        self.store = ReleaseStore(f"{self.name}-store", store, self.child)
        self.deployers_store, self.made = self.store.address, (self.store,)
        self.network = Network(
            f"{self.name}-network",
            NetworkArgs(region=options.region, keep=self.keeps_web, tags=self.tags, **dict(options.network)),
            self.child,
        )
        self.zone = self.network.zones.apply(lambda zones: zones[0])
        self.web = self.role("web", self.has_data_on_web, self.keeps_web, DEVICE if options.data_disk else None)
        self.firewall = self.closed("web", self.web)
        self.dns_zone: pulumi.Output[str] | None = None
        if options.zone:
            zones = gcp.dns.get_managed_zones_output(opts=pulumi.InvokeOutputOptions(parent=parent, provider=provider))
            self.dns_zone = zones.managed_zones.apply(
                lambda every: common.zone_name(f"{SECTION}.zone", str(options.zone), options.project, every)
            )
        if self.is_fleet:
            self.firewall.open("balancer", (80,), BALANCERS)
        else:
            self.firewall.open("world", (80, 443), WORLD)

    def outputs(self) -> dict[str, Any]:
        return {"network": {"vpc": self.network.vpc_id, "subnet": self.network.subnet_id}, "bucket": self.store.bucket}

    def role(self, kind: str, backups: bool = False, keep: bool = False, disk: str | None = None) -> HostRole:
        """The role of servers of a kind; `backups`: they have a database; `keep`: they are kept;
        `disk`: its path where all data has one."""
        store: dict[str, Any] = {"store": self.store.address, "bucket": self.store.bucket}
        args = HostRoleArgs(app=self.name, role=kind, backups=backups, keep=keep, disk=disk, tags=self.tags, **store)
        return HostRole(f"{self.name}-{kind}", args, self.child)

    def closed(self, kind: str, role: HostRole) -> Firewall:
        """The firewall of servers with that role, where nobody but Identity-Aware Proxy and the
        settings' networks is let in to SSH."""
        args = FirewallArgs(vpc_id=self.network.vpc_id, group_id=role.name)
        firewall = Firewall(f"{self.name}-{kind}", args, self.child)
        firewall.open("ssh", (22,), (*IAP, *self.options.ssh))
        return firewall

    def server_args(self, role: HostRole) -> dict[str, Any]:
        """Arguments that every server has, of a fleet or not."""
        return {
            "image": self.options.image,
            "subnet_id": self.network.subnet_id,
            "group_id": role.name,
            "user_data": role.user_data,
            "tags": self.tags,
        }

    def _provider(self) -> gcp.Provider:
        """A provider that waits until the project has the services. They stay on, as others may use
        them too."""
        settings, options = self.settings, self.options
        managed, more = settings.database.placement == "managed", bool(options.zone)
        on = {"sqladmin": managed, "dns": managed or more, "certificatemanager": more and self.is_fleet, "logging": options.logs}
        on["monitoring"] = options.logs or options.email is not None
        wanted = [*_SERVICES, *(one for one, is_wanted in on.items() if is_wanted)]
        return provider(self.name, wanted, self.own, project=options.project, region=options.region)


def provider(name: str, wanted: Sequence[str], own: pulumi.ResourceOptions, **where: Any) -> gcp.Provider:
    """A provider that waits until its project has the services that are wanted, such as `iam`."""
    first = gcp.Provider(f"{name}-services", **where, opts=own)
    by = pulumi.ResourceOptions.merge(own, pulumi.ResourceOptions(provider=first))
    services = [gcp.projects.Service(f"{name}-{one}", service=f"{one}.googleapis.com", disable_on_destroy=False, opts=by) for one in wanted]
    after = pulumi.ResourceOptions(depends_on=[*services])
    return gcp.Provider(f"{name}-gcp", **where, opts=pulumi.ResourceOptions.merge(own, after))
