"""What all servers of a stack stand on: provider, network, store, and what each kind of server may do and boots from."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.aws import boot, names
from components.aws.firewall import WORLD, Firewall, FirewallArgs
from components.aws.host_role import HostRole, HostRoleArgs
from components.aws.network import Network, NetworkArgs
from components.aws.options import Options
from components.aws.problems import is_fleet
from components.aws.release_store import ReleaseStore, ReleaseStoreArgs
from components.settings import Settings
from components.target import Place


@dataclass(frozen=True)
class Host:
    """What servers of a kind are given."""

    role: HostRole
    user_data: pulumi.Output[str]

    def called(self, instance: pulumi.Output[str]) -> pulumi.Output[str]:
        """The name in the store of one of them."""
        return pulumi.Output.concat(self.role.unique_id, ":", instance)


class Ground:
    """`store`, `network`; `web`: the web servers' firewall; `child`: the options of what is made on it; `own`: of what isn't Amazon's."""

    def __init__(self, parent: pulumi.Resource, settings: Settings, place: Place, options: Options) -> None:
        self.settings, self.place, self.options, self.name = settings, place, options, settings.app.name
        self.tags = {"project": place.project, "stack": place.stack, "owner": "slipway"}
        self.own = pulumi.ResourceOptions(parent=parent)
        provider = aws.Provider(f"{self.name}-aws", region=options.region, opts=self.own)
        self.child = pulumi.ResourceOptions(parent=parent, providers={"aws": provider})
        self.store = self._store(pulumi.InvokeOutputOptions(parent=parent, provider=provider))
        self.address = self.store.bucket.apply(lambda bucket: names.address(bucket, options.region))
        self.network = Network(f"{self.name}-network", self._network(), self.child)
        self.web = self._firewall()

    @property
    def has_data_on_web(self) -> bool:
        """The data is on the web server itself."""
        return self.settings.database.placement == "same-host" and self.settings.database.engine != "none"

    @property
    def keeps_web(self) -> bool:
        """And is to be kept."""
        return self.has_data_on_web and self.settings.keep_data

    def host(self, role: str, backups: bool = False, keep: bool = False) -> Host:
        """Role and boot data for servers of that kind; `backups`: they have a database; `keep`: they are kept."""
        made = HostRole(f"{self.name}-{role}", HostRoleArgs(role, self.store.arn, self.tags, backups, keep), self.child)
        return Host(made, boot.user_data(self.name, self.place.stack, role, self.options.region, self.store, made))

    def subnet(self) -> pulumi.Output[str]:
        """Where a single server stands."""
        return self.network.host_subnets.apply(lambda subnets: subnets[0])

    def _store(self, lookup: pulumi.InvokeOutputOptions) -> ReleaseStore:
        app, place, region = self.name, self.place, self.options.region
        account = aws.get_caller_identity_output(opts=lookup).account_id
        bucket = account.apply(lambda number: names.bucket(number, region, place.project, place.stack, app))
        return ReleaseStore(f"{app}-store", ReleaseStoreArgs(bucket, self.tags, self.settings.keep_data), self.child)

    def _network(self) -> NetworkArgs:
        wanted, managed = self.options.network, self.settings.database.placement == "managed"
        keep = self.keeps_web or (self.settings.keep_data and managed)
        return NetworkArgs(self.tags, wanted.vpc, wanted.subnets, wanted.database_subnets, wanted.nat, managed, keep, self.keeps_web)

    def _firewall(self) -> Firewall:
        """Of a fleet the load balancer opens it, to itself alone."""
        made = Firewall(f"{self.name}-web", FirewallArgs(self.network.vpc_id, "web servers", self.tags, self.keeps_web), self.child)
        for port in () if is_fleet(self.options) else (80, 443):
            made.open(str(port), port, WORLD)
        made.open("ssh", 22, self.options.ssh)
        return made
