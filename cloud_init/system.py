"""What a server has beside the app: packages of Debian and Ubuntu, and system files with what puts
each in force. Its firewall is a table of nftables that is Slipway's own, beside those of others."""

import ipaddress
from collections.abc import Sequence

from cloud_init.fleet import Fleet, SystemFile
from cloud_init.host.contracts.manifest import HostPart
from cloud_init.host_files import HostFileError
from cloud_init.templating import render, text

FRONTS = {"nginx": ("nginx-light",), "apache": ("apache2-bin", "media-types")}
ENGINES = {"postgres": "postgresql", "mysql": "mariadb-server"}  # MariaDB, since all of Debian and Ubuntu have it
# certbot is in all four distributions and their security updates. It is handed a request for a
# certificate, so that nothing hangs on its own folders, configuration or timer.
_BY_ACME = ("certbot", "openssl")
# Whatever keeps the time already stays: these can't be installed beside each other.
_CLOCK = "systemd-timesyncd | chrony | ntpsec | ntp | openntpd"
_OPEN = {"web": (80, 443)}
# Amazon's, Google's and Alibaba Cloud's; the second for roles of containers.
_METADATA = {"ip": ("169.254.169.254", "169.254.170.2", "100.100.100.200"), "ip6": ("fd00:ec2::254", "fd20:ce::254")}


def host_part(fleet: Fleet) -> HostPart:
    """The part of a manifest for servers: packages and files by role."""
    return HostPart(
        packages={role: packages(fleet, role) for role in fleet.roles},
        system={role: files(fleet, role) for role in fleet.roles},
        manager=fleet.manager,
        archives=dict.fromkeys(fleet.roles, fleet.archives) if fleet.archives else {},
    )


def packages(fleet: Fleet, role: str) -> tuple[str, ...]:
    """Names in Debian and Ubuntu, sorted. `one | other`: the first, unless one is there."""
    names = {"nftables", "python3-venv", "logrotate", "unattended-upgrades", _CLOCK}
    if role == "web":
        names.update(FRONTS[fleet.front], () if fleet.tls is None else ("openssl",) if fleet.tls.certificate else _BY_ACME)
    if fleet.has_database(role) and fleet.engine in ENGINES:
        names.add(ENGINES[fleet.engine])
    return tuple(sorted(names))


def files(fleet: Fleet, role: str) -> tuple[SystemFile, ...]:
    """The system files of a role, by path. Raises `HostFileError` for wrong networks."""
    # Swap on servers of 1 GB and less, as its unit says: not every cloud's kernel has zram.
    units = ["system/slipway-firewall.service", "system/slipway-swap.service"]
    if fleet.has_backups(role):  # the timers start these services, which have no place in a boot
        units += ["backup/slipway-backup.service", "backup/slipway-backup.timer"]
    if role == "web" and fleet.tls and not fleet.tls.certificate:
        units += ["system/slipway-certificate.service", "system/slipway-certificate.timer"]
    written = [
        *(SystemFile(f"/etc/systemd/system/{name.partition('/')[2]}", text(name), "systemd") for name in units),
        SystemFile("/etc/slipway/firewall.nft", firewall(fleet, role), "nftables"),
        SystemFile("/etc/sysctl.d/90-slipway.conf", text("system/sysctl.conf"), "sysctl"),
        SystemFile("/etc/systemd/journald.conf.d/slipway.conf", text("system/journald.conf"), "journald"),
        # Read before all other files, because sshd keeps the first value that it finds.
        SystemFile("/etc/ssh/sshd_config.d/00-slipway.conf", text("system/sshd.conf"), "sshd"),
        SystemFile("/etc/systemd/timesyncd.conf.d/slipway.conf", text("system/timesyncd.conf"), "timesyncd"),
        # Read after the package's own file, 50unattended-upgrades.
        SystemFile("/etc/apt/apt.conf.d/52slipway-upgrades", text("system/upgrades.conf"), "apt"),
    ]
    return tuple(sorted(written, key=lambda file: file.path))


def firewall(fleet: Fleet, role: str) -> str:
    """Slipway's table for the hosts of a role. Raises `HostFileError` for what is no network."""
    database = fleet.database if role == "database" else None
    return render(
        "system/firewall.nft.j2",
        open=_OPEN.get(role, ()),
        metadata=_METADATA,
        ssh_ports=fleet.ssh_ports,
        ssh_from=None if fleet.ssh_from is None else _families(fleet.ssh_from, "the networks for SSH"),
        database=database and {"port": database.port, "clients": _families(database.clients, "the networks of web hosts")},
    )


def lets_in(networks: Sequence[str] | None, address: str) -> bool:
    """Whether SSH from that address stays possible. Ask before a release brings `ssh_from`."""
    if networks is None:
        return True
    client = ipaddress.ip_address(address)
    client = getattr(client, "ipv4_mapped", None) or client
    return any(client in network for network in _networks(networks, "the networks for SSH"))


def _families(networks: Sequence[str], what: str) -> dict[str, list[str]]:
    """Networks by family, none in another one: a set of nftables refuses that."""
    parsed = _networks(networks, what)
    four = ipaddress.collapse_addresses([one for one in parsed if isinstance(one, ipaddress.IPv4Network)])
    six = ipaddress.collapse_addresses([one for one in parsed if isinstance(one, ipaddress.IPv6Network)])
    return {"ip": [str(one) for one in four], "ip6": [str(one) for one in six]}


def _networks(networks: Sequence[str], what: str) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    try:
        return [ipaddress.ip_network(one, strict=False) for one in networks]
    except ValueError:
        raise HostFileError(f"{what}: wanted addresses or networks such as 203.0.113.0/24, found {', '.join(networks)[:100]!r}") from None
