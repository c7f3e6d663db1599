"""Amazon Web Services, as its Pulumi types and inputs say it."""

from collections.abc import Iterator
from typing import Any

from policy.facts import ALL_PORTS, CloudBucket, CloudDatabase, CloudHost, DefaultTags, Disk, Facts, Metadata, Opening, UserData
from policy.plan import Plan, Resource, decoded, first, flag, is_known, items, mapping, number, origins, shown, text

INSTANCE = "aws:ec2/instance:Instance"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
SCALING_GROUP = "aws:autoscaling/group:Group"
SECURITY_GROUP = "aws:ec2/securityGroup:SecurityGroup"
_RULE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
_BEANSTALK = "aws:elasticbeanstalk/environment:Environment"
_DATABASE = "aws:rds/instance:Instance"
_VOLUME = "aws:ebs/volume:Volume"
_ATTACHMENT = "aws:ec2/volumeAttachment:VolumeAttachment"
_BUCKET = "aws:s3/bucket:Bucket"
_ENCRYPTION = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
_BLOCK = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
_ENTRANCES = (_BEANSTALK, "aws:ec2/eip:Eip", "aws:lb/loadBalancer:LoadBalancer", "aws:lb/listener:Listener")

_SWITCHES = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
_MEMBERS = "referencedSecurityGroupId"
_WITHOUT_PORTS = {"icmp", "icmpv6", "1", "58"}
_WITH_PORTS = {"tcp", "udp", "6", "17"}
_STOPPED_FOR = frozenset({"instanceType", "userData", "userDataBase64"})
"""An instance is stopped to change these, and started again; for `userData` as well."""
_DATABASE_STOPPED_FOR = frozenset({"instanceClass", "engineVersion", "port", "caCertIdentifier"})
"""Inputs that restart it: at once with `applyImmediately`, else in its maintenance window."""
_NO_DEFAULT_TAGS = frozenset({SCALING_GROUP})


def facts(plan: Plan) -> Facts:
    """What the plan's AWS resources mean."""
    return Facts(
        openings=tuple(_openings(plan)),
        disks=tuple(_disks(plan)),
        buckets=tuple(CloudBucket(one, _encrypted(plan, one), tuple(_openness(plan, one))) for one in plan.made(_BUCKET)),
        databases=tuple(_databases(plan)),
        hosts=tuple(_hosts(plan)),
        entrances=tuple(plan.made(*_ENTRANCES)),
        # A group starts servers from a template: another image replaces none that runs.
        images=tuple((one, "ami") for one in plan.made(INSTANCE) if one.inputs.get("ami") is not None),
        metadata=tuple(_metadata(plan)),
        user_data=tuple(_user_data(plan)),
        default_tags=tuple(_default_tags(plan)),
    )


def groups(plan: Plan, resource: Resource, input: str, value: Any) -> tuple[str, ...]:
    """The security groups in `value`, part of that input: URNs, or names from outside the plan."""
    known = {one.urn for one in plan.of(SECURITY_GROUP)}
    anywhere = [one.urn for one in plan.origins(resource, input, SECURITY_GROUP)]
    found: list[str] = []
    for one in items(value):
        found += [urn for urn in origins(one) if urn in known] or anywhere or [shown(one)]
    return tuple(dict.fromkeys(found))


def _hosts(plan: Plan) -> Iterator[CloudHost]:
    """Each instance, each scaling group and each environment of Elastic Beanstalk."""
    for instance in plan.made(INSTANCE):
        attached = [one for one in plan.made(_ATTACHMENT) if instance in plan.origins(one, "instanceId")]
        disks = tuple(disk.urn for one in attached for disk in plan.origins(one, "volumeId"))
        yield _host(plan, instance)._replace(stops_for=_STOPPED_FOR, disks=disks)
    for group in plan.made(SCALING_GROUP):
        yield _host(plan, group)
    for environment in plan.made(_BEANSTALK):
        yield CloudHost(environment, tuple(one.urn for one in plan.origins(environment, "settings", SECURITY_GROUP)))


