"""Apache with its event MPM: one whole configuration file; the system's own is not read."""

from cloud_init.fronts import values
from cloud_init.host.contracts.manifest import File
from cloud_init.host_files import WebHost
from cloud_init.templating import render

_MODULES = (
    "mpm_event", "authz_core", "alias", "deflate", "env", "filter", "headers", "lua", "mime", "proxy", "proxy_http", "reqtimeout",
    "rewrite", "setenvif", "unique_id",
)  # fmt: skip
_TLS_MODULES = ("ssl", "socache_shmcb", "http2")
_THREADS = 256  # of each process


def files(host: WebHost) -> list[File]:
    """The configuration, the answer of `/-/live`, what Apache can't be told by settings."""
    common = values(host)
    tls = common["tls"]
    balanced = [f"%{{CONN_REMOTE_ADDR}} -ipmatch '{network}'" for network in (*common["balancer"], "127.0.0.1")]
    content = render(
        "apache/apache.conf.j2",
        modules=(*_MODULES, *(_TLS_MODULES if tls else ())),
        threads=_THREADS,
        listen=_listen(host.front.listen),
        tls_listen=_listen(tls["listen"]) if tls else (),
        balanced=f"({' || '.join(balanced)})",  # the last is the host's own gate
        **common,
    )
    admitted = File("etc/requests.lua", render("apache/requests.lua.j2", **common))
    return [File("etc/apache.conf", content), File("etc/live.txt", "live\n"), admitted]


def _listen(addresses: tuple[str, ...]) -> list[str]:
    """Addresses in Apache's way: a port alone is both families, no server is the default."""
    words = [address.split()[0] for address in addresses]
    return [word for word in words if not (word.startswith("[::]:") and word[5:] in words)]
