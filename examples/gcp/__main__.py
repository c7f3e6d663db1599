"""A shop of one's own: a web server with a fixed address, a database that Google runs."""

import pulumi
import pulumi_gcp as gcp

from components.blocks.args import ReleaseStoreArgs
from components.gcp.blocks.firewall import Firewall, FirewallArgs
from components.gcp.blocks.host_role import HostRole, HostRoleArgs
from components.gcp.blocks.managed_database import ManagedDatabase, ManagedDatabaseArgs
from components.gcp.blocks.network import Network, NetworkArgs
from components.gcp.blocks.release_store import ReleaseStore
from components.gcp.blocks.server import WebServer, WebServerArgs

REGION, ZONE = "europe-west1", "europe-west1-b"
config = pulumi.Config()
project = config.require("google")
keep = pulumi.get_stack() == "prod"  # data that nobody should lose
tags = {"project": pulumi.get_project(), "stack": pulumi.get_stack(), "owner": "web-team"}
belgium = pulumi.ResourceOptions(provider=gcp.Provider("belgium", project=project, region=REGION))

network = Network("shop-network", NetworkArgs(region=REGION, zones=[ZONE], tags=tags), belgium)
store = ReleaseStore("shop-store", ReleaseStoreArgs(bucket=config.require("bucket"), region=REGION, keep=keep, tags=tags), belgium)
role = HostRole("shop-web", HostRoleArgs(app="shop", role="web", store=store.address, bucket=store.bucket, tags=tags), belgium)
firewall = Firewall("shop-web", FirewallArgs(vpc_id=network.vpc_id, group_id=role.name), belgium)
firewall.open("world", (80, 443), ["0.0.0.0/0"])

web = WebServer(
    "shop-web",
    WebServerArgs(
        image="debian-13",
        instance_type="e2-small",
        disk=16,
        zone=ZONE,
        subnet_id=network.subnet_id,
        group_id=role.name,
        user_data=role.user_data,
        tags=tags,
    ),
    belgium,
)
database = ManagedDatabase(
    "shop-database",
    ManagedDatabaseArgs(
        app="shop",
        engine="postgres",
        instance_class="db-custom-1-3840",
        storage=20,
        project=project,
        network_id=network.vpc_id,
        subnet_id=network.subnet_id,
        region=REGION,
        zone=ZONE,
        client_group_id=role.name,
        keep=keep,
        tags=tags,
    ),
    belgium,
)

pulumi.export("address", web.address)
pulumi.export("store", store.address)
pulumi.export("database", database.address)