def _host(plan: Plan, at: Resource) -> CloudHost:
    templates = plan.origins(at, "launchTemplate", TEMPLATE)
    firewalls = tuple(urn for one in (at, *templates) for urn in _firewalls(plan, one))
    return CloudHost(at, firewalls, started_from=tuple(one.urn for one in templates))


def _firewalls(plan: Plan, server: Resource) -> Iterator[str]:
    for input in ("vpcSecurityGroupIds", "securityGroups"):
        yield from groups(plan, server, input, server.inputs.get(input))
    for interface in items(server.inputs.get("networkInterfaces")):
        yield from groups(plan, server, "networkInterfaces", mapping(interface).get("securityGroups"))


def _metadata(plan: Plan) -> Iterator[Metadata]:
    """How the metadata service answers; an instance made from a template has what that one says."""
    for server in plan.made(INSTANCE, TEMPLATE):
        given = first(server.inputs.get("metadataOptions"))
        if given is None and server.inputs.get("launchTemplate") is not None:
            continue
        options = mapping(given)
        if (given is None or is_known(given)) and options.get("httpEndpoint") != "disabled":
            tokens, hops = options.get("httpTokens"), options.get("httpPutResponseHopLimit")
            wanted = tokens == "required" if tokens is None or is_known(tokens) else None
            yield Metadata(server, wanted, 0 if hops is None else number(hops))
    for environment in plan.made(_BEANSTALK):
        said = {text(mapping(one).get("name")): mapping(one).get("value") for one in items(environment.inputs.get("settings"))}
        yield Metadata(environment, said.get("DisableIMDSv1") != "false", 1)


def _user_data(plan: Plan) -> Iterator[UserData]:
    for server in plan.made(INSTANCE, TEMPLATE):
        yield from (UserData(server, input, server.inputs[input]) for input in ("userData", "userDataBase64") if input in server.inputs)


def _databases(plan: Plan) -> Iterator[CloudDatabase]:
    for one in plan.made(_DATABASE):
        skipped, has_name = flag(one.inputs.get("skipFinalSnapshot")), one.inputs.get("finalSnapshotIdentifier") is not None
        yield CloudDatabase(
            one,
            public=flag(one.inputs.get("publiclyAccessible")),
            firewalls=groups(plan, one, "vpcSecurityGroupIds", one.inputs.get("vpcSecurityGroupIds")),
            locked=flag(one.inputs.get("deletionProtection")),
            final_snapshot=None if skipped is None else not skipped and has_name,  # without one it fails as the database is removed
            lock_input="deletionProtection",
            stops_for=_DATABASE_STOPPED_FOR,
        )


def _openings(plan: Plan) -> Iterator[Opening]:
    """All that security groups let in: by rules inside them, and rules that are resources."""
    for group in plan.made(SECURITY_GROUP):
        for entry in items(group.inputs.get("ingress")):
            yield from _opening(plan, group, group.urn, mapping(entry), "ingress")
    for rule in plan.made(_RULE):
        firewall = next((one.urn for one in plan.origins(rule, "securityGroupId", SECURITY_GROUP)), "")
        yield from _opening(plan, rule, firewall, rule.inputs, _MEMBERS)


def _opening(plan: Plan, at: Resource, firewall: str, entry: Any, input: str) -> Iterator[Opening]:
    given = entry.get("protocol", entry.get("ipProtocol"))
    protocol = shown(number(given)) if number(given) is not None else text(given).lower()
    if protocol in _WITHOUT_PORTS or not entry:
        return
    named = [one for key in ("securityGroups", _MEMBERS) for one in items(entry.get(key))]
    members = groups(plan, at, input, named) + ((firewall,) if flag(entry.get("self")) else ())
    keys = ("cidrBlocks", "ipv6CidrBlocks", "prefixListIds", "cidrIpv4", "cidrIpv6", "prefixListId")
    addresses = tuple(one for key in keys for one in items(entry.get(key)))
    yield Opening(at, firewall, _ports(protocol, entry), addresses, members)


