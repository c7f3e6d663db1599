"""What a server has beside the app: packages of Debian and Ubuntu, and system files with what puts
each in force.

What serving doesn't wait for (`later`) comes once the release is live."""

from cloud_init import firewall
from cloud_init.fleet import Fleet, More, SystemFile
from cloud_init.host.contracts.manifest import HostPart, LaterPart
from cloud_init.templating import text

FRONTS = {"nginx": ("nginx-light",), "apache": ("apache2-bin", "media-types")}
ENGINES = {"postgres": "postgresql", "mysql": "mariadb-server"}  # MariaDB, since all of Debian and Ubuntu have it
# certbot is in all four distributions and their security updates. It is handed a request for a
# certificate, so that nothing hangs on its own folders, configuration or timer.
_BY_ACME = ("certbot", "openssl")
# Whatever keeps the time already stays: these can't be installed beside each other.
_CLOCK = "systemd-timesyncd | chrony | ntpsec | ntp | openntpd"
_LATER = (
    SystemFile("/etc/systemd/timesyncd.conf.d/slipway.conf", text("system/timesyncd.conf"), "timesyncd"),
    # Read after the package's own file, 50unattended-upgrades.
    SystemFile("/etc/apt/apt.conf.d/52slipway-upgrades", text("system/upgrades.conf"), "apt"),
)


def host_part(fleet: Fleet) -> HostPart:
    """The part of a manifest for servers: packages and files by role, now and later."""
    system = [{role: packages(fleet, role, later) for role in fleet.roles} for later in (False, True)]
    written = [{role: files(fleet, role, later) for role in fleet.roles} for later in (False, True)]
    archives = {role: fleet.more[role].archives for role in fleet.roles if role in fleet.more}
    return HostPart(system[0], written[0], fleet.manager, LaterPart(system[1], written[1], archives))


def packages(fleet: Fleet, role: str, later: bool = False) -> tuple[str, ...]:
    """Names in Debian and Ubuntu, sorted. `one | other`: the first, unless one is there."""
    if later:
        return tuple(sorted({"logrotate", "unattended-upgrades", _CLOCK, *fleet.more.get(role, More()).packages}))
    names = {"nftables", "python3-venv"}
    if role == "web":
        names.update(FRONTS[fleet.front], () if fleet.tls is None else ("openssl",) if fleet.tls.certificate else _BY_ACME)
    if fleet.has_database(role) and fleet.engine in ENGINES:
        names.add(ENGINES[fleet.engine])
    return tuple(sorted(names))


def files(fleet: Fleet, role: str, later: bool = False) -> tuple[SystemFile, ...]:
    """The system files of a role, by path. Raises `HostFileError` for wrong networks."""
    written = [*_LATER, *fleet.more.get(role, More()).files] if later else _first(fleet, role)
    return tuple(sorted(written, key=lambda file: file.path))


def _first(fleet: Fleet, role: str) -> list[SystemFile]:
    # Swap on servers of 1 GB and less, as its unit says: not every cloud's kernel has zram.
    units = ["system/slipway-firewall.service", "system/slipway-swap.service"]
    if fleet.has_backups(role):  # the timers start these services, which have no place in a boot
        units += ["backup/slipway-backup.service", "backup/slipway-backup.timer"]
    if role == "web" and fleet.tls and not fleet.tls.certificate:
        units += ["system/slipway-certificate.service", "system/slipway-certificate.timer"]
    return [
        *(SystemFile(f"/etc/systemd/system/{name.partition('/')[2]}", text(name), "systemd") for name in units),
        SystemFile("/etc/slipway/firewall.nft", firewall.rules(fleet, role), "nftables"),
        SystemFile("/etc/sysctl.d/90-slipway.conf", text("system/sysctl.conf"), "sysctl"),
        SystemFile("/etc/systemd/journald.conf.d/slipway.conf", text("system/journald.conf"), "journald"),
        # Read before all other files, because sshd keeps the first value that it finds.
        SystemFile("/etc/ssh/sshd_config.d/00-slipway.conf", text("system/sshd.conf"), "sshd"),
    ]
