"""A target for tests alone: a handful of AWS resources, as real targets will have them."""

import json
from typing import Annotated, Any, Literal

import pulumi
import pulumi_aws as aws
from pydantic import Field

from cloud_init.host import contracts
from components.deployment import Deployment
from components.release import core
from components.settings import BOOT, Model, Settings, number, target_options
from components.target import Need, StackPlace, Takes, TargetComponent

_BOOT = """#cloud-config
write_files:
- path: /etc/slipway/boot.json
  content: '{{"app": "{app}", "role": "web", "store": "{store}"}}'
runcmd:
- [python3, /opt/slipway/boot.py]
"""


THIS_MACHINE = False
TAKES: Takes = {}


class Options(Model):
    """slipway:example-aws"""

    region: str = Field("eu-west-1", description="The region.", json_schema_extra=BOOT)
    instance_type: str = Field("t4g.small", description="The size of the server.", json_schema_extra=BOOT)
    image: Literal["debian-13", "ubuntu-24.04"] = Field("debian-13", description="The system.", json_schema_extra=BOOT)
    disk: Annotated[int, number(8, 1000, "GB")] = Field(20, description="The size of the disk.", json_schema_extra=BOOT)
    monitoring: bool = Field(False, description="Detailed figures.")


class Network(pulumi.ComponentResource):
    """Two subnets of a network of its own, with a way out."""

    def __init__(self, name: str, tags: dict[str, str], keep: bool, opts: pulumi.ResourceOptions) -> None:
        super().__init__("slipway:aws:Network", name, None, opts)
        child = pulumi.ResourceOptions(parent=self, protect=keep, retain_on_delete=keep)
        zones = aws.get_availability_zones_output(state="available", opts=pulumi.InvokeOutputOptions(parent=self))
        self.vpc = aws.ec2.Vpc(f"{name}-vpc", cidr_block="10.60.0.0/16", enable_dns_hostnames=True, tags=tags, opts=child)
        gateway = aws.ec2.InternetGateway(f"{name}-gateway", vpc_id=self.vpc.id, tags=tags, opts=child)
        route = aws.ec2.RouteTableRouteArgs(cidr_block="0.0.0.0/0", gateway_id=gateway.id)
        table = aws.ec2.RouteTable(f"{name}-routes", vpc_id=self.vpc.id, routes=[route], tags=tags, opts=child)
        self.subnets = []
        for number_ in (0, 1):
            block = f"10.60.{number_}.0/24"
            args: dict[str, Any] = {"vpc_id": self.vpc.id, "cidr_block": block, "availability_zone": zones.names[number_]}
            subnet = aws.ec2.Subnet(f"{name}-{number_}", **args, map_public_ip_on_launch=True, tags=tags, opts=child)
            aws.ec2.RouteTableAssociation(f"{name}-{number_}", subnet_id=subnet.id, route_table_id=table.id, opts=child)
            self.subnets.append(subnet)
        self.register_outputs({})


class Store(pulumi.ComponentResource):
    """The private bucket that releases travel through."""

    def __init__(self, name: str, tags: dict[str, str], opts: pulumi.ResourceOptions) -> None:
        super().__init__("slipway:aws:ReleaseStore", name, None, opts)
        child = pulumi.ResourceOptions(parent=self, protect=True, retain_on_delete=True)
        self.bucket = aws.s3.Bucket(name, tags=tags, opts=child)
        of: dict[str, Any] = {"bucket": self.bucket.id, "opts": child}
        aws.s3.BucketPublicAccessBlock(
            name, **of, block_public_acls=True, block_public_policy=True, ignore_public_acls=True, restrict_public_buckets=True
        )
        default = aws.s3.BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgs(sse_algorithm="AES256")
        rule = aws.s3.BucketServerSideEncryptionConfigurationRuleArgs(apply_server_side_encryption_by_default=default)
        aws.s3.BucketServerSideEncryptionConfiguration(name, **of, rules=[rule])
        self.register_outputs({})


