"""The web servers of a stack: one with a fixed address. `fleet.py` has the other way."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pulumi

from components.aws.blocks.host_role import HostRole
from components.aws.blocks.site_name import SiteName, SiteNameArgs
from components.aws.blocks.web_server import WebServer, WebServerArgs
from components.aws.stack.foundation import Ground
from components.blocks import names


@dataclass(frozen=True)
class Web:
    """`address`: where all come in; `made`: what a rollout waits for; `expected`: names of hosts, as far as there are any; `fewest`: how
    many there will be at least; `watched`: what alarms look at."""

    role: HostRole
    address: pulumi.Output[str]
    made: tuple[pulumi.Resource, ...]
    expected: tuple[pulumi.Output[str], ...] = ()
    fewest: int = 1
    watched: Mapping[str, Any] = field(default_factory=dict)


def server(ground: Ground) -> Web:
    """One server."""
    role, options = ground.role("web", ground.has_data_on_web, ground.keeps_web), ground.options
    args = WebServerArgs(
        image=options.image,
        instance_type=options.instance_type,
        disk=options.disk,
        subnet_id=ground.subnet(),
        group_ids=[ground.web.group_id],
        profile_name=role.profile_name,
        user_data=role.user_data,
        tags=ground.tags,
        has_ipv6=ground.network.has_ipv6,
        keep=ground.keeps_web,
        store=ground.store.address,
        role_id=role.unique_id,
    )
    made = WebServer(f"{ground.name}-web", args, ground.child)
    host = names.host(role.unique_id, made.instance_id)
    return Web(role, made.address, (made, *name(ground, ipv4=made.address)), (host,), watched={"servers": {"web": made.instance_id}})


def name(ground: Ground, **leads: Any) -> tuple[pulumi.Resource, ...]:
    """Where the settings name a zone: the records there, which lead to what `SiteNameArgs` has of these."""
    domain, zone = ground.settings.domain, ground.options.zone
    if not (domain and zone):
        return ()
    return (SiteName(f"{ground.name}-name", SiteNameArgs(domain=domain, zone=zone, **leads), ground.child),)
