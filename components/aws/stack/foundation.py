"""What all servers of a stack stand on: provider, network, store, and what each kind of server may do and boots from."""

import pulumi
import pulumi_aws as aws

from components.aws import names
from components.aws.blocks.firewall import WORLD, Firewall, FirewallArgs
from components.aws.blocks.host_role import HostRole, HostRoleArgs
from components.aws.blocks.network import Network, NetworkArgs
from components.aws.blocks.release_store import ReleaseStore, ReleaseStoreArgs
from components.aws.stack.options import Options
from components.blocks.stack import Stack
from components.settings import Settings
from components.target import Place


class Ground(Stack):
    """`store`, `network`; `web`: the web servers' firewall; `child`: the options of what is made on it."""

    def __init__(self, parent: pulumi.Resource, settings: Settings, place: Place, options: Options) -> None:
        super().__init__(parent, settings, place)
        self.options = options
        provider = aws.Provider(f"{self.name}-aws", region=options.region, opts=self.own)
        self.child = pulumi.ResourceOptions(parent=parent, providers={"aws": provider})
        self.store = self._store(pulumi.InvokeOutputOptions(parent=parent, provider=provider))
        self.network = Network(f"{self.name}-network", self._network(), self.child)
        self.web = self._firewall()

    def role(self, role: str, backups: bool = False, keep: bool = False) -> HostRole:
        """For servers of that kind; `backups`: they have a database; `keep`: they are kept."""
        store = self.store
        args = HostRoleArgs(app=self.name, role=role, store=store.address, store_arn=store.arn, backups=backups, keep=keep, tags=self.tags)
        return HostRole(f"{self.name}-{role}", args, self.child)

    def subnet(self) -> pulumi.Output[str]:
        """Where a single server stands."""
        return self.network.host_subnets.apply(lambda subnets: subnets[0])

    def _store(self, lookup: pulumi.InvokeOutputOptions) -> ReleaseStore:
        app, place, region = self.name, self.place, self.options.region
        account = aws.get_caller_identity_output(opts=lookup).account_id
        bucket = account.apply(lambda number: names.bucket(number, region, place.project, place.stack, app))
        args = ReleaseStoreArgs(bucket=bucket, region=region, tags=self.tags, keep=self.settings.keep_data)
        return ReleaseStore(f"{app}-store", args, self.child)

    def _network(self) -> NetworkArgs:
        wanted, managed = self.options.network, self.settings.database.placement == "managed"
        return NetworkArgs(
            vpc=wanted.vpc,
            subnets=wanted.subnets,
            database_subnets=wanted.database_subnets,
            nat=wanted.nat,
            databases=managed,
            keep=self.settings.keep_data and managed,
            keep_public=self.keeps_web,
            tags=self.tags,
        )

    def _firewall(self) -> Firewall:
        """Of a fleet the load balancer opens it, to itself alone."""
        args = FirewallArgs(vpc_id=self.network.vpc_id, description="web servers", tags=self.tags, keep=self.keeps_web)
        made = Firewall(f"{self.name}-web", args, self.child)
        for port in () if self.options.is_fleet else (80, 443):
            made.open(str(port), port, WORLD)
        made.open("ssh", 22, self.options.ssh)
        return made
