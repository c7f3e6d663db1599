"""Apache in front, its event MPM: one configuration file, whole; it loads what it uses and nothing else of the system's own Apache."""

from cloud_init.fronts import values
from cloud_init.host.contracts.manifest import File
from cloud_init.host_files import Upstream, WebHost
from cloud_init.templating import render

_MODULES = (
    "mpm_event", "authz_core", "alias", "deflate", "env", "filter", "headers", "mime", "proxy", "reqtimeout", "rewrite", "setenvif",
    "unique_id",
)  # fmt: skip
_TLS_MODULES = ("ssl", "socache_shmcb", "http2")
_TOLD = (("Real", "IP"), ("Forwarded", "For"), ("Forwarded", "Proto"), ("Forwarded", "Host"), ("Forwarded", "Port"), ("Request", "Id"))


def files(host: WebHost, upstream: Upstream) -> list[File]:
    """`etc/apache.conf`, the answer of `/-/live`, and what counts bodies."""
    common = values(host, upstream)
    tls = common["tls"]
    own: dict[str, object] = {"modules": (*_MODULES, *(_TLS_MODULES if tls else ())), "told": _TOLD, "listen": _listen(host.front.listen)}
    own["balanced"] = _from([*common["balancer"], "127.0.0.1"])
    content = render("apache/apache.conf.j2", **own, **common, tls_listen=_listen(tls.listen) if tls else ())
    limit = [File("etc/limit.lua", render("apache/limit.lua.j2", max_body=host.front.max_body))] if host.front.max_body else []
    return [File("etc/apache.conf", content), File("etc/live.txt", "live\n"), *limit]


def _from(networks: list[str]) -> str:
    """The condition that whoever is connected is one of these; the last is the host's own gate."""
    return "(" + " || ".join(f"%{{CONN_REMOTE_ADDR}} -ipmatch '{network}'" for network in networks) + ")"


def _listen(addresses: tuple[str, ...]) -> list[str]:
    """As Apache wants them: a port alone is both families, and there is no default server to name."""
    words = [address.split()[0] for address in addresses]
    return [word for word in words if not (word.startswith("[::]:") and word[5:] in words)]
