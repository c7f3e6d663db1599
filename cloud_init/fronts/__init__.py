"""Front servers, a file each: `files(host, upstream)`, with `etc/NAME.conf` for the host's program of that name."""

from cloud_init.host_files import WebHost

# A front gives up after the server did, so that the server's own answer is the one that is seen.
_MARGIN = 5


def read_timeout(host: WebHost) -> int:
    """Seconds that a front waits for the server: for those that have no time-out of a request it is the only one."""
    return host.server.timeout + _MARGIN


def prefixes(host: WebHost) -> list[str]:
    """The URL paths of static files, each with a slash at its end."""
    return sorted(path.rstrip("/") + "/" for path in host.static)
