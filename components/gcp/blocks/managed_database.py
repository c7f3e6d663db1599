"""A database that Google runs (Cloud SQL): private, encrypted, backed up, and not easily lost."""

from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_gcp as gcp

from components.blocks import args
from components.blocks.block import child, one_of
from components.blocks.names import database
from components.blocks.outputs import OWNER, ManagedDatabaseBlock
from components.gcp.common import labels, resource_name
from components.hosts.database_host import PORTS
from components.hosts.resources import RandomSecret

ENGINES = {"postgres": ("POSTGRES_17", "UTF8"), "mysql": ("MYSQL_8_4", "utf8mb4")}
"""By Slipway's name Google's, with the version, and the character set."""
_GROWTH = 4  # times its first size that the storage may become by itself
_DAYS = 7  # of Google's own backups: each moment of them can be restored


@dataclass(kw_only=True)
class ManagedDatabaseArgs(args.ManagedDatabaseArgs):
    """The arguments of a `ManagedDatabase`, of a tier such as `db-custom-1-3840`."""

    project: pulumi.Input[str]
    """The id of Google's project that the network is in: what reaches it stands there."""
    network_id: pulumi.Input[str] | None = None
    """The network that it is reached from. None: from everywhere, by Cloud SQL's proxies alone."""
    subnet_id: pulumi.Input[str] | None = None
    """The subnet that its address is in."""
    region: pulumi.Input[str]
    """The region of that subnet."""
    zone: pulumi.Input[str] | None = None
    """The zone that it stands in: the servers'."""
    standby: bool | None = None
    """A second one in another zone takes over by itself."""
    last_snapshot: bool = True
    """A backup is made as it is removed, and stays for 30 days."""


