"""A database that Alibaba Cloud runs (ApsaraDB RDS): private, backed up, and not easily lost."""

from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_alicloud as alicloud

from components.blocks import args
from components.blocks.block import child, one_of
from components.blocks.names import database
from components.blocks.outputs import OWNER, ManagedDatabaseBlock
from components.hosts.resources import RandomSecret

ENGINES = {"postgres": ("PostgreSQL", "15.0", "UTF8"), "mysql": ("MySQL", "8.0", "utf8mb4")}
"""By Slipway's name theirs, the version, and the character set."""
_GROWTH = 4  # times its first size that the storage may become by itself
_LOW = 10  # per cent that are left as it grows
_PASSWORD = 28  # hex digits; four more are added, as a password needs capitals and signs
_DIGITS = "Aa1_"


@dataclass(kw_only=True)
class ManagedDatabaseArgs(args.ManagedDatabaseArgs):
    """The arguments of a `ManagedDatabase`, of a class such as `mysql.n2.medium.1`."""

    subnet_id: pulumi.Input[str]
    """The vswitch that it stands in."""
    authority: pulumi.Input[str]
    """The certificates of the authority that signs its own, PEM: nothing is sent to a server that
    another one signed."""
    standby: bool | None = None
    """A second one takes over by itself."""


class ManagedDatabase(ManagedDatabaseBlock):
    """A server of ApsaraDB RDS. Raises `UsageError` for another engine."""

    instance_id: pulumi.Output[str]
    """What its figures are named by."""

    def __init__(self, name: str, args: ManagedDatabaseArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:alicloud:ManagedDatabase", name, None, opts)
        one_of(name, "engine", (*ENGINES,), args.engine)
        kept, (engine, version, letters) = child(self, args.keep), ENGINES[args.engine]
        # Kept with the database: another password would lock out who knows the first.
        owner, app = (RandomSecret(f"{name}-{one}", kept).value.apply(lambda text: text[:_PASSWORD] + _DIGITS) for one in ("owner", "app"))
        more: dict[str, Any] = {"force_encryption": 1} if args.engine == "mysql" else {}
        server = alicloud.rds.Instance(
            name,
            instance_name=name,
            engine=engine,
            engine_version=version,
            instance_type=args.instance_class,
            instance_storage=args.storage,
            db_instance_storage_type="cloud_essd",
            category="HighAvailability" if args.standby else "Basic",
            storage_auto_scale="Enable",
            storage_threshold=_LOW,
            storage_upper_bound=args.storage * _GROWTH,
            vswitch_id=args.subnet_id,
            security_group_ids=[args.client_group_id],
            security_ips=["127.0.0.1"],  # nobody by address
            ssl_action="Open",
            **more,
            auto_upgrade_minor_version="Auto",
            deletion_protection=bool(args.keep),
            tags=args.tags,
            opts=kept,
        )
        account = alicloud.rds.RdsAccount(
            name, db_instance_id=server.id, account_name=OWNER, account_password=owner, account_type="Super", opts=kept
        )
        made = alicloud.rds.Database(name, instance_id=server.id, data_base_name=database(args.app), character_set=letters, opts=kept)
        self.address, self.instance_id = server.connection_string, server.id
        self._let_in(args, {"owner": owner, "app": app}, [account.id, made.id])
        self.manifest = pulumi.Output.from_input(args.authority).apply(lambda text: {"authority": text})
        self._finish()
