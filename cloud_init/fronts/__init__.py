"""Front servers, a file each: `files(host, upstream)`, with `etc/NAME.conf` for the host's program of that name."""

from cloud_init.host_files import Upstream, WebHost

# A front gives up after the server did, so that the server's own answer is the one that is seen.
_MARGIN = 5


def values(host: WebHost, upstream: Upstream) -> dict[str, object]:
    """What every front's template is given. `read_timeout`: for servers that have no time-out of a request it is the only one."""
    return {
        "max_body": host.front.max_body,
        "cors": host.front.cors,
        "static": sorted(path.rstrip("/") + "/" for path in host.static),
        "read_timeout": host.server.timeout + _MARGIN,
        "protocol": upstream.protocol,
        "socket": upstream.socket,
    }
