"""The settings of a web host made into the files and requirements of its release.

A front is a folder of templates/ with NAME.conf.j2. An application server is one with start.py, and
requirements/NAME.txt: the release's Python runs `files/start.py` with the path of the socket, and
it becomes the server, which speaks HTTP there."""

import ipaddress
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from cloud_init.fleet import Balancer
from cloud_init.host.contracts.manifest import DOMAIN_NAME, File, Tls
from cloud_init.host_files import LIMITS, SAID, WITHHELD, Door, HostFileError, Server, WebHost
from cloud_init.templating import FOLDER, pinned, render, text

CRON_COMMAND = "python ../files/cron.py"
FRONT, SERVER = "[!.]*.conf.j2", "start.py"
_MARGIN = 5  # a front gives up after the server did, so that the server's own answer is the one that is seen
# For TLS 1.2, since all of 1.3 are sound. Each has forward secrecy.
_KINDS = ("AES128-GCM-SHA256", "AES256-GCM-SHA384", "CHACHA20-POLY1305")
CIPHERS = ":".join(f"ECDHE-{key}-{kind}" for kind in _KINDS for key in ("ECDSA", "RSA"))


def kinds(sign: str) -> list[str]:
    """The fronts, or the application servers, by the file that makes a folder one."""
    return sorted({path.parent.name for path in FOLDER.glob(f"*/{sign}")})


def host_files(host: WebHost) -> list[File]:
    """All rendered files of a release, sorted by path. Raises `HostFileError`."""
    folder, values = _folder("slipway:front", host.front.kind, FRONT), front_values(host)
    # `_NAME` is a part of others; `.NAME` and `NAME.orig` are left by an editor or a desktop.
    names = [path.name for ending in ("j2", "txt") for path in folder.glob(f"[!._]*.{ending}")]
    files = [File(f"etc/{name.removesuffix('.j2')}", render(f"{folder.name}/{name}", **values)) for name in names]
    return sorted([*server_files(host), *files], key=lambda file: file.path)


def server_files(host: WebHost) -> list[File]:
    """The files of the application server alone, for a platform that has its own front: values,
    capacity of the host, wrapped app, and what the server itself is told by."""
    server = host.server
    folder = _folder("slipway:server.kind", server.kind, SERVER)
    if server.worker_class is not None and server.kind != "gunicorn":
        raise HostFileError(
            f"slipway:server.workerClass: wanted none with the server {server.kind} (it is gunicorn's), "
            f"found {server.worker_class}; leave it out, or set slipway:server.kind to gunicorn"
        )
    values = {"module": host.module, **asdict(server)}
    del values["kind"]
    names = ["capacity", "slipway_files", "slipway_sockets", "slipway_wsgi"]
    if host.door != Door():
        values["door"] = {**asdict(host.door), "static_age": host.front.static_age}
        names.append("slipway_door")
    limits = {**asdict(LIMITS), "withheld": WITHHELD, "said": SAID}
    files = [File(f"files/{name}.json", _json(known)) for name, known in (("server", values), ("limits", limits))]
    texts = [*(f"release/{name}.py" for name in names), *(f"{folder.name}/{path.name}" for path in folder.glob("[!.]*.py"))]
    return sorted([*files, *(_copied(name) for name in texts)], key=lambda file: file.path)


def port_command(server: Server) -> str:
    """The shell command that serves HTTP on `$PORT` from the root of a bundle. Raises
    `HostFileError` for a server without one."""
    if server.kind != "gunicorn":
        raise HostFileError(f"slipway:server.kind: wanted gunicorn on a platform, found {server.kind}; leave it out")
    return "gunicorn --config files/gunicorn.conf.py --bind 0.0.0.0:$PORT slipway_wsgi:application"


def server_requirements(host: WebHost) -> str:
    """The application server's own requirements, as the text of a requirements file."""
    return pinned("gunicorn-gevent.txt" if host.server.worker_class == "gevent" else f"{host.server.kind}.txt")


def cron_files(jobs: Mapping[str, Mapping[str, str]]) -> list[File]:
    """The scheduler and its jobs: name to `{"schedule", "command"}`."""
    return [File("files/cron.json", _json(jobs)), _copied("release/cron.py")]


def agent_files(engine: str) -> list[File]:
    """The agent by which the host tool asks a database that is a server; none for other engines."""
    files = {"agent": "database/agent.py", "engine": f"database/{engine}.py"} if _is_server(engine) else {}
    return [File(f"files/database/{name}.py", text(template)) for name, template in files.items()]


