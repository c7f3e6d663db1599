"""nginx: one whole configuration file; of the system's own nginx its MIME types alone are read."""

from cloud_init.fronts import values
from cloud_init.host.contracts.manifest import File
from cloud_init.host_files import WebHost
from cloud_init.templating import render


def files(host: WebHost) -> list[File]:
    return [File("etc/nginx.conf", render("nginx/nginx.conf.j2", listen=host.front.listen, **values(host)))]
