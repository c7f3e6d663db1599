"""A shop of one's own: a fleet and a database server, in a network that is there."""

import pulumi
import pulumi_aws as aws

from components.aws.blocks.firewall import Firewall
from components.aws.blocks.host_role import HostRole, HostRoleArgs
from components.aws.blocks.release_store import ReleaseStore
from components.aws.blocks.server import DatabaseServer, DatabaseServerArgs
from components.aws.blocks.web_fleet import WebFleet, WebFleetArgs
from components.blocks.args import FirewallArgs, ReleaseStoreArgs

config = pulumi.Config()
vpc, subnets, bucket = config.require("vpc"), config.require_object("subnets"), config.require("bucket")
keep = pulumi.get_stack() == "prod"  # data that nobody should lose
tags = {"project": pulumi.get_project(), "stack": pulumi.get_stack(), "owner": "web-team"}
REGION = "eu-west-1"
ireland = pulumi.ResourceOptions(provider=aws.Provider("ireland", region=REGION))

store = ReleaseStore("shop-store", ReleaseStoreArgs(bucket=bucket, region=REGION, keep=keep, tags=tags), ireland)
web_role, database_role = (
    HostRole(
        f"shop-{role}",
        HostRoleArgs(app="shop", role=role, store=store.address, store_arn=store.arn, backups=role == "database", tags=tags),
        ireland,
    )
    for role in ("web", "database")
)
web_firewall = Firewall("shop-web", FirewallArgs(vpc_id=vpc, tags=tags), ireland)
database_firewall = Firewall("shop-database", FirewallArgs(vpc_id=vpc, tags=tags), ireland)
database_firewall.let_in("web", 5432, web_firewall.group_id)

web = WebFleet(
    "shop-web",
    WebFleetArgs(
        image="debian-13",
        instance_type="t4g.small",
        disk=16,
        minimum=2,
        maximum=4,
        vpc_id=vpc,
        public_subnets=subnets,
        group_id=web_firewall.group_id,
        profile_arn=web_role.profile_arn,
        user_data=web_role.user_data,
        tags=tags,
    ),
    ireland,
)
database = DatabaseServer(
    "shop-database",
    DatabaseServerArgs(
        image="debian-13",
        instance_type="t4g.small",
        disk=8,
        data_disk=20,
        keep_data=keep,
        subnet_id=subnets[0],
        group_ids=[database_firewall.group_id],
        profile_name=database_role.profile_name,
        user_data=database_role.user_data,
        tags=tags,
    ),
    ireland,
)

pulumi.export("url", pulumi.Output.concat("http://", web.dns_name))
pulumi.export("store", store.address)
pulumi.export("database", database.private_address)