class ManagedDatabase(ManagedDatabaseBlock):
    """An instance of Cloud SQL. The network has an address for it (Private Service Connect), and a
    name in a zone of its own, which its certificate is for; neither is seen elsewhere. It doesn't
    stand in the network, so that needn't be kept with it. Raises `UsageError` for another
    engine."""

    database_id: pulumi.Output[str]
    """What its figures are named by."""

    def __init__(self, name: str, args: ManagedDatabaseArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:gcp:ManagedDatabase", name, None, opts)
        one_of(name, "engine", (*ENGINES,), args.engine)
        self._name, self._args, self._kept = resource_name(name), args, child(self, args.keep)
        # Kept with the database: another password would lock out who knows the first.
        owner, app = (RandomSecret(f"{name}-{one}", self._kept).value for one in ("owner", "app"))
        server = self._server()
        self.address = server.dns_name.apply(lambda found: found.rstrip("."))
        self.database_id = pulumi.Output.concat(server.project, ":", server.name)
        # An owner of tables can't be dropped: it goes with the server.
        user = gcp.sql.User(self._name, instance=server.name, name=OWNER, password=owner, deletion_policy="ABANDON", opts=self._kept)
        own, letters = database(args.app), ENGINES[args.engine][1]
        made = gcp.sql.Database(self._name, instance=server.name, name=own, charset=letters, deletion_policy="ABANDON", opts=self._kept)
        if args.network_id is None:
            known = pulumi.Output.all(owner, server.connection_name, user.id, made.id)
            urls = known.apply(lambda found: {"DATABASE_URL": _by_socket(args.engine, found[0], found[1], own)})
            self.environment = pulumi.Output.secret(urls)
            self.address, self.secrets = server.connection_name, pulumi.Output.from_input({})
        else:
            self._let_in(args, {"owner": owner, "app": app}, [user.id, made.id, *self._named(server)])
        self.manifest = server.server_ca_certs.apply(lambda found: {"authority": "".join(f"{str(one.cert).strip()}\n" for one in found)})
        self._finish()

    def _server(self) -> "gcp.sql.DatabaseInstance":
        """The instance. Pulumi gives its name a part made by chance: no other may have it for a
        week after it was removed."""
        args, to_a_moment = self._args, {"postgres": "point_in_time_recovery_enabled", "mysql": "binary_log_enabled"}
        reached: dict[str, Any] = {"ipv4_enabled": True, "authorized_networks": []}
        if args.network_id is not None:
            reached = {
                "ipv4_enabled": False,
                "psc_configs": [{"psc_enabled": True, "allowed_consumer_projects": [args.project]}],
                "server_ca_mode": "GOOGLE_MANAGED_CAS_CA",
                "server_certificate_rotation_mode": "AUTOMATIC_ROTATION_DURING_MAINTENANCE",  # it lasts a year
            }
        settings: Any = {
            "edition": "ENTERPRISE",
            "tier": args.instance_class,
            "availability_type": "REGIONAL" if args.standby else "ZONAL",
            "location_preference": {"zone": args.zone} if args.zone else None,
            "disk_size": args.storage,
            "disk_type": "PD_SSD",
            "disk_autoresize": True,
            "disk_autoresize_limit": args.storage * _GROWTH,
            "ip_configuration": {**reached, "ssl_mode": "ENCRYPTED_ONLY"},
            "backup_configuration": {
                "enabled": True,
                "start_time": "03:00",
                to_a_moment[args.engine]: True,
                "transaction_log_retention_days": _DAYS,
                "backup_retention_settings": {"retained_backups": _DAYS},
            },
            "final_backup_config": {"enabled": args.last_snapshot, "retention_days": 30 if args.last_snapshot else None},
            "maintenance_window": {"day": 7, "hour": 4, "update_track": "stable"},  # Sunday, UTC
            "deletion_protection_enabled": bool(args.keep),
            "user_labels": labels(args.tags),
        }
        return gcp.sql.DatabaseInstance(
            self._name,
            database_version=ENGINES[args.engine][0],
            region=args.region,
            settings=settings,
            deletion_protection=False,  # the provider's own, which only it would heed
            opts=self._kept,
        )

    def _named(self, server: "gcp.sql.DatabaseInstance") -> list[pulumi.Output[str]]:
        """Has the database's name lead to it, for the web hosts alone. Ids of what does that."""
        args, own, tagged, called = self._args, child(self), labels(self._args.tags), pulumi.Output.concat(self.address, ".")
        address = gcp.compute.Address(
            self._name, region=args.region, subnetwork=args.subnet_id, address_type="INTERNAL", labels=tagged, opts=own
        )
        leads = gcp.compute.ForwardingRule(
            self._name,
            region=args.region,
            network=args.network_id,
            ip_address=address.id,
            target=server.psc_service_attachment_link,
            load_balancing_scheme="",
            labels=tagged,
            opts=own,
        )
        zone = gcp.dns.ManagedZone(
            self._name,
            dns_name=called,
            visibility="private",
            private_visibility_config={"networks": [{"network_url": args.network_id or ""}]},
            labels=tagged,
            opts=own,
        )
        record = gcp.dns.RecordSet(self._name, managed_zone=zone.name, name=called, type="A", ttl=300, rrdatas=[address.address], opts=own)
        # A service's address can't refuse anybody; hosts can be kept from sending there.
        barred: dict[str, Any] = {"network": args.network_id, "direction": "EGRESS", "destination_ranges": [address.address]}
        allowed: Any = {"protocol": "tcp", "ports": [str(PORTS[args.engine])]}
        web = gcp.compute.Firewall(
            f"{self._name}-web", allows=[allowed], target_service_accounts=[args.client_group_id], priority=900, **barred, opts=own
        )
        others = gcp.compute.Firewall(f"{self._name}-others", denies=[{"protocol": "all"}], priority=910, **barred, opts=own)
        return [one.id for one in (leads, record, web, others)]


def _by_socket(engine: str, password: str, connection: str, name: str) -> str:
    """The address of the database for its owner, below `/cloudsql`."""
    whose, socket = f"{OWNER}:{password}", f"/cloudsql/{connection}"
    pg, my = f"{whose}@/{name}?host={socket}", f"{whose}@localhost/{name}?charset=utf8mb4&unix_socket={socket}"
    return f"postgresql://{pg}" if engine == "postgres" else f"mysql://{my}"
