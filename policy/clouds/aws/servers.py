"""Instances, launch templates and scaling groups."""

from collections.abc import Iterator

from policy import facts
from policy.clouds.aws.types import INSTANCE, SCALING_GROUP, TEMPLATE, groups
from policy.facts import CloudHost, Image, Metadata, UserData
from policy.plan import Plan, Resource, is_known
from policy.values import first, items, mapping, number

_LIMIT = 16384  # bytes of user data, before base64
_STOPPED_FOR = frozenset({"instanceType", "userData", "userDataBase64"})
"""An instance is stopped to change these, and started again; for `userData` as well."""
_ATTACHMENT = "aws:ec2/volumeAttachment:VolumeAttachment"
ENTRANCES = ("aws:ec2/eip:Eip", "aws:lb/loadBalancer:LoadBalancer", "aws:lb/listener:Listener")


def hosts(plan: Plan) -> Iterator[CloudHost]:
    """Each instance and each scaling group."""
    for instance in plan.made(INSTANCE):
        attached = [one for one in plan.made(_ATTACHMENT) if instance in plan.origins(one, "instanceId")]
        disks = tuple(disk.urn for one in attached for disk in plan.origins(one, "volumeId"))
        yield _host(plan, instance)._replace(stops_for=_STOPPED_FOR, disks=disks)
    for group in plan.made(SCALING_GROUP):
        yield _host(plan, group)


def images(plan: Plan) -> Iterator[Image]:
    """What names an image, but for templates that groups start new servers from by the newest
    version: there another image replaces none."""
    newest = [
        one
        for group in plan.made(SCALING_GROUP)
        if mapping(first(group.inputs.get("launchTemplate"))).get("version") == "$Latest"
        for one in plan.origins(group, "launchTemplate", TEMPLATE)
    ]
    for type, input in ((INSTANCE, "ami"), (TEMPLATE, "imageId")):
        yield from (Image(one, input) for one in plan.made(type) if one.inputs.get(input) is not None and one not in newest)


def metadata(plan: Plan) -> Iterator[Metadata]:
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


def user_data(plan: Plan) -> Iterator[UserData]:
    """An instance takes it as text or in base64, a template in base64."""
    for type, input, encoded in ((INSTANCE, "userData", False), (INSTANCE, "userDataBase64", True), (TEMPLATE, "userData", True)):
        for server in plan.made(type):
            if server.inputs.get(input) is not None:
                yield facts.user_data(server, input, encoded, _LIMIT)


def _host(plan: Plan, at: Resource) -> CloudHost:
    templates = plan.origins(at, "launchTemplate", TEMPLATE)
    firewalls = tuple(urn for one in (at, *templates) for urn in _firewalls(plan, one))
    return CloudHost(at, firewalls, started_from=tuple(one.urn for one in templates))


def _firewalls(plan: Plan, server: Resource) -> Iterator[str]:
    for input in ("vpcSecurityGroupIds", "securityGroups"):
        yield from groups(plan, server, input, server.inputs.get(input))
    for interface in items(server.inputs.get("networkInterfaces")):
        yield from groups(plan, server, "networkInterfaces", mapping(interface).get("securityGroups"))
