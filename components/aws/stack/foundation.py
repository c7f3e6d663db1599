"""What a stack on Amazon stands on: provider, network, bucket; and what servers do besides."""

from typing import Any

import pulumi
import pulumi_aws as aws

from cloud_init.fleet import Archive
from components.aws import common
from components.aws.blocks.firewall import WORLD, Firewall
from components.aws.blocks.host_role import HostRole, HostRoleArgs
from components.aws.blocks.network import Network, NetworkArgs
from components.aws.blocks.release_store import ReleaseStore
from components.aws.blocks.site_name import Certificate, CertificateArgs
from components.aws.stack.options import AwsOptions, Options
from components.blocks.args import FirewallArgs, ReleaseStoreArgs
from components.blocks.stack import CloudStack
from components.settings import Settings
from components.target import StackPlace

_SSM = "https://s3.{region}.amazonaws.com/amazon-ssm-{region}/latest/debian_{{arch}}/amazon-ssm-agent.deb"
_SNAP = "amazon-ssm-agent"  # Ubuntu's images have it so


def agents(region: str) -> tuple[Archive, ...]:
    """What every host has beside what all servers have: the agent of Systems Manager, which is in
    no distribution; hosts fetch it from Amazon's bucket in the region, by https."""
    return (Archive("amazon-ssm-agent", _SSM.format(region=region), instead=_SNAP),)


class AwsStack(CloudStack):
    """`store`: its bucket, which may `keep`; `network`; `firewall`: the web servers'."""

    options: AwsOptions
    firewall: Firewall

    def __init__(self, parent: pulumi.Resource, settings: Settings, place: StackPlace, options: AwsOptions, keep: bool) -> None:
        super().__init__(parent, settings, place, options)
        self.tags = {**self.tags, **options.tags}
        provider = aws.Provider(
            f"{self.name}-aws",
            region=options.region,
            profile=options.profile,
            allowed_account_ids=[options.account] if options.account else None,
            opts=self.own,
        )
        self.child = pulumi.ResourceOptions(parent=parent, providers={"aws": provider})
        self.lookup = pulumi.InvokeOutputOptions(parent=parent, provider=provider)
        self.account = aws.get_caller_identity_output(opts=self.lookup).account_id
        bucket = self.account.apply(lambda number: common.bucket_name(number, options.region, place.project, place.stack, self.name))
        store = ReleaseStoreArgs(bucket=bucket, region=options.region, tags=self.tags, keep=keep)
        self.store = ReleaseStore(f"{self.name}-store", store, self.child)
        self.made = (self.store,)
        self.network = Network(f"{self.name}-network", self._network(), self.child)

    def certificate(self) -> pulumi.Input[str] | None:
        """The ARN of the load balancer's: the one that is given, or one made in the zone."""
        options, domain = self.options, self.settings.domain
        if options.certificate or not (domain and options.zone):
            return options.certificate
        wanted = CertificateArgs(domain=domain, others=self.settings.http.redirect_domains, zone=options.zone, tags=self.tags)
        return Certificate(f"{self.name}-certificate", wanted, self.child).arn

    def _network(self) -> NetworkArgs:
        managed = self.settings.database.placement == "managed"
        keep = self.settings.keep_data and managed
        own = self.options.database.instance_type if self.settings.database.placement == "own-host" else None
        types = [type for type in (self.options.instance_type, own) if type]
        return NetworkArgs(
            **dict(self.options.network), instance_types=types, databases=managed, keep=keep, keep_public=self.keeps_web, tags=self.tags
        )


class Foundation(AwsStack):
    """What servers of Slipway's own stand on."""

    options: Options

    def __init__(self, parent: pulumi.Resource, settings: Settings, place: StackPlace, options: Options) -> None:
        super().__init__(parent, settings, place, options, settings.keep_data)
        self.deployers_store = self.store.address.apply(lambda address: common.signed(address, options.profile))
        self.firewall = self._firewall()

    def outputs(self) -> dict[str, Any]:
        network = self.network
        return {
            "network": {"vpc": network.vpc_id, "public_subnets": network.public_subnets, "host_subnets": network.host_subnets},
            "security_group": self.firewall.group_id,
            "bucket": self.store.bucket,
        }

    def role(self, kind: str, backups: bool = False, keep: bool = False, disk: pulumi.Input[str] | None = None) -> HostRole:
        """The role of servers of a kind; `backups`: they have a database; `keep`: they are kept;
        `disk`: its path where all data has one."""
        store: dict[str, Any] = {"store": self.store.address, "store_arn": self.store.arn}
        args = HostRoleArgs(app=self.name, role=kind, backups=backups, keep=keep, disk=disk, tags=self.tags, **store)
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

    def _firewall(self) -> Firewall:
        """Open to the world but for a fleet, whose load balancer alone is let in."""
        args = FirewallArgs(vpc_id=self.network.vpc_id, description="web servers", tags=self.tags, keep=self.keeps_web)
        firewall = Firewall(f"{self.name}-web", args, self.child)
        for port in () if self.options.is_fleet else (80, 443):
            firewall.open(str(port), port, WORLD)
        firewall.open("ssh", 22, self.options.ssh)
        return firewall
