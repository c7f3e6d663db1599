"""nginx in front: one configuration file, whole, so that nothing of the system's own nginx is read but its MIME types."""

from cloud_init.host_files import HostFile, WebHost
from cloud_init.templating import render

# A front gives up after the server did, so that the server's own answer is the one that is seen.
_MARGIN = 5


def files(host: WebHost) -> list[HostFile]:
    """`etc/nginx.conf`."""
    content = render(
        "nginx/nginx.conf.j2",
        listen=host.front.listen,
        max_body=host.front.max_body,
        cors=host.front.cors,
        static=sorted(_prefix(path) for path in host.static),
        read_timeout=max(60, host.server.timeout + _MARGIN),
    )
    return [HostFile("etc/nginx.conf", content)]


def _prefix(path: str) -> str:
    return path.rstrip("/") + "/"
