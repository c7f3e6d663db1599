"""A shop of one's own: a web server with a fixed address, a database server, their network."""

import pulumi
import pulumi_alicloud as alicloud

from components.alicloud.blocks.firewall import Firewall
from components.alicloud.blocks.host_role import HostRole, HostRoleArgs
from components.alicloud.blocks.network import Network, NetworkArgs
from components.alicloud.blocks.release_store import ReleaseStore
from components.alicloud.blocks.server import DatabaseServer, DatabaseServerArgs, DataDisk, WebServer, WebServerArgs
from components.blocks.args import DataDiskArgs, FirewallArgs, ReleaseStoreArgs

TYPE, REGION = "ecs.u1-c1m2.large", "ap-southeast-1"
keep = pulumi.get_stack() == "prod"  # data that nobody should lose
tags = {"project": pulumi.get_project(), "stack": pulumi.get_stack(), "owner": "web-team"}
singapore = pulumi.ResourceOptions(provider=alicloud.Provider("singapore", region=REGION))

network = Network("shop-network", NetworkArgs(instance_types=[TYPE], tags=tags), singapore)
bucket = pulumi.Config().require("bucket")
store = ReleaseStore("shop-store", ReleaseStoreArgs(bucket=bucket, region=REGION, keep=keep, tags=tags), singapore)
disk = DataDisk("shop-database-data", DataDiskArgs(size=20, zone=network.zones[0], keep=keep, tags=tags), singapore)
web_role, database_role = (
    HostRole(
        f"shop-{role}",
        HostRoleArgs(app="shop", role=role, store=store.inner_address, bucket=store.bucket, backups=role == "database", tags=tags),
        singapore,
    )
    for role in ("web", "database")
)
web_firewall = Firewall("shop-web", FirewallArgs(vpc_id=network.vpc_id, tags=tags), singapore)
for port in (80, 443):
    web_firewall.open(str(port), port, ["0.0.0.0/0"])
database_firewall = Firewall("shop-database", FirewallArgs(vpc_id=network.vpc_id, tags=tags), singapore)
database_firewall.let_in("web", 3306, web_firewall.group_id)

web = WebServer(
    "shop-web",
    WebServerArgs(
        image="debian-13",
        instance_type=TYPE,
        disk=20,
        subnet_id=network.subnets[0],
        group_id=web_firewall.group_id,
        role_name=web_role.name,
        user_data=web_role.user_data,
        tags=tags,
    ),
    singapore,
)
database = DatabaseServer(
    "shop-database",
    DatabaseServerArgs(
        image="debian-13",
        instance_type=TYPE,
        disk=20,
        data_disk=disk.disk_id,
        subnet_id=network.subnets[0],
        group_id=database_firewall.group_id,
        role_name=database_role.name,
        user_data=database_role.user_data,
        tags=tags,
    ),
    singapore,
)

pulumi.export("address", web.address)
pulumi.export("store", store.address)
pulumi.export("database", database.private_address)
