"""The web servers of a stack: one with a fixed address. `fleet.py` has the other way."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pulumi

from components.aws.ground import Ground, Host
from components.aws.site_name import SiteName, SiteNameArgs
from components.aws.web_server import WebServer, WebServerArgs


@dataclass(frozen=True)
class Web:
    """`address`: where all come in; `made`: what a rollout waits for; `expected`: names of hosts, as far as there are any; `fewest`: how
    many there will be at least; `watched`: what alarms look at."""

    host: Host
    address: pulumi.Output[str]
    made: tuple[pulumi.Resource, ...]
    expected: tuple[pulumi.Output[str], ...] = ()
    fewest: int = 1
    watched: Mapping[str, Any] = field(default_factory=dict)


def server(ground: Ground) -> Web:
    """One server."""
    host, options = ground.host("web", ground.has_data_on_web, ground.keeps_web), ground.options
    args = WebServerArgs(
        image=options.image,
        instance_type=options.instance_type,
        disk=options.disk,
        subnet_id=ground.subnet(),
        group_ids=[ground.web.group_id],
        profile=host.role.profile_name,
        user_data=host.user_data,
        tags=ground.tags,
        has_ipv6=ground.network.has_ipv6,
        keep=ground.keeps_web,
        store=ground.address,
        identity=host.role.unique_id,
    )
    made = WebServer(f"{ground.name}-web", args, ground.child)
    named = name(ground, SiteNameArgs(str(ground.settings.domain), str(options.zone), ipv4=made.address))
    return Web(host, made.address, (made, *named), (host.called(made.instance_id),), watched={"servers": {"web": made.instance_id}})


def name(ground: Ground, args: SiteNameArgs) -> tuple[pulumi.Resource, ...]:
    """Where the settings name a zone: the records there."""
    return (SiteName(f"{ground.name}-name", args, ground.child),) if ground.options.zone else ()
