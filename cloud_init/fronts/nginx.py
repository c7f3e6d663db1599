"""nginx in front: one configuration file, whole, so that nothing of the system's own nginx is read but its MIME types."""

from cloud_init.fronts import values
from cloud_init.host.contracts.manifest import File
from cloud_init.host_files import Upstream, WebHost
from cloud_init.templating import render


def files(host: WebHost, upstream: Upstream) -> list[File]:
    """`etc/nginx.conf`."""
    content = render("nginx/nginx.conf.j2", listen=host.front.listen, **values(host, upstream))
    return [File("etc/nginx.conf", content)]