def agent_requirements(engine: str) -> str:
    """The driver of that agent, as a requirements text; empty where there is no agent."""
    return pinned(f"database-{engine}.txt") if _is_server(engine) else ""


def _is_server(engine: str) -> bool:
    return (FOLDER / f"database/{engine}.py").is_file()


def _folder(setting: str, kind: str, sign: str) -> Path:
    if kind not in (served := kinds(sign)):
        raise HostFileError(f"{setting}: {kind} is not served yet; today: {', '.join(served)}")
    return FOLDER / kind


def _copied(name: str) -> File:
    return File(f"files/{name.rpartition('/')[2]}", text(name))


def _json(values: Mapping[str, object]) -> str:
    return json.dumps(values, indent=1, sort_keys=True) + "\n"


def front_values(host: WebHost) -> dict[str, Any]:
    """The values that every front server's template gets. Raises `HostFileError`."""
    front = host.front
    domain = front.tls.domain if front.tls else front.domain
    return {
        "front": front,
        "limits": LIMITS,
        "too_large": _from(LIMITS.head + 1),
        "static": sorted(path.rstrip("/") + "/" for path in host.static),
        "read_timeout": host.server.timeout + _MARGIN,  # the only one for servers without a time-out of a request
        "keep_alive": front.balancer.idle + _MARGIN if front.balancer else LIMITS.idle_seconds,
        "domain": domain and _checked(domain),  # the one name that the app is served by; None: any
        "aliases": [_checked(name) for name in front.aliases],
        "balancer": _networks(front.balancer),
        "tls": tls_values(front.tls, front.listen) if front.tls else None,
    }


def _from(least: int) -> str:
    """A pattern of the whole numbers from there on: nginx can't compare them."""
    digits = str(least)
    higher = [f"{digits[:at]}[{int(digit) + 1}-9][0-9]{{{len(digits) - at - 1}}}" for at, digit in enumerate(digits) if digit != "9"]
    return "|".join([digits, *higher, f"[0-9]{{{len(digits) + 1},}}"])


def idle_timeout(timeout: int) -> int:
    """`Balancer.idle` in seconds, for a balancer before servers with that time-out.

    Longer than any answer takes and shorter than a front server's own: the balancer has to close an
    idle connection first, or a request meets one that is just being closed."""
    return max(LIMITS.idle_seconds - _MARGIN, timeout + 2 * _MARGIN)


def _networks(balancer: Balancer | None) -> list[str]:
    try:
        return [str(ipaddress.ip_network(one)) for one in (balancer.networks if balancer else ())]
    except ValueError as error:
        raise HostFileError(f"the load balancer's networks: wanted such as 10.0.0.0/16, found: {error}") from None


def tls_values(tls: Tls, listen: Sequence[str]) -> dict[str, Any]:
    """The TLS part of a template's values: no character of them means anything to a front server.

    `listen` is for plain HTTP: TLS has the same with its port. Raises `HostFileError`."""
    return {
        "folder": _checked(tls.domain) and tls.folder,
        "site": f"https://{tls.domain}" + ("" if tls.port == 443 else f":{tls.port}"),  # where plain HTTP is sent
        # With another port: `80 default_server`, `[::]:80`, `127.0.0.1:8080`.
        "listen": tuple(re.sub(r"^(.*:)?\d+(?= |$)", lambda found: f"{found[1] or ''}{tls.port}", one) for one in listen),
        "peers": tuple(_authority(peer) for peer in tls.peers),
        "ciphers": CIPHERS,
    }


def _checked(domain: str) -> str:
    if not re.fullmatch(DOMAIN_NAME, domain):
        raise HostFileError(f"slipway:domain: wanted a host name in small letters such as www.example.com, found {domain[:60]!r}")
    return domain


def _authority(peer: str) -> str:
    """The address as URLs have it: `[fd00::1]`, `10.0.0.5:80`."""
    host, _, port = peer.partition(":") if peer.count(":") == 1 else (peer, "", "80")
    try:
        address = ipaddress.ip_address(host)
        return f"[{address}]" if address.version == 6 else f"{address}:{int(port)}"
    except ValueError:
        raise HostFileError(f"the addresses of web hosts: wanted addresses such as 10.0.0.5, found {peer[:60]!r}") from None
