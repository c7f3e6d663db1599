"""The web server of a stack, one with a fixed address. `fleet.py` makes several."""

from dataclasses import dataclass
from typing import Any

import pulumi

from components.aws.blocks.server import WebServer, WebServerArgs
from components.aws.blocks.site_name import SiteName, SiteNameArgs
from components.aws.stack.foundation import Foundation, Tier
from components.blocks import names


@dataclass(frozen=True, kw_only=True)
class WebTier(Tier):
    """`address`: where users come in; `fewest`: how many servers there will be at least; `device`:
    a single one's disk for the data, if it has one."""

    address: pulumi.Output[str]
    fewest: int = 1
    device: pulumi.Output[str | None] | None = None


def server(foundation: Foundation) -> WebTier:
    """One server."""
    role, options = foundation.role("web", foundation.has_data_on_web, foundation.keeps_web), foundation.options
    args = WebServerArgs(
        **foundation.server_args(role, foundation.firewall),
        instance_type=options.instance_type,
        disk=options.disk,
        keep=foundation.keeps_web,
        data_disk=options.data_disk,
        zone=foundation.network.host_zone,
        keep_data=foundation.settings.keep_data,
        last_snapshot=foundation.settings.last_snapshot,
        store=foundation.store.address,
        role_id=role.unique_id,
    )
    web = WebServer(f"{foundation.name}-web", args, foundation.child)
    return WebTier(
        address=web.address,
        device=web.device if options.data_disk else None,
        resources=(web, *site_name(foundation, ipv4=web.address)),
        hosts=(names.host(role.unique_id, web.instance_id),),
        roles={"web": role.name},
        servers={"web": web.instance_id},
    )


def site_name(foundation: Foundation, **leads_to: Any) -> tuple[pulumi.Resource, ...]:
    """Records of the settings' domain where they name its zone. `leads_to`: of `SiteNameArgs`."""
    domain, zone = foundation.settings.domain, foundation.options.zone
    if not (domain and zone):
        return ()
    return (SiteName(f"{foundation.name}-name", SiteNameArgs(domain=domain, zone=zone, **leads_to), foundation.child),)
