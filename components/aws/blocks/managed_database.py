"""A database that Amazon runs (RDS): private, encrypted, backed up, and not easily lost."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.aws.blocks.firewall import Firewall
from components.aws.common import DATABASE, named
from components.blocks import args
from components.blocks.args import FirewallArgs
from components.blocks.block import child, one_of
from components.blocks.names import database, short
from components.blocks.outputs import OWNER, ManagedDatabaseBlock
from components.hosts.database_host import PORTS
from components.hosts.resources import RandomSecret

VERSIONS = {
    "postgres": "17",  # as in Debian 13, so its pg_dump reads it; supported by Amazon until 2030
    "mysql": "8.4",  # the release that is supported longest, until 2029
}
_TLS = {"postgres": "rds.force_ssl", "mysql": "require_secure_transport"}
AUTHORITY = "https://truststore.pki.rds.amazonaws.com/{0}/{0}-bundle.pem"
_PASSWORD = 40  # hex digits, 160 bits: Amazon takes 41 letters for MySQL
_GROWTH = 4  # times its first size that the storage may become by itself
_LARGEST = 65536  # GB


@dataclass(kw_only=True)
class ManagedDatabaseArgs(args.ManagedDatabaseArgs):
    """The arguments of a `ManagedDatabase` on AWS, of a class such as `db.t4g.small`."""

    vpc_id: pulumi.Input[str]
    """The network that it stands in."""
    subnets: pulumi.Input[Sequence[pulumi.Input[str]]]
    """Subnets of two zones at least, private ones if there are any."""
    region: pulumi.Input[str]
    """The region that it stands in, such as `eu-west-1`."""
    version: str | None = None
    """The engine's, without the minor one, which Amazon keeps up to date. 17 or 8.4 if left out.
    Said here, another one than before is an upgrade, from which there is no way back."""
    multi_az: bool | None = None
    """A second one in another zone takes over by itself."""
    backup_days: int = 7
    """How long Amazon's own backups stay, in days: each moment of them can be restored."""
    apply_now: bool | None = None
    """What stops it is done at once, not in its maintenance window."""
    last_snapshot: bool = True
    """What it leaves, as it is removed."""


class ManagedDatabase(ManagedDatabaseBlock):
    """A server of RDS. Raises `UsageError` for another engine."""

    identifier: pulumi.Output[str]
    """What its figures in CloudWatch are named by."""

    def __init__(self, name: str, args: ManagedDatabaseArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:aws:ManagedDatabase", name, None, opts)
        one_of(name, "engine", (*VERSIONS,), args.engine)
        self._name, self._args, self._kept = name, args, child(self, args.keep)
        owner = self._random("owner").apply(lambda digits: digits[:_PASSWORD])
        closed = FirewallArgs(vpc_id=args.vpc_id, description="Database: web hosts alone", tags=args.tags, keep=args.keep)
        firewall = Firewall(name, closed, child(self))
        firewall.let_in("web", PORTS[args.engine], args.client_group_id)
        made = self._server(owner, firewall, args.version or VERSIONS[args.engine])
        self.address, self.identifier = made.address, made.identifier
        self._let_in(args, {"owner": owner, "app": self._random("app")})
        self.manifest = pulumi.Output.from_input(args.region).apply(lambda known: {"authority": AUTHORITY.format(known)})
        self._finish()

    def _server(self, password: pulumi.Output[str], firewall: Firewall, version: str) -> "aws.rds.Instance":
        args, name, tags = self._args, short(self._name, DATABASE), named(self._args.tags, self._name)
        subnets = aws.rds.SubnetGroup(name, subnet_ids=args.subnets, description=self._name, tags=tags, opts=self._kept)
        # Clients without TLS are refused from the first start on: so nothing is ever applied to a
        # database that runs, which for some versions Amazon refuses.
        parameters = aws.rds.ParameterGroup(
            name,
            family=f"{args.engine}{version}",
            description=self._name,
            parameters=[{"name": _TLS[args.engine], "value": "1", "apply_method": "pending-reboot"}],
            tags=tags,
            opts=self._kept,
        )
        # The last snapshot outlives the stack, and the next database of that name needs another: so
        # a part of its name is made by chance, anew for whatever makes another database.
        chance = self._random(f"{args.engine}-{database(args.app)}-last").apply(lambda digits: digits[:8])
        return aws.rds.Instance(
            name,
            engine=args.engine,
            engine_version=version,
            auto_minor_version_upgrade=True,
            allow_major_version_upgrade=True if args.version else None,
            engine_lifecycle_support="open-source-rds-extended-support-disabled",  # what an old version costs is agreed to by nobody
            multi_az=args.multi_az or None,
            apply_immediately=args.apply_now or None,
            instance_class=args.instance_class,
            allocated_storage=args.storage,
            max_allocated_storage=min(args.storage * _GROWTH, _LARGEST),
            storage_type="gp3",
            storage_encrypted=True,
            db_name=database(args.app),
            username=OWNER,
            password=password,
            port=PORTS[args.engine],
            db_subnet_group_name=subnets.name,
            vpc_security_group_ids=[firewall.group_id],
            publicly_accessible=False,
            parameter_group_name=parameters.name,
            ca_cert_identifier="rds-ca-rsa2048-g1",
            backup_retention_period=args.backup_days,
            backup_window="03:00-04:00",  # UTC, as the next
            maintenance_window="sun:04:30-sun:05:30",
            deletion_protection=bool(args.keep),
            skip_final_snapshot=not args.last_snapshot,
            final_snapshot_identifier=pulumi.Output.unsecret(pulumi.Output.concat(name, "-last-", chance)),
            copy_tags_to_snapshot=True,
            performance_insights_enabled=False,
            tags=tags,
            opts=child(self, args.keep, ("engineLifecycleSupport",)),  # settled when it is made
        )

    def _random(self, what: str) -> pulumi.Output[str]:
        """Kept with the database: another password would lock out who knows the first."""
        return RandomSecret(f"{self._name}-{what}", self._kept).value
