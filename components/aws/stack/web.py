"""The web server of a stack, one with a fixed address. `fleet.py` makes several."""

from dataclasses import dataclass
from typing import Any

import pulumi

from components.aws.blocks.server import DataDisk, DataDiskArgs, WebServer, WebServerArgs
from components.aws.blocks.site_name import SiteName, SiteNameArgs
from components.aws.stack.foundation import Foundation, Tier
from components.blocks import names


@dataclass(frozen=True, kw_only=True)
class WebTier(Tier):
    """`address`: where users come in; `fewest`: how many servers there will be at least."""

    address: pulumi.Output[str]
    fewest: int = 1


def server(foundation: Foundation) -> WebTier:
    """One server."""
    options, disk = foundation.options, _disk(foundation)
    role = foundation.role("web", foundation.has_data_on_web, foundation.keeps_web, disk.device if disk else None)
    args = WebServerArgs(
        **foundation.server_args(role, foundation.firewall),
        instance_type=options.instance_type,
        disk=options.disk,
        keep=foundation.keeps_web,
        data_volume=disk.volume_id if disk else None,
        store=foundation.store.address,
        role_id=role.unique_id,
    )
    web = WebServer(f"{foundation.name}-web", args, foundation.child)
    return WebTier(
        address=web.address,
        resources=(web, *site_name(foundation, ipv4=web.address)),
        hosts=(names.host(role.unique_id, web.instance_id),),
        roles={"web": role.name},
        servers={"web": web.instance_id},
    )


def _disk(foundation: Foundation) -> DataDisk | None:
    size, settings, zone = foundation.options.data_disk, foundation.settings, foundation.network.host_zone
    if size is None:
        return None
    args = DataDiskArgs(size=size, zone=zone, keep=settings.keep_data, last_snapshot=settings.last_snapshot, tags=foundation.tags)
    return DataDisk(f"{foundation.name}-web-data", args, foundation.child)


def site_name(foundation: Foundation, **leads_to: Any) -> tuple[pulumi.Resource, ...]:
    """Records of the settings' names where they name their zone. `leads_to`: of `SiteNameArgs`."""
    domain, zone, http = foundation.settings.domain, foundation.options.zone, foundation.settings.http
    if not (domain and zone):
        return ()
    names = {"name": domain, **{f"name-{one}": one for one in http.redirect_domains if f".{one}".endswith(f".{zone}")}}
    made = {f"{foundation.name}-{key}": SiteNameArgs(domain=one, zone=zone, **leads_to) for key, one in names.items()}
    return tuple(SiteName(name, args, foundation.child) for name, args in made.items())
