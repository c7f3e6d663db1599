"""Instances, launch templates and scaling groups."""

import base64
import binascii
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from policy.clouds.aws import network
from policy.clouds.aws.types import INSTANCE, SCALING_GROUP, SUBNET, TEMPLATE, first, groups, origins, own
from policy.facts import Host, Image, Metadata, UserData
from policy.plan import Plan, Resource, is_known
from policy.values import flag, items, mapping, number

_LIMIT = 16384  # bytes of user data, before base64
_STOPPED_FOR = frozenset({"instanceType", "userData", "userDataBase64"})
"""An instance is stopped to change these, and started again; `userData` though what it says is only read at the first start."""
_ADDRESSES = {"aws:ec2/eip:Eip": "instance", "aws:ec2/eipAssociation:EipAssociation": "instanceId"}


def hosts(plan: Plan) -> Iterator[Host]:
    """Each instance and each scaling group."""
    addressed = {one.urn for type, input in _ADDRESSES.items() for address in own(plan, type) for one in plan.origins(address, input)}
    for instance in own(plan, INSTANCE):
        public = True if instance.urn in addressed else _public(instance.inputs.get("associatePublicIpAddress"))
        yield replace(_host(plan, instance, "subnetId", public), stops_for=_STOPPED_FOR)
    for group in own(plan, SCALING_GROUP):
        yield _host(plan, group, "vpcZoneIdentifiers", None)


def images(plan: Plan) -> Iterator[Image]:
    """What names an image."""
    for type, input in ((INSTANCE, "ami"), (TEMPLATE, "imageId")):
        yield from (Image(one, input) for one in own(plan, type) if one.inputs.get(input) is not None)


def metadata(plan: Plan) -> Iterator[Metadata]:
    """How the metadata service answers; an instance made from a template has what that one says."""
    for server in own(plan, INSTANCE, TEMPLATE):
        given = first(server.inputs.get("metadataOptions"))
        if given is None and server.inputs.get("launchTemplate") is not None:
            continue
        options = mapping(given)
        if (given is None or is_known(given)) and options.get("httpEndpoint") != "disabled":
            yield Metadata(server, _wants_token(options.get("httpTokens")), _hops(options.get("httpPutResponseHopLimit")))


def user_data(plan: Plan) -> Iterator[UserData]:
    """An instance takes it as text or in base64, a template in base64."""
    for type, input, encoded in ((INSTANCE, "userData", False), (INSTANCE, "userDataBase64", True), (TEMPLATE, "userData", True)):
        for server in own(plan, type):
            value = server.inputs.get(input)
            if value is not None:
                yield UserData(server, input, value, _size(value, encoded), _LIMIT)


def _host(plan: Plan, at: Resource, subnets: str, public: bool | None) -> Host:
    templates = [*origins(plan, at, "launchTemplate", TEMPLATE), *origins(plan, at, "mixedInstancesPolicy", TEMPLATE)]
    firewalls = [urn for one in (at, *templates) for urn in _firewalls(plan, one)]
    said = [_public(mapping(one).get("associatePublicIpAddress")) for it in templates for one in items(it.inputs.get("networkInterfaces"))]
    places = tuple(network.place(plan, subnet) for subnet in origins(plan, at, subnets, SUBNET) if subnet.kind == "resource")
    return Host(at, places, tuple(firewalls), next((one for one in (public, *said) if one is not None), None))


def _firewalls(plan: Plan, server: Resource) -> Iterator[str]:
    for input in ("vpcSecurityGroupIds", "securityGroups"):
        yield from groups(plan, server, input, server.inputs.get(input))
    for interface in items(server.inputs.get("networkInterfaces")):
        yield from groups(plan, server, "networkInterfaces", mapping(interface).get("securityGroups"))


def _public(value: Any) -> bool | None:
    """None: not said, as the subnet does it. What isn't known yet is taken for the best."""
    return None if value is None else flag(value) is not False


def _wants_token(value: Any) -> bool | None:
    return value == "required" if value is None or is_known(value) else None


def _hops(value: Any) -> int | None:
    return 0 if value is None else number(value)


def _size(value: Any, encoded: bool) -> int | None:
    if not isinstance(value, str):
        return None
    given = value.encode(errors="replace")
    try:
        return len(base64.b64decode(given, validate=True)) if encoded else len(given)
    except binascii.Error:
        return len(given)
