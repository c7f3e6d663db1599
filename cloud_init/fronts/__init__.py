"""Front servers, a file each: `files(host, upstream)`, with `etc/NAME.conf` for the host's program of that name."""

import ipaddress
from typing import Any

from cloud_init import tls
from cloud_init.fleet import Balancer
from cloud_init.host_files import HostFileError, Upstream, WebHost

# A front gives up after the server did, so that the server's own answer is the one that is seen.
_MARGIN = 5
_KEPT = 65  # seconds that a connection without a request is kept


def values(host: WebHost, upstream: Upstream) -> dict[str, Any]:
    """What every front's template is given. `read_timeout`: for servers that have no time-out of a request it is the only one."""
    return {
        "max_body": host.front.max_body,
        "cors": host.front.cors,
        "static": sorted(path.rstrip("/") + "/" for path in host.static),
        "read_timeout": host.server.timeout + _MARGIN,
        "keep_alive": host.front.balancer.idle + _MARGIN if host.front.balancer else _KEPT,
        "protocol": upstream.protocol,
        "socket": upstream.socket,
        "balancer": _networks(host.front.balancer),
        "client_header": host.front.balancer.header if host.front.balancer else "",
        "tls": tls.values(host.front.tls, host.front.listen) if host.front.tls else None,
    }


def idle_timeout(timeout: int) -> int:
    """For a load balancer in front of servers with that time-out, where it can be set: `Balancer.idle`.

    Longer than any answer takes, and shorter than fronts keep theirs: who closes first must be the balancer, or a request meets a
    connection that is just being closed."""
    return max(_KEPT - _MARGIN, timeout + 2 * _MARGIN)


def _networks(balancer: Balancer | None) -> list[str]:
    """The networks of the load balancer, as every front takes them. Raises `HostFileError` for what is none."""
    try:
        return [str(ipaddress.ip_network(one)) for one in (balancer.networks if balancer else ())]
    except ValueError as error:
        raise HostFileError(f"the load balancer's networks: wanted such as 10.0.0.0/16, found: {error}") from None
