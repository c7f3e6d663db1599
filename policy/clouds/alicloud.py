"""Alibaba Cloud, as the types and inputs of its provider say it."""

from collections.abc import Iterator

from policy.facts import ALL_PORTS, CloudBucket, CloudDatabase, CloudHost, Disk, Facts, Metadata, Opening, UserData
from policy.plan import Plan, Resource, first, flag, items, mapping, number, text
from policy.plan import origins as urns_of

_INSTANCE = "alicloud:ecs/instance:Instance"
_TEMPLATE = "alicloud:ecs/ecsLaunchTemplate:EcsLaunchTemplate"
_SCALING_GROUP = "alicloud:ess/scalingGroup:ScalingGroup"
_FIREWALL = "alicloud:ecs/securityGroup:SecurityGroup"
_RULE = "alicloud:ecs/securityGroupRule:SecurityGroupRule"
_DISK = "alicloud:ecs/ecsDisk:EcsDisk"
_ATTACHMENT = "alicloud:ecs/ecsDiskAttachment:EcsDiskAttachment"
_BUCKET = "alicloud:oss/bucket:Bucket"
_DATABASE = "alicloud:rds/instance:Instance"
_ENTRANCES = ("alicloud:ecs/eipAddress:EipAddress", "alicloud:alb/loadBalancer:LoadBalancer", "alicloud:alb/listener:Listener")
_STOPPED_FOR = frozenset({"instanceType", "hostName", "userData"})


def facts(plan: Plan) -> Facts:
    """What the plan's resources on Alibaba Cloud mean."""
    servers = [*plan.made(_INSTANCE), *plan.made(_TEMPLATE)]
    return Facts(
        openings=tuple(_openings(plan)),
        disks=tuple(_disks(plan)),
        buckets=tuple(_bucket(plan, one) for one in plan.made(_BUCKET)),
        # Of security groups it lists those whose members may come in; it has none of its own.
        databases=tuple(
            CloudDatabase(
                one, public=False, locked=flag(one.inputs.get("deletionProtection")), final_snapshot=None, lock_input="deletionProtection"
            )
            for one in plan.made(_DATABASE)
        ),
        hosts=tuple(_hosts(plan)),
        entrances=tuple(plan.made(*_ENTRANCES)),
        # A group starts servers from the newest version of a template: another image replaces none.
        images=tuple((one, "imageId") for one in plan.made(_INSTANCE) if one.inputs.get("imageId") is not None),
        # The hop limit can't be set.
        metadata=tuple(Metadata(one, _wants_token(one), 1) for one in servers),
        user_data=tuple(UserData(one, "userData", one.inputs["userData"]) for one in servers if "userData" in one.inputs),
    )


def _openings(plan: Plan) -> Iterator[Opening]:
    for rule in plan.made(_RULE):
        if rule.inputs.get("type") == "ingress" and rule.inputs.get("policy", "accept") == "accept":
            low, _, high = text(rule.inputs.get("portRange")).partition("/")
            ends = number(low), number(high)
            ports = None if None in ends else ALL_PORTS if ends[0] == -1 else range(int(ends[0] or 0), int(ends[1] or 0) + 1)
            addresses = tuple(rule.inputs[name] for name in ("cidrIp", "ipv6CidrIp") if name in rule.inputs)
            firewall = next((one.urn for one in plan.origins(rule, "securityGroupId", _FIREWALL)), "")
            members = tuple(one.urn for one in plan.origins(rule, "sourceSecurityGroupId", _FIREWALL))
            yield Opening(rule, firewall, ports, addresses, members)


def _disks(plan: Plan) -> Iterator[Disk]:
    """No copy of a disk can be asked for as it is removed: it is kept by its protection alone."""
    for server in plan.made(_INSTANCE):
        yield Disk(server, "systemDiskEncrypted", flag(server.inputs.get("systemDiskEncrypted")))
    for template in plan.made(_TEMPLATE):
        yield Disk(template, "systemDisk.encrypted", flag(mapping(first(template.inputs.get("systemDisk"))).get("encrypted")))
    for disk in plan.made(_DISK):
        yield Disk(disk, "encrypted", flag(disk.inputs.get("encrypted")), apart=True, final_snapshot=None)


def _bucket(plan: Plan, bucket: Resource) -> CloudBucket:
    about = {one.type: one for one in plan.resources if bucket in plan.origins(one, "bucket")}
    encryption = about.get("alicloud:oss/bucketServerSideEncryption:BucketServerSideEncryption")
    block = about.get("alicloud:oss/bucketPublicAccessBlock:BucketPublicAccessBlock")
    acls = [one.inputs.get("acl") for one in (bucket, about.get("alicloud:oss/bucketAcl:BucketAcl")) if one]
    openness = [f"acl {acl}" for acl in acls if text(acl).startswith("public-")]
    if block is None or flag(block.inputs.get("blockPublicAccess")) is False:
        openness.append("no BucketPublicAccessBlock")
    return CloudBucket(bucket, encryption is not None or "serverSideEncryptionRule" in bucket.inputs, tuple(openness))


def _hosts(plan: Plan) -> Iterator[CloudHost]:
    for server in plan.made(_INSTANCE):
        attached = [one for one in plan.made(_ATTACHMENT) if server in plan.origins(one, "instanceId")]
        disks = tuple(disk.urn for one in attached for disk in plan.origins(one, "diskId"))
        yield CloudHost(server, _firewalls(plan, server, "securityGroups"), _STOPPED_FOR, disks=disks)
    for group in plan.made(_SCALING_GROUP):
        templates = plan.origins(group, "launchTemplateId", _TEMPLATE)
        firewalls = tuple(urn for one in templates for urn in _firewalls(plan, one, "securityGroupIds"))
        yield CloudHost(group, firewalls, started_from=tuple(one.urn for one in templates))


def _firewalls(plan: Plan, server: Resource, input: str) -> tuple[str, ...]:
    named = [urn for value in items(server.inputs.get(input)) for urn in urns_of(value)]
    return tuple(dict.fromkeys([*(one.urn for one in plan.origins(server, input, _FIREWALL)), *named]))


def _wants_token(server: Resource) -> bool | None:
    wanted = server.inputs.get("httpTokens")
    return wanted == "required" if wanted is None or isinstance(wanted, str) else None