def _ports(protocol: str, entry: Any) -> range | None:
    """A protocol without ports of its own, or all of them, opens everything."""
    first, last = entry.get("fromPort"), entry.get("toPort")
    if (protocol and protocol not in _WITH_PORTS) or (first is None and last is None):
        return ALL_PORTS
    low, high = number(first), number(last)
    if low is None or high is None:
        return None
    return ALL_PORTS if low < 0 else range(low, min(high, ALL_PORTS[-1]) + 1)


def _disks(plan: Plan) -> Iterator[Disk]:
    """Hosts' disks, disks that are resources of their own, and the storage of databases."""
    for server in plan.made(INSTANCE):
        if server.inputs.get("rootBlockDevice") is not None or server.inputs.get("launchTemplate") is None:
            yield _disk(server, "rootBlockDevice", first(server.inputs.get("rootBlockDevice")))
        for place, device in enumerate(items(server.inputs.get("ebsBlockDevices"))):
            yield _disk(server, f"ebsBlockDevices[{place}]", device)
    for template in plan.made(TEMPLATE):
        yield from _of_template(template)
    for one in plan.made(_VOLUME):
        encrypted, snapshot = (flag(one.inputs.get(input)) for input in ("encrypted", "finalSnapshot"))
        yield Disk(one, "encrypted", encrypted, apart=True, final_snapshot=snapshot)
    for one in plan.made(_DATABASE):
        yield Disk(one, "storageEncrypted", flag(one.inputs.get("storageEncrypted")))


def _of_template(template: Resource) -> Iterator[Disk]:
    """A template that names no disk leaves the image's as it is."""
    mappings = [*enumerate(items(template.inputs.get("blockDeviceMappings")))]
    named = [(place, device) for place, device in mappings if not is_known(device) or mapping(device).get("ebs") is not None]
    if not named:
        yield Disk(template, "blockDeviceMappings[].ebs.encrypted", False)
    for place, device in named:
        inner = mapping(device).get("ebs") if is_known(device) else device
        yield _disk(template, f"blockDeviceMappings[{place}].ebs", first(inner))


def _disk(server: Resource, path: str, device: Any) -> Disk:
    known = device is None or is_known(device)
    return Disk(server, f"{path}.encrypted", flag(mapping(device).get("encrypted")) if known else None)


def _encrypted(plan: Plan, bucket: Resource) -> bool | None:
    inline = bucket.inputs.get("serverSideEncryptionConfiguration")
    if inline is not None and not is_known(inline):
        return None
    return bool(inline) or any(one.inputs.get("rules") for one in _about(plan, bucket, _ENCRYPTION))


def _openness(plan: Plan, bucket: Resource) -> Iterator[str]:
    blocks = [*_about(plan, bucket, _BLOCK)]
    if not blocks:
        yield "no BucketPublicAccessBlock"
    for block in blocks:
        yield from (f"{switch} not true" for switch in _SWITCHES if flag(block.inputs.get(switch)) is False)
    if text(bucket.inputs.get("acl")).startswith(("public-", "authenticated-")):
        yield f"acl {shown(bucket.inputs['acl'])}"


def _about(plan: Plan, bucket: Resource, type: str) -> Iterator[Resource]:
    """What is said about this bucket, by reference or by its name."""
    name = text(bucket.inputs.get("bucket"))
    for one in plan.made(type):
        if bucket in plan.origins(one, "bucket") or (name and one.inputs.get("bucket") == name):
            yield one


def _default_tags(plan: Plan) -> Iterator[DefaultTags]:
    for provider in plan.of("pulumi:providers:aws"):
        given = decoded(provider.inputs.get("defaultTags"))  # what isn't text travels as JSON
        if given is not None:
            yield DefaultTags(provider, mapping(given).get("tags", given), _NO_DEFAULT_TAGS)