class WebServer(pulumi.ComponentResource):
    """One server with a fixed address, 80 and 443 open."""

    def __init__(
        self, name: str, options: Options, network: Network, boot: pulumi.Output[str], tags: dict[str, str], opts: pulumi.ResourceOptions
    ) -> None:
        super().__init__("slipway:aws:WebServer", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        self.group = aws.ec2.SecurityGroup(f"{name}-firewall", vpc_id=network.vpc.id, description="web", tags=tags, opts=child)
        for port in (80, 443):
            ports: dict[str, Any] = {"from_port": port, "to_port": port, "ip_protocol": "tcp", "cidr_ipv4": "0.0.0.0/0"}
            aws.vpc.SecurityGroupIngressRule(f"{name}-{port}", security_group_id=self.group.id, **ports, tags=tags, opts=child)
        aws.vpc.SecurityGroupEgressRule(
            f"{name}-out", security_group_id=self.group.id, ip_protocol="-1", cidr_ipv4="0.0.0.0/0", tags=tags, opts=child
        )
        policy = '{"Version": "2012-10-17", "Statement": []}'
        role = aws.iam.Role(f"{name}-role", assume_role_policy=policy, tags=tags, opts=child)
        profile = aws.iam.InstanceProfile(f"{name}-profile", role=role.name, tags=tags, opts=child)
        name_filter = aws.ec2.GetAmiFilterArgs(name="name", values=[f"{options.image}-*"])
        image = aws.ec2.get_ami_output(most_recent=True, owners=["136693071363"], filters=[name_filter])
        self.instance = aws.ec2.Instance(
            f"{name}-host",
            ami=image.id,
            instance_type=options.instance_type,
            subnet_id=network.subnets[0].id,
            vpc_security_group_ids=[self.group.id],
            iam_instance_profile=profile.name,
            associate_public_ip_address=True,
            monitoring=options.monitoring,
            metadata_options=aws.ec2.InstanceMetadataOptionsArgs(http_tokens="required", http_put_response_hop_limit=1),
            root_block_device=aws.ec2.InstanceRootBlockDeviceArgs(volume_size=options.disk, volume_type="gp3", encrypted=True, tags=tags),
            user_data=boot,
            tags=tags,
            opts=pulumi.ResourceOptions(parent=self, ignore_changes=["ami"]),
        )
        self.address = aws.ec2.Eip(f"{name}-address", instance=self.instance.id, domain="vpc", tags=tags, opts=child)
        self.register_outputs({})


class ManagedDatabase(pulumi.ComponentResource):
    """A database of RDS that the web server's firewall group alone reaches."""

    def __init__(
        self, name: str, engine: str, network: Network, web: WebServer, password: Any, tags: dict[str, str], opts: pulumi.ResourceOptions
    ) -> None:
        super().__init__("slipway:aws:ManagedDatabase", name, None, opts)
        kept = pulumi.ResourceOptions(parent=self, protect=True, retain_on_delete=True)
        port = 5432 if engine == "postgres" else 3306
        subnets = aws.rds.SubnetGroup(f"{name}-subnets", subnet_ids=[one.id for one in network.subnets], tags=tags, opts=kept)
        group = aws.ec2.SecurityGroup(f"{name}-firewall", vpc_id=network.vpc.id, description="database", tags=tags, opts=kept)
        ports: dict[str, Any] = {"from_port": port, "to_port": port, "ip_protocol": "tcp"}
        child = pulumi.ResourceOptions(parent=self)  # not kept: while the rule is there, the web server's group can't be removed
        aws.vpc.SecurityGroupIngressRule(
            f"{name}-in", security_group_id=group.id, referenced_security_group_id=web.group.id, **ports, tags=tags, opts=child
        )
        self.server = aws.rds.Instance(
            f"{name}-database",
            engine=engine,
            instance_class="db.t4g.micro",
            allocated_storage=20,
            db_subnet_group_name=subnets.name,
            vpc_security_group_ids=[group.id],
            storage_encrypted=True,
            publicly_accessible=False,
            deletion_protection=True,
            skip_final_snapshot=False,
            final_snapshot_identifier=f"{name}-last",
            backup_retention_period=7,
            username="slipway",
            password=password,
            tags=tags,
            opts=kept,
        )
        self.register_outputs({})


class Target(TargetComponent):
    """One server, a bucket, perhaps a database."""

    def __init__(self, name: str, settings: Settings, place: StackPlace) -> None:
        super().__init__("slipway:target:ExampleAws", name)
        options = target_options(settings, Options, "example-aws")
        tags = {"project": place.project, "stack": place.stack, "owner": "slipway"}
        child = pulumi.ResourceOptions(parent=self)
        managed = settings.database.placement == "managed"
        planned = core.plan(settings, place.folder, ("80",), name)
        network = Network(f"{name}-network", tags, managed, child)
        store = Store(f"{name}-store", tags, child)
        boot = store.bucket.bucket.apply(lambda bucket: _BOOT.format(app=name, store=bucket))
        web = WebServer(f"{name}-web", options, network, boot, tags, child)
        key = aws.s3.BucketObjectv2(
            f"{name}-manifest",
            bucket=store.bucket.id,
            content=json.dumps(contracts.document(planned.manifest), sort_keys=True),
            tags=tags,
            opts=child,
        )
        secrets = pulumi.Output.json_dumps(settings.secret_env)
        aws.s3.BucketObjectv2(f"{name}-secrets", bucket=store.bucket.id, content=secrets, tags=tags, opts=child)
        if managed:
            password = pulumi.Output.secret(settings.secret_env["DATABASE_PASSWORD"])
            ManagedDatabase(f"{name}-database", settings.database.engine, network, web, password, tags, child)
        url = pulumi.Output.concat("http://", web.address.public_ip)
        self.put_out(settings, planned.id(key.etag, settings.secret_env), url, pulumi.Output.all(web.address.public_ip))


def needs(settings: Settings) -> list[Need]:
    """Nothing on this machine."""
    return []


def deployment(settings: Settings, place: StackPlace) -> Deployment:
    """Nothing was ever launched."""
    raise NotImplementedError("a target for tests is never launched")
