"""Apache with its event MPM: one whole configuration file; the system's own is not read."""

from cloud_init.fronts import values
from cloud_init.host.contracts.manifest import File
from cloud_init.host_files import Upstream, WebHost
from cloud_init.templating import render

_MODULES = (
    "mpm_event", "authz_core", "alias", "deflate", "env", "filter", "headers", "mime", "proxy", "reqtimeout", "rewrite", "setenvif",
    "unique_id",
)  # fmt: skip
_TLS_MODULES = ("ssl", "socache_shmcb", "http2")
_HEADERS = (("Real", "IP"), ("Forwarded", "For"), ("Forwarded", "Proto"), ("Forwarded", "Host"), ("Forwarded", "Port"), ("Request", "Id"))


def files(host: WebHost, upstream: Upstream) -> list[File]:
    """The configuration, the answer of `/-/live`, the filter that limits requests' bodies."""
    common = values(host, upstream)
    tls = common["tls"]
    balanced = [f"%{{CONN_REMOTE_ADDR}} -ipmatch '{network}'" for network in (*common["balancer"], "127.0.0.1")]
    content = render(
        "apache/apache.conf.j2",
        modules=(*_MODULES, *(_TLS_MODULES if tls else ())),
        headers=_HEADERS,
        listen=_listen(host.front.listen),
        tls_listen=_listen(tls.listen) if tls else (),
        balanced=f"({' || '.join(balanced)})",  # the last is the host's own gate
        **common,
    )
    limit = [File("etc/limit.lua", render("apache/limit.lua.j2", max_body=host.front.max_body))] if host.front.max_body else []
    return [File("etc/apache.conf", content), File("etc/live.txt", "live\n"), *limit]


def _listen(addresses: tuple[str, ...]) -> list[str]:
    """Addresses in Apache's way: a port alone is both families, no server is the default."""
    words = [address.split()[0] for address in addresses]
    return [word for word in words if not (word.startswith("[::]:") and word[5:] in words)]
