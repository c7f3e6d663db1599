"""nginx in front: one configuration file, whole, so that nothing of the system's own nginx is read but its MIME types."""

from cloud_init.fronts import prefixes, read_timeout
from cloud_init.host_files import HostFile, Upstream, WebHost
from cloud_init.templating import render


def files(host: WebHost, upstream: Upstream) -> list[HostFile]:
    """`etc/nginx.conf`."""
    content = render(
        "nginx/nginx.conf.j2",
        listen=host.front.listen,
        max_body=host.front.max_body,
        cors=host.front.cors,
        static=prefixes(host),
        read_timeout=read_timeout(host),
        protocol=upstream.protocol,
        socket=upstream.socket,
    )
    return [HostFile("etc/nginx.conf", content)]
